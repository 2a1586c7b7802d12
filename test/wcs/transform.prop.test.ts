import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { calibrate, novaOrientation } from '../../src/wcs/calibration.ts';
import { headerToWcs, wcsToCards } from '../../src/wcs/header.ts';
import { recentre } from '../../src/wcs/recentre.ts';
import { pixelToSky, skyToPixel } from '../../src/wcs/transform.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';
import { makeScene } from './random-wcs.ts';
import type { SceneChoice } from './random-wcs.ts';

const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** Poles, RA 0, mirrored or not, 0.1 to 300 arcsec per pixel (60 degrees at most), up to 2 percent of distortion. */
const choice: fc.Arbitrary<SceneChoice> = fc.record({
  raDeg: fc.oneof(fc.constantFrom(0, 1e-9, 359.9999999), between(0, 359.999)),
  decDeg: fc.oneof(fc.constantFrom(90, -90, 89.9999999, -89.9, 0), between(-90, 90)),
  scaleArcsec: between(-1, 2.47).map((exponent) => 10 ** exponent),
  angleDeg: between(-180, 180),
  parity: fc.constantFrom(1, -1),
  width: fc.integer({ min: 100, max: 700 }),
  height: fc.integer({ min: 100, max: 700 }),
  reference: fc.tuple(between(-0.2, 1.2), between(-0.2, 1.2)),
  order: fc.constantFrom(0, 2, 3, 4, 5),
  distortion: between(0, 0.02),
  shape: fc.array(between(-1, 1), { minLength: 42, maxLength: 42 }),
});
const inside = fc.tuple(between(0, 1), between(0, 1));
const few = { numRuns: 60 };

const apart = (a: [number, number], b: [number, number]): number =>
  separation(raDecToVector(a[0] * DEGREE, a[1] * DEGREE), raDecToVector(b[0] * DEGREE, b[1] * DEGREE)) / DEGREE;

/** Difference of two angles, degrees, without whole turns. */
const turned = (a: number, b: number): number => Math.abs(((((a - b) % 360) + 540) % 360) - 180);

test('a pixel leads to the sky and back', () => {
  fc.assert(
    fc.property(choice, inside, (made, [i, j]) => {
      const { wcs, width, height } = makeScene(made);
      const [x, y] = [i * width - 0.5, j * height - 0.5];
      const [ra, dec] = pixelToSky(wcs, x, y);
      expect(ra >= 0 && ra < 360).toBe(true);
      const [backX, backY] = skyToPixel(wcs, ra, dec)!;
      // An RA of 360 degrees is rounded to 6e-14 degrees, which is 2e-9 pixel at 0.1 arcsec per pixel.
      expect(Math.hypot(backX - x, backY - y)).toBeLessThan(1e-9 + 1e-9 / made.scaleArcsec);
    }),
  );
});

test('cards say all of a WCS', () => {
  fc.assert(
    fc.property(choice, (made) => {
      const { wcs, width, height } = makeScene(made);
      const cards: Record<string, unknown> = wcsToCards(wcs, { width, height });
      const back = headerToWcs((key) => cards[key])!;
      // As text: a header does not keep the sign of zero. The 1 that is added to CRPIX may cost its last digit.
      const said = (of: Wcs): string => JSON.stringify({ ...of, crpix: [] });
      expect(said(back)).toBe(said(wcs));
      back.crpix.forEach((value, axis) => expect(value).toBeCloseTo(wcs.crpix[axis]!, 12));
    }),
    few,
  );
});

test('a mirrored image has the other parity; all else that does not depend on it stays', () => {
  fc.assert(
    fc.property(choice, (made) => {
      const { wcs, width, height } = makeScene({ ...made, order: 0 });
      const [cd11, cd12, cd21, cd22] = wcs.cd;
      const flipped: Wcs = {
        ...wcs,
        crpix: [width - 1 - wcs.crpix[0], wcs.crpix[1]],
        cd: [-cd11, cd12, -cd21, cd22],
      };
      for (const rows of ['bottom-up', 'top-down'] as const) {
        const [a, b] = [calibrate(wcs, width, height, rows), calibrate(flipped, width, height, rows)];
        expect(b.parity).toBe(-a.parity);
        expect(b.mirrored).toBe(!a.mirrored);
        expect(apart([a.ra, a.dec], [b.ra, b.dec])).toBeLessThan(1e-10);
        expect(b.pixelScale / a.pixelScale).toBeCloseTo(1, 9);
        expect(b.fieldWidth / a.fieldWidth).toBeCloseTo(1, 9);
        expect(b.radius / a.radius).toBeCloseTo(1, 9);
        if (Math.abs(a.dec) < 89.9) {
          expect(turned(a.orientation, b.orientation)).toBeLessThan(1e-6);
          expect(turned(a.positionAngle, b.positionAngle)).toBeLessThan(1e-6);
        }
      }
    }),
    few,
  );
});

test('an image turned by 180 degrees has an orientation 180 degrees away and keeps its parity', () => {
  fc.assert(
    fc.property(choice, (made) => {
      const { wcs, width, height } = makeScene({ ...made, order: 0 });
      const turnedWcs: Wcs = {
        ...wcs,
        crpix: [width - 1 - wcs.crpix[0], height - 1 - wcs.crpix[1]],
        cd: wcs.cd.map((value) => -value) as unknown as Wcs['cd'],
      };
      const a = calibrate(wcs, width, height, 'bottom-up');
      const b = calibrate(turnedWcs, width, height, 'bottom-up');
      expect(b.parity).toBe(a.parity);
      expect(b.mirrored).toBe(a.mirrored);
      expect(turned(novaOrientation(wcs), novaOrientation(turnedWcs))).toBeCloseTo(180, 9);
      if (Math.abs(a.dec) < 89.9) expect(turned(a.orientation, b.orientation)).toBeCloseTo(180, 6);
    }),
    few,
  );
});

test('rows stored the other way round show the same picture', () => {
  fc.assert(
    fc.property(choice, (made) => {
      const { wcs, width, height } = makeScene({ ...made, order: 0 });
      const [cd11, cd12, cd21, cd22] = wcs.cd;
      const reversed: Wcs = {
        ...wcs,
        crpix: [wcs.crpix[0], height - 1 - wcs.crpix[1]],
        cd: [cd11, -cd12, cd21, -cd22],
      };
      const a = calibrate(wcs, width, height, 'bottom-up');
      const b = calibrate(reversed, width, height, 'top-down');
      expect(b.parity).toBe(-a.parity);
      expect(b.mirrored).toBe(a.mirrored);
      if (Math.abs(a.dec) < 89.9) expect(turned(a.positionAngle, b.positionAngle)).toBeLessThan(1e-6);
    }),
    few,
  );
});

test('the orientation is the way +y leads over the centre, the scale that of the pixel there', () => {
  fc.assert(
    fc.property(choice, (made) => {
      const { wcs, width, height } = makeScene(made);
      const { ra, dec, orientation, pixelScale } = calibrate(wcs, width, height, 'bottom-up');
      fc.pre(Math.abs(dec) < 89);
      const [x, y] = [(width - 1) / 2, (height - 1) / 2];
      // A step small enough for distortion, large enough for the rounding of an angle.
      const h = 0.01;
      const plane = (at: [number, number]): [number, number] => {
        const east = (((at[0] - ra + 540) % 360) - 180) * Math.cos(dec * DEGREE);
        return [east, at[1] - dec];
      };
      const [right, up] = [plane(pixelToSky(wcs, x + h, y)), plane(pixelToSky(wcs, x, y + h))];
      expect(turned(Math.atan2(up[0], up[1]) / DEGREE, orientation)).toBeLessThan(0.01);
      const area = Math.abs(right[0] * up[1] - right[1] * up[0]) / h ** 2;
      expect((Math.sqrt(area) * 3600) / pixelScale).toBeCloseTo(1, 3);
    }),
    few,
  );
});

test('a recentred WCS differs by no more than it says', () => {
  fc.assert(
    fc.property(choice, inside, inside, (made, [ci, cj], [i, j]) => {
      const { wcs, width, height } = makeScene(made);
      const moved = recentre(wcs, ci * width - 0.5, cj * height - 0.5, width, height);
      const [x, y] = [i * width - 0.5, j * height - 0.5];
      const back = skyToPixel(moved.wcs, ...pixelToSky(wcs, x, y))!;
      const rounding = 1e-9 + 1e-9 / made.scaleArcsec;
      // The grid may miss the very worst place; the distortion itself may stretch the error a little.
      expect(Math.hypot(back[0] - x, back[1] - y)).toBeLessThan(1.3 * moved.worst + rounding);
    }),
    few,
  );
});
