import { MessageChannel } from 'node:worker_threads';
import type { Progress } from '../solution.ts';
import type { ImageItem } from './images.ts';
import { faultRecord } from './result.ts';
import type { ImageResult } from './result.ts';
import { readStandardInput, solveImage } from './solve-image.ts';
import type { SolveSettings } from './solve-settings.ts';
import type { WorkerTask } from './worker.ts';

/** Who watches a batch. */
export interface BatchWatch {
  readonly signal: AbortSignal;
  /** Called as each image is done, whatever came of it; the next one of the same thread waits for it. */
  onResult(item: ImageItem, result: ImageResult): Promise<void>;
  /** Absent: nobody looks, so nothing is sent. */
  readonly onProgress?: (item: ImageItem, progress: Progress) => void;
}

/**
 * Solves images in turn, or several at once on threads of their own. An image that fails never stops the others.
 *
 * @throws the signal's reason if cancelled
 */
export async function solveBatch(
  items: readonly ImageItem[],
  settings: SolveSettings,
  watch: BatchWatch,
): Promise<void> {
  const threads = Math.min(settings.jobs, items.length);
  return threads > 1 ? solveOnThreads(items, settings, watch, threads) : solveInTurn(items, settings, watch);
}

async function solveInTurn(items: readonly ImageItem[], settings: SolveSettings, watch: BatchWatch): Promise<void> {
  const { signal, onProgress } = watch;
  for (const item of items) {
    signal.throwIfAborted();
    const result = await solveImage(item, settings.image, {
      signal,
      ...(onProgress === undefined ? {} : { onProgress: (progress: Progress) => onProgress(item, progress) }),
    });
    await watch.onResult(item, result);
  }
}

async function solveOnThreads(
  items: readonly ImageItem[],
  settings: SolveSettings,
  watch: BatchWatch,
  threads: number,
): Promise<void> {
  const { Tinypool } = await import('tinypool');
  const { signal, onProgress } = watch;
  const pool = new Tinypool({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    isolateWorkers: false,
  });
  const queue = items.values();
  const solveOne = async (item: ImageItem): Promise<ImageResult> => {
    const channel = onProgress === undefined ? undefined : new MessageChannel();
    channel?.port1.on('message', (progress: Progress) => onProgress?.(item, progress));
    const task: WorkerTask = {
      item,
      image: settings.image,
      ...(item.kind === 'stdin' ? { stdin: await readStandardInput(signal) } : {}),
      ...(channel === undefined ? {} : { port: channel.port2 }),
    };
    try {
      return (await pool.run(task, { signal, ...(channel ? { transferList: [channel.port2] } : {}) })) as ImageResult;
    } catch (error) {
      signal.throwIfAborted();
      // Standard input that cannot be read, or a thread that died: out of memory, for one.
      return { fault: faultRecord(error), elapsedMs: 0 };
    } finally {
      channel?.port1.close();
    }
  };
  const runner = async (): Promise<void> => {
    for (const item of queue) await watch.onResult(item, await solveOne(item));
  };
  try {
    await Promise.all(Array.from({ length: threads }, runner));
  } finally {
    await pool.destroy();
  }
}
