import { describe, expect, test } from 'vitest';
import { leastSquares } from '../../src/math/linear.ts';

describe('least squares', () => {
  test('solves a square system exactly, for two right-hand sides', () => {
    // Columns (2, 1) and (-1, 3).
    const a = Float64Array.of(2, 1, -1, 3);
    const b = Float64Array.of(2 * 5 - 7, 5 + 3 * 7, -1, 3);
    const out = new Float64Array(4);
    expect(leastSquares(a, 2, 2, b, out)).toBe(true);
    [5, 7, 0, 1].forEach((value, i) => expect(out[i]).toBeCloseTo(value, 14));
  });

  test('fits a line and leaves the residual in the rest of the right-hand side', () => {
    const a = Float64Array.of(1, 1, 1, 1, 0, 1, 2, 3);
    const b = Float64Array.of(1, 3, 5, 7).map((y, i) => y + [0.1, -0.1, -0.1, 0.1][i]!);
    const out = new Float64Array(2);
    expect(leastSquares(a, 4, 2, b, out)).toBe(true);
    expect(out[0]).toBeCloseTo(1, 14);
    expect(out[1]).toBeCloseTo(2, 14);
    expect(b[2]! ** 2 + b[3]! ** 2).toBeCloseTo(4 * 0.1 ** 2, 14);
  });

  test('keeps digits that normal equations lose', () => {
    // Läuchli's matrix: the square of 1e-9 vanishes beside 1.
    const e = 1e-9;
    const a = Float64Array.of(1, e, 0, 1, 0, e);
    const out = new Float64Array(2);
    expect(leastSquares(a, 3, 2, Float64Array.of(2, e, e), out)).toBe(true);
    expect(out[0]).toBeCloseTo(1, 6);
    expect(out[1]).toBeCloseTo(1, 6);
  });

  test.each([
    ['equal columns', [1, 2, 3, 1, 2, 3], 3],
    ['a column of zeros', [1, 2, 3, 0, 0, 0], 3],
    ['a column of zeros first', [0, 0, 0, 1, 2, 3], 3],
    ['a column whose squares underflow', [1, 2, 3, 0, 0, 1e-162], 3],
    ['fewer rows than columns', [1, 2], 1],
    ['NaN', [1, NaN, 3, 1, 0, 0], 3],
    ['infinity', [1, Infinity, 3, 1, 0, 0], 3],
  ])('refuses %s', (_, a, rows) => {
    expect(leastSquares(Float64Array.from(a), rows, 2, new Float64Array(rows), new Float64Array(2))).toBe(false);
  });
});
