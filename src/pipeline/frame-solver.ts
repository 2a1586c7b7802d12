import { type SolveImageOptions, solve } from '../engines/solve.ts';
import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Outcome, Solution, SolveInput, SolveOptions, Solver } from '../solution.ts';

/** How the frames of a night are solved. */
export interface FrameSolverOptions extends Omit<
  SolveImageOptions,
  'onProgress' | 'onSubmitted' | 'signal' | 'submitted'
> {
  /**
   * The inputs are frames of one night, most of the same field: the last solution is tried first on the next frame. A
   * telescope that has moved costs no more than a glance. Default: yes.
   */
  readonly sequence?: boolean;
}

/** Solves one frame after the other, or several at once. */
export interface FrameSolver extends AsyncDisposable {
  /** So many frames keep it busy: one more than there are threads is read while those solve. */
  readonly atOnce: number;
  /** As `solve`; what is left out here is as the solver was told. */
  solve(input: SolveInput, options: SolveOptions & Pick<SolveImageOptions, 'engines' | 'hints'>): Promise<Outcome>;
}

/**
 * Gets ready for many frames: the engine of this package gets threads if there is more than one frame at a time, and each
 * solution is remembered for the next frame.
 *
 * @throws {SolveError} `BAD_ARGUMENT`
 */
export async function openFrameSolver(concurrency: number, options: FrameSolverOptions): Promise<FrameSolver> {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new SolveError('BAD_ARGUMENT', `concurrency: ${concurrency} is no number of images`);
  }
  const { sequence = true, ...each } = options;
  const threads = await openThreads(concurrency, options);
  const onThreads = (engine: 'embedded' | Solver): 'embedded' | Solver =>
    engine === 'embedded' && threads !== undefined ? threads.solver : engine;
  let previous: Hints['previous'];
  const local = (options.engines ?? ['embedded']).every((engine) => engine === 'embedded');
  return {
    atOnce: threads !== undefined && local ? concurrency + 1 : concurrency,
    async solve(input, { engines = options.engines ?? ['embedded'], hints: known, ...one }) {
      const hints = known ?? { ...each.hints, ...(previous === undefined ? {} : { previous }) };
      const outcome = await solve(input, { ...each, ...one, hints, engines: engines.map(onThreads) });
      if (sequence && outcome.status === 'solved') previous = placeOf(outcome.solution);
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      await threads?.close();
    },
  };
}

async function openThreads(
  concurrency: number,
  options: FrameSolverOptions,
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
