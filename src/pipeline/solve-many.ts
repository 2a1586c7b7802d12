import { availableParallelism } from 'node:os';
import { type SolveImageOptions, solve } from '../engines/solve.ts';
import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Outcome, Progress, Solution, SolveInput } from '../solution.ts';

/** How many inputs are solved. */
export interface SolveManyOptions extends Omit<SolveImageOptions, 'onProgress'> {
  /**
   * Images at once. Default: as many as the machine has cores; three if only servers are asked, which is what the public
   * one bears.
   */
  readonly concurrency?: number;
  /**
   * The inputs are frames of one night, most of the same field: the last solution is tried first on the next frame. A
   * telescope that has moved costs no more than a glance. Default: yes.
   */
  readonly sequence?: boolean;
  /** Limit for each image, in ms. */
  readonly timeoutMs?: number;
  /** Called as the work on an image goes on. */
  readonly onProgress?: (progress: Progress, index: number) => void;
}

/** What came of one input. */
export type ManyResult<T> = ManyAnswer<T> | ManyFailure<T>;

/** An engine gave an answer, be it that it found nothing. */
export interface ManyAnswer<T> {
  /** Place among the inputs, from 0. */
  readonly index: number;
  /** What was given. */
  readonly input: T;
  /** A solution, or why there is none. */
  readonly outcome: Outcome;
  /** Absent: nothing went wrong. */
  readonly error?: never;
  /** From the start of the work to the answer. */
  readonly elapsedMs: number;
}

/** The input could not be worked on. */
export interface ManyFailure<T> {
  /** Place among the inputs, from 0. */
  readonly index: number;
  /** What was given. */
  readonly input: T;
  /** A {@link SolveError}, unless it is a defect of the program. */
  readonly error: Error;
  /** Absent: there is no answer. */
  readonly outcome?: never;
  /** From the start of the work to the fault. */
  readonly elapsedMs: number;
}

/** Requests that the public server bears at a time. */
const REMOTE_CONCURRENCY = 3;

/** What is running, and what becomes of it. */
type Event<T> =
  | { readonly kind: 'input'; readonly next: IteratorResult<T> }
  | { readonly kind: 'result'; readonly result: ManyResult<T> };

/**
 * Solves many inputs, several at once, and gives the results in the order in which they are done. The next input is
 * asked for only when there is room for it, so that a million paths take no more memory than ten; a failure is a result
 * like any other and stops nothing. The engine of this package runs on threads; servers are asked from here, all through
 * one limit.
 *
 * Breaking off the loop cancels what is running.
 *
 * @param inputs what `solve` takes, one after the other
 * @throws the signal's reason if cancelled; what `inputs` throws
 * @example
 * ```ts
 * for await (const { input, outcome, error } of solveMany(paths, { concurrency: 4 })) {
 *   console.log(input, outcome?.status ?? error.message);
 * }
 * ```
 */
export async function* solveMany<T extends SolveInput>(
  inputs: Iterable<T> | AsyncIterable<T>,
  options: SolveManyOptions = {},
): AsyncGenerator<ManyResult<T>, void, undefined> {
  const { sequence = true, onProgress, signal, concurrency = defaultConcurrency(options), ...each } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new SolveError('BAD_ARGUMENT', `concurrency: ${concurrency} is no number of images`);
  }
  signal?.throwIfAborted();
  const stop = new AbortController();
  const running = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const threads = await threadsFor(concurrency, options);
  const engines = (options.engines ?? ['embedded']).map((engine) =>
    engine === 'embedded' && threads !== undefined ? threads.solver : engine,
  );
  let previous: Hints['previous'];

  const work = async (input: T, index: number): Promise<Event<T>> => {
    const start = performance.now();
    const elapsed = (): number => performance.now() - start;
    try {
      const hints = { ...each.hints, ...(previous === undefined ? {} : { previous }) };
      const outcome = await solve(input, {
        ...each,
        hints,
        engines,
        signal: running,
        ...(onProgress === undefined ? {} : { onProgress: (progress: Progress) => onProgress(progress, index) }),
      });
      if (sequence && outcome.status === 'solved') previous = placeOf(outcome.solution);
      return { kind: 'result', result: { index, input, outcome, elapsedMs: elapsed() } };
    } catch (error) {
      return { kind: 'result', result: { index, input, error: error as Error, elapsedMs: elapsed() } };
    }
  };

  const source = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  const atWork = new Map<number, Promise<Event<T>>>();
  const aborted = rejectionOf(running);
  let pull: Promise<Event<T>> | undefined;
  let ended = false;
  let count = 0;
  try {
    while (!ended || atWork.size > 0) {
      if (!ended && pull === undefined && atWork.size < concurrency) {
        pull = Promise.resolve(source.next()).then((next) => ({ kind: 'input', next }));
      }
      const event: Event<T> = await Promise.race([
        aborted.promise,
        ...atWork.values(),
        ...(pull === undefined ? [] : [pull]),
      ]);
      if (event.kind === 'input') {
        pull = undefined;
        if (event.next.done === true) ended = true;
        else atWork.set(count, work(event.next.value, count++));
        continue;
      }
      atWork.delete(event.result.index);
      yield event.result;
    }
  } finally {
    aborted.forget();
    stop.abort();
    pull?.catch(() => {});
    // Not awaited: an input that is being waited for may never come.
    if (!ended) Promise.resolve(source.return?.()).catch(() => {});
    await Promise.all(atWork.values());
    await threads?.close();
  }
}

function defaultConcurrency({ engines }: SolveManyOptions): number {
  const local = engines?.some((engine) => engine === 'embedded' || engine.name !== 'nova') ?? true;
  return local ? availableParallelism() : REMOTE_CONCURRENCY;
}

async function threadsFor(
  concurrency: number,
  options: SolveManyOptions,
): Promise<Awaited<ReturnType<typeof import('./solver-threads.ts').openSolverThreads>> | undefined> {
  if (concurrency === 1 || !(options.engines ?? ['embedded']).includes('embedded')) return undefined;
  const { openSolverThreads } = await import('./solver-threads.ts');
  return await openSolverThreads(concurrency, options);
}

/** Where the next frame of a sequence is looked for first. */
export function placeOf({ calibration }: Solution): NonNullable<Hints['previous']> {
  const { ra, dec, radius, pixelScale, parity } = calibration;
  return { raDeg: ra, decDeg: dec, radiusDeg: radius, scaleArcsec: pixelScale, parity };
}

/** A promise that rejects with the signal's reason. */
function rejectionOf(signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } {
  let stop: () => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  // Nobody may be listening when it comes.
  promise.catch(() => {});
  return { promise, forget: () => signal.removeEventListener('abort', stop) };
}
