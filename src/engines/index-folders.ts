import { type Dirent, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SolveError } from '../errors.ts';
import { openFile } from '../io/file-source.ts';
import type { Environment } from '../io/user-folders.ts';
import { type IndexSummary, readIndexSummary } from '../skyindex/index-summary.ts';

/** An index file on the disk. */
export interface IndexFile extends IndexSummary {
  /** Where it is. */
  readonly path: string;
}

/** What is in some folders. */
export interface IndexListing {
  /** Those that can be used. */
  readonly files: readonly IndexFile[];
  /** Of each file that cannot be used: which one and why. */
  readonly broken: readonly { readonly path: string; readonly error: SolveError }[];
}

/** Files that say which folders solve-field looks into. */
const CONFIG_FILES = [
  '/etc/astrometry.cfg',
  '/usr/local/astrometry/etc/astrometry.cfg',
  '/usr/local/etc/astrometry.cfg',
];

/** Configuration files are short. */
const LONGEST_CONFIG = 1_000_000;

/**
 * The folder that index files are installed into: where KStars keeps its own on Linux (so that both have them), the usual
 * place for such data elsewhere. It need not exist.
 *
 * @param platform as `process.platform` has it
 */
export function installFolder(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'kstars', 'astrometry');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'Astrometry');
    default: {
      const configured = env['XDG_DATA_HOME'];
      const base = configured !== undefined && isAbsolute(configured) ? configured : join(home, '.local', 'share');
      return join(base, 'kstars', 'astrometry');
    }
  }
}

/**
 * The folders in which programs keep index files, whether they exist or not: ours, KStars', StellarSolver's, ansvr's,
 * Cygwin's, solve-field's and what its configuration names.
 *
 * @param platform as `process.platform` has it
 */
export function usualIndexFolders(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): readonly string[] {
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  const own = installFolder(env, platform);
  switch (platform) {
    case 'win32': {
      const local = env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
      return [
        own,
        join(local, 'cygwin_ansvr', 'usr', 'share', 'astrometry', 'data'),
        'C:/cygwin64/usr/share/astrometry/data',
        'C:/cygwin/usr/share/astrometry/data',
      ];
    }
    case 'darwin':
      return unique([
        own,
        join(home, 'Library', 'Application Support', 'kstars', 'astrometry'),
        '/opt/homebrew/share/astrometry',
        '/usr/local/share/astrometry',
        '/usr/local/astrometry/data',
        ...configuredFolders(),
      ]);
    default:
      return unique([
        own,
        join(home, '.local', 'share', 'kstars', 'astrometry'),
        '/usr/share/astrometry',
        '/usr/share/astrometry/data',
        '/usr/local/share/astrometry',
        '/usr/local/astrometry/data',
        ...configuredFolders(),
      ]);
  }
}

/** What `add_path` in the configuration of solve-field names. */
export function configuredFolders(files: readonly string[] = CONFIG_FILES): string[] {
  return files.flatMap((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8').slice(0, LONGEST_CONFIG);
    } catch {
      return [];
    }
    return [...text.matchAll(/^[ \t]*add_path[ \t]+(\S.*?)[ \t]*$/gm)].map((match) => match[1]!).filter(isAbsolute);
  });
}

/**
 * Lists the index files of folders by their first headers. A broken file is told of and left out.
 *
 * @param required a folder that cannot be read is an error; otherwise it is passed over
 * @throws {SolveError} `FILE_NOT_FOUND`
 */
export async function listIndexFiles(folders: readonly string[], required: boolean): Promise<IndexListing> {
  const files: IndexFile[] = [];
  const broken: { path: string; error: SolveError }[] = [];
  for (const folder of unique(folders)) {
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (cause) {
      if (!required) continue;
      const fact = (cause as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'is no folder' : 'no such folder';
      throw new SolveError('FILE_NOT_FOUND', `${folder}: ${fact}`, { cause });
    }
    const names = entries.filter((entry) => !entry.isDirectory() && /^[^.].*\.fits?$/i.test(entry.name));
    for (const { name } of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, name);
      try {
        const summary = await readSummary(path);
        if (summary !== undefined) files.push({ path, ...summary });
      } catch (error) {
        if (!(error instanceof SolveError)) throw error;
        // Somebody's picture is none of ours.
        if (error.code !== 'INDEX_CORRUPT' || /index/i.test(name)) broken.push({ path, error });
      }
    }
  }
  return { files, broken };
}

async function readSummary(path: string): Promise<IndexSummary | undefined> {
  const source = await openFile(path);
  try {
    return await readIndexSummary(source);
  } finally {
    await source.close();
  }
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
