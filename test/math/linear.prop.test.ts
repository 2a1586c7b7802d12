import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leastSquares } from '../../src/math/linear.ts';

const number = fc.double({ min: -100, max: 100, noNaN: true });

const problem = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }))
  .filter(([n, m]) => n >= m)
  .chain(([n, m, k]) =>
    fc.record({
      n: fc.constant(n),
      m: fc.constant(m),
      k: fc.constant(k),
      a: fc.array(number, { minLength: n * m, maxLength: n * m }),
      b: fc.array(number, { minLength: n * k, maxLength: n * k }),
    }),
  );

test('the residual is perpendicular to every column, and its length is what is left of the right-hand side', () => {
  fc.assert(
    fc.property(problem, ({ n, m, k, a, b }) => {
      const rotated = Float64Array.from(b);
      const x = new Float64Array(m * k);
      fc.pre(leastSquares(Float64Array.from(a), n, m, rotated, x));
      fc.pre(x.every((value) => Math.abs(value) < 1e4));
      for (let side = 0; side < k; side++) {
        const residual = Array.from({ length: n }, (_, i) => {
          let sum = b[side * n + i]!;
          for (let j = 0; j < m; j++) sum -= a[j * n + i]! * x[side * m + j]!;
          return sum;
        });
        for (let j = 0; j < m; j++) {
          let dot = 0;
          for (let i = 0; i < n; i++) dot += residual[i]! * a[j * n + i]!;
          expect(Math.abs(dot)).toBeLessThan(1e-4);
        }
        const left = Math.hypot(...rotated.subarray(side * n + m, side * n + n));
        expect(left).toBeCloseTo(Math.hypot(...residual), 5);
      }
    }),
  );
});
