import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clipLine, escapeXml, linePath } from '../../src/annotate/svg.ts';

const length = (run: readonly number[]): number => {
  let sum = 0;
  for (let i = 2; i < run.length; i += 2) sum += Math.hypot(run[i]! - run[i - 2]!, run[i + 1]! - run[i - 1]!);
  return sum;
};

describe('a line cut at the edges', () => {
  const coordinate = fc.double({ min: -300, max: 400, noNaN: true });

  test('lies in the picture, and all of it that does is kept', () => {
    fc.assert(
      fc.property(fc.array(coordinate, { minLength: 4, maxLength: 12 }), (numbers) => {
        const points = Float64Array.from(numbers.slice(0, numbers.length & ~1));
        const runs = clipLine(points, 100, 50);
        for (const run of runs) {
          for (let i = 0; i < run.length; i += 2) {
            expect(run[i]).toBeGreaterThan(-1e-9);
            expect(run[i]).toBeLessThan(100 + 1e-9);
            expect(run[i + 1]).toBeGreaterThan(-1e-9);
            expect(run[i + 1]).toBeLessThan(50 + 1e-9);
          }
        }
        // What lies inside, by walking along it in small steps.
        const steps = 4000;
        let inside = 0;
        for (let i = 0; i + 3 < points.length; i += 2) {
          const [dx, dy] = [points[i + 2]! - points[i]!, points[i + 3]! - points[i + 1]!];
          for (let k = 0; k < steps; k++) {
            const [x, y] = [points[i]! + (dx * (k + 0.5)) / steps, points[i + 1]! + (dy * (k + 0.5)) / steps];
            if (x >= 0 && y >= 0 && x <= 100 && y <= 50) inside += Math.hypot(dx, dy) / steps;
          }
        }
        const kept = runs.reduce((sum, run) => sum + length(run), 0);
        expect(Math.abs(kept - inside)).toBeLessThan(2.5);
      }),
      { numRuns: 100 },
    );
  });

  test('stays whole where it does not leave', () => {
    expect(clipLine(Float64Array.of(1, 1, 5, 9, 20, 3), 100, 50)).toEqual([[1, 1, 5, 9, 20, 3]]);
  });

  test('is broken where it comes from nowhere', () => {
    expect(clipLine(Float64Array.of(1, 1, 5, 9, NaN, 3, 6, 6, 7, 7), 100, 50)).toEqual([
      [1, 1, 5, 9],
      [6, 6, 7, 7],
    ]);
  });

  test('becomes a path', () => {
    expect(linePath([1, 2, 8.12345, -0.001])).toBe('M1 2L8.12 0');
    expect(linePath([1, 2, 3, 4], true)).toBe('M1 2L3 4z');
  });
});

test('text holds nothing that XML refuses', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeXml(text)).not.toMatch(
        /[\u0000-\u0008\u000b\u000c\u000e-\u001f<>"\ufffe\uffff]|&(?!amp;|lt;|gt;|quot;)/,
      );
      // Halves of pairs have no place in UTF-8.
      expect(encodeURIComponent(escapeXml(text))).toBeTypeOf('string');
    }),
  );
});
