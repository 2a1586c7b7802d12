import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';

/** How a file looked. */
export interface Look {
  readonly size: number;
  /** When it was last written to, in ns. */
  readonly mtimeNs: bigint;
  /** False: we are not let in. Known only if it was opened. */
  readonly readable: boolean;
}

/** What is at a path: a file; a folder; nothing that would ever be a picture; `unknown`: the system did not say. */
export type Found = Look | 'folder' | 'nothing' | 'unknown';

/** It is there, and nothing at all could be seen of it. */
export const HIDDEN: Look = { size: 0, mtimeNs: 0n, readable: false };

/**
 * Looks at a path, through a link.
 *
 * @param opening ask by opening the file: tells whether it may be read, and network drives then ask their server instead
 *   of telling what they remember, which can be a minute old
 */
export async function lookAt(path: string, opening: boolean): Promise<Found> {
  let stats: BigIntStats;
  try {
    stats = await stat(path, { bigint: true });
  } catch (error) {
    return asFound(error, HIDDEN);
  }
  if (stats.isDirectory()) return 'folder';
  if (!stats.isFile()) return 'nothing';
  if (!opening) return asLook(stats, true);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const opened = await handle.stat({ bigint: true });
      return opened.isFile() ? asLook(opened, true) : 'unknown';
    } finally {
      await handle.close();
    }
  } catch (error) {
    return asFound(error, asLook(stats, false));
  }
}

/** Whether nothing was written between two looks. */
export function isSameContent(a: Look, b: Look): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}

function asLook({ size, mtimeNs }: BigIntStats, readable: boolean): Look {
  return { size: Number(size), mtimeNs, readable };
}

function asFound(error: unknown, unreadable: Look): Found {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
      return 'nothing';
    case 'EACCES':
    case 'EPERM':
      return unreadable;
    // On Windows, EBUSY: its writer lets nobody else in. Elsewhere a drive that fails, or too many open files.
    default:
      return 'unknown';
  }
}
