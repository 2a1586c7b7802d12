import { leastSquares, leverages } from '../math/linear.ts';
import { vectorToDegrees } from '../math/sphere.ts';
import { sipTerm, sipTerms } from '../wcs/sip.ts';
import { projectTanPoint, tangentFrame, unprojectTanPoint } from '../wcs/tan.ts';
import { vectorsToPixels } from '../wcs/transform.ts';
import type { Sip, Wcs } from '../wcs/wcs.ts';

/** Pairs of a source and a star, arrays of equal length side by side. */
export interface Pairs {
  /** Pixels, 0-based. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Unit vectors, `[x0, y0, z0, x1, ...]`. */
  readonly vectors: Float64Array;
}

/**
 * What kind of WCS is fitted: 0 a similarity (place, rotation, one scale), 1 any linear map, 2 and more SIP of that order.
 */
export type FitOrder = number;

/** Free numbers of a fit. */
export function freeNumbers(order: FitOrder): number {
  return order === 0 ? 4 : 2 * sipTerms(order);
}

/** Steps that move the tangent point to where the reference pixel looks; each gains several digits. */
const MOVES = 4;

/**
 * Least-squares WCS through pairs, reference pixel at the image centre.
 *
 * @param towards unit vector near the direction of the image centre
 * @param parity sign of det(CD); only a similarity needs it
 * @returns undefined if the pairs do not determine it. Inverse polynomials are left to whoever needs them
 * @see Shupe et al. 2005, ADASS XIV, for the meaning of A and B
 */
export function fitWcs(
  pairs: Pairs,
  order: FitOrder,
  width: number,
  height: number,
  towards: Float64Array,
  parity: number,
): Wcs | undefined {
  const n = pairs.x.length;
  const crpix = [(width - 1) / 2, (height - 1) / 2] as const;
  // Offsets in half diagonals keep high powers tame.
  const unit = Math.hypot(width, height) / 2;
  const centre = Float64Array.from(towards.subarray(0, 3));
  const degree = Math.max(1, order);
  const terms = order === 0 ? 4 : sipTerms(order);
  const rows = order === 0 ? 2 * n : n;
  const sides = order === 0 ? 1 : 2;
  const a = new Float64Array(rows * terms);
  const b = new Float64Array(rows * sides);
  const solution = new Float64Array(terms * sides);
  const plane = new Float64Array(2);
  let xi: Float64Array = new Float64Array(sipTerms(degree));
  let eta: Float64Array = new Float64Array(sipTerms(degree));
  for (let move = 0; move < MOVES; move++) {
    const frame = tangentFrame(centre);
    for (let i = 0; i < n; i++) {
      projectTanPoint(frame, pairs.vectors[3 * i]!, pairs.vectors[3 * i + 1]!, pairs.vectors[3 * i + 2]!, plane, 0);
      const u = (pairs.x[i]! - crpix[0]) / unit;
      const v = (pairs.y[i]! - crpix[1]) / unit;
      if (order === 0) similarityRows(a, rows, i, n, u, v, parity);
      else polynomialRow(a, rows, i, u, v, order);
      b[i] = plane[0]!;
      b[n + i] = plane[1]!;
    }
    if (!leastSquares(a, rows, terms, b, solution)) return undefined;
    if (order === 0) {
      const [xi0, eta0, p, q] = solution as unknown as [number, number, number, number];
      xi = linearTerms(xi0, p, -q * parity);
      eta = linearTerms(eta0, q, p * parity);
    } else {
      xi = solution.slice(0, terms);
      eta = solution.slice(terms);
    }
    const shift = Math.hypot(xi[0]!, eta[0]!);
    unprojectTanPoint(frame, xi[0]!, eta[0]!, centre, 0);
    if (shift < 1e-11) break;
  }
  return polynomialsToWcs(xi, eta, degree, unit, centre, crpix);
}

/** Coefficients of order 1 in the SIP layout: constant, v, u. */
function linearTerms(constant: number, u: number, v: number): Float64Array {
  return Float64Array.of(constant, v, u);
}

/** xi = xi0 + p u - s q v, eta = eta0 + q u + s p v, s the parity; unknowns xi0, eta0, p, q. */
function similarityRows(
  a: Float64Array,
  rows: number,
  i: number,
  n: number,
  u: number,
  v: number,
  parity: number,
): void {
  a[i] = 1;
  a[n + i] = 0;
  a[rows + i] = 0;
  a[rows + n + i] = 1;
  a[2 * rows + i] = u;
  a[2 * rows + n + i] = parity * v;
  a[3 * rows + i] = -parity * v;
  a[3 * rows + n + i] = u;
}

function polynomialRow(a: Float64Array, rows: number, i: number, u: number, v: number, order: number): void {
  let term = 0;
  let up = 1;
  for (let p = 0; p <= order; p++) {
    let product = up;
    for (let q = 0; p + q <= order; q++) {
      a[term++ * rows + i] = product;
      product *= v;
    }
    up *= u;
  }
}

/** Splits plane polynomials in offsets / unit into CD and SIP. */
function polynomialsToWcs(
  xi: Float64Array,
  eta: Float64Array,
  order: number,
  unit: number,
  centre: Float64Array,
  crpix: readonly [number, number],
): Wcs | undefined {
  const u1 = sipTerm(order, 1, 0);
  const v1 = sipTerm(order, 0, 1);
  const cd = [xi[u1]! / unit, xi[v1]! / unit, eta[u1]! / unit, eta[v1]! / unit] as const;
  const determinant = cd[0] * cd[3] - cd[1] * cd[2];
  if (!(Math.abs(determinant) > 0)) return undefined;
  const wcs = { crval: vectorToDegrees(centre), crpix, cd };
  if (order < 2) return wcs;
  const a = new Float64Array(xi.length);
  const b = new Float64Array(xi.length);
  for (let p = 0; p <= order; p++) {
    for (let q = 0; p + q <= order; q++) {
      if (p + q < 2) continue;
      const term = sipTerm(order, p, q);
      const scale = unit ** -(p + q) / determinant;
      a[term] = (cd[3] * xi[term]! - cd[1] * eta[term]!) * scale;
      b[term] = (cd[0] * eta[term]! - cd[2] * xi[term]!) * scale;
    }
  }
  const none = new Float64Array(1);
  const sip: Sip = { order, a, b, inverseOrder: 0, ap: none, bp: none };
  return { ...wcs, sip };
}

/** Distances of sources from the predicted pixels of their stars; infinite where there is no such pixel. */
export function residuals(wcs: Wcs, pairs: Pairs): Float64Array {
  const n = pairs.x.length;
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  vectorsToPixels(wcs, pairs.vectors, x, y);
  for (let i = 0; i < n; i++) {
    const distance = Math.hypot(x[i]! - pairs.x[i]!, y[i]! - pairs.y[i]!);
    x[i] = Number.isNaN(distance) ? Infinity : distance;
  }
  return x;
}

/** A higher order must lower the error of pairs it has not seen by this factor. */
const GAIN = 0.95;
/** Pairs wanted per free number. */
const PAIRS_PER_NUMBER = 0.9;

/**
 * The order that predicts pairs best that it was not fitted to: each pair in turn is left out of the fit and predicted by
 * the others. A higher order is taken only if it is clearly better, there are enough pairs for it, and they reach into all
 * parts of the image.
 *
 * @param most highest order allowed
 */
export function chooseOrder(
  pairs: Pairs,
  most: FitOrder,
  width: number,
  height: number,
  towards: Float64Array,
  parity: number,
): FitOrder {
  const n = pairs.x.length;
  let best = 0;
  let bestError = Infinity;
  for (let order = 0; order <= most; order++) {
    if (order > 0 && n < Math.max(4, PAIRS_PER_NUMBER * freeNumbers(order))) break;
    if (order > 1 && !coversFrame(pairs, width, height, order)) break;
    // Lenses bend in odd orders: when two orders in a row have brought nothing, higher ones only cost time.
    if (order > Math.max(1, best) + 2) break;
    const wcs = fitWcs(pairs, order, width, height, towards, parity);
    if (wcs === undefined) break;
    const error = leftOutError(pairs, residuals(wcs, pairs), order, width, height);
    if (error < GAIN * bestError) {
      best = order;
      bestError = error;
    }
  }
  return best;
}

/** Root mean square distance of pairs from what the others predict; a few wild ones are cut off. */
function leftOutError(pairs: Pairs, residual: Float64Array, order: FitOrder, width: number, height: number): number {
  const n = residual.length;
  const unit = Math.hypot(width, height) / 2;
  // A similarity has the leverages of four numbers over 2n rows: near enough those of three terms over n.
  const degree = Math.max(1, order);
  const terms = sipTerms(degree);
  const a = new Float64Array(n * terms);
  for (let i = 0; i < n; i++) {
    polynomialRow(a, n, i, (pairs.x[i]! - (width - 1) / 2) / unit, (pairs.y[i]! - (height - 1) / 2) / unit, degree);
  }
  const leverage = new Float64Array(n);
  if (!leverages(a, n, terms, leverage)) return Infinity;
  const share = order === 0 ? 2 / 3 : 1;
  const errors = residual.map((r, i) => r / Math.max(1e-9, 1 - share * leverage[i]!)).sort();
  const kept = Math.max(1, Math.floor(0.97 * n));
  let sum = 0;
  for (let i = 0; i < kept; i++) sum += errors[i]! * errors[i]!;
  return Math.sqrt(sum / kept);
}

/** Whether pairs stand in most of the cells of a grid over the frame, finer for higher orders. */
function coversFrame(pairs: Pairs, width: number, height: number, order: FitOrder): boolean {
  const side = order + 1;
  const seen = new Uint8Array(side * side);
  for (let i = 0; i < pairs.x.length; i++) {
    const column = Math.min(side - 1, Math.floor(((pairs.x[i]! + 0.5) / width) * side));
    const row = Math.min(side - 1, Math.floor(((pairs.y[i]! + 0.5) / height) * side));
    seen[row * side + column] = 1;
  }
  return seen.reduce((sum, one) => sum + one, 0) >= 0.6 * side * side;
}

/** The pairs that `keep` says, in order. */
export function selectPairs(pairs: Pairs, keep: (i: number) => boolean): Pairs {
  const { x, y, vectors } = pairs;
  const kept = {
    x: new Float64Array(x.length),
    y: new Float64Array(x.length),
    vectors: new Float64Array(3 * x.length),
  };
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    if (!keep(i)) continue;
    kept.x[count] = x[i]!;
    kept.y[count] = y[i]!;
    for (let k = 0; k < 3; k++) kept.vectors[3 * count + k] = vectors[3 * i + k]!;
    count++;
  }
  return { x: kept.x.subarray(0, count), y: kept.y.subarray(0, count), vectors: kept.vectors.subarray(0, 3 * count) };
}
