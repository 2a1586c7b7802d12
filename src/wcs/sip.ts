import { leastSquares } from '../math/linear.ts';
import type { Sip } from './wcs.ts';

/** The highest order the SIP convention has keywords for. */
export const MAX_SIP_ORDER = 9;

/** Newton's method doubles the digits each step; from a sane start 4 steps do. More are for wild starts. */
const MAX_STEPS = 30;

/** Largest error of AP and BP that {@link fitInverse} is content with, pixels: far below what stars are measured to. */
const INVERSE_TOLERANCE = 1e-3;

/** Points of the fitting grid along each axis, edges included; the error is looked for on twice as fine a grid. */
const GRID = 17;

/** Number of coefficients of a polynomial of an order. */
export function sipTerms(order: number): number {
  return ((order + 1) * (order + 2)) / 2;
}

/** Place of the coefficient of u^p v^q in the layout of {@link Sip}. */
export function sipTerm(order: number, p: number, q: number): number {
  return p * (order + 1) - (p * (p - 1)) / 2 + q;
}

/**
 * Value of a polynomial in the layout of {@link Sip}.
 *
 * @param coefficients their number must be that of `order`
 */
export function evaluateSip(coefficients: Float64Array, order: number, u: number, v: number): number {
  // Horner's scheme in u and, within, in v: it meets the coefficients from the last to the first.
  let k = coefficients.length - 1;
  let sum = 0;
  for (let p = order; p >= 0; p--) {
    let row = coefficients[k--]!;
    for (let q = order - p; q > 0; q--) row = row * v + coefficients[k--]!;
    sum = sum * u + row;
  }
  return sum;
}

/**
 * A SIP polynomial with its slopes.
 *
 * @param out receives `[f, df/du, df/dv]` from `at` on
 */
export function evaluateSipSlopes(
  coefficients: Float64Array,
  order: number,
  u: number,
  v: number,
  out: Float64Array,
  at: number,
): void {
  let k = coefficients.length - 1;
  let sum = 0;
  let byU = 0;
  let byV = 0;
  for (let p = order; p >= 0; p--) {
    let row = coefficients[k--]!;
    let slope = 0;
    for (let q = order - p; q > 0; q--) {
      slope = slope * v + row;
      row = row * v + coefficients[k--]!;
    }
    byU = byU * u + sum;
    byV = byV * u + slope;
    sum = sum * u + row;
  }
  out[at] = sum;
  out[at + 1] = byU;
  out[at + 2] = byV;
}

/**
 * The exact inverse of (u, v) -> (u + A, v + B), by Newton's method from where AP and BP point.
 *
 * @param U corrected pixel offset from the reference pixel
 * @param V likewise
 * @param out receives u, v, to 1e-9 pixel
 * @returns false if there is no such point where the distortion is still one-to-one: far outside the image polynomials
 *   fold the plane over, and a root from beyond the fold would be wrong
 */
export function invertSip(sip: Sip, U: number, V: number, out: Float64Array): boolean {
  const u = U + evaluateSip(sip.ap, sip.inverseOrder, U, V);
  const v = V + evaluateSip(sip.bp, sip.inverseOrder, U, V);
  // Outside the image AP and BP run away first; there the undistorted place is the better start.
  return newton(sip, U, V, u, v, out) || newton(sip, U, V, U, V, out);
}

/** [A, dA/du, dA/dv, B, dB/du, dB/dv] of one step; shared, since nothing runs between filling and reading it. */
const slopes = new Float64Array(6);

function newton(sip: Sip, U: number, V: number, u: number, v: number, out: Float64Array): boolean {
  // Well below the promise, well above the rounding of the polynomials.
  const tolerance = 1e-10 + 1e-14 * (Math.abs(U) + Math.abs(V));
  for (let step = 0; step < MAX_STEPS; step++) {
    evaluateSipSlopes(sip.a, sip.order, u, v, slopes, 0);
    evaluateSipSlopes(sip.b, sip.order, u, v, slopes, 3);
    const missU = U - u - slopes[0]!;
    const missV = V - v - slopes[3]!;
    const uu = 1 + slopes[1]!;
    const uv = slopes[2]!;
    const vu = slopes[4]!;
    const vv = 1 + slopes[5]!;
    const determinant = uu * vv - uv * vu;
    const du = (vv * missU - uv * missV) / determinant;
    const dv = (uu * missV - vu * missU) / determinant;
    u += du;
    v += dv;
    const moved = Math.abs(du) + Math.abs(dv);
    if (moved <= tolerance) {
      out[0] = u;
      out[1] = v;
      // A fold turns the determinant's sign; beyond two folds it is positive again, but the plane is upside down.
      return determinant > 0 && uu + vv > 0;
    }
    if (!Number.isFinite(moved)) return false;
  }
  return false;
}

/** Inverse polynomials and how good they are. */
export interface InverseFit {
  readonly inverseOrder: number;
  readonly ap: Float64Array;
  readonly bp: Float64Array;
  /** Largest error over the image, pixels. */
  readonly worst: number;
}

/**
 * AP and BP for given A and B: polynomials in (U, V), fitted on a grid over the image. The lowest order from that of
 * A and B on that is right to 0.001 pixel (2 percent of distortion take one to four more); the best there is if none is.
 *
 * @param sip order, A and B
 * @param width of the image, pixels
 * @param height of the image, pixels
 * @param crpix reference pixel, 0-based
 */
export function fitInverse(
  sip: Pick<Sip, 'order' | 'a' | 'b'>,
  width: number,
  height: number,
  crpix: readonly [number, number],
): InverseFit {
  const grid = imageGrid(width, height, crpix);
  const n = grid.u.length;
  const image = new Float64Array(2 * n);
  const offsets = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const da = evaluateSip(sip.a, sip.order, grid.u[i]!, grid.v[i]!);
    const db = evaluateSip(sip.b, sip.order, grid.u[i]!, grid.v[i]!);
    image[i] = grid.u[i]! + da;
    image[n + i] = grid.v[i]! + db;
    offsets[i] = -da;
    offsets[n + i] = -db;
  }
  const fit = fitGrid({ u: image.subarray(0, n), v: image.subarray(n) }, offsets, 0, sip.order, INVERSE_TOLERANCE);
  return { inverseOrder: fit.order, ap: fit.a, bp: fit.b, worst: fit.worst };
}

/** Offsets from a reference pixel, side by side. */
export interface OffsetGrid {
  readonly u: Float64Array;
  readonly v: Float64Array;
}

/** A grid over the whole image, to the outer edges of its border pixels: 33 by 33 points, rows of constant v. */
export function imageGrid(width: number, height: number, crpix: readonly [number, number]): OffsetGrid {
  const side = 2 * GRID - 1;
  const u = new Float64Array(side * side);
  const v = new Float64Array(side * side);
  for (let i = 0; i < u.length; i++) {
    u[i] = (width * (i % side)) / (side - 1) - 0.5 - crpix[0];
    v[i] = (height * Math.floor(i / side)) / (side - 1) - 0.5 - crpix[1];
  }
  return { u, v };
}

/** Two polynomials fitted to a grid. */
export interface GridFit {
  readonly order: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Largest length of (error of a, error of b) over the grid. */
  readonly worst: number;
}

/**
 * Fits a pair of polynomials of the lowest sufficient order to values on the grid of {@link imageGrid} (or its image).
 * Every second point along each axis is fitted; the error is taken at all of them.
 *
 * @param grid places
 * @param values wanted of the first polynomial at each place, then of the second, length 2n
 * @param lowest total degree of the lowest terms; those below are 0
 * @param order the first to try, up to {@link MAX_SIP_ORDER}
 * @param tolerance an error to be content with; without it, the order with the least error is taken
 */
export function fitGrid(
  grid: OffsetGrid,
  values: Float64Array,
  lowest: number,
  order: number,
  tolerance: number,
): GridFit {
  let best: GridFit | undefined;
  for (let tried = order; tried <= MAX_SIP_ORDER; tried++) {
    const fit = fitOrder(grid, values, lowest, tried);
    if (fit === undefined) break;
    if (best === undefined || fit.worst < best.worst) best = fit;
    if (best.worst <= tolerance) break;
  }
  if (best === undefined) {
    // Only a polynomial that maps the image onto a line can get here.
    const none = new Float64Array(sipTerms(0));
    return { order: 0, a: none, b: none, worst: worstError(grid, values, none, none, 0) };
  }
  return best;
}

function fitOrder(grid: OffsetGrid, values: Float64Array, lowest: number, order: number): GridFit | undefined {
  const n = grid.u.length;
  const side = 2 * GRID - 1;
  const rows = GRID * GRID;
  // Powers of numbers up to 1 keep the columns comparable.
  const unitU = largest(grid.u);
  const unitV = largest(grid.v);
  const columns = sipTerms(order) - sipTerms(lowest - 1);
  const matrix = new Float64Array(rows * columns);
  const wanted = new Float64Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    const i = 2 * Math.floor(row / GRID) * side + 2 * (row % GRID);
    wanted[row] = values[i]!;
    wanted[rows + row] = values[n + i]!;
    const u = grid.u[i]! / unitU;
    const v = grid.v[i]! / unitV;
    let column = 0;
    let powerU = 1;
    for (let p = 0; p <= order; p++) {
      let term = powerU;
      for (let q = 0; q <= order - p; q++) {
        if (p + q >= lowest) matrix[rows * column++ + row] = term;
        term *= v;
      }
      powerU *= u;
    }
  }
  const solution = new Float64Array(2 * columns);
  if (!leastSquares(matrix, rows, columns, wanted, solution)) return undefined;
  const a = new Float64Array(sipTerms(order));
  const b = new Float64Array(sipTerms(order));
  let column = 0;
  for (let p = 0; p <= order; p++) {
    for (let q = Math.max(0, lowest - p); q <= order - p; q++) {
      const unit = unitU ** p * unitV ** q;
      a[sipTerm(order, p, q)] = solution[column]! / unit;
      b[sipTerm(order, p, q)] = solution[columns + column]! / unit;
      column++;
    }
  }
  return { order, a, b, worst: worstError(grid, values, a, b, order) };
}

function worstError(grid: OffsetGrid, values: Float64Array, a: Float64Array, b: Float64Array, order: number): number {
  const n = grid.u.length;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    const missA = evaluateSip(a, order, grid.u[i]!, grid.v[i]!) - values[i]!;
    const missB = evaluateSip(b, order, grid.u[i]!, grid.v[i]!) - values[n + i]!;
    worst = Math.max(worst, Math.hypot(missA, missB));
  }
  return worst;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
