import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { Table } from './table.ts';

/** Read ahead by this much at most while arrays follow one another. */
const MAX_WINDOW_BYTES = 4 * 2 ** 20;

/** And by this much where they do not: an evil order of arrays must not make each of them cost a large read. */
const MIN_WINDOW_BYTES = 2 ** 14;

/** Gives the arrays in the heap of a table; neighbours come with one read. */
export interface HeapReader {
  /**
   * @param offset from the start of the heap, as descriptors have it
   * @returns exactly `length` bytes, valid until the next call
   * @throws {SolveError} `FITS_TRUNCATED` if they do not lie in the heap
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** A reader for the heap of `table`. */
export function heapReader(source: ByteSource, table: Table): HeapReader {
  const { offset: heapOffset, bytes: heapBytes } = table.heap;
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  let ahead = MIN_WINDOW_BYTES;
  return {
    async read(offset, length, signal) {
      if (!(offset >= 0 && length >= 0 && offset + length <= heapBytes)) {
        throw new SolveError(
          'FITS_TRUNCATED',
          `${table.hdu.where}: an array ends at byte ${offset + length} of a heap of ${heapBytes}`,
        );
      }
      const end = start + window.length;
      if (offset < start || offset + length > end) {
        const follows = offset >= start && offset <= end;
        ahead = follows ? Math.min(2 * ahead, MAX_WINDOW_BYTES) : MIN_WINDOW_BYTES;
        const wanted = Math.min(Math.max(length, ahead), heapBytes - offset);
        window = await source.read(heapOffset + offset, wanted, signal);
        start = offset;
        if (window.length < length) {
          throw new SolveError('FITS_TRUNCATED', `${table.hdu.where}: the file became shorter while it was read`);
        }
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}
