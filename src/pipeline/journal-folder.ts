import { createHash } from 'node:crypto';
import { open, readdir, realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Environment, stateFolder } from '../io/user-folders.ts';
import { decodeLine } from './journal-line.ts';

/** A journal that was found. */
export interface KnownJournal {
  readonly path: string;
  /** The folder of images it is about; undefined if that cannot be read. */
  readonly folder: string | undefined;
}

const ENDING = '.journal';

/** Room that file systems have for a name, less what is put around it. */
const LONGEST_NAME = 60;

/** The first two lines, of which the second may hold a path of 4096 bytes. */
const HEAD_BYTES = 8192;

/**
 * Where the journal of a folder of images is: among the user's own files, so that nothing is ever written beside the
 * images. It need not exist. A folder that is not there now, such as a disk that is not mounted, is known by its path as
 * it is given, and by its real one when it is.
 *
 * @param env default: that of the process
 */
export async function journalPathFor(folder: string, env?: Environment): Promise<string> {
  const whole = resolve(folder);
  const real = await realpath(whole).catch(() => whole);
  const code = createHash('sha256').update(real).digest('hex').slice(0, 12);
  const name = basename(real)
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .slice(0, LONGEST_NAME);
  return join(journalFolder(env), `${name === '' ? 'root' : name}-${code}${ENDING}`);
}

/**
 * The journals in the user's folder for them, by name. Those that were put elsewhere are not among them.
 *
 * @param env default: that of the process
 */
export async function journalsOf(env?: Environment): Promise<readonly KnownJournal[]> {
  const folder = journalFolder(env);
  const names = await readdir(folder).catch(() => []);
  const found = names.filter((name) => name.endsWith(ENDING) && !name.startsWith('.')).sort();
  return await Promise.all(
    found.map(async (name) => ({ path: join(folder, name), folder: await folderIn(join(folder, name)) })),
  );
}

function journalFolder(env: Environment | undefined): string {
  return join(stateFolder(env), 'journals');
}

async function folderIn(path: string): Promise<string | undefined> {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0);
    const start = bytes.indexOf('\n') + 1;
    const end = bytes.indexOf('\n', start);
    const record = end === -1 || end >= bytesRead ? undefined : decodeLine(bytes.subarray(start, end));
    return record?.type === 'about' ? record.folder : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
