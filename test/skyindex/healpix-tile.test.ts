import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/sky.mjs';
import { DEGREE, raDecToVector } from '../../src/math/sphere.ts';
import { distanceToBorder, distanceToTile, tileDirection, tileNumber } from '../../src/skyindex/healpix-tile.ts';

function numberAt(ra: number, dec: number, nside: number): number {
  const [x, y, z] = raDecToVector(ra * DEGREE, dec * DEGREE);
  return tileNumber(x!, y!, z!, nside);
}

// Numbers that Astrometry.net's own radecdegtohealpix gives.
test.each([
  [10.68, 41.27, 2, 1],
  [10.68, 41.27, 1, 0],
  [83.8, -5.4, 2, 20],
  [200, -70, 4, 161],
  [0.1, 89.9, 2, 3],
  [359.9, 0.1, 2, 19],
  [283.4, 33.03, 2, 13],
])('the tile of %f %f at nside %i is %i', (ra, dec, nside, number) => {
  expect(numberAt(ra, dec, nside)).toBe(number);
});

const PYTHON = '/usr/bin/python3';
function theirs(places: readonly (readonly [number, number, number])[]): number[] | undefined {
  const code = `import json,sys
from astrometry.util.util import radecdegtohealpix
print(json.dumps([radecdegtohealpix(*p) for p in json.load(sys.stdin)]))`;
  try {
    const input = JSON.stringify(places);
    return JSON.parse(
      execFileSync(PYTHON, ['-c', code], { input, stdio: ['pipe', 'pipe', 'ignore'] }).toString(),
    ) as number[];
  } catch {
    return undefined;
  }
}

test('tiles all over the sky have the numbers that Astrometry.net gives them', ({ skip }) => {
  const random = seededRandom(5);
  const places = Array.from({ length: 2000 }, (_, i) => {
    return [360 * random(), (Math.asin(2 * random() - 1) * 180) / Math.PI, [1, 2, 4, 8, 440][i % 5]!] as const;
  });
  const expected = theirs(places);
  if (expected === undefined) return skip('needs python3-astrometry');
  expect(places.map(([ra, dec, nside]) => numberAt(ra, dec, nside))).toEqual(expected);
});

test('the middle of each tile lies in it, and nowhere near its border', () => {
  for (const nside of [1, 2, 5]) {
    for (let number = 0; number < 12 * nside * nside; number++) {
      const tile = { nside, number };
      const [x, y, z] = tileDirection(tile);
      expect(tileNumber(x!, y!, z!, nside)).toBe(number);
      expect(distanceToTile(tileDirection(tile), tile)).toBe(0);
      expect(distanceToBorder(tileDirection(tile), tile)).toBeGreaterThan(0.3 / nside);
    }
  }
});

test('a direction outside of a tile is as far from it as from its nearest border', () => {
  const tile = { nside: 2, number: 19 };
  // Its southern corner, and due south of that.
  const corner = tileDirection(tile, 0, 0);
  const dec = Math.asin(corner[2]!);
  const ra = Math.atan2(corner[1]!, corner[0]!);
  for (const away of [0.01, 0.1, 0.3]) expect(distanceToTile(raDecToVector(ra, dec - away), tile)).toBeCloseTo(away, 9);
});
