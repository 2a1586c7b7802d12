import { chmod, lstat, mkdir } from 'node:fs/promises';
import { SolveError } from '../errors.ts';

/**
 * Makes sure that a folder is there and is the user's alone: what stands in it was put there by nobody else.
 *
 * @throws {SolveError} `FILE_UNWRITABLE`: it cannot be made, is no folder but a link, or belongs to somebody else
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  let fact: string | undefined;
  let cause: unknown;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const stats = await lstat(path);
    if (!stats.isDirectory()) fact = 'is a link, not a folder';
    else if (!isOwn(stats)) fact = `belongs to another user (${stats.uid})`;
    else if (isOpen(stats)) await chmod(path, 0o700);
  } catch (error) {
    fact = (error as Error).message;
    cause = error;
  }
  if (fact !== undefined) throw new SolveError('FILE_UNWRITABLE', `${path}: ${fact}`, { cause });
}

/** Does it belong to the user of this process? Windows has no such numbers: there the access list of the folder decides. */
export function isOwn(stats: { readonly uid: number }): boolean {
  return process.getuid === undefined || stats.uid === process.getuid();
}

/** Can anybody but its owner read or write it? */
export function isOpen(stats: { readonly mode: number }): boolean {
  return process.platform !== 'win32' && (stats.mode & 0o077) !== 0;
}
