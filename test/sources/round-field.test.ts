import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillsCircle } from '../../src/sources/round-field.ts';
import type { SourceList } from '../../src/sources/source-list.ts';

/** So many pairs of numbers from 0 to 1, all over the square. */
function spread(n: number, seed: number): (readonly [number, number])[] {
  let state = seed;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: n }, () => [random(), random()] as const);
}

function listOf(points: readonly (readonly [number, number])[], width: number, height: number): SourceList {
  const n = points.length;
  return {
    width,
    height,
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
    flux: new Float32Array(n).fill(1),
    sigma: new Float32Array(n).fill(0.1),
    flags: new Uint8Array(n),
    fwhm: 3,
  };
}

test('sources all over a frame fill no circle, those of an all-sky camera do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 30 }),
      fc.integer({ min: 300, max: 2000 }),
      fc.constantFrom(2000, 3000),
      (seed, n, width) => {
        const height = 2000;
        const points = spread(n, seed);
        const all = points.map(([a, b]) => [a * width, b * height] as const);
        expect(fillsCircle(listOf(all, width, height))).toBe(false);
        const round = points.map(([a, b]) => {
          const r = 0.48 * height * Math.sqrt(a);
          return [width / 2 + r * Math.cos(2 * Math.PI * b), height / 2 + r * Math.sin(2 * Math.PI * b)] as const;
        });
        expect(fillsCircle(listOf(round, width, height))).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('a few sources say nothing of the shape', () => {
  expect(fillsCircle(listOf([], 100, 100))).toBe(false);
  expect(fillsCircle(listOf([[50, 50]], 100, 100))).toBe(false);
});
