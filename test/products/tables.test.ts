import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatTableFile } from '../../src/fits/table-writer.ts';
import { readAstapIni, writeAstapIni } from '../../src/products/astap-ini.ts';
import { readCorr, readRdls, writeCorr, writeRdls } from '../../src/products/corr.ts';
import { csvToStars, matchedStars, starsToCsv, starsToJson } from '../../src/products/matched-stars.ts';
import { readXylist, writeXylist } from '../../src/products/xylist.ts';
import type { Report } from '../../src/solution.ts';
import { makeSolution, makeSources } from './solutions.ts';

const NOVA = new URL('../../fixtures/nova/products/', import.meta.url);
const solution = makeSolution(1200, 900);
const sources = makeSources(solution);
const read = (bytes: Uint8Array): ReturnType<typeof readXylist> => readXylist(bytes);

test('an xylist is read as it was written', async () => {
  expect(await read(writeXylist(sources))).toEqual(sources);
  const none = { ...sources, ...Object.fromEntries(['x', 'y'].map((key) => [key, new Float64Array(0)])) };
  const empty = { ...none, flux: new Float32Array(0), sigma: new Float32Array(0), flags: new Uint8Array(0), fwhm: NaN };
  expect(await read(writeXylist(empty))).toEqual(empty);
});

test('an xylist of solve-field is read, its brightest source first', async () => {
  const list = await read(readFileSync(new URL('axy_file_4.fits', NOVA)));
  expect(list).toMatchObject({ width: 1280, height: 1024 });
  expect(list!.x).toHaveLength(208);
  // As astropy reads the row of the largest FLUX.
  expect(list!.flux[0]).toBeGreaterThan(list!.flux[1]!);
  expect([...list!.flux]).toEqual([...list!.flux].sort((a, b) => b - a));
});

test('a table of X and Y alone is a list in its order, as large as it reaches', async () => {
  const bytes = formatTableFile([
    { name: 'y', type: 'E', values: [7.5, 1, NaN, 3] },
    { name: 'x', type: 'J', values: [2, 30, 5, 1] },
  ]);
  const list = await read(bytes);
  expect(list).toMatchObject({ width: 30, height: 8, x: Float64Array.of(1, 29, 0), y: Float64Array.of(6.5, 0, 2) });
});

test('a file without such columns is none, and a cut one is told', async () => {
  expect(await read(writeRdls(solution))).toBeUndefined();
  const bytes = writeXylist(sources);
  await expect(read(bytes.subarray(0, bytes.length - 2880))).rejects.toMatchObject({ code: 'FITS_TRUNCATED' });
  const wide = formatTableFile(
    [
      { name: 'X', type: 'E', values: [1] },
      { name: 'Y', type: 'E', values: [1] },
    ],
    { table: [{ keyword: 'IMAGEW', value: 1e12 }] },
  );
  await expect(read(wide)).rejects.toMatchObject({ code: 'FITS_HEADER' });
});

test('corr and rdls files are read as they were written', async () => {
  const { x, y, ra, dec, magnitude } = solution.matches;
  const corr = await readCorr(writeCorr(solution, sources));
  expect(corr).toEqual({ x, y, ra, dec, magnitude, weight: Float32Array.of(1, 1, 1) });
  expect(await readRdls(writeRdls(solution))).toEqual({ ra, dec });
  const theirs = await readRdls(readFileSync(new URL('rdls_file_3.fits', NOVA)));
  expect([theirs.ra[0], theirs.dec[0]]).toEqual(
    [193.50680542, 55.9598427].map((value) => expect.closeTo(value, 6) as number),
  );
});

test('matched stars have their residuals, in FITS pixels', () => {
  const stars = matchedStars(solution);
  expect(stars[1]).toMatchObject({ x: 601, y: 451, magnitude: 7.25 });
  expect(stars[1]!.predictedX).toBeCloseTo(601.5, 5);
  expect(stars[1]!.predictedY).toBeCloseTo(451, 5);
  expect(stars[1]!.residual).toBeCloseTo(0.5, 5);
  expect(stars[1]!.residualArcsec).toBeCloseTo(0.5 * solution.calibration.pixelScale, 5);
});

test('their table is read as it was written, unknown magnitudes included', () => {
  const stars = matchedStars(solution);
  const csv = starsToCsv(stars);
  expect(csv).toMatch(/^x,y,ra,dec,magnitude,predictedX,predictedY,residual,residualArcsec\r\n4\.0000,3\.0000,/);
  const again = csvToStars(csv)!;
  expect(again).toHaveLength(3);
  for (const [i, star] of stars.entries()) {
    for (const [name, value] of Object.entries(star)) {
      expect(again[i]![name as keyof typeof star]).toEqual(
        Number.isNaN(value) ? NaN : (expect.closeTo(value as number, 3) as number),
      );
    }
  }
  expect(csvToStars('x,y\r\n1,2\r\n')).toBeUndefined();
  expect(csvToStars(csv.replace('4.0000', 'four'))).toBeUndefined();
  const json = JSON.parse(starsToJson(stars, solution)) as { matched: number; stars: Record<string, unknown>[] };
  expect(json).toMatchObject({ width: 1200, height: 900, matched: 3, rms: 0.5 });
  expect(json.stars[2]).toMatchObject({ magnitude: null, x: 1197 });
});

const REPORT: Report = { stages: {}, sources: 3, fwhm: 2, candidates: 0, notes: [] };

test('an .ini says what ASTAP says', () => {
  const ini = readAstapIni(writeAstapIni({ status: 'solved', solution, report: REPORT }, 'solve m42.fits'));
  expect([...ini.keys()]).toEqual(
    'PLTSOLVD CRPIX1 CRPIX2 CRVAL1 CRVAL2 CDELT1 CDELT2 CROTA1 CROTA2 CD1_1 CD1_2 CD2_1 CD2_2 DIMENSIONS CMDLINE'.split(
      ' ',
    ),
  );
  const number = (key: string): number => Number(ini.get(key));
  const { wcs } = solution;
  expect([number('CRVAL1'), number('CRVAL2')]).toEqual([...wcs.crval]);
  expect([number('CRPIX1'), number('CRPIX2')]).toEqual([wcs.crpix[0] + 1, wcs.crpix[1] + 1]);
  expect(['CD1_1', 'CD1_2', 'CD2_1', 'CD2_2'].map(number)).toEqual([...wcs.cd]);
  // A usual image: CDELT1 is negative, and both axes are turned alike.
  expect(number('CDELT1')).toBeCloseTo(-0.0012346, 6);
  expect(number('CDELT2')).toBeCloseTo(0.0012346, 6);
  expect(number('CROTA1')).toBeCloseTo(number('CROTA2'), 1);
  expect(ini.get('CMDLINE')).toBe('solve m42.fits');
});

test('an .ini of no solution says why, in one line', () => {
  const message = 'no stars\nfound';
  const few = writeAstapIni({ status: 'unsolved', reason: 'too-few-sources', message, report: REPORT }, 'solve x');
  expect(few).toBe('PLTSOLVD=F\r\nCMDLINE=solve x\r\nERROR=Not enough stars.\r\n');
  const other = writeAstapIni({ status: 'unsolved', reason: 'exhausted', message, report: REPORT }, 'solve x');
  expect(other).toBe('PLTSOLVD=F\r\nCMDLINE=solve x\r\nERROR=no stars found\r\n');
  expect(writeAstapIni({ status: 'error', message }, 'x')).toContain('ERROR=no stars found\r\n');
});
