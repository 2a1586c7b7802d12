import type { SolveImageOptions } from '../engines/solve.ts';
import { bytesSource } from '../io/bytes-source.ts';
import { readStream } from '../io/read-stream.ts';
import { askedOf } from '../pipeline/asked.ts';
import type { Journal } from '../pipeline/journal.ts';
import { type JournaledOptions, type PreExist, runJournaled } from '../pipeline/journaled.ts';
import type { ManyResult } from '../pipeline/solve-many.ts';
import type { Outcome, Progress, RemoteJob, SolveInput } from '../solution.ts';
import { byExtension, settingsFor } from './each-extension.ts';
import type { ImageItem } from './images.ts';
import { debugStack, faultRecord } from './result.ts';
import type { ImageResult } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/** Who watches a batch. */
export interface BatchWatch {
  readonly signal: AbortSignal;
  /** Called as each image is done, whatever came of it; no other result comes before it has ended. What could be opened has an input. */
  onResult(item: ImageItem, result: ImageResult, input?: SolveInput): Promise<void>;
  /** Absent: nobody looks, so nothing is sent. */
  readonly onProgress?: (item: ImageItem, progress: Progress) => void;
}

/** Who watches a batch that is solved here, and what it goes by. */
export interface SolveWatch extends BatchWatch {
  /** Absent: nothing is remembered. */
  readonly journal?: Journal;
  /** What becomes of images that the journal has an answer for. */
  readonly preExist: PreExist;
  /** Writes files before the result counts as done. */
  readonly deliver: (
    item: ImageItem,
    input: SolveInput,
    outcome: Outcome,
  ) => ReturnType<NonNullable<JournaledOptions<unknown>['deliver']>>;
  /** A server has given a number, or a second one for the same submission. */
  readonly onSubmitted: (remote: RemoteJob) => void;
}

interface OpenImage {
  readonly item: ImageItem;
  readonly input: SolveInput;
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
  watch: SolveWatch,
): Promise<void> {
  for (const group of byExtension(items).values()) {
    await solveGroup(group, settingsFor(group[0]!, settings), engines, watch);
  }
}

/** Solves images that are asked about in the same way. */
async function solveGroup(
  items: readonly ImageItem[],
  settings: SolveSettings,
  engines: NonNullable<SolveImageOptions['engines']>,
  watch: SolveWatch,
): Promise<void> {
  const { signal, journal, preExist, onProgress } = watch;
  const remote = engines[0] !== 'embedded';
  const results = runJournaled(openImages(items, watch), {
    ...settings.image,
    engines,
    signal,
    ...(journal === undefined ? {} : { journal }),
    asked: askedOf(settings.image, engines, { upload: settings.service.upload, isPublic: settings.service.isPublic }),
    preExist,
    inputOf: ({ input }) => input,
    deliver: ({ item, input }, outcome) => watch.deliver(item, input, outcome),
    onSubmitted: (_, known) => watch.onSubmitted(known),
    // A single image is not worth a thread.
    concurrency: Math.max(1, Math.min(settings.jobs ?? (remote ? REMOTE_JOBS : 1), items.length)),
    ...(onProgress === undefined ? {} : { onProgress: ({ item }, progress) => onProgress(item, progress) }),
  });
  for await (const { item: taken, outcome, error, elapsedMs, known } of results) {
    if (outcome === undefined) await watch.onResult(taken.item, fault(error, elapsedMs));
    else await watch.onResult(taken.item, { outcome, elapsedMs, ...(known ? { known } : {}) });
  }
}

/**
 * Has images solved elsewhere, and tells what came of each.
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
  const taken: OpenImage[] = [];
  const inputs = async function* (): AsyncGenerator<SolveInput> {
    for await (const image of openImages(items, watch)) {
      taken.push(image);
      yield image.input;
    }
  };
  const results = solveAll(inputs(), {
    signal,
    ...(onProgress === undefined ? {} : { onProgress: (progress, index) => onProgress(taken[index]!.item, progress) }),
  });
  for await (const { index, outcome, error, elapsedMs } of results) {
    const { item, input } = taken[index]!;
    await watch.onResult(item, outcome === undefined ? fault(error, elapsedMs) : { outcome, elapsedMs }, input);
  }
}

/** Images at once where a server does the work and nothing is said. */
const REMOTE_JOBS = 3;

/** Images as there is room for them; what cannot be opened is told to the watch. */
async function* openImages(items: readonly ImageItem[], watch: BatchWatch): AsyncGenerator<OpenImage> {
  for (const item of items) {
    const input = item.kind === 'fault' ? { fault: item.fault, elapsedMs: 0 } : await openInput(item, watch.signal);
    if (typeof input === 'object' && 'fault' in input) await watch.onResult(item, input);
    else yield { item, input };
  }
}

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
