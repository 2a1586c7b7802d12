import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { FAULTS } from '../../src/errors.ts';
import type { FaultCode } from '../../src/errors.ts';
import * as fits from './fits-file.ts';
import { BIN, fixture, run, runJson, scratchFolder } from './program.ts';
import type { JsonLine } from './program.ts';

const folder = scratchFolder();
const GOOD = fixture('real/pocs_unsolved.fits');

/** What is wrong, the bytes that have it (absent: made by hand below), and the codes that may be given for it. */
const BAD: readonly (readonly [name: string, bytes: Uint8Array | undefined, ...codes: FaultCode[]])[] = [
  ['missing.fits', undefined, 'FILE_NOT_FOUND'],
  ['no-image-folder', undefined, 'FILE_NOT_FOUND'],
  ['pipe.fits', undefined, 'FILE_NOT_REGULAR'],
  ['empty.fits', new Uint8Array(0), 'FILE_EMPTY'],
  ['text.fits', new TextEncoder().encode('these are notes of last night\n'.repeat(100)), 'FORMAT_UNKNOWN'],
  ['cut-header.fits', fits.imageHeader(16, [600, 400]).subarray(0, 1000), 'FITS_TRUNCATED', 'FITS_HEADER'],
  ['cut-data.fits', fits.image16(600, 400, () => 1).subarray(0, 100_000), 'FITS_TRUNCATED'],
  ['no-image.fits', fits.imageHeader(8, []), 'FITS_NO_IMAGE'],
  [
    'no-image-in-two.fits',
    fits.join(
      fits.imageHeader(8, [], [fits.card('EXTEND', true)]),
      fits.header([
        fits.card('XTENSION', 'IMAGE'),
        fits.card('BITPIX', 8),
        fits.card('NAXIS', 0),
        fits.card('PCOUNT', 0),
        fits.card('GCOUNT', 1),
      ]),
    ),
    'FITS_NO_IMAGE',
  ],
  ['negative-axis.fits', fits.join(fits.imageHeader(16, [-600, 400]), new Uint8Array(2880)), 'FITS_HEADER'],
  [
    'huge-axis.fits',
    fits.join(fits.imageHeader(16, [1e12, 1e12]), new Uint8Array(2880)),
    'FITS_TRUNCATED',
    'FITS_HEADER',
    'IMAGE_TOO_LARGE',
  ],
  ['lying-axis.fits', fits.join(fits.imageHeader(16, [60_000, 40_000]), new Uint8Array(28_800)), 'FITS_TRUNCATED'],
  ['bitpix-17.fits', fits.join(fits.imageHeader(17, [600, 400]), new Uint8Array(2880)), 'FITS_HEADER'],
  [
    'no-end.fits',
    fits.join(
      fits.header([fits.card('SIMPLE', true), fits.card('BITPIX', 16), fits.card('NAXIS', 0)], false),
      fits.header([fits.card('COMMENT')], false),
    ),
    'FITS_HEADER',
    'FITS_TRUNCATED',
  ],
  ['all-nan.fits', fits.join(fits.imageHeader(-32, [60, 40]), new Uint8Array(11_520).fill(0xff)), 'IMAGE_EMPTY'],
  ['one-pixel.fits', fits.image16(1, 1, () => 7), 'IMAGE_TOO_SMALL'],
  ['strip.fits', fits.image16(30_000, 3, (x) => x % 7), 'IMAGE_TOO_SMALL'],
  ['cut.fits.gz', gzipSync(fits.image16(600, 400, (x, y) => x ^ y)).subarray(0, 5000), 'GZIP_CORRUPT'],
  ['bomb.fits.gz', gzipBomb(), 'IMAGE_TOO_LARGE'],
  ['bomb.fits.fz', tileBomb(), 'IMAGE_TOO_LARGE', 'FITS_HEADER'],
  ['bomb.png', pngBomb(), 'IMAGE_TOO_LARGE', 'IMAGE_CORRUPT'],
  ['cut.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1), 'IMAGE_CORRUPT'],
];

/** Readable headers, but nothing to find: these are answers. */
const FLAT = 'flat.fits';

for (const [name, bytes] of BAD) if (bytes !== undefined) writeFileSync(join(folder, name), bytes);
writeFileSync(
  join(folder, FLAT),
  fits.image16(600, 400, () => 1000),
);
mkdirSync(join(folder, 'no-image-folder'));
const piped = spawnSync('mkfifo', [join(folder, 'pipe.fits')]).status === 0;
const rows = BAD.filter(([name]) => piped || name !== 'pipe.fits');

test('every broken file of one call gets its own answer and never stops the others', { timeout: 120_000 }, async () => {
  const names = rows.map(([name]) => name);
  const { answers, code, err } = await runJson([...names, FLAT, GOOD], { cwd: folder });
  expect(answers.map(({ file }) => file)).toEqual([...names, FLAT, GOOD]);
  for (const [name, , ...codes] of rows) {
    const { status, error } = answers.find(({ file }) => file === name) as JsonLine;
    expect({ name, status }).toEqual({ name, status: 'error' });
    expect(codes, `${name}: ${error?.message}`).toContain(error?.code);
    expect(error?.message, name).toContain(name);
    expect(error?.remedy).toBe(FAULTS[error?.code as FaultCode].remedy);
  }
  expect(answers.at(-2)).toMatchObject({ file: FLAT, status: 'unsolved', reasonCode: 'too-few-sources' });
  expect(answers.at(-1)).toMatchObject({ file: GOOD, status: 'solved' });
  expect(code).toBe(3);
  expect(err).toBe('');
});

test('without --json each is one line: what is wrong, and what to do', { timeout: 120_000 }, async () => {
  const { notes, out, code } = await run(
    rows.map(([name]) => name),
    { cwd: folder },
  );
  expect(code).toBe(3);
  expect(out).toBe('');
  expect(notes).toHaveLength(rows.length);
  for (const [i, [name, , ...codes]] of rows.entries()) {
    expect(notes[i]!.startsWith(`${name}: `), notes[i]).toBe(true);
    // The name stands there once, and no code of this program shows through.
    expect(notes[i]!.slice(name.length), notes[i]).not.toMatch(/ at .*\.js:|Error:|undefined|\[object/);
    expect(notes[i]!.split(`${name}: `), notes[i]).toHaveLength(2);
    expect(
      codes.some((one) => notes[i]!.endsWith(FAULTS[one].remedy)),
      notes[i],
    ).toBe(true);
  }
});

test('the files that come with the project and must not be solved are not', { timeout: 120_000 }, async () => {
  const { answers, code } = await runJson([fixture('negative')]);
  expect(answers).toHaveLength(15);
  expect(answers.filter(({ status }) => status === 'solved')).toEqual([]);
  for (const { status, reason, reasonCode } of answers.filter((answer) => answer.status === 'unsolved')) {
    expect({ status, reasonCode }).toEqual({ status, reasonCode: expect.stringMatching(/^[a-z-]+$/) });
    expect(reason).toMatch(/^.{20,}$/);
  }
  expect(code).toBe(3);
});

test('a file that may not be read says so', (context) => {
  const locked = join(folder, 'locked.fits');
  writeFileSync(
    locked,
    fits.image16(60, 40, () => 1),
  );
  chmodSync(locked, 0);
  chmodSync(folder, 0o755);
  // Root may read everything: become nobody for this one.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
  if (spawnSync(process.execPath, [BIN, '--version'], nobody).status !== 0)
    context.skip('nobody may not run the program here');
  const { stdout, status } = spawnSync(process.execPath, [BIN, '--json', locked], { ...nobody, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({ status: 'error', error: { code: 'FILE_UNREADABLE' } });
  expect(status).toBe(3);
});

/** Forty copies of 64 MiB of zeros, 2.6 MB packed: members of one gzip file, 2.5 GiB unpacked. */
function gzipBomb(): Uint8Array {
  const member = gzipSync(new Uint8Array(2 ** 26), { level: 9 });
  return fits.join(gzipSync(fits.imageHeader(8, [60_000, 40_000])), ...Array.from({ length: 40 }, () => member));
}

/** One tile of 100,000 x 100,000 pixels in twenty bytes. */
function tileBomb(): Uint8Array {
  const table = fits.header([
    fits.card('XTENSION', 'BINTABLE'),
    fits.card('BITPIX', 8),
    fits.card('NAXIS', 2),
    fits.card('NAXIS1', 8),
    fits.card('NAXIS2', 1),
    fits.card('PCOUNT', 20),
    fits.card('GCOUNT', 1),
    fits.card('TFIELDS', 1),
    fits.card('TTYPE1', 'COMPRESSED_DATA'),
    fits.card('TFORM1', '1PB(20)'),
    fits.card('ZIMAGE', true),
    fits.card('ZCMPTYPE', 'GZIP_1'),
    fits.card('ZBITPIX', 16),
    fits.card('ZNAXIS', 2),
    ...['ZNAXIS1', 'ZNAXIS2', 'ZTILE1', 'ZTILE2'].map((key) => fits.card(key, 100_000)),
  ]);
  const rows = new Uint8Array(2880);
  new DataView(rows.buffer).setUint32(0, 20);
  rows.set(gzipSync(new Uint8Array(0)), 8);
  return fits.join(fits.imageHeader(8, [], [fits.card('EXTEND', true)]), table, rows);
}

/** A PNG of 100,000 x 100,000 black pixels in some hundred bytes. */
function pngBomb(): Uint8Array {
  const size = new Uint8Array(13);
  const view = new DataView(size.buffer);
  view.setUint32(0, 100_000);
  view.setUint32(4, 100_000);
  size[8] = 8;
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return fits.join(
    signature,
    pngChunk('IHDR', size),
    pngChunk('IDAT', deflateSync(new Uint8Array(100_000))),
    pngChunk('IEND', new Uint8Array(0)),
  );
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = fits.join(new TextEncoder().encode(type), data);
  const frame = new Uint8Array(8);
  new DataView(frame.buffer).setUint32(0, data.length);
  new DataView(frame.buffer).setUint32(4, crc32(body));
  return fits.join(frame.subarray(0, 4), body, frame.subarray(4));
}
