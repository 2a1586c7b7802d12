import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { SolveError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';

/**
 * Opens a regular file for reading in pieces.
 *
 * Never blocks: what a path is gets asked before it is opened, and it is opened without waiting for a writer, so a
 * named pipe put there in between is refused as well.
 *
 * @throws {SolveError} `FILE_NOT_FOUND`, `FILE_NOT_REGULAR` (folder, pipe, device), `FILE_UNREADABLE`, `FILE_EMPTY`
 */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle;
  try {
    checkKind(path, await stat(path));
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw asFault(path, error);
  }
  try {
    const stats = await handle.stat();
    checkKind(path, stats);
    if (stats.size === 0) throw new SolveError('FILE_EMPTY', `${path}: the file has 0 bytes`);
    return fileSource(path, handle, stats.size);
  } catch (error) {
    await handle.close();
    throw asFault(path, error);
  }
}

function fileSource(path: string, handle: FileHandle, size: number): ByteSource {
  let closed = false;
  async function readInto(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    let done = 0;
    // One pread may give less than it was asked for: a network drive, or more than 2 GiB at once.
    while (done < target.length) {
      signal?.throwIfAborted();
      let got: number;
      try {
        got = (await handle.read(target, done, target.length - done, offset + done)).bytesRead;
      } catch (error) {
        throw asFault(path, error);
      }
      if (got === 0) break;
      done += got;
    }
    return done;
  }
  return {
    name: path,
    size,
    async read(offset, length, signal) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const bytes = new Uint8Array(wanted);
      const got = await readInto(bytes, offset, signal);
      return got === wanted ? bytes : bytes.subarray(0, got);
    },
    readInto,
    async close() {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

function checkKind(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  let kind = 'not a regular file';
  if (stats.isDirectory()) kind = 'a folder';
  else if (stats.isFIFO()) kind = 'a named pipe';
  else if (stats.isSocket()) kind = 'a socket';
  else if (stats.isCharacterDevice() || stats.isBlockDevice()) kind = 'a device';
  throw new SolveError('FILE_NOT_REGULAR', `${path}: is ${kind}`);
}

function asFault(path: string, error: unknown): SolveError {
  if (error instanceof SolveError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE':
      return new SolveError('FILE_NOT_FOUND', `${path}: no such file`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new SolveError('FILE_UNREADABLE', `${path}: permission denied`, { cause: error });
    case 'ENXIO':
      return new SolveError('FILE_NOT_REGULAR', `${path}: is a socket or a pipe`, { cause: error });
    default:
      return new SolveError('FILE_UNREADABLE', `${path}: ${message}`, { cause: error });
  }
}
