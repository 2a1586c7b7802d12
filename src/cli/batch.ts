import type { SolveImageOptions } from '../engines/solve.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { readStream } from '../io/read-stream.ts';
import { type ManyResult, solveMany } from '../pipeline/solve-many.ts';
import type { Progress, SolveInput } from '../solution.ts';
import type { ImageItem } from './images.ts';
import { debugStack, faultRecord } from './result.ts';
import type { ImageResult } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/** Who watches a batch. */
export interface BatchWatch {
  readonly signal: AbortSignal;
  /** Called as each image is done, whatever came of it; no other result comes before it has ended. */
  onResult(item: ImageItem, result: ImageResult): Promise<void>;
  /** Absent: nobody looks, so nothing is sent. */
  readonly onProgress?: (item: ImageItem, progress: Progress) => void;
}

/**
 * Solves images in turn, or several at once. An image that fails never stops the others.
 *
 * @throws the signal's reason if cancelled
 */
export async function solveBatch(
  items: readonly ImageItem[],
  settings: SolveSettings,
  engines: NonNullable<SolveImageOptions['engines']>,
  watch: BatchWatch,
): Promise<void> {
  const remote = engines[0] !== 'embedded';
  await runBatch(items, watch, (inputs, watching) =>
    solveMany(inputs, {
      ...settings.image,
      engines,
      ...watching,
      // A single image is not worth a thread.
      concurrency: Math.max(1, Math.min(settings.jobs ?? (remote ? REMOTE_JOBS : 1), items.length)),
    }),
  );
}

/**
 * Opens images as there is room for them, and tells what came of each.
 *
 * @param solveAll gives a result for each input, with its place among them
 * @throws the signal's reason if cancelled
 */
export async function runBatch(
  items: readonly ImageItem[],
  watch: BatchWatch,
  solveAll: (
    inputs: AsyncIterable<SolveInput>,
    watching: { readonly signal: AbortSignal; readonly onProgress?: (progress: Progress, index: number) => void },
  ) => AsyncIterable<ManyResult<SolveInput>>,
): Promise<void> {
  const { signal, onProgress } = watch;
  const taken: ImageItem[] = [];
  const inputs = async function* (): AsyncGenerator<SolveInput> {
    for (const item of items) {
      const input = item.kind === 'fault' ? { fault: item.fault, elapsedMs: 0 } : await openInput(item, signal);
      if (typeof input === 'object' && 'fault' in input) {
        await watch.onResult(item, input);
        continue;
      }
      taken.push(item);
      yield input;
    }
  };
  const results = solveAll(inputs(), {
    signal,
    ...(onProgress === undefined ? {} : { onProgress: (progress, index) => onProgress(taken[index]!, progress) }),
  });
  for await (const result of results) {
    const { index, elapsedMs } = result;
    if (result.outcome !== undefined) await watch.onResult(taken[index]!, { outcome: result.outcome, elapsedMs });
    else await watch.onResult(taken[index]!, fault(result.error, elapsedMs));
  }
}

/** Images at once where a server does the work and nothing is said. */
const REMOTE_JOBS = 3;

async function openInput(
  item: Exclude<ImageItem, { kind: 'fault' }>,
  signal: AbortSignal,
): Promise<SolveInput | Extract<ImageResult, { fault: unknown }>> {
  if (item.kind === 'file') return item.name;
  if (item.kind === 'url') return new URL(item.name);
  const start = performance.now();
  try {
    return bytesSource(await readStream(process.stdin, '-', { signal }), '-');
  } catch (error) {
    signal.throwIfAborted();
    return fault(error, performance.now() - start);
  }
}

function fault(error: unknown, elapsedMs: number): Extract<ImageResult, { fault: unknown }> {
  const stack = debugStack(error);
  if (stack !== undefined) process.stderr.write(`${stack}\n`);
  return { fault: faultRecord(error), elapsedMs };
}
