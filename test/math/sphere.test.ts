import { describe, expect, test } from 'vitest';
import {
  DEGREE,
  midpoint,
  positionAngle,
  raDecToVector,
  separation,
  vectorToRaDec,
  wrap,
} from '../../src/math/sphere.ts';

const at = (raDeg: number, decDeg: number): Float64Array => raDecToVector(raDeg * DEGREE, decDeg * DEGREE);

describe('directions', () => {
  test('x points to RA 0, y to RA 90, z to the north pole', () => {
    expect([...at(0, 0)]).toEqual([1, 0, 0]);
    expect(at(90, 0)[1]).toBe(1);
    expect(at(123, 90)[2]).toBe(1);
    expect(at(0, -90)[2]).toBe(-1);
  });

  test('are written where they are wanted and read from there', () => {
    const out = new Float64Array(9);
    expect(raDecToVector(1, -0.5, out, 3)).toBe(out);
    expect([...out.slice(0, 3), ...out.slice(6)]).toEqual([0, 0, 0, 0, 0, 0]);
    const [ra, dec] = vectorToRaDec(out, 3);
    expect(ra).toBeCloseTo(1, 15);
    expect(dec).toBeCloseTo(-0.5, 15);
  });

  test('have RA from 0 to below a turn, also just west of 0', () => {
    expect(vectorToRaDec(Float64Array.of(1, -1e-300, 0))[0]).toBe(0);
    expect(vectorToRaDec(Float64Array.of(1, -1e-9, 0))[0]).toBeCloseTo(2 * Math.PI - 1e-9, 15);
    expect(vectorToRaDec(Float64Array.of(0, 0, -1))).toEqual([0, -Math.PI / 2]);
  });

  test('keep RA and Dec a hair from the pole', () => {
    const [ra, dec] = vectorToRaDec(at(200, 90 - 1e-10));
    expect(ra / DEGREE).toBeCloseTo(200, 4);
    expect(90 - dec / DEGREE).toBeCloseTo(1e-10, 13);
  });
});

describe('wrap', () => {
  test.each([
    [370, 10],
    [-10, 350],
    [720, 0],
    [-360, 0],
    [-1e-20, 0],
    [0, 0],
  ])('%d degrees is %d', (angle, expected) => {
    expect(Object.is(wrap(angle, 360), expected)).toBe(true);
  });
});

describe('separation', () => {
  test.each([0, 1e-12, 1e-6, 1, 90, 179, 180 - 1e-6, 180])('is exact for %d degrees', (angle) => {
    expect(Math.abs(separation(at(0, 0), at(angle, 0)) / DEGREE - angle)).toBeLessThan(1e-13 * Math.max(angle, 1e-3));
  });

  test('goes across RA 0 and over the pole', () => {
    expect(separation(at(359.5, 0), at(0.5, 0)) / DEGREE).toBeCloseTo(1, 12);
    expect(separation(at(10, 89), at(190, 88)) / DEGREE).toBeCloseTo(3, 12);
  });
});

describe('position angle', () => {
  test.each([
    ['north', 50, 21, 0],
    ['east', 51, 20, 90],
    ['west', 49, 20, -90],
  ])('to the %s', (_, ra, dec, expected) => {
    // East and west of a place at Dec 20 the great circle leaves at 90 degrees less half the convergence.
    const angle = positionAngle(at(50, 20), at(ra, dec)) / DEGREE;
    expect(Math.abs(angle - expected)).toBeLessThan(0.18);
  });

  test('to the south is a half turn', () => {
    expect(Math.abs(positionAngle(at(50, 20), at(50, 19)) / DEGREE)).toBeCloseTo(180, 10);
  });

  test('is exact between neighbours', () => {
    const dec = 60 + 1e-7;
    const ra = 10 + 1e-7 / Math.cos(60 * DEGREE);
    expect(positionAngle(at(10, 60), at(ra, dec)) / DEGREE).toBeCloseTo(45, 5);
  });

  test('at a pole is meant for RA 0', () => {
    expect(positionAngle(Float64Array.of(0, 0, 1), at(180, 80)) / DEGREE).toBeCloseTo(0, 12);
    expect(positionAngle(Float64Array.of(0, 0, 1), at(90, 80)) / DEGREE).toBeCloseTo(90, 12);
    expect(positionAngle(Float64Array.of(0, 0, -1), at(0, -80)) / DEGREE).toBeCloseTo(0, 12);
  });

  test('of a place seen from itself is 0', () => {
    expect(positionAngle(at(77, 13), at(77, 13))).toBe(0);
  });
});

describe('midpoint', () => {
  test('lies halfway, also across RA 0', () => {
    const [ra, dec] = vectorToRaDec(midpoint(at(350, 0), at(20, 0))!);
    expect(ra / DEGREE).toBeCloseTo(5, 12);
    expect(dec).toBeCloseTo(0, 15);
  });

  test('of opposite places does not exist', () => {
    expect(midpoint(at(33, 44), at(213, -44))).toBeUndefined();
  });
});
