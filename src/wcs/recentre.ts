import { SolveError } from '../errors.ts';
import { fitGrid, fitInverse, imageGrid } from './sip.ts';
import { pixelsToVectors, tangentWcs, vectorsToPixels } from './transform.ts';
import type { Wcs } from './wcs.ts';

/** Difference from the given WCS that {@link recentre} is content with, pixels. */
const TOLERANCE = 1e-6;

/** A WCS about another reference pixel. */
export interface Recentred {
  /** The same sky from the new reference pixel. */
  readonly wcs: Wcs;
  /** Largest difference from the given WCS over the image, pixels. */
  readonly worst: number;
}

/**
 * Moves the reference point to another pixel.
 *
 * Two gnomonic projections of the same sky about different points differ by a projective map, not by a linear one, so no
 * plain TAN is exactly another plain TAN. The new CD matrix is the true scale and direction at the new reference
 * pixel; what the linear map leaves over goes into SIP terms of degree 2 and more, fitted over the image, of the lowest
 * order (up to 9) that makes the difference less than 1e-6 pixel. A plain TAN stays one only if that needs no SIP:
 * for a small shift in a small field. The order needed grows with the product of the shift and the field: 3 for
 * a shift of 1 degree in a 2 degree field, 7 for 10 degrees in 20. Order 9 is not enough for shifts of half the field in
 * fields of 40 degrees and more: it leaves up to 2e-4 pixel at 60 degrees, and `worst` says how much.
 *
 * @param x the new reference pixel, 0-based
 * @param y likewise
 * @param width of the image over which the two agree, pixels
 * @param height likewise
 * @throws {SolveError} `BAD_ARGUMENT` if a part of the image is 90 degrees or more from the new tangent point
 */
export function recentre(wcs: Wcs, x: number, y: number, width: number, height: number): Recentred {
  const linear = tangentWcs(wcs, x, y);
  const grid = imageGrid(width, height, linear.crpix);
  const n = grid.u.length;
  const xs = grid.u.map((u) => u + x);
  const ys = grid.v.map((v) => v + y);
  const vectors = pixelsToVectors(wcs, xs, ys, new Float64Array(3 * n));
  const values = new Float64Array(2 * n);
  vectorsToPixels(linear, vectors, values.subarray(0, n), values.subarray(n));
  let worst = 0;
  for (let i = 0; i < n; i++) {
    values[i] = values[i]! - xs[i]!;
    values[n + i] = values[n + i]! - ys[i]!;
    worst = Math.max(worst, Math.hypot(values[i]!, values[n + i]!));
  }
  // NaN also if x, y or the size is none.
  if (Number.isNaN(worst)) {
    throw new SolveError(
      'BAD_ARGUMENT',
      `the tangent point cannot move to pixel (${x}, ${y}): it would not see the whole image`,
    );
  }
  if (worst <= TOLERANCE) return { wcs: linear, worst };
  const { order, a, b, worst: left } = fitGrid(grid, values, 2, 2, TOLERANCE);
  const { inverseOrder, ap, bp } = fitInverse({ order, a, b }, width, height, linear.crpix);
  return { wcs: { ...linear, sip: { order, a, b, inverseOrder, ap, bp } }, worst: left };
}
