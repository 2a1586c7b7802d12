import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { Job } from '../../src/nova/job.ts';
import { calibrate, novaOrientation } from '../../src/wcs/calibration.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import { recording } from '../helpers/recordings.ts';
import { sessionOf, startNova } from '../session/set-up.ts';

const PYTHON = '/usr/bin/python3';
const hasAstropy = spawnSync(PYTHON, ['-c', 'import astropy']).status === 0;

/** The jobs whose WCS files were recorded: a JPEG, whose orientation nova mirrors, and a FITS image. */
const JOBS = [
  [3, 'wcs_file_3.fits', true],
  [4, 'wcs_file_4.fits', false],
] as const;

function fixturePath(name: string): string {
  return new URL(`../../fixtures/nova/products/${name}`, import.meta.url).pathname;
}

async function jobOf(id: number, name: string): Promise<Job> {
  const nova = await startNova();
  nova.script(`/api/jobs/${id}`, { status: 'success' });
  nova.files.set(`/wcs_file/${id}`, { contentType: 'application/fits', bytes: readFileSync(fixturePath(name)) });
  return Job.attach(sessionOf(nova.url), id);
}

test.skipIf(!hasAstropy).each(JOBS)('the WCS of job %i is as astropy reads its file', async (id, name) => {
  const { wcs, width, height } = await (await jobOf(id, name)).wcs();
  const places = [
    [0, 0],
    [width - 1, 0],
    [width / 2, height / 2],
    [12.25, height - 1],
  ] as const;
  const program = `
import json, sys, warnings
warnings.simplefilter('ignore')
from astropy.io import fits
from astropy.wcs import WCS
w = WCS(fits.getheader(sys.argv[1]))
print(json.dumps([[float(v) for v in w.all_pix2world(x, y, 0)] for x, y in json.loads(sys.argv[2])]))`;
  const { stdout } = spawnSync(PYTHON, ['-c', program, fixturePath(name), JSON.stringify(places)], {
    encoding: 'utf8',
  });
  const expected = JSON.parse(stdout) as [number, number][];
  for (const [i, [x, y]] of places.entries()) {
    const [ra, dec] = pixelToSky(wcs, x, y);
    // A ten-thousandth of an arcsecond.
    expect(Math.abs(ra - expected[i]![0]) * Math.cos((dec * Math.PI) / 180)).toBeLessThan(3e-8);
    expect(Math.abs(dec - expected[i]![1])).toBeLessThan(3e-8);
  }
});

test.each(JOBS)('the numbers of nova for job %i come out of its WCS', async (id, name, mirrored) => {
  const { wcs, width, height } = await (await jobOf(id, name)).wcs();
  const { body } = recording('job_results').find(({ path }) => path === `/api/jobs/${id}/calibration/`)!;
  const recorded = JSON.parse(body) as Record<string, number>;
  // nova leaves the distortion out.
  const plain = { crpix: wcs.crpix, crval: wcs.crval, cd: wcs.cd };
  const { ra, dec, radius, pixelScale, parity } = calibrate(plain, width, height, 'bottom-up');
  expect(parity).toBe(recorded['parity']);
  expect(Math.abs(ra - recorded['ra']!)).toBeLessThan((2 * pixelScale) / 3600 / Math.cos((dec * Math.PI) / 180));
  expect(Math.abs(dec - recorded['dec']!)).toBeLessThan((2 * pixelScale) / 3600);
  expect(radius / recorded['radius']!).toBeCloseTo(1, 1);
  expect(pixelScale / recorded['pixscale']!).toBeCloseTo(1, 1);
  const own = novaOrientation(wcs);
  expect(mirrored ? (((180 - own) % 360) + 360) % 360 : own).toBeCloseTo(recorded['orientation']!, 6);
});
