import { SolveError } from '../errors.ts';
import type { FaultCode } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Outcome, Solution, SolveInput, SolveOptions, Solver } from '../solution.ts';
import { recentre } from '../wcs/recentre.ts';
import { type EmbeddedOptions, createEmbeddedSolver } from './embedded.ts';

/** What {@link solve} can be told. Everything may be left out. */
export interface SolveImageOptions extends SolveOptions, Omit<EmbeddedOptions, 'index' | 'onRungEnd'> {
  /** What is known of the picture. A wrong hint costs time, never the solution. */
  readonly hints?: Hints;
  /**
   * Who is asked, one after the other until one finds the place: `embedded` is the solver that comes with this package.
   * Default: that alone, so that nothing leaves the machine.
   */
  readonly engines?: readonly ('embedded' | Solver)[];
  /** Put the reference pixel of the WCS at the centre of the image. */
  readonly crpixCenter?: boolean;
}

/** Faults that say only that this engine cannot read the input: another one may. */
const READ_ELSEWHERE: ReadonlySet<FaultCode> = new Set([
  'URL_NOT_TAKEN',
  'FORMAT_UNKNOWN',
  'FORMAT_UNSUPPORTED',
  'FITS_COMPRESSION',
  'IMAGE_TOO_LARGE',
] satisfies FaultCode[]);

/**
 * Finds where an image points. Unless other engines are named, with the solver and the star data that come with this
 * package: no network, no key.
 *
 * @param input a path, a `file:` URL, the bytes of an image file, or pixels or sources that are in memory already; an
 *   `http:` or `https:` URL if there is an engine that takes it
 * @returns a solution, or why there is none: what the last engine says, and in its notes what the others said
 * @throws {SolveError} for input that cannot be read, and for an engine that fails
 * @throws the signal's reason if cancelled
 * @example
 * ```ts
 * const outcome = await solve('m31.fits');
 * if (outcome.status === 'solved') console.log(outcome.solution.calibration.ra);
 * ```
 */
export async function solve(input: SolveInput, options: SolveImageOptions = {}): Promise<Outcome> {
  const {
    hints = {},
    signal,
    timeoutMs = Infinity,
    onProgress,
    onSubmitted,
    submitted,
    extension,
    keepSources,
  } = options;
  const engines = enginesFor(options);
  const end = performance.now() + timeoutMs;
  let last: Outcome | undefined;
  let unread: SolveError | undefined;
  const said: string[] = [];
  for (const engine of engines) {
    const left = end - performance.now();
    if (last !== undefined && left <= 0) break;
    const solver = engine === 'embedded' ? createEmbeddedSolver(options) : engine;
    try {
      last = await solver.solve(input, hints, {
        ...(signal === undefined ? {} : { signal }),
        ...(left === Infinity ? {} : { timeoutMs: Math.max(1, left) }),
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(onSubmitted === undefined ? {} : { onSubmitted }),
        ...(submitted === undefined ? {} : { submitted }),
        ...(extension === undefined ? {} : { extension }),
        ...(keepSources === undefined ? {} : { keepSources }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof SolveError)) throw error;
      if (!READ_ELSEWHERE.has(error.code)) throw withEarlier(error, said);
      unread = error;
      said.push(`${solver.name}: ${error.message}`);
      continue;
    }
    if (last.status === 'solved') break;
    said.push(`${solver.name}: ${last.message}`);
  }
  if (last === undefined) throw unread ?? new SolveError('BAD_ARGUMENT', 'engines: the list is empty');
  return conclude(last, last.status === 'solved' ? said : said.slice(0, -1), options);
}

/** Where it is known who has the input, those before have been asked. */
function enginesFor({ engines = ['embedded'], submitted }: SolveImageOptions): readonly ('embedded' | Solver)[] {
  if (submitted === undefined) return engines;
  const first = engines.findIndex((engine) => engine !== 'embedded' && engine.server === submitted.server);
  return first < 0 ? engines : engines.slice(first);
}

/** A fault of an engine, and what those before it have said. */
function withEarlier(error: SolveError, said: readonly string[]): SolveError {
  if (said.length === 0) return error;
  return new SolveError(error.code, `${error.message} (before: ${said.join('; ')})`, { cause: error });
}

function conclude(outcome: Outcome, said: readonly string[], options: SolveImageOptions): Outcome {
  const report = { ...outcome.report, notes: [...said, ...outcome.report.notes] };
  if (outcome.status === 'unsolved') return { ...outcome, report };
  const solution = options.crpixCenter === true ? centred(outcome.solution) : outcome.solution;
  return { ...outcome, solution, report };
}

function centred(solution: Solution): Solution {
  const { wcs, width, height } = solution;
  return { ...solution, wcs: recentre(wcs, (width - 1) / 2, (height - 1) / 2, width, height).wcs };
}
