import type { BigIntStats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Look, lookAt } from './folder-watch-look.ts';

/** Which files and folders count. */
export interface Choice {
  readonly recursive: boolean;
  /** Whether a file of this name is wanted. Names that begin with a dot never are. */
  readonly accepts: (name: string) => boolean;
  /** Files and folders to pass by. */
  readonly ignores: (path: string) => boolean;
}

/** A file that was seen. */
export interface SeenFile {
  readonly folder: string;
  readonly name: string;
  /** Undefined: it is there, but could not be looked at now. */
  readonly look: Look | undefined;
}

/** What was found in a folder and, if they count, in those in it. */
export interface Listing {
  readonly files: readonly SeenFile[];
  /** Folders that are there, whether they could be read or not. */
  readonly folders: ReadonlySet<string>;
  /** Those of them that could not be read, and the fault. */
  readonly unreadable: ReadonlyMap<string, unknown>;
  /** The first folder holds nothing whatever, wanted or not. */
  readonly isEmpty: boolean;
}

/**
 * What is at a path that should be a folder.
 *
 * @param throughLink whether a link to a folder is as good
 * @throws the error of the system
 */
export async function lookAtFolder(path: string, throughLink: boolean): Promise<BigIntStats> {
  const stats = await (throughLink ? stat : lstat)(path, { bigint: true });
  if (stats.isDirectory()) return stats;
  throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
}

/**
 * Lists the files wanted. Links to files are followed and links to folders are not, so there is no way round in circles.
 *
 * @param isRoot whether it is the folder that the user named: a link to it is followed
 * @param opens whether a file is to be looked at by opening it
 * @param onFolder is told of each folder before it is read
 * @throws the error of the system if it is the root and cannot be read
 */
export async function listFiles(
  top: string,
  isRoot: boolean,
  { recursive, accepts, ignores }: Choice,
  opens: (folder: string, name: string) => boolean,
  onFolder: (folder: string, stats: BigIntStats) => void,
): Promise<Listing> {
  const files: SeenFile[] = [];
  const folders = new Set<string>();
  const unreadable = new Map<string, unknown>();
  let isEmpty = false;
  const rest = [top];
  for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
    const here = folder;
    let stats: BigIntStats | undefined;
    try {
      stats = await lookAtFolder(here, isRoot && here === top);
      onFolder(here, stats);
      const entries = await readdir(here, { withFileTypes: true });
      folders.add(here);
      if (here === top) isEmpty = entries.length === 0;
      const counted = entries.filter(({ name }) => !name.startsWith('.') && !ignores(join(here, name)));
      for (const entry of counted) if (recursive && entry.isDirectory()) rest.push(join(here, entry.name));
      const wanted = counted.filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && accepts(entry.name));
      await forEachOf(wanted, async ({ name }) => {
        const found = await lookAt(join(here, name), opens(here, name));
        if (found === 'unknown') files.push({ folder: here, name, look: undefined });
        else if (typeof found === 'object') files.push({ folder: here, name, look: found });
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((isRoot && here === top) || code === undefined) throw error;
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      folders.add(here);
      // Of the first it is not even known that it is a folder.
      if (here !== top || stats !== undefined) unreadable.set(here, error);
    }
  }
  return { files, folders, unreadable, isEmpty };
}

/** Calls for each, two at once: half as many as Node has threads for files, so that a dead drive does not block them all. */
export async function forEachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all([worker(), worker()]);
}
