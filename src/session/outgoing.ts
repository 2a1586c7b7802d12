import { SolveError } from '../errors.ts';
import type { UploadTrace } from './faults.ts';
import type { OutgoingBody } from './request-spec.ts';

/** Bytes in memory go out in pieces of this size, so that progress is seen and a stall noticed. */
const PIECE = 64 * 1024;

/**
 * The last piece waits this long for news of a broken connection. The system takes in some megabytes long before the
 * server has them: without the pause, each reset of a middle-sized upload would look as if all of it had arrived.
 */
const LAST_PIECE_PAUSE_MS = 20;

/** One body on its way out: what was handed to the network is counted, so that it is known what a server can have. */
export class Outgoing {
  /** Bytes handed to the network so far. */
  sentBytes = 0;
  /** Why the source of the bytes failed, if it did. */
  failure: Error | undefined;
  readonly #body: OutgoingBody;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #onPiece: (sentBytes: number) => void;

  constructor(body: OutgoingBody, onPiece: (sentBytes: number) => void) {
    this.#body = body;
    const { content } = body;
    this.#source = content instanceof Uint8Array ? pieces(content) : content[Symbol.asyncIterator]();
    this.#onPiece = onPiece;
  }

  /** Length of the whole body. */
  get totalBytes(): number {
    return this.#body.length;
  }

  /** Is all of it in memory already, and so short that it does not matter if fetch keeps it? */
  get short(): boolean {
    return this.#body.content instanceof Uint8Array;
  }

  /** Was the last byte handed over? Only then can the server have the request. */
  get complete(): boolean {
    return this.sentBytes >= this.totalBytes;
  }

  /** What is known of it now. */
  trace(): UploadTrace {
    return { sentBytes: this.sentBytes, totalBytes: this.totalBytes };
  }

  /** The body as fetch wants it. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const piece = await this.#next();
            if (piece === undefined) {
              controller.close();
              return;
            }
            this.sentBytes += piece.length;
            controller.enqueue(piece);
            this.#onPiece(this.sentBytes);
          } catch (error) {
            this.failure = error as Error;
            controller.error(error);
          }
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Closes the source of the bytes, if it is still open. */
  async close(): Promise<void> {
    try {
      await this.#source.return?.();
    } catch {
      // It is given up anyway.
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#source.next();
    if (done === true) {
      if (this.sentBytes < this.totalBytes) throw this.#mismatch(`${this.sentBytes}`);
      return undefined;
    }
    const after = this.sentBytes + value.length;
    if (after > this.totalBytes) throw this.#mismatch('more');
    if (after === this.totalBytes && this.sentBytes > 0) {
      await new Promise((resolve) => setTimeout(resolve, LAST_PIECE_PAUSE_MS));
      // What came meanwhile is told behind the timers: a busy process would miss it.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return value;
  }

  #mismatch(got: string): SolveError {
    return new SolveError('FILE_CHANGED', `the upload was to have ${this.totalBytes} bytes, its source gave ${got}`);
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
  return undefined;
}
