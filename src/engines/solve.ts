import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Frame } from '../image/frame.ts';
import type { Outcome, Solution, SolveInput, SolveOptions } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import { recentre } from '../wcs/recentre.ts';
import { createEmbeddedSolver } from './embedded.ts';
import { openField } from './input.ts';

/** What {@link solve} can be told. Everything may be left out. */
export interface SolveImageOptions extends SolveOptions {
  /** What is known of the picture. A wrong hint costs time, never the solution. */
  readonly hints?: Hints;
  /** Width of the field, degrees: for those who do not know the pixel scale. Not together with `hints.scale`. */
  readonly fieldWidth?: { readonly lowDeg: number; readonly highDeg: number };
  /** Whether hints in the file are used. Default: true. */
  readonly headerHints?: boolean;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Bin this many by as many pixels before looking for stars. Default: chosen by the size of the stars. */
  readonly downsample?: number;
  /** Highest order of the SIP distortion; 0: plain TAN. Default: as high as the stars support. */
  readonly tweakOrder?: number;
  /** Put the reference pixel of the WCS at the centre of the image. */
  readonly crpixCenter?: boolean;
}

/**
 * Finds where an image points, with the solver and the star data that come with this package: no network, no key.
 *
 * @param input a path, a `file:` URL, the bytes of an image file, or pixels or sources that are in memory already
 * @returns a solution, or why there is none
 * @throws {SolveError} for input that cannot be read
 * @throws the signal's reason if cancelled
 * @example
 * ```ts
 * const outcome = await solve('m31.fits');
 * if (outcome.status === 'solved') console.log(outcome.solution.calibration.ra);
 * ```
 */
export async function solve(input: SolveInput, options: SolveImageOptions = {}): Promise<Outcome> {
  const { downsample, tweakOrder, signal, timeoutMs, onProgress } = options;
  const start = performance.now();
  const { extension } = options;
  const field = withoutHeaderHints(await openField(input, { extension, signal, onProgress }), options);
  const readMs = performance.now() - start;
  const solver = createEmbeddedSolver({
    ...(downsample === undefined ? {} : { downsample }),
    ...(tweakOrder === undefined ? {} : { tweakOrder }),
  });
  const outcome = await solver.solve(field, hintsFor(field, options), {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs: Math.max(1, timeoutMs - readMs) }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const report = { ...outcome.report, stages: { read: readMs, ...outcome.report.stages } };
  if (outcome.status === 'unsolved') return { ...outcome, report };
  const solution = options.crpixCenter === true ? centred(outcome.solution) : outcome.solution;
  return { ...outcome, solution, report };
}

function withoutHeaderHints(field: Frame | SourceList, options: SolveImageOptions): Frame | SourceList {
  return options.headerHints === false && 'hints' in field ? { ...field, hints: [] } : field;
}

/** The hints, with the width of the field turned into a pixel scale. */
function hintsFor(field: Frame | SourceList, options: SolveImageOptions): Hints {
  const { hints = {}, fieldWidth } = options;
  if (fieldWidth === undefined) return hints;
  if (hints.scale !== undefined) throw new SolveError('BAD_ARGUMENT', 'fieldWidth and hints.scale are both given');
  return {
    ...hints,
    scale: {
      lowArcsec: widthToScale(fieldWidth.lowDeg, field.width),
      highArcsec: widthToScale(fieldWidth.highDeg, field.width),
    },
  };
}

/** No gnomonic image is wider, in practice; the scale at its centre would tend to infinity. */
const WIDEST_DEG = 170;

/** Pixel scale at the centre of an undistorted gnomonic image, arcsec, from the width of its field. */
function widthToScale(widthDeg: number, widthPixels: number): number {
  const halfWidth = (Math.min(widthDeg, WIDEST_DEG) * Math.PI) / 360;
  return ((2 * Math.tan(halfWidth)) / widthPixels) * (180 / Math.PI) * 3600;
}

function centred(solution: Solution): Solution {
  const { wcs, width, height } = solution;
  return { ...solution, wcs: recentre(wcs, (width - 1) / 2, (height - 1) / 2, width, height).wcs };
}
