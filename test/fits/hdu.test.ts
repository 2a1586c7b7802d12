import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findImageHdu, readFitsImage } from '../../src/fits/image.ts';
import { formatHeader } from '../../src/fits/header.ts';
import type { NewCard } from '../../src/fits/header.ts';
import { readHdus } from '../../src/fits/hdu.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { FIXTURES, readBytes, readFile } from './golden.ts';

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A file with these mandatory values, others on top, and data. */
function file(structure: Record<string, NewCard['value']>, dataBytes = 0): Uint8Array {
  const cards = Object.entries({ SIMPLE: true, ...structure }).map(([keyword, value]) => ({ keyword, value }));
  return concat(formatHeader(cards), new Uint8Array(Math.ceil(dataBytes / 2880) * 2880));
}

const TEXT = new TextEncoder();
const GOOD = { BITPIX: 16, NAXIS: 2, NAXIS1: 20, NAXIS2: 30 };

async function fault(bytes: Uint8Array): Promise<{ code: string; message: string }> {
  try {
    await readBytes(bytes, 'x.fits');
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('was read');
}

test.each([
  [
    'text',
    TEXT.encode('Dear diary, '.repeat(300)),
    'FORMAT_UNKNOWN',
    'x.fits: does not begin with a FITS header (SIMPLE  =)',
  ],
  [
    'a header that is cut',
    file(GOOD).subarray(0, 1000),
    'FITS_TRUNCATED',
    'x.fits: HDU 0: the header is cut after 1000 bytes',
  ],
  [
    'a header block that is cut behind END',
    file(GOOD).subarray(0, 2000),
    'FITS_TRUNCATED',
    'x.fits: HDU 0: the header is cut after 2000 bytes',
  ],
  [
    'a header without END',
    file(GOOD).map((byte, i, all) => (all[i - 1] === 0x45 && byte === 0x4e ? 0x46 : byte)),
    'FITS_HEADER',
    'x.fits: HDU 0: the header has no END card',
  ],
  ['data that are missing', file(GOOD), 'FITS_TRUNCATED', 'x.fits: HDU 0 needs 4080 bytes, the file has 2880'],
  ['no BITPIX', file({ NAXIS: 0 }), 'FITS_HEADER', 'x.fits: HDU 0: the card BITPIX is missing'],
  [
    'BITPIX 12',
    file({ ...GOOD, BITPIX: 12 }, 9000),
    'FITS_HEADER',
    'x.fits: HDU 0: BITPIX is 12, not one of 8, 16, 32, 64, -32, -64',
  ],
  [
    'no NAXIS2',
    file({ BITPIX: 8, NAXIS: 2, NAXIS1: 5 }, 9000),
    'FITS_HEADER',
    'x.fits: HDU 0: the card NAXIS2 is missing',
  ],
  ['a negative axis', file({ ...GOOD, NAXIS1: -20 }, 9000), 'FITS_HEADER', 'x.fits: HDU 0: NAXIS1 is -20'],
  ['half an axis', file({ ...GOOD, NAXIS1: 20.5 }, 9000), 'FITS_HEADER', 'x.fits: HDU 0: NAXIS1 is 20.5'],
  ['an axis in words', file({ ...GOOD, NAXIS1: 'many' }, 9000), 'FITS_HEADER', 'x.fits: HDU 0: NAXIS1 is many'],
  ['1000 axes', file({ BITPIX: 8, NAXIS: 1000 }, 9000), 'FITS_HEADER', 'x.fits: HDU 0: NAXIS is 1000'],
  [
    '10^12 pixels',
    file({ ...GOOD, NAXIS1: 1e6, NAXIS2: 1e6 }, 9000),
    'FITS_TRUNCATED',
    'x.fits: HDU 0 needs 2000000002880 bytes, the file has 14400',
  ],
  [
    'more pixels than numbers',
    file({ ...GOOD, NAXIS1: 1e15, NAXIS2: 1e15 }, 9000),
    'FITS_TRUNCATED',
    'x.fits: HDU 0 needs 2e+30 bytes, the file has 14400',
  ],
  [
    'SIMPLE without a truth value',
    file({ SIMPLE: 5, ...GOOD }, 9000),
    'FITS_HEADER',
    'x.fits: HDU 0: SIMPLE is 5, neither T nor F',
  ],
  ['no data', file({ BITPIX: 8, NAXIS: 0 }), 'FITS_NO_IMAGE', 'x.fits: no HDU holds an image; the file has: 0 empty'],
  [
    'one axis',
    file({ BITPIX: 8, NAXIS: 1, NAXIS1: 100 }, 100),
    'FITS_NO_IMAGE',
    'x.fits: no HDU holds an image; the file has: 0 array 100',
  ],
  [
    'an axis of no pixels',
    file({ ...GOOD, NAXIS2: 0 }),
    'FITS_NO_IMAGE',
    'x.fits: no HDU holds an image; the file has: 0 array 20 x 0',
  ],
])('%s ends in its fault', async (_, bytes, code, message) => {
  const error = await fault(bytes);
  expect([error.code, error.message]).toEqual([code, message]);
});

test('an axis that is told twice in different ways is a fault', async () => {
  const cards = Object.entries({ SIMPLE: true, ...GOOD }).map(([keyword, value]) => ({ keyword, value }));
  const bytes = concat(formatHeader([...cards, { keyword: 'NAXIS1', value: 21 }]), new Uint8Array(2880));
  expect((await fault(bytes)).message).toBe('x.fits: HDU 0: NAXIS1 is 20 and 21 at once');
});

test('a header of data that never ends is given up', async () => {
  const cards = new Uint8Array(6 * 2 ** 20).fill(0x20);
  cards.set(TEXT.encode('SIMPLE  =                    T'));
  expect((await fault(cards)).code).toBe('FITS_HEADER');
  cards.fill(0x07, 2880);
  expect((await fault(cards)).message).toBe('x.fits: HDU 0: card 37 is no text, and END has not come');
});

test('data without filling up at the end of the file are whole', async () => {
  const image = await readBytes(file(GOOD, 1200).subarray(0, 2880 + 1200));
  expect(image).toMatchObject({ width: 20, height: 30, planes: 1 });
});

test('cards that fits-reader cannot take do no harm, and nothing is printed', async () => {
  const printed: unknown[] = [];
  const { warn, error, log } = console;
  console.warn = console.error = console.log = (...words: unknown[]) => printed.push(words);
  try {
    const odd = [
      { keyword: 'ENDTIME', value: '12:00' },
      { keyword: 'LONG', value: 'x'.repeat(200) },
      { keyword: 'DEGREES', value: '12 ?' },
    ];
    const cards = Object.entries({ SIMPLE: true, ...GOOD }).map(([keyword, value]) => ({ keyword, value }));
    const header = formatHeader([...cards, ...odd]);
    header[header.indexOf(0x3f)] = 0xb0;
    const source = bytesSource(concat(header, new Uint8Array(2880)), 'odd.fits');
    const [hdu] = await readHdus(source);
    expect(hdu!.axes).toEqual([20, 30]);
    expect(hdu!.header.getString('DEGREES')).toBe('12 °');
    expect(hdu!.header.getString('ENDTIME')).toBe('12:00');
  } finally {
    Object.assign(console, { warn, error, log });
  }
  expect(printed).toEqual([]);
});

test('junk, a cut HDU and a broken HDU behind a whole image leave the image usable', async () => {
  const good = file(GOOD, 1200);
  const broken = formatHeader([
    { keyword: 'XTENSION', value: 'IMAGE' },
    { keyword: 'BITPIX', value: 7 },
  ]);
  const cut = formatHeader(
    Object.entries({ XTENSION: 'IMAGE', ...GOOD, PCOUNT: 0, GCOUNT: 1 }).map(([keyword, value]) => ({
      keyword,
      value,
    })),
  );
  for (const tail of [TEXT.encode('junk'), new Uint8Array(2880), broken, broken.subarray(0, 500), cut]) {
    const source = bytesSource(concat(good, tail), 'tail.fits');
    const hdus = await readHdus(source);
    expect(await readFitsImage(source, findImageHdu(hdus))).toMatchObject({ width: 20 });
  }
  const source = bytesSource(concat(good, cut), 'tail.fits');
  const hdus = await readHdus(source);
  await expect(readFitsImage(source, findImageHdu(hdus, 1))).rejects.toMatchObject({
    code: 'FITS_TRUNCATED',
    message: 'tail.fits: HDU 1 needs 9840 bytes, the file has 8640',
  });
});

test('an HDU can be named; one that is no image says what the file has', async () => {
  const source = bytesSource(Uint8Array.from(readFileSync(join(FIXTURES, 'extension.fits'))), 'e.fits');
  const hdus = await readHdus(source);
  expect(findImageHdu(hdus).index).toBe(2);
  expect(findImageHdu(hdus, 2).index).toBe(2);
  for (const which of [0, 1, 3, -1, 0.5]) {
    expect(() => findImageHdu(hdus, which)).toThrow(
      `e.fits: HDU ${which} is no image; the file has: 0 empty, 1 table of 5 rows, 2 image 21 x 13`,
    );
  }
});

test.each(['HCOMPRESS_1', 'PLIO_1'])('%s is refused by its name', async (name) => {
  const path = join(FIXTURES, name === 'PLIO_1' ? 'u2-plio.fits.fz' : 'u2-hcompress.fits.fz');
  await expect(readFile(path)).rejects.toMatchObject({
    code: 'FITS_COMPRESSION',
    message: `${path}: HDU 1: is compressed with ${name}`,
  });
});

test('a compressed image that claims to be huge is refused before it gets memory', async () => {
  const bytes = Uint8Array.from(readFileSync(join(FIXTURES, 'u2-rice_1-rows.fits.fz')));
  const text = Buffer.from(bytes.buffer);
  for (const [from, to] of [
    [/ZNAXIS1 = {19}41/, 'ZNAXIS1 =                20000'],
    [/ZNAXIS2 = {19}13/, 'ZNAXIS2 =                20000'],
    [/ZTILE1 {2}= {19}41/, 'ZTILE1  =                20000'],
    [/ZTILE2 {2}= {20}1/, 'ZTILE2  =                20000'],
  ] as const) {
    const at = text.toString('latin1').search(from);
    expect(at).toBeGreaterThan(0);
    text.write(to, at, 'latin1');
  }
  const before = process.memoryUsage().arrayBuffers;
  expect((await fault(bytes)).code).toBe('IMAGE_TOO_LARGE');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7);
});

test('a cancelled read ends with the reason of its signal', async () => {
  const source = bytesSource(file({ ...GOOD, NAXIS1: 3000, NAXIS2: 3000 }, 18e6), 'x.fits');
  const [hdu] = await readHdus(source);
  const controller = new AbortController();
  const reading = readFitsImage(source, hdu!, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

test('images larger than one piece are read whole, in one plane and with colour first', async () => {
  const cards = { BITPIX: 16, NAXIS: 3, NAXIS1: 3, NAXIS2: 1201, NAXIS3: 1001 };
  const bytes = file(cards, 2 * 3 * 1201 * 1001);
  const view = new DataView(bytes.buffer, 2880);
  const value = (x: number, y: number, colour: number): number => ((x * 7 + y * 13 + colour * 1000) % 60000) - 30000;
  let at = 0;
  for (let y = 0; y < 1001; y++)
    for (let x = 0; x < 1201; x++) for (let c = 0; c < 3; c++, at += 2) view.setInt16(at, value(x, y, c));
  const { width, height, planes, pixels } = await readBytes(bytes);
  expect([width, height, planes]).toEqual([1201, 1001, 3]);
  let wrong = 0;
  for (let c = 0, i = 0; c < 3; c++)
    for (let y = 0; y < 1001; y++) for (let x = 0; x < 1201; x++, i++) if (pixels[i] !== value(x, y, c)) wrong++;
  expect(wrong).toBe(0);
});
