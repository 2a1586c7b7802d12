import { SolveError } from '../errors.ts';

/** More than this from standard input is refused: 2 GiB. */
const DEFAULT_MAX_BYTES = 2 ** 31;

/**
 * Reads a stream (standard input) to its end into one block of memory.
 *
 * @param stream its pieces, bytes
 * @param name what to call it in messages
 * @param options.maxBytes more is refused; 2 GiB if absent
 * @throws {SolveError} `IMAGE_TOO_LARGE` beyond the limit, `FILE_EMPTY` if nothing came, `FILE_UNREADABLE` if it broke
 */
export async function readStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: { maxBytes?: number; signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const { maxBytes = DEFAULT_MAX_BYTES, signal } = options;
  const pieces: Uint8Array[] = [];
  let total = 0;
  const source = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(source.next(), signal);
      if (next.done === true) break;
      total += next.value.length;
      if (total > maxBytes) throw new SolveError('IMAGE_TOO_LARGE', `${name}: more than ${maxBytes} bytes came in`);
      pieces.push(next.value);
    }
  } catch (error) {
    // Not awaited: a stream that hangs would hang here as well.
    void source.return?.()?.catch(() => {});
    if (error instanceof SolveError || signal?.aborted === true) throw error;
    throw new SolveError('FILE_UNREADABLE', `${name}: ${(error as Error).message}`, { cause: error });
  }
  if (total === 0) throw new SolveError('FILE_EMPTY', `${name}: nothing came in`);
  if (pieces.length === 1) return pieces[0]!;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Waits for `work`, or until `signal` says stop: a silent stream must not keep a cancelled program alive. */
async function orAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
