import { link, open, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SolveError } from '../errors.ts';
import { removeLeftBehind, temporaryPath } from './left-behind.ts';

/** How {@link writeFileAtomic} treats what is there. */
export interface WriteOptions {
  /** Replace an existing file. Default: no, it is `FILE_EXISTS`. */
  readonly overwrite?: boolean;
  /** Permission bits of a new file, before the umask. Default: 0o666, as for any new file. */
  readonly mode?: number;
  /** Mode and owner of the file that is replaced, for the new one; an owner that only root can give is not. */
  readonly like?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

/**
 * Writes a whole file so that at any moment either nothing (or the old file) or all of it stands under its name.
 *
 * The bytes go to a temporary file in the same folder and to the disk, and then take the name: by rename when
 * replacing, by hard link when not, since a link is never made over an existing file. If the process is killed, the
 * temporary file stays, hidden; the next process that writes to the folder removes it.
 *
 * @param bytes all of them, or pieces as they come
 * @throws {SolveError} `FILE_EXISTS` (without `overwrite`), `FILE_UNWRITABLE`
 * @throws what `bytes` throws; in all cases the temporary file is gone
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const { overwrite = false, like, mode = like === undefined ? 0o666 : like.mode & 0o777 } = options;
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* (pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  await removeLeftBehind(dirname(path));
  const temporary = temporaryPath(path);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      if (bytes instanceof Uint8Array) await handle.writeFile(bytes);
      else for await (const piece of watched(bytes)) await handle.writeFile(piece);
      if (like !== undefined) await makeAlike(handle, like);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (overwrite) await rename(temporary, path);
    else await takeFreeName(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    if (failure !== undefined) throw failure.error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new SolveError('FILE_EXISTS', `${path}: already there`, { cause: error });
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${message}`, { cause: error });
  }
}

async function makeAlike(handle: FileHandle, like: NonNullable<WriteOptions['like']>): Promise<void> {
  const { uid, gid } = await handle.stat();
  // A file system without owners, and a user who is not root, keep their own.
  if (uid !== like.uid || gid !== like.gid) await handle.chown(like.uid, like.gid).catch(() => {});
  // Behind the owner: changing that takes the set-user bits away.
  await handle.chmod(like.mode & 0o7777).catch(() => {});
}

/** Gives the temporary file its name if that is free; `EEXIST` if it is not. */
async function takeFreeName(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    // Some file systems (FAT, some network drives) have no links: take the name by creating it, then replace that.
    await (await open(path, 'wx')).close();
    await rename(temporary, path);
    return;
  }
  await unlink(temporary);
}
