import { readStream } from '../io/read-stream.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { solve } from '../engines/solve.ts';
import type { Progress, SolveInput } from '../solution.ts';
import type { ImageItem } from './images.ts';
import { debugStack, faultRecord } from './result.ts';
import type { ImageResult } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/** What is watched during one image. */
export interface Watch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Solves one image. Whatever goes wrong with it is in the result.
 *
 * @param stdin what was read from standard input, if the item is that
 * @throws the signal's reason if cancelled
 */
export async function solveImage(
  item: ImageItem,
  image: SolveSettings['image'],
  watch: Watch,
  stdin?: Uint8Array,
): Promise<ImageResult> {
  if (item.kind === 'fault') return { fault: item.fault, elapsedMs: 0 };
  const start = performance.now();
  try {
    const input: SolveInput =
      item.kind === 'stdin' ? bytesSource(stdin ?? (await readStandardInput(watch.signal)), '-') : item.name;
    const outcome = await solve(input, { ...image, ...watch });
    return { outcome, elapsedMs: performance.now() - start };
  } catch (error) {
    watch.signal?.throwIfAborted();
    const stack = debugStack(error);
    if (stack !== undefined) process.stderr.write(`${stack}\n`);
    return { fault: faultRecord(error), elapsedMs: performance.now() - start };
  }
}

/** All of standard input. */
export async function readStandardInput(signal?: AbortSignal): Promise<Uint8Array> {
  return readStream(process.stdin, '-', signal === undefined ? {} : { signal });
}
