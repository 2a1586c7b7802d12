import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { raDecToVector } from '../../src/math/sphere.ts';
import { quadCode } from '../../src/skyindex/quad-code.ts';
import { cameraOfPair, directionOfPixel, directionsOfPixels, newCamera } from '../../src/solver/camera.ts';
import { fieldCode } from '../../src/solver/field-quads.ts';

const pixel = fc.double({ min: -1000, max: 1000, noNaN: true });
const direction = fc
  .tuple(fc.double({ min: 0, max: 6.28, noNaN: true }), fc.double({ min: -1.57, max: 1.57, noNaN: true }))
  .map(([ra, dec]) => raDecToVector(ra, dec));
const sign = fc.constantFrom(1, -1);

describe('a camera through two stars', () => {
  test('sees both where they were told to be, in any direction and parity', () => {
    fc.assert(
      fc.property(pixel, pixel, pixel, pixel, direction, direction, sign, (ax, ay, bx, by, a, b, parity) => {
        const chord = Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
        fc.pre(Math.hypot(ax - bx, ay - by) > 20 && chord > 1e-4 && chord < 0.8);
        const camera = newCamera();
        fc.pre(cameraOfPair(ax, ay, bx, by, Float64Array.of(...a, ...b), 0, parity, camera));
        const seen = new Float64Array(3);
        directionOfPixel(camera, ax, ay, seen);
        expect(Math.hypot(seen[0]! - a[0]!, seen[1]! - a[1]!, seen[2]! - a[2]!)).toBeLessThan(1e-8);
        directionOfPixel(camera, bx, by, seen);
        expect(Math.hypot(seen[0]! - b[0]!, seen[1]! - b[1]!, seen[2]! - b[2]!)).toBeLessThan(1e-8);
        // centre, right, up: an orthonormal frame whose handedness is the parity
        const [cx, cy, cz, rx, ry, rz, ux, uy, uz] = camera as unknown as number[];
        const volume = rx! * (uy! * cz! - uz! * cy!) + ry! * (uz! * cx! - ux! * cz!) + rz! * (ux! * cy! - uy! * cx!);
        expect(volume).toBeCloseTo(parity, 9);
      }),
      { numRuns: 2000 },
    );
  });

  test('the code of a small quad is the same on the image and on the sky; its conjugate if mirrored', () => {
    fc.assert(
      fc.property(direction, sign, fc.array(pixel, { minLength: 8, maxLength: 8 }), (towards, parity, p) => {
        const x = Float64Array.of(p[0]!, p[1]!, p[2]!, p[3]!);
        const y = Float64Array.of(p[4]!, p[5]!, p[6]!, p[7]!);
        fc.pre(Math.hypot(x[0]! - x[1]!, y[0]! - y[1]!) > 200);
        const other = raDecToVector(Math.atan2(towards[1]!, towards[0]!) + 0.001, Math.asin(towards[2]!) * 0.999);
        fc.pre(Math.hypot(towards[0]! - other[0]!, towards[1]! - other[1]!, towards[2]! - other[2]!) > 1e-6);
        const camera = newCamera();
        fc.pre(cameraOfPair(x[0]!, y[0]!, x[1]!, y[1]!, Float64Array.of(...towards, ...other), 0, parity, camera));
        const vectors = new Float64Array(12);
        for (let i = 0; i < 4; i++) directionOfPixel(camera, x[i]!, y[i]!, vectors.subarray(3 * i, 3 * i + 3));
        const sky = new Float64Array(4);
        const image = new Float64Array(4);
        quadCode(vectors, 0, 1, 2, 3, sky);
        fieldCode(x, y, Int32Array.of(0, 1, 2, 3), image);
        const size = Math.max(1, ...image.map(Math.abs));
        expect(Math.abs(sky[0]! - image[0]!)).toBeLessThan(1e-3 * size * size);
        expect(Math.abs(sky[1]! - parity * image[1]!)).toBeLessThan(1e-3 * size * size);
        expect(Math.abs(sky[2]! - image[2]!)).toBeLessThan(1e-3 * size * size);
        expect(Math.abs(sky[3]! - parity * image[3]!)).toBeLessThan(1e-3 * size * size);
      }),
      { numRuns: 1000 },
    );
  });

  test('two stars at one place, or two pixels at one, make no camera', () => {
    const [a, b] = [raDecToVector(1, 0.5), raDecToVector(1.01, 0.5)];
    expect(cameraOfPair(0, 0, 10, 0, Float64Array.of(...a, ...a), 0, 1, newCamera())).toBe(false);
    expect(cameraOfPair(5, 5, 5, 5, Float64Array.of(...a, ...b), 0, 1, newCamera())).toBe(false);
  });

  test('directions of pixels are unit vectors along the axis at the centre', () => {
    const [x, y, z, ...off] = directionsOfPixels(Float64Array.of(0, 100), Float64Array.of(0, 0), 0.01);
    expect([x, y, z]).toEqual([0, 0, 1]);
    expect(off[0]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(off[1]).toBe(0);
    expect(off[2]).toBeCloseTo(Math.SQRT1_2, 12);
  });
});
