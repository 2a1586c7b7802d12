import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SolveError } from '../errors.ts';

/** Lines are read in pieces of this size: large enough for few calls. */
const PIECE_BYTES = 2 ** 20;

/** A line that is longer was not written by a journal. */
export const LONGEST_LINE: number = 2 ** 26;

const NEWLINE = 10;

/**
 * Gives the lines of a file, without their ends, in order.
 *
 * @param onLine the bytes are good until it returns
 * @returns where the last line ends that has an end
 * @throws {SolveError} `JOURNAL_DAMAGED` if a line has no end within 64 MiB
 * @throws the error of the system
 */
export async function scanLines(
  handle: FileHandle,
  path: string,
  onLine: (line: Buffer, offset: number) => void,
): Promise<number> {
  let buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let filled = 0;
  /** Offset in the file of the first byte of the buffer, which begins a line. */
  let start = 0;
  for (;;) {
    if (filled === buffer.length) {
      if (filled >= LONGEST_LINE) {
        throw new SolveError('JOURNAL_DAMAGED', `${path}: no end of line for ${filled} bytes after byte ${start}`);
      }
      const larger = Buffer.allocUnsafeSlow(2 * filled);
      buffer.copy(larger);
      buffer = larger;
    }
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) return start;
    const piece = buffer.subarray(0, filled + bytesRead);
    let from = 0;
    for (let end = piece.indexOf(NEWLINE, filled); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      onLine(piece.subarray(from, end), start + from);
      from = end + 1;
    }
    piece.copy(buffer, 0, from);
    filled = piece.length - from;
    start += from;
  }
}

/** Reads single lines, for one reader at a time. Those near each other cost one call. */
export class LineReader {
  readonly #handle: FileHandle;
  readonly #step: number;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  /** @param step how many bytes are read at once */
  constructor(handle: FileHandle, step: number) {
    this.#handle = handle;
    this.#step = step;
  }

  /** The line at an offset, without its end; undefined if there is none. */
  async line(offset: number): Promise<Buffer | undefined> {
    for (let wanted = this.#step; ; wanted *= 2) {
      const from = offset - this.#start;
      if (from >= 0 && from < this.#bytes.length) {
        const end = this.#bytes.indexOf(NEWLINE, from);
        if (end !== -1) return this.#bytes.subarray(from, end);
      }
      if (wanted > 2 * LONGEST_LINE) return undefined;
      const bytes = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await this.#handle.read(bytes, 0, wanted, offset);
      this.#bytes = bytes.subarray(0, bytesRead);
      this.#start = offset;
      if (bytesRead < wanted && this.#bytes.indexOf(NEWLINE) === -1) return undefined;
    }
  }
}

/** A line that waits to be written. */
interface Waiting {
  readonly line: Buffer;
  readonly written: (offset: number) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Appends lines so that they are on the disk before anybody is told so. All that are waiting go in one write and are
 * flushed together.
 */
export class LineAppender {
  readonly #handle: FileHandle;
  readonly #path: string;
  /** Where the last good line ends. */
  #end: number;
  #waiting: Waiting[] = [];
  #work: Promise<void> | undefined;
  /** A write has failed, and what it left was not yet cut off. */
  #torn = false;

  /** @param end length of the file */
  constructor(handle: FileHandle, path: string, end: number) {
    this.#handle = handle;
    this.#path = path;
    this.#end = end;
  }

  /**
   * Appends a line.
   *
   * @param written is told where it stands, in order, before the promise resolves
   * @throws {SolveError} `FILE_UNWRITABLE`: nothing of it is in the file, and what comes later may succeed;
   *   `JOURNAL_DAMAGED` if somebody else has written to the file
   */
  append(line: Buffer, written: (offset: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        line,
        written: (offset) => {
          written(offset);
          resolve();
        },
        failed: reject,
      });
      this.#work ??= this.#writeAll();
    });
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Those who were told just now that theirs is written may have the next ready: they go together.
      await nextTurn();
      const batch = this.#waiting;
      this.#waiting = [];
      const start = this.#end;
      try {
        await this.#write(batch.length === 1 ? batch[0]!.line : Buffer.concat(batch.map(({ line }) => line)));
      } catch (error) {
        for (const { failed } of batch) failed(this.#asFault(error));
        continue;
      }
      let offset = start;
      for (const { line, written } of batch) {
        written(offset);
        offset += line.length;
      }
    }
    this.#work = undefined;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#torn) await this.#cut();
    await this.#checkAlone();
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#end + done);
        done += bytesWritten;
      }
      await this.#handle.datasync();
    } catch (error) {
      this.#torn = true;
      // If it cannot be done now, then before the next line; if the program ends, whoever opens the journal does it.
      await this.#cut().catch(() => {});
      throw error;
    }
    this.#end += bytes.length;
  }

  async #cut(): Promise<void> {
    await this.#handle.truncate(this.#end);
    this.#torn = false;
  }

  /** The lock does not reach other machines that share the disk. */
  async #checkAlone(): Promise<void> {
    const { size, nlink } = await this.#handle.stat();
    if (nlink === 0) throw new SolveError('FILE_UNWRITABLE', `${this.#path}: the file was deleted or replaced`);
    if (size !== this.#end) {
      const fact = `the file has ${size} bytes instead of ${this.#end}: something else writes to it`;
      throw new SolveError('JOURNAL_DAMAGED', `${this.#path}: ${fact}`);
    }
  }

  #asFault(error: unknown): SolveError {
    if (error instanceof SolveError) return error;
    return new SolveError('FILE_UNWRITABLE', `${this.#path}: ${(error as Error).message}`, { cause: error });
  }
}
