/** A column that loses this part of its length to the columns before it is taken to depend on them. */
const DEPENDENT = 1e-13;

/** Squares smaller than this have lost digits to underflow: the column counts as zero. */
const NOTHING = 1e-280;

/**
 * Least squares: the x that makes |A x - B| smallest, for one or more right-hand sides at once, by Householder QR.
 * Twice the digits of normal equations, which matters to polynomials. Weight a row by scaling it, in `a` and in `b`.
 *
 * @param a matrix A of n rows and m columns, column after column, length n m; overwritten
 * @param n rows, at least m
 * @param m columns
 * @param b right-hand sides of n numbers, one after another, length n k; overwritten: numbers m to n - 1 of each become
 *   the residual in a rotated frame, so that the sum of their squares is that of the residuals
 * @param out receives the k solutions of m numbers, one after another, length m k
 * @returns false if the columns depend on each other (also if there are fewer rows than columns, or NaN): `out` means nothing then
 * @see Golub & Van Loan, Matrix Computations, 4th edition, section 5.3.2
 */
export function leastSquares(a: Float64Array, n: number, m: number, b: Float64Array, out: Float64Array): boolean {
  if (n < m) return false;
  const sides = b.length / n;
  for (let j = 0; j < m; j++) {
    const column = j * n;
    let above = 0;
    for (let i = 0; i < j; i++) above += a[column + i]! * a[column + i]!;
    let below = 0;
    for (let i = j; i < n; i++) below += a[column + i]! * a[column + i]!;
    // The other way round NaN would pass.
    if (!(below > NOTHING && below > DEPENDENT * DEPENDENT * (above + below))) return false;
    const pivot = a[column + j]!;
    const diagonal = pivot > 0 ? -Math.sqrt(below) : Math.sqrt(below);
    // Householder vector v: the column from j on with v_j = pivot - diagonal; |v|^2 / 2 = -diagonal v_j.
    const first = pivot - diagonal;
    a[column + j] = first;
    const half = -diagonal * first;
    for (let other = j + 1; other < m; other++) reflect(a, column, j, n, a, other * n, half);
    for (let side = 0; side < sides; side++) reflect(a, column, j, n, b, side * n, half);
    // Row j of A is not needed below its diagonal in this column: the vector is used up, R_jj takes its place.
    a[column + j] = diagonal;
  }
  for (let side = 0; side < sides; side++) {
    for (let i = m - 1; i >= 0; i--) {
      let sum = b[side * n + i]!;
      for (let j = i + 1; j < m; j++) sum -= a[j * n + i]! * out[side * m + j]!;
      out[side * m + i] = sum / a[i * n + i]!;
    }
  }
  return true;
}

/** Reflects numbers j to n - 1 of the column of `target` at `to` on the plane across the vector of `a` at `from`. */
function reflect(
  a: Float64Array,
  from: number,
  j: number,
  n: number,
  target: Float64Array,
  to: number,
  half: number,
): void {
  let dot = 0;
  for (let i = j; i < n; i++) dot += a[from + i]! * target[to + i]!;
  const factor = dot / half;
  for (let i = j; i < n; i++) target[to + i] = target[to + i]! - factor * a[from + i]!;
}

/**
 * Leverages of least squares: how much each row pulls its own fitted value, the diagonal of A (A'A)^-1 A'. With them, the
 * residual r that a row would have if it were left out of the fit is r / (1 - leverage).
 *
 * @param a matrix A of n rows and m columns, column after column, length n m; the columns of similar size
 * @param out receives n numbers, 0 to 1
 * @returns false if the columns depend on each other: `out` means nothing then
 * @see Allen 1974, Technometrics 16, 125
 */
export function leverages(a: Float64Array, n: number, m: number, out: Float64Array): boolean {
  // Cholesky factor of A'A, row after row.
  const factor = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
      const diagonal = sum;
      for (let k = 0; k < j; k++) sum -= factor[i * m + k]! * factor[j * m + k]!;
      if (i !== j) factor[i * m + j] = sum / factor[j * m + j]!;
      else if (sum > DEPENDENT * diagonal) factor[i * m + i] = Math.sqrt(sum);
      else return false;
    }
  }
  const row = new Float64Array(m);
  for (let k = 0; k < n; k++) {
    let squares = 0;
    for (let i = 0; i < m; i++) {
      let value = a[i * n + k]!;
      for (let j = 0; j < i; j++) value -= factor[i * m + j]! * row[j]!;
      value /= factor[i * m + i]!;
      row[i] = value;
      squares += value * value;
    }
    out[k] = Math.min(1, squares);
  }
  return true;
}
