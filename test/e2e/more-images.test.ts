import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { imagesOf } from '../../src/engines/images-of.ts';
import { readHdus } from '../../src/fits/hdu.ts';
import type { Frame } from '../../src/image/frame.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { dng } from '../image/make-dng.ts';
import { F32, F64, tiff } from '../image/make-images.ts';
import { xisf } from '../image/make-xisf.ts';
import { card, header, join as bytesOf } from './fits-file.ts';
import { fixture, run, runJson, scratchFolder } from './program.ts';

const folder = scratchFolder();
const TRUTHS = (
  JSON.parse(readFileSync(fixture('truth.json'), 'utf8')) as {
    images: { file: string; ra: number; dec: number; pixscale: number }[];
  }
).images;
const CLEAN = 'synthetic/dev02_clean_5deg.fits.gz';
const COMPRESSED = 'synthetic/dev27_rice_fz.fits.fz';
const MOSAIC = 'synthetic/dev13_bayer_rggb.fits';

function bytes(name: string): Buffer {
  const packed = readFileSync(fixture(name));
  return name.endsWith('.gz') ? gunzipSync(packed) : packed;
}

async function frame(name: string): Promise<Frame> {
  return await readFrame(bytesSource(bytes(name), name));
}

/** The HDU of a file that holds its image, as an extension. */
async function asExtension(name: string): Promise<Uint8Array> {
  const file = bytes(name);
  const hdus = await readHdus(bytesSource(file, name));
  const hdu = hdus.find(({ axes, kind }) => axes.length >= 2 || kind === 'table')!;
  const data = file.subarray(hdu.dataOffset, hdu.dataOffset + Math.ceil(hdu.dataBytes / 2880) * 2880);
  const cards = hdu.header.cards
    .filter(({ keyword }) => !/^(?:SIMPLE|XTENSION|EXTEND|PCOUNT|GCOUNT|CHECKSUM|DATASUM|END)$/.test(keyword))
    .map(({ raw }) => raw);
  const naxis = cards.findIndex((raw) => raw.startsWith(`NAXIS${hdu.axes.length}`)) + 1;
  const counts = [hdu.header.card('PCOUNT')?.raw ?? card('PCOUNT', 0), card('GCOUNT', 1)];
  const type = hdu.kind === 'table' ? 'BINTABLE' : 'IMAGE';
  return bytesOf(header([card('XTENSION', type), ...cards.slice(0, naxis), ...counts, ...cards.slice(naxis)]), data);
}

const EMPTY = header([card('SIMPLE', true), card('BITPIX', 8), card('NAXIS', 0), card('EXTEND', true)]);
const several = join(folder, 'several.fits');
const dark = new Uint8Array(2880);
const DARK = bytesOf(
  header([
    card('XTENSION', 'IMAGE'),
    card('BITPIX', 8),
    card('NAXIS', 2),
    card('NAXIS1', 48),
    card('NAXIS2', 60),
    card('PCOUNT', 0),
    card('GCOUNT', 1),
  ]),
  dark,
);
writeFileSync(several, bytesOf(EMPTY, await asExtension(CLEAN), DARK, await asExtension(COMPRESSED)));

/** Degrees of declination and, on the sky, of right ascension. */
function isAt(answer: { readonly [field: string]: unknown } | undefined, name: string): void {
  const truth = TRUTHS.find(({ file }) => name.endsWith(file.replace(/.*\//, '')))!;
  expect(answer).toMatchObject({ status: 'solved' });
  const { ra, dec, pixelScale } = answer as unknown as { ra: number; dec: number; pixelScale: number };
  expect(Math.abs(dec - truth.dec) * 3600).toBeLessThan(3 * truth.pixscale);
  expect(Math.abs(ra - truth.ra) * Math.cos((dec * Math.PI) / 180) * 3600).toBeLessThan(3 * truth.pixscale);
  expect(Math.abs(pixelScale / truth.pixscale - 1)).toBeLessThan(0.01);
}

test('the images of a file are told', async () => {
  expect(await imagesOf(several)).toMatchObject([
    { extension: 1, compressed: false },
    { extension: 2, width: 48, height: 60 },
    { extension: 3, compressed: true },
  ]);
  expect(await imagesOf(fixture('real/cedar_orion_belt.jpg'))).toEqual([{}]);
});

test('--extension all answers for each image, and writes a file for each', async () => {
  const out = join(folder, 'out');
  const { answers, code } = await runJson(['--extension', 'all', '--wcs', '--out-dir', out, several]);
  expect(answers.map(({ file, extension, status }) => [file, extension, status])).toEqual([
    [`${several}[1]`, 1, 'solved'],
    [`${several}[2]`, 2, 'unsolved'],
    [`${several}[3]`, 3, 'solved'],
  ]);
  expect(code).toBe(1);
  isAt(answers[0], CLEAN);
  isAt(answers[2], COMPRESSED);
  expect(readdirSync(out).toSorted()).toEqual(['several.1.wcs', 'several.3.wcs']);
});

test('each image has its own place in the journal', async () => {
  const again = ['--extension', 'all', '--resume', several];
  await runJson(again);
  const { answers } = await runJson(again);
  expect(answers.map(({ file, status, resumed }) => [file, status, resumed])).toEqual([
    [`${several}[1]`, 'solved', true],
    [`${several}[2]`, 'unsolved', true],
    [`${several}[3]`, 'solved', true],
  ]);
  isAt(answers[2], COMPRESSED);
});

test('--update writes into the HDU that was solved', async () => {
  const copy = join(folder, 'update.fits');
  writeFileSync(copy, readFileSync(several));
  expect((await runJson(['--extension', 'all', '--update', copy])).answers).toHaveLength(3);
  const hdus = await readHdus(bytesSource(readFileSync(copy), copy));
  const declinations = hdus.map(({ header: cards }) => cards.getNumber('CRVAL2'));
  const truth = (name: string): number => TRUTHS.find(({ file }) => name.endsWith(file.replace(/.*\//, '')))!.dec;
  expect(Math.abs(declinations[1]! - truth(CLEAN))).toBeLessThan(5);
  expect(declinations[2]).toBeUndefined();
  expect(Math.abs(declinations[3]! - truth(COMPRESSED))).toBeLessThan(5);
});

test('one HDU, other files and what is no file', async () => {
  const one = await runJson(['--extension', '3', several]);
  isAt(one.answers[0], COMPRESSED);
  expect(one.answers[0]).not.toHaveProperty('extension');
  const photo = fixture('real/cedar_orion_belt.jpg');
  const mixed = await runJson(['--extension', 'all', photo]);
  expect(mixed.answers).toMatchObject([{ file: photo, status: 'solved' }]);
  const fault = await run(['--extension', 'all', '-']);
  expect([fault.code, fault.err]).toEqual([2, expect.stringContaining('--extension all takes files')]);
});

test.each(['watch', 'explain'])('%s takes one HDU', async (command) => {
  const { code, err } = await run([command, '--extension', 'all', folder]);
  expect([code, err]).toEqual([2, expect.stringContaining('name one HDU')]);
});

test('a fault names the HDU', async () => {
  const cut = join(folder, 'cut.fits');
  writeFileSync(cut, readFileSync(several).subarray(0, -2880 * 3));
  const { out, err } = await run(['--extension', 'all', cut]);
  expect(out).toContain(`${cut}[1]: solved`);
  expect(err).toMatch(/cut\.fits\[3\]: HDU 3 needs/);
});

test('the same sky from FITS, XISF and TIFF is found at the same place, from a mosaic in a DNG too', async () => {
  const { width, height, pixels } = await frame(CLEAN);
  const values = Array.from(pixels);
  const paths = {
    'sky.xisf': xisf({ width, height, format: 'Float32', numbers: F32, values }),
    'sky.tif': tiff({ width, height, numbers: F64, values, deflate: true }),
  };
  const night = join(folder, 'night');
  mkdirSync(night);
  for (const [name, file] of Object.entries(paths)) writeFileSync(join(night, name), file);
  const mosaic = await frame(MOSAIC);
  writeFileSync(
    join(night, 'mosaic.DNG'),
    dng({ width: mosaic.width, height: mosaic.height, values: Array.from(mosaic.pixels), filters: [0, 1, 1, 2] }),
  );
  const { answers } = await runJson([night]);
  const answer = (name: string): (typeof answers)[0] | undefined => answers.find(({ file }) => file.endsWith(name));
  expect(answers).toHaveLength(3);
  isAt(answer('sky.xisf'), CLEAN);
  isAt(answer('sky.tif'), CLEAN);
  isAt(answer('mosaic.DNG'), MOSAIC);
});
