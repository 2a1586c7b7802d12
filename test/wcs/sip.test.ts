import { describe, expect, test } from 'vitest';
import {
  evaluateSip,
  evaluateSipSlopes,
  fitGrid,
  fitInverse,
  imageGrid,
  invertSip,
  MAX_SIP_ORDER,
  sipTerm,
  sipTerms,
} from '../../src/wcs/sip.ts';
import type { Sip } from '../../src/wcs/wcs.ts';
import { seeded } from './random-wcs.ts';

/** A and B with the named coefficients, AP and BP zero unless given. */
function sipOf(
  order: number,
  a: Record<string, number>,
  b: Record<string, number> = {},
  inverse: { order: number; ap: Record<string, number> } = { order: 0, ap: {} },
): Sip {
  const pack = (terms: Record<string, number>, of: number): Float64Array => {
    const out = new Float64Array(sipTerms(of));
    for (const [name, value] of Object.entries(terms)) out[sipTerm(of, Number(name[0]), Number(name[1]))] = value;
    return out;
  };
  return {
    order,
    a: pack(a, order),
    b: pack(b, order),
    inverseOrder: inverse.order,
    ap: pack(inverse.ap, inverse.order),
    bp: pack({}, inverse.order),
  };
}

describe('polynomials', () => {
  test('lie in rows of constant p', () => {
    const places: number[] = [];
    for (let p = 0; p <= 3; p++) for (let q = 0; q <= 3 - p; q++) places.push(sipTerm(3, p, q));
    expect(places).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sipTerms(3)).toBe(10);
    expect(sipTerms(-1)).toBe(0);
  });

  test.each([0, 1, 2, 5, 9])('of order %i have the value and the slopes of their sum of terms', (order) => {
    const random = seeded(order);
    const c = Float64Array.from({ length: sipTerms(order) }, () => random() - 0.5);
    const [u, v] = [1.3, -0.7];
    let [sum, byU, byV] = [0, 0, 0];
    for (let p = 0; p <= order; p++) {
      for (let q = 0; q <= order - p; q++) {
        const k = c[sipTerm(order, p, q)]!;
        sum += k * u ** p * v ** q;
        if (p > 0) byU += k * p * u ** (p - 1) * v ** q;
        if (q > 0) byV += k * q * u ** p * v ** (q - 1);
      }
    }
    const out = new Float64Array(4);
    evaluateSipSlopes(c, order, u, v, out, 1);
    expect(evaluateSip(c, order, u, v)).toBeCloseTo(sum, 12);
    [0, sum, byU, byV].forEach((value, i) => expect(out[i]).toBeCloseTo(value, 11));
  });
});

describe('inverse', () => {
  const out = new Float64Array(2);
  const barrel = sipOf(3, { '30': -1e-8, '12': -1e-8 }, { '21': -1e-8, '03': -1e-8 });
  const forward = (sip: Sip, u: number, v: number): [number, number] => [
    u + evaluateSip(sip.a, sip.order, u, v),
    v + evaluateSip(sip.b, sip.order, u, v),
  ];

  test('is exact', () => {
    const [U, V] = forward(barrel, 1200, -2100);
    expect(invertSip(barrel, U, V, out)).toBe(true);
    expect(Math.hypot(out[0]! - 1200, out[1]! + 2100)).toBeLessThan(1e-9);
  });

  test('does not exist beyond the fold of a barrel', () => {
    // u - 1e-8 u^3 grows up to u = 5774 and is 3849 there.
    expect(invertSip(barrel, 3848, 0, out)).toBe(true);
    expect(out[0]).toBeLessThan(5774);
    expect(invertSip(barrel, 3850, 0, out)).toBe(false);
    // The cubic has a root at -10000 and beyond for these: behind two folds, where the plane stands upside down.
    expect(invertSip(barrel, 20000, 0, out)).toBe(false);
    expect(invertSip(barrel, 1e6, 1e6, out)).toBe(false);
  });

  test('is found even if AP and BP point astray', () => {
    const wild = { ...barrel, ...sipOf(3, {}, {}, { order: 3, ap: { '30': 1 } }), a: barrel.a, b: barrel.b };
    const [U, V] = forward(wild, 2500, 300);
    expect(invertSip(wild, U, V, out)).toBe(true);
    expect(Math.hypot(out[0]! - 2500, out[1]! - 300)).toBeLessThan(1e-9);
  });

  test('is given up if there is no root, no slope, or no number', () => {
    expect(invertSip(sipOf(2, { '20': 1e-3 }), -251, 0, out)).toBe(false);
    expect(invertSip(sipOf(1, { '10': -1 }), 5, 0, out)).toBe(false);
    expect(invertSip(barrel, NaN, 0, out)).toBe(false);
  });
});

describe('AP and BP', () => {
  test('are as good as they say, between the points of the fit too', () => {
    const sip = sipOf(
      3,
      { '20': 3e-6, '11': -2e-6, '30': -4e-9, '12': -3e-9 },
      { '02': 2e-6, '21': -4e-9, '03': -3e-9 },
    );
    const fit = fitInverse(sip, 3000, 2000, [1499.5, 999.5]);
    expect(fit.inverseOrder).toBeGreaterThanOrEqual(3);
    expect(fit.inverseOrder).toBeLessThanOrEqual(7);
    expect(fit.worst).toBeLessThan(1e-3);
    const random = seeded(1);
    let worst = 0;
    for (let i = 0; i < 2000; i++) {
      const u = 3000 * random() - 1500;
      const v = 2000 * random() - 1000;
      const U = u + evaluateSip(sip.a, 3, u, v);
      const V = v + evaluateSip(sip.b, 3, u, v);
      const missU = U + evaluateSip(fit.ap, fit.inverseOrder, U, V) - u;
      const missV = V + evaluateSip(fit.bp, fit.inverseOrder, U, V) - v;
      worst = Math.max(worst, Math.hypot(missU, missV));
    }
    expect(worst).toBeLessThan(1.01 * fit.worst);
    expect(worst).toBeGreaterThan(0.3 * fit.worst);
  });

  test('are the best there are where no order is enough, and say how bad', () => {
    const strong = sipOf(3, { '30': -2e-7, '12': -2e-7 }, { '21': -2e-7, '03': -2e-7 });
    const fit = fitInverse(strong, 2000, 1000, [999.5, 499.5]);
    expect(fit.worst).toBeGreaterThan(1e-3);
    expect(fit.inverseOrder).toBe(MAX_SIP_ORDER);
  });

  test('are zero for a distortion that maps the image onto a line', () => {
    const fit = fitInverse(sipOf(1, { '10': -1 }), 100, 100, [49.5, 49.5]);
    expect(fit.inverseOrder).toBe(0);
    expect(fit.worst).toBeGreaterThan(49);
  });
});

describe('fits on a grid', () => {
  test('take the order with the least error', () => {
    const grid = imageGrid(100, 80, [50, 40]);
    const n = grid.u.length;
    const values = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      values[i] = 1 + grid.u[i]!;
      values[n + i] = 2 * grid.v[i]! - grid.u[i]!;
    }
    const fit = fitGrid(grid, values, 0, 0, 0);
    expect(fit.order).toBeGreaterThanOrEqual(1);
    expect(fit.worst).toBeLessThan(1e-11);
    expect(fit.a[sipTerm(fit.order, 1, 0)]).toBeCloseTo(1, 12);
    expect(fit.b[sipTerm(fit.order, 0, 1)]).toBeCloseTo(2, 12);
  });

  test('stop where the terms can no longer be told apart', () => {
    // Seen from 100000 pixels away, a small image cannot tell high powers from low ones.
    const grid = imageGrid(100, 100, [-1e5, -1e5]);
    const n = grid.u.length;
    const values = new Float64Array(2 * n).map((_, i) => Math.sin(i));
    const fit = fitGrid(grid, values, 0, 1, 0);
    expect(fit.order).toBeGreaterThanOrEqual(1);
    expect(fit.order).toBeLessThan(MAX_SIP_ORDER);
  });
});
