import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import { hashFile } from './image-identity.ts';
import type { ImagePlace } from './journal-line.ts';
import type { JournalView } from './journal-view.ts';

/**
 * What is in a file, and where; read only if it may have changed. What cannot be read, and an address on the web, goes by its
 * name.
 *
 * @throws {SolveError} `FILE_CHANGED` if it is being written
 */
export async function placeOfInput(
  input: string | URL,
  journal: JournalView,
  signal?: AbortSignal,
): Promise<ImagePlace> {
  if (input instanceof URL && input.protocol !== 'file:') return placeOfName(input.href, input.href);
  const path = typeof input === 'string' ? input : fileURLToPath(input);
  const absolutePath = resolve(path);
  const stats = await stat(absolutePath, { bigint: true }).catch(() => undefined);
  if (stats?.isFile() === true) {
    const where = { absolutePath, size: Number(stats.size), mtimeNs: stats.mtimeNs };
    const sha256 = await journal.contentAt(where);
    if (sha256 !== undefined) return { path, ...where, sha256 };
    try {
      return { path, absolutePath, ...(await hashFile(path, signal)) };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SolveError && error.code === 'FILE_CHANGED') throw error;
    }
  }
  // Solving it tells what is wrong with it.
  return placeOfName(path, absolutePath);
}

function placeOfName(path: string, absolutePath: string): ImagePlace {
  const sha256 = createHash('sha256').update(`name\n${absolutePath}`).digest('hex');
  return { path, absolutePath, size: 0, mtimeNs: 0n, sha256 };
}
