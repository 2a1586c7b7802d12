// A thread of `solve -j N`: one image at a time. Loaded by the pool, by file name.
import type { MessagePort } from 'node:worker_threads';
import type { Progress } from '../solution.ts';
import type { ImageItem } from './images.ts';
import type { ImageResult } from './result.ts';
import { solveImage } from './solve-image.ts';
import type { SolveSettings } from './solve-settings.ts';

/** What the pool hands to a thread. */
export interface WorkerTask {
  readonly item: ImageItem;
  readonly image: SolveSettings['image'];
  /** What was read from standard input, if the item is that: a thread has none of its own. */
  readonly stdin?: Uint8Array;
  /** Where progress goes, if somebody watches. */
  readonly port?: MessagePort;
}

/** Solves one image. Cancelling ends the thread. */
export default async function work(task: WorkerTask): Promise<ImageResult> {
  const { item, image, stdin, port } = task;
  const onProgress = port === undefined ? {} : { onProgress: (progress: Progress) => port.postMessage(progress) };
  try {
    return await solveImage(item, image, onProgress, stdin);
  } finally {
    port?.close();
  }
}
