import fc from 'fast-check';
import { expect, test } from 'vitest';
import { midpoint, positionAngle, raDecToVector, separation, vectorToRaDec, wrap } from '../../src/math/sphere.ts';

const direction = fc
  .tuple(fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }))
  .map(([ra, sinDec]) => raDecToVector(ra, Math.asin(sinDec)));

/** The place at an angle and distance from a direction, by spherical trigonometry. */
function offset(from: Float64Array, angle: number, distance: number): Float64Array {
  const [ra, dec] = vectorToRaDec(from);
  const north = raDecToVector(ra, dec + Math.PI / 2);
  const east = raDecToVector(ra + Math.PI / 2, 0);
  return from.map(
    (part, i) =>
      Math.cos(distance) * part + Math.sin(distance) * (Math.cos(angle) * north[i]! + Math.sin(angle) * east[i]!),
  );
}

test('coordinates of a direction lead back to it', () => {
  fc.assert(
    fc.property(direction, (vector) => {
      const back = raDecToVector(...vectorToRaDec(vector));
      expect(separation(vector, back)).toBeLessThan(1e-15);
    }),
  );
});

test('separation and position angle undo an offset', () => {
  fc.assert(
    fc.property(
      direction.filter((vector) => Math.abs(vector[2]!) < 0.999),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.double({ min: 1e-6, max: 3.1, noNaN: true }),
      (from, angle, distance) => {
        const to = offset(from, angle, distance);
        expect(separation(from, to)).toBeCloseTo(distance, 12);
        expect(positionAngle(from, to)).toBeCloseTo(angle, 7);
      },
    ),
  );
});

test('a midpoint is equally far from both and on the way', () => {
  fc.assert(
    fc.property(direction, direction, (a, b) => {
      fc.pre(separation(a, b) < 3.14);
      const middle = midpoint(a, b)!;
      const half = separation(a, b) / 2;
      expect(separation(a, middle)).toBeCloseTo(half, 12);
      expect(separation(b, middle)).toBeCloseTo(half, 12);
    }),
  );
});

test('a wrapped angle lies within the turn and differs by whole turns', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (angle) => {
      const wrapped = wrap(angle, 360);
      expect(wrapped >= 0 && wrapped < 360).toBe(true);
      const turns = (angle - wrapped) / 360;
      expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1e-12);
    }),
  );
});
