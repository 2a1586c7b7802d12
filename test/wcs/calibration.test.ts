import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { calibrate, corners, novaOrientation } from '../../src/wcs/calibration.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

const s = 1 / 3600;

describe('the vectors of docs/orientation.md', () => {
  const page = readFileSync(new URL('../../docs/orientation.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => /^\| (bottom-up|top-down) /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  test('are eleven', () => expect(rows).toHaveLength(11));

  test.each(rows)('%s %s, CD %s', (_, order, cells, orientation, parity, angle, mirrored, nova, jpeg) => {
    const cd = cells.split(',').map((value) => Number(value) * s) as unknown as Wcs['cd'];
    const wcs: Wcs = { crval: [150, 20], crpix: [99.5, 49.5], cd };
    const found = calibrate(wcs, 200, 100, order as 'bottom-up' | 'top-down');
    const whole = (value: number): number => ((value % 360) + 360) % 360;
    expect(Math.cos((found.orientation - Number(orientation)) / 57.3)).toBeCloseTo(1, 12);
    expect(found.orientation).toBeGreaterThanOrEqual(-180);
    expect(found.orientation).toBeLessThanOrEqual(180);
    expect(found.parity).toBe(Number(parity));
    expect(found.positionAngle).toBeCloseTo(Number(angle), 9);
    expect(found.mirrored).toBe(mirrored === 'yes');
    expect(whole(novaOrientation(wcs))).toBeCloseTo(Number(nova), 9);
    expect(whole(180 - novaOrientation(wcs))).toBeCloseTo(Number(jpeg), 9);
    expect(found.pixelScale).toBeCloseTo(1, 9);
  });
});

describe('calibration', () => {
  test('of an image about its centre', () => {
    const wcs: Wcs = { crval: [0, 0], crpix: [1799.5, 899.5], cd: [-s, 0, 0, s] };
    const found = calibrate(wcs, 3600, 1800, 'bottom-up');
    const half = (Math.atan((0.5 * Math.PI) / 180) * 180) / Math.PI;
    expect(found.ra).toBe(0);
    expect(found.dec).toBe(0);
    expect(found.fieldWidth).toBeCloseTo(2 * half, 12);
    expect(found.fieldHeight).toBeCloseTo(2 * ((Math.atan((0.25 * Math.PI) / 180) * 180) / Math.PI), 12);
    expect(found.radius).toBeCloseTo((Math.atan((Math.hypot(0.5, 0.25) * Math.PI) / 180) * 180) / Math.PI, 12);
  });

  test('of a very wide field is that of the sky, not of the tangent plane', () => {
    // 60 degrees from edge to edge.
    const scale = ((2 * Math.tan(Math.PI / 6)) / 720) * (180 / Math.PI);
    const wcs: Wcs = { crval: [10, 60], crpix: [359.5, 359.5], cd: [-scale, 0, 0, scale] };
    const found = calibrate(wcs, 720, 720, 'bottom-up');
    expect(found.fieldWidth).toBeCloseTo(60, 10);
    expect(found.fieldHeight).toBeCloseTo(60, 10);
    expect(found.radius).toBeCloseTo((Math.atan(Math.SQRT2 * Math.tan(Math.PI / 6)) * 180) / Math.PI, 10);
    expect(found.pixelScale).toBeCloseTo(scale * 3600, 9);
  });

  test('far from the tangent point follows the meridian of the image centre, not that of the tangent point', () => {
    // At Dec 60 meridians converge: 20 degrees to the east of the tangent point north leans by some 17 degrees.
    const wcs: Wcs = { crval: [100, 60], crpix: [49.5, 49.5], cd: [-s, 0, 0, s] };
    const east = calibrate({ ...wcs, crpix: [49.5 + 36000, 49.5] }, 100, 100, 'bottom-up');
    expect(novaOrientation(wcs)).toBeCloseTo(0, 12);
    expect(east.ra).toBeGreaterThan(115);
    // +y is the tangent point's north, (-sin 60, 0, cos 60); its parts along east and north of the image centre:
    const [turn, dec, tangent] = [east.ra - 100, east.dec, 60].map((angle) => (angle * Math.PI) / 180);
    const [east0, north0] = [
      Math.sin(tangent!) * Math.sin(turn!),
      Math.sin(tangent!) * Math.sin(dec!) * Math.cos(turn!) + Math.cos(tangent!) * Math.cos(dec!),
    ];
    expect(east.orientation).toBeCloseTo((Math.atan2(east0, north0) * 180) / Math.PI, 9);
    expect(Math.abs(east.orientation)).toBeGreaterThan(10);
    // Pixels are smaller on the sky away from the tangent point, by cos^(3/2) of the distance.
    const distance = Math.atan((10 * Math.PI) / 180);
    expect(east.pixelScale).toBeCloseTo(Math.cos(distance) ** 1.5, 9);
  });

  test('has corners at the outer edges, in order around the image', () => {
    const wcs: Wcs = { crval: [0, 0], crpix: [-0.5, -0.5], cd: [-s, 0, 0, s] };
    const [first, second, third, fourth] = corners(wcs, 10, 20);
    expect(first).toEqual([0, 0]);
    expect(second![0]).toBeCloseTo(360 - 10 * s, 9);
    expect(second![1]).toBeCloseTo(0, 9);
    expect(third![0]).toBeCloseTo(360 - 10 * s, 9);
    expect(third![1]).toBeCloseTo(20 * s, 9);
    expect(fourth![0]).toBeCloseTo(0, 9);
    expect(fourth![1]).toBeCloseTo(20 * s, 9);
  });
});
