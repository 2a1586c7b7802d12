import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCorr } from '../../src/products/corr.ts';

const FILE = readFileSync(new URL('../../fixtures/nova/products/corr_file_3.fits', import.meta.url));

test('reads the pairs of sources and stars of a recorded job, pixels from 0', async () => {
  const corr = await readCorr(FILE);
  expect(corr.x).toHaveLength(45);
  // As astropy reads the first row: 129.14541626, 147.58888245; 165.93264771, 61.7511177; 2.023; 0.99603232.
  expect(corr.x[0]).toBeCloseTo(128.14541626, 8);
  expect(corr.y[0]).toBeCloseTo(146.58888245, 8);
  expect(corr.ra[0]).toBeCloseTo(165.93264771, 8);
  expect(corr.dec[0]).toBeCloseTo(61.7511177, 8);
  expect(corr.magnitude[0]).toBeCloseTo(2.023, 5);
  expect(corr.weight[0]).toBeCloseTo(0.99603232, 6);
});

test('a file that is cut off, and one that is no corr file, are told by name', async () => {
  await expect(readCorr(FILE.subarray(0, FILE.length - 2880))).rejects.toMatchObject({ code: 'FITS_TRUNCATED' });
  const axy = readFileSync(new URL('../../fixtures/nova/products/axy_file_4.fits', import.meta.url));
  await expect(readCorr(axy, 'axy.fits')).rejects.toMatchObject({
    code: 'FITS_HEADER',
    message: expect.stringMatching(/^axy\.fits: has no column field_x$/) as string,
  });
});
