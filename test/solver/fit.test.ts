import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../bench/sky.mjs';
import { raDecToVector } from '../../src/math/sphere.ts';
import { chooseOrder, fitWcs, type Pairs, freeNumbers, residuals, selectPairs } from '../../src/solver/fit.ts';
import { sipTerm, sipTerms } from '../../src/wcs/sip.ts';
import { pixelsToVectors } from '../../src/wcs/transform.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

const WIDTH = 1200;
const HEIGHT = 800;
const plain: Wcs = { crval: [359.99, 89.2], crpix: [599.5, 399.5], cd: [-0.001, 0.0004, 0.0004, 0.001] };

function cubic(strength: number): Wcs {
  const a = new Float64Array(sipTerms(3));
  const b = new Float64Array(sipTerms(3));
  a[sipTerm(3, 3, 0)] = strength;
  a[sipTerm(3, 1, 2)] = strength;
  b[sipTerm(3, 2, 1)] = strength;
  b[sipTerm(3, 0, 3)] = strength;
  const none = new Float64Array(1);
  return { ...plain, sip: { order: 3, a, b, inverseOrder: 0, ap: none, bp: none } };
}

function pairsOf(wcs: Wcs, count: number, noise: number, seed = 1): Pairs {
  const random = seededRandom(seed);
  const x = Float64Array.from({ length: count }, () => random() * (WIDTH - 1));
  const y = Float64Array.from({ length: count }, () => random() * (HEIGHT - 1));
  const vectors = pixelsToVectors(wcs, x, y, new Float64Array(3 * count));
  const shake = (v: number): number => v + noise * (random() + random() + random() + random() - 2);
  return { x: x.map(shake), y: y.map(shake), vectors };
}

const towards = raDecToVector((350 * Math.PI) / 180, (89.1 * Math.PI) / 180);

describe('fitWcs', () => {
  test.each([
    ['a similarity', 0, plain],
    ['a linear map', 1, plain],
    ['a cubic', 3, cubic(3e-8)],
  ] as const)('%s is recovered to 1e-6 pixel, from a start a degree away, at the pole', (_, order, truth) => {
    const pairs = pairsOf(truth, 60, 0);
    const wcs = fitWcs(pairs, order, WIDTH, HEIGHT, towards, -1)!;
    expect(Math.max(...residuals(wcs, pairs))).toBeLessThan(1e-6);
    expect(wcs.crpix).toEqual([599.5, 399.5]);
    expect(wcs.crval[1]).toBeCloseTo(89.2, 8);
  });

  test('pairs on one line do not determine a linear map', () => {
    const pairs = pairsOf(plain, 20, 0);
    pairs.y.set(pairs.x);
    expect(fitWcs(pairs, 1, WIDTH, HEIGHT, towards, -1)).toBeUndefined();
  });
});

describe('chooseOrder', () => {
  const choose = (pairs: Pairs): number => chooseOrder(pairs, 5, WIDTH, HEIGHT, towards, -1);

  test('noise alone asks for no distortion', () => {
    for (let seed = 1; seed <= 10; seed++) expect(choose(pairsOf(plain, 200, 0.3, seed))).toBeLessThanOrEqual(1);
  });

  test('a cubic distortion is seen', () => {
    expect(choose(pairsOf(cubic(3e-8), 200, 0.3))).toBe(3);
  });

  test('a few pairs never get more numbers than they carry', () => {
    for (const count of [4, 6, 8, 10, 12]) {
      expect(freeNumbers(choose(pairsOf(cubic(3e-8), count, 0.3)))).toBeLessThanOrEqual(count / 0.9);
    }
  });

  test('pairs in one corner of the frame do not shape the others', () => {
    const all = pairsOf(cubic(3e-7), 800, 0.3);
    const corner = selectPairs(all, (i) => all.x[i]! < WIDTH / 3 && all.y[i]! < HEIGHT / 3);
    expect(corner.x.length).toBeGreaterThan(60);
    expect(choose(corner)).toBeLessThanOrEqual(1);
  });
});
