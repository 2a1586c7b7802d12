import { describe, expect, test } from 'vitest';
import { sipTerm, sipTerms } from '../../src/wcs/sip.ts';
import { pixelsToVectors, pixelToSky, skyToPixel, tangentWcs, vectorsToPixels } from '../../src/wcs/transform.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

const s = 1 / 3600;
const usual: Wcs = { crval: [0, 0], crpix: [100, 50], cd: [-s, 0, 0, s] };

/** Barrel distortion that folds over 5774 pixels from the reference pixel. */
function withBarrel(wcs: Wcs): Wcs {
  const [a, b] = [new Float64Array(sipTerms(3)), new Float64Array(sipTerms(3))];
  a[sipTerm(3, 3, 0)] = a[sipTerm(3, 1, 2)] = -1e-8;
  b[sipTerm(3, 2, 1)] = b[sipTerm(3, 0, 3)] = -1e-8;
  const none = new Float64Array(1);
  return { ...wcs, sip: { order: 3, a, b, inverseOrder: 0, ap: none, bp: none } };
}

describe('pixel to sky', () => {
  test('the reference pixel is the tangent point', () => {
    expect(pixelToSky(usual, 100, 50)).toEqual([0, 0]);
  });

  test('RA grows to the left of a usual image and runs on across 0', () => {
    expect(pixelToSky(usual, 99, 50)[0]).toBeCloseTo(s, 12);
    expect(pixelToSky(usual, 101, 50)[0]).toBeCloseTo(360 - s, 12);
    expect(pixelToSky(usual, 100, 51)).toEqual([0, expect.closeTo(s, 12)]);
  });

  test('never says 360', () => {
    const wcs: Wcs = { ...usual, crval: [360 - 1e-15, 0] };
    expect(pixelToSky(wcs, 100 + 1e-14, 50)[0]).toBeLessThan(360);
  });

  test('at a pole the RA of the tangent point says where north is', () => {
    // North of the tangent plane leads over the pole: away from RA 40, so to RA 220.
    const north: Wcs = { ...usual, crval: [40, 90] };
    const [ra, dec] = pixelToSky(north, 100, 50 + 3600);
    expect(ra).toBeCloseTo(220, 9);
    expect(dec).toBeCloseTo(90 - (Math.atan(Math.PI / 180) * 180) / Math.PI, 12);
    expect(pixelToSky({ ...usual, crval: [40, -90] }, 100, 50 + 3600)[0]).toBeCloseTo(40, 9);
  });
});

describe('sky to pixel', () => {
  test('is undefined 90 degrees or more from the tangent point', () => {
    expect(skyToPixel(usual, 180, 0)).toBeUndefined();
    expect(skyToPixel(usual, 91, 0)).toBeUndefined();
    expect(skyToPixel(usual, 89, 0)![0]).toBeLessThan(-1e7);
  });

  test('takes any RA', () => {
    const [x, y] = skyToPixel(usual, -360 + s, 0)!;
    expect(x).toBeCloseTo(99, 9);
    expect(y).toBeCloseTo(50, 9);
  });

  test('undoes distortion to 1e-9 pixel and is undefined beyond its fold', () => {
    const wcs = withBarrel(usual);
    const [x, y] = skyToPixel(wcs, ...pixelToSky(wcs, 2100, -1950))!;
    expect(Math.hypot(x - 2100, y + 1950)).toBeLessThan(1e-9);
    expect(skyToPixel(wcs, 359, 0)).toBeDefined();
    expect(skyToPixel(wcs, 358, 0)).toBeUndefined();
  });
});

describe('arrays', () => {
  test('give what single points give, NaN for undefined', () => {
    const wcs = withBarrel(usual);
    const vectors = pixelsToVectors(wcs, Float64Array.of(10, 600), Float64Array.of(20, -3), new Float64Array(6));
    const [x, y] = [new Float64Array(3), new Float64Array(3)];
    vectorsToPixels(wcs, Float64Array.of(...vectors, -1, 0, 0), x, y);
    [10, 600].forEach((value, i) => expect(x[i]).toBeCloseTo(value, 9));
    [20, -3].forEach((value, i) => expect(y[i]).toBeCloseTo(value, 9));
    expect([x[2], y[2]]).toEqual([NaN, NaN]);
  });

  test('may be empty but must agree in length', () => {
    const none = new Float64Array(0);
    expect(pixelsToVectors(usual, none, none, none)).toBe(none);
    const [one, two, three] = [new Float64Array(1), new Float64Array(2), new Float64Array(3)];
    expect(() => pixelsToVectors(usual, one, two, three)).toThrow(/1, 2 and 3/);
    expect(() => vectorsToPixels(usual, two, one, one)).toThrow(/1, 1 and 2/);
  });
});

describe('the plain TAN that touches a WCS', () => {
  test('agrees with it at the pixel and in its neighbourhood', () => {
    const wcs = withBarrel({ crval: [300, 70], crpix: [-500, 2000], cd: [0.001, 0.004, 0.0042, -0.0012] });
    const touching = tangentWcs(wcs, 700, 600);
    expect(touching.crpix).toEqual([700, 600]);
    expect(touching.sip).toBeUndefined();
    for (const [x, y] of [
      [700, 600],
      [700.01, 600],
      [700, 599.99],
    ] as const) {
      const [tx, ty] = skyToPixel(touching, ...pixelToSky(wcs, x, y))!;
      expect(Math.hypot(tx - x, ty - y)).toBeLessThan(1e-6);
    }
  });

  test('is the WCS itself at the reference pixel of a plain TAN', () => {
    const same = tangentWcs(usual, 100, 50);
    expect(same.crval).toEqual(usual.crval);
    same.cd.forEach((value, i) => expect(value).toBeCloseTo(usual.cd[i]!, 18));
  });
});
