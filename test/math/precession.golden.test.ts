import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { precessToJ2000 } from '../../src/math/precession.ts';

const PYTHON = '/usr/bin/python3';
const places = [
  [10, 41, 2025.5],
  [0, 0, 1975],
  [359.9, -0.1, 2050],
  [83.8, -5.4, 1900],
  [201.7, -47.5, 2030.25],
  [37.95, 89.26, 2026],
  [120, -89.9, 1990],
  [270, 23.4, 2000],
] as const;
const script = `
import json, sys
from astropy.coordinates import SkyCoord, FK5
from astropy.time import Time
import astropy.units as u
out = []
for ra, dec, year in json.load(sys.stdin):
    c = SkyCoord(ra * u.deg, dec * u.deg, frame=FK5(equinox=Time(year, format='jyear'))).transform_to(FK5(equinox='J2000'))
    out.append([c.ra.deg, c.dec.deg])
print(json.dumps(out))
`;

describe('precession against astropy', () => {
  const missing = existsSync(PYTHON) ? spawnSync(PYTHON, ['-c', 'import astropy']).status !== 0 : true;
  test.skipIf(missing)(`mean places agree to half an arcsecond${missing ? ' (skipped: no astropy)' : ''}`, () => {
    const run = spawnSync(PYTHON, ['-c', script], { input: JSON.stringify(places), encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const truth = JSON.parse(run.stdout) as [number, number][];
    expect(truth).toHaveLength(places.length);
    places.forEach(([ra, dec, epoch], i) => {
      const here = precessToJ2000(ra, dec, epoch);
      const [raTrue, decTrue] = truth[i]!;
      const dRa = (((here.raDeg - raTrue + 540) % 360) - 180) * Math.cos((decTrue * Math.PI) / 180);
      // astropy precesses by IAU 2006, which is 0.3 arcsec per century beside IAU 1976.
      expect(Math.abs(dRa) * 3600).toBeLessThan(0.5);
      expect(Math.abs(here.decDeg - decTrue) * 3600).toBeLessThan(0.5);
    });
  });
});

test('at J2000 nothing moves', () => {
  expect(precessToJ2000(123.4, -56.7, 2000).raDeg).toBeCloseTo(123.4, 12);
  expect(precessToJ2000(123.4, -56.7, 2000).decDeg).toBeCloseTo(-56.7, 12);
});

test('theta Persei, 2028 to 2000, as printed by Meeus 1998, Astronomical Algorithms, example 21.b', () => {
  const back = precessToJ2000(41.547214, 49.348483, 2000 + (2462088.69 - 2451545) / 365.25);
  expect(back.raDeg).toBeCloseTo(41.054063, 5);
  expect(back.decDeg).toBeCloseTo(49.22775, 5);
});
