/**
 * Something with bytes that can be read in pieces: a file, a block of memory, the unpacked side of a gzip file.
 * The one seam between formats and the outside world.
 */
export interface ByteSource {
  /** What to call it in a message: usually the path. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes at `offset`.
   *
   * @returns a view of exactly the bytes asked for, fewer only at the end of the source; the caller must not write to it
   * @throws {SolveError} `FILE_UNREADABLE` if the system refuses
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Reads at `offset` straight into `target`, as many bytes as it holds: for pixels, which should stand in memory once.
   *
   * @returns how many bytes were read, fewer than `target.length` only at the end of the source
   * @throws {SolveError} `FILE_UNREADABLE` if the system refuses
   */
  readInto(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<number>;
  /** Gives up the file handle, if there is one. Safe to call twice. */
  close(): Promise<void>;
}
