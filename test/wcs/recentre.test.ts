import { describe, expect, test } from 'vitest';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { recentre } from '../../src/wcs/recentre.ts';
import { pixelToSky, skyToPixel } from '../../src/wcs/transform.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';
import { makeScene, seeded } from './random-wcs.ts';

/** Largest difference of two WCS over an image, pixels. */
function difference(a: Wcs, b: Wcs, width: number, height: number): number {
  const random = seeded(5);
  let worst = 0;
  for (let i = 0; i < 500; i++) {
    const [x, y] = [random() * width - 0.5, random() * height - 0.5];
    const [bx, by] = skyToPixel(b, ...pixelToSky(a, x, y))!;
    worst = Math.max(worst, Math.hypot(bx - x, by - y));
  }
  return worst;
}

const tan = (scaleArcsec: number, width: number, x: number, y: number): Wcs => ({
  crval: [100, 30],
  crpix: [x * width, y * width],
  cd: [-scaleArcsec / 3600, 0, 0, scaleArcsec / 3600],
});

describe('moving the reference point', () => {
  test('keeps the sky where it is: 2 degree field, 1 degree of shift', () => {
    const wcs = tan(3.6, 2000, 1, 0.9);
    const moved = recentre(wcs, 999.5, 999.5, 2000, 2000);
    expect(moved.wcs.crpix).toEqual([999.5, 999.5]);
    expect(moved.wcs.sip!.order).toBe(3);
    expect(moved.worst).toBeLessThan(1e-6);
    expect(difference(wcs, moved.wcs, 2000, 2000)).toBeLessThan(1e-6);
    const [a, b] = [pixelToSky(wcs, 999.5, 999.5), moved.wcs.crval].map(([ra, dec]) =>
      raDecToVector(ra * DEGREE, dec * DEGREE),
    );
    expect(separation(a!, b!)).toBeLessThan(1e-15);
  });

  test('stays a plain TAN where that is exact enough', () => {
    const wcs = tan(0.5, 500, 0.5, 0.5);
    const moved = recentre(wcs, 250.5, 249, 500, 500);
    expect(moved.wcs.sip).toBeUndefined();
    expect(moved.worst).toBeLessThan(1e-6);
    expect(difference(wcs, moved.wcs, 500, 500)).toBeLessThan(1e-6);
  });

  test('to where it is already gives the same WCS', () => {
    const wcs = tan(3.6, 1000, 0.5, 0.5);
    const moved = recentre(wcs, ...wcs.crpix, 1000, 1000);
    expect(moved.wcs.sip).toBeUndefined();
    expect(difference(wcs, moved.wcs, 1000, 1000)).toBeLessThan(1e-9);
  });

  test('takes distortion along', () => {
    const { wcs } = makeScene({
      raDeg: 10,
      decDeg: -60,
      scaleArcsec: 5,
      angleDeg: 33,
      parity: 1,
      width: 1200,
      height: 900,
      reference: [0.3, 0.8],
      order: 3,
      distortion: 0.01,
      shape: [0.9, -0.4, 0.3, 0.7, -0.8, 0.2, 0.5],
    });
    const moved = recentre(wcs, 599.5, 449.5, 1200, 900);
    expect(moved.worst).toBeLessThan(1e-6);
    expect(difference(wcs, moved.wcs, 1200, 900)).toBeLessThan(1e-6);
  });

  test('says what order 9 leaves in a 60 degree field', () => {
    const wcs = tan(300, 720, 1, 0.85);
    const moved = recentre(wcs, 359.5, 359.5, 720, 720);
    expect(moved.wcs.sip!.order).toBe(9);
    expect(moved.worst).toBeGreaterThan(1e-6);
    expect(moved.worst).toBeLessThan(1e-3);
    expect(difference(wcs, moved.wcs, 720, 720)).toBeLessThan(1.3 * moved.worst);
  });

  test('refuses a place from which the image cannot be seen', () => {
    expect(() => recentre(tan(300, 720, 0.5, 0.5), 1e5, 0, 720, 720)).toThrow(/would not see the whole image/);
    expect(() => recentre(tan(1, 100, 0.5, 0.5), NaN, 0, 100, 100)).toThrow(/pixel \(NaN, 0\)/);
  });
});
