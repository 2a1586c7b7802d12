import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { projectTan, projectTanPoint, tangentFrame, tangentFrameAt, unprojectTan } from '../../src/wcs/tan.ts';

const at = (raDeg: number, decDeg: number): Float64Array => raDecToVector(raDeg * DEGREE, decDeg * DEGREE);

describe('TAN projection', () => {
  test('puts the tangent point at 0, 0; east and north are positive; a direction 45 degrees away is 180 / pi away', () => {
    const directions = Float64Array.of(...at(10, 0), ...at(55, 0), ...at(10, 45), ...at(325, 0));
    const plane = projectTan(directions, at(10, 0), new Float64Array(8));
    const expected = [0, 0, 1 / DEGREE, 0, 0, 1 / DEGREE, -1 / DEGREE, 0];
    expected.forEach((value, i) => expect(plane[i]).toBeCloseTo(value, 12));
  });

  test('gives NaN for directions 90 degrees or more away', () => {
    const directions = Float64Array.of(0, 1, 0, -1, 0, 0, 0, 0, -1);
    expect(projectTan(directions, Float64Array.of(1, 0, 0), new Float64Array(6)).every(Number.isNaN)).toBe(true);
  });

  test('at a pole takes north to be that of the RA of the tangent point, 0 if it has none', () => {
    const point = new Float64Array(2);
    const [x, y, z] = at(210, 89);
    projectTanPoint(tangentFrameAt(30, 90), x!, y!, z!, point, 0);
    expect(point[0]).toBeCloseTo(0, 12);
    expect(point[1]).toBeCloseTo(Math.tan(DEGREE) / DEGREE, 12);
    projectTan(at(180, 89), Float64Array.of(0, 0, 1), point);
    expect(point[0]).toBeCloseTo(0, 12);
    expect(point[1]).toBeCloseTo(Math.tan(DEGREE) / DEGREE, 12);
  });

  test('has the same axes for a vector and for its coordinates, a hair from the pole too', () => {
    for (const [ra, dec] of [
      [123, 45],
      [300, -89.9999999],
      [77, 90],
      [77, -90],
    ] as const) {
      const [a, b] = [tangentFrame(at(ra, dec)), tangentFrameAt(ra, dec)];
      a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 14));
    }
  });

  test('refuses arrays that disagree', () => {
    const centre = Float64Array.of(1, 0, 0);
    expect(() => projectTan(new Float64Array(6), centre, new Float64Array(5))).toThrow(/6.*3.*5/);
    expect(() => projectTan(new Float64Array(4), centre, new Float64Array(2))).toThrow(/directions have 4/);
    expect(() => unprojectTan(new Float64Array(2), new Float64Array(2), new Float64Array(3))).toThrow(/centre 2/);
  });

  test('is undone by its inverse', () => {
    const degrees = fc.double({ min: -60, max: 60, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 360, noNaN: true }),
        fc.double({ min: -90, max: 90, noNaN: true }),
        degrees,
        degrees,
        (ra, dec, xi, eta) => {
          const centre = at(ra, dec);
          const vector = unprojectTan(Float64Array.of(xi, eta), centre, new Float64Array(3));
          expect(Math.hypot(...vector)).toBeCloseTo(1, 14);
          expect(separation(vector, centre)).toBeCloseTo(Math.atan(Math.hypot(xi, eta) * DEGREE), 13);
          const back = projectTan(vector, centre, new Float64Array(2));
          expect(Math.hypot(back[0]! - xi, back[1]! - eta)).toBeLessThan(1e-12);
        },
      ),
    );
  });
});
