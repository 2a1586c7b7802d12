import { availableParallelism } from 'node:os';
import type { SolveImageOptions } from '../engines/solve.ts';
import type { Outcome, Progress, RemoteJob, SolveInput } from '../solution.ts';
import { openFrameSolver } from './frame-solver.ts';
import { runMany } from './run-many.ts';

/** How many inputs are solved. */
export interface SolveManyOptions extends Omit<SolveImageOptions, 'onProgress' | 'onSubmitted' | 'submitted'> {
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
  /** As for `solve`. */
  readonly onSubmitted?: (remote: RemoteJob, index: number) => void | Promise<void>;
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
  const { concurrency = defaultConcurrency(options), signal = new AbortController().signal } = options;
  const { onProgress, onSubmitted } = options;
  signal.throwIfAborted();
  await using frames = await openFrameSolver(concurrency, options);
  const work = async (input: T, index: number, stop: AbortSignal): Promise<ManyResult<T>> => {
    const start = performance.now();
    try {
      const outcome = await frames.solve(input, {
        signal: stop,
        ...(onProgress === undefined ? {} : { onProgress: (progress: Progress) => onProgress(progress, index) }),
        ...(onSubmitted === undefined ? {} : { onSubmitted: (remote: RemoteJob) => onSubmitted(remote, index) }),
      });
      return { index, input, outcome, elapsedMs: performance.now() - start };
    } catch (error) {
      return { index, input, error: error as Error, elapsedMs: performance.now() - start };
    }
  };
  yield* runMany(inputs, work, { concurrency, signal });
}

/** Requests that the public server bears at a time. */
const REMOTE_CONCURRENCY = 3;

function defaultConcurrency({ engines }: SolveManyOptions): number {
  const local = engines?.some((engine) => engine === 'embedded' || engine.server === undefined) ?? true;
  return local ? availableParallelism() : REMOTE_CONCURRENCY;
}
