import { SolveError } from '../errors.ts';
import type { Corr } from '../products/corr.ts';
import type { WcsFile } from '../products/wcs-file.ts';
import type { Matches, Solution } from '../solution.ts';
import { calibrate } from '../wcs/calibration.ts';
import { skyToPixel } from '../wcs/transform.ts';
import type { Parcel } from './parcel.ts';

/** What a solver that is not ours has left of an image. */
export interface ForeignFiles {
  readonly engine: string;
  readonly file: WcsFile;
  /** Absent: the stars that matched are not known. */
  readonly corr: Corr | undefined;
  readonly rowOrder: Solution['rowOrder'];
}

/** A solution like ours: our own numbers, from its WCS. */
export function foreignSolution({ engine, file, corr, rowOrder }: ForeignFiles): Solution {
  const { wcs, width, height, logOdds } = file;
  const matches = matchesOf(corr, file);
  return {
    engine,
    width,
    height,
    rowOrder,
    wcs,
    calibration: calibrate(wcs, width, height, rowOrder),
    matches,
    rms: rootMeanSquare(matches.residual),
    logOdds,
  };
}

/**
 * A solution of another image would point a telescope somewhere else.
 *
 * @param where whose it is, for people: `job 7`
 * @throws {SolveError} `REPLY_INVALID`
 */
export function checkSize(where: string, { width, height }: WcsFile, { size }: Pick<Parcel, 'size'>): void {
  if (size === undefined || (size.width === width && size.height === height)) return;
  const fact = `the image has ${size.width} x ${size.height} pixels, the solution is for ${width} x ${height}`;
  throw new SolveError('REPLY_INVALID', `${where}: ${fact}`);
}

function matchesOf(corr: Corr | undefined, { wcs }: WcsFile): Matches {
  const none = new Float64Array(0);
  if (corr === undefined) {
    return { x: none, y: none, ra: none, dec: none, magnitude: new Float32Array(0), residual: new Float32Array(0) };
  }
  const { x, y, ra, dec, magnitude } = corr;
  const residual = Float32Array.from(x, (_, i) => {
    const predicted = skyToPixel(wcs, ra[i]!, dec[i]!);
    return predicted === undefined ? Number.NaN : Math.hypot(predicted[0] - x[i]!, predicted[1] - y[i]!);
  });
  return { x, y, ra, dec, magnitude, residual };
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}
