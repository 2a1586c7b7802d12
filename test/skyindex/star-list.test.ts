import { expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { vectorToDegrees } from '../../src/math/sphere.ts';
import { readStarList } from '../../src/skyindex/star-list.ts';

async function read(text: string | Uint8Array): Promise<number[][]> {
  const { vectors, magnitude } = await readStarList(
    bytesSource(typeof text === 'string' ? Buffer.from(text) : text, 'list'),
  );
  return [...magnitude].map((value, i) => [...vectorToDegrees(vectors, 3 * i), value]);
}

const near = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map((value) => expect.closeTo(value, 5)));
const TWO = [
  [10.5, -20.25, 7.5],
  [359.75, 89.5, 11],
];

test.each([
  ['commas', 'ra,dec,mag\n10.5,-20.25,7.5\n359.75,89.5,11\n'],
  ['other columns between, in any order', 'id,mag,DEC,x,RA\n1,7.5,-20.25,,10.5\n2,11,89.5,a b,359.75'],
  ['semicolons, as Vizier has them', '# made today\nRAJ2000;DEJ2000;Vmag\r\n10.5;-20.25;7.5\r\n\r\n359.75;89.5;11\r\n'],
  ['tabs', 'ra\tdec\tphot_g_mean_mag\n10.5\t-20.25\t7.5\n359.75\t89.5\t11'],
  ['blanks', '  ra   dec  mag\n 10.5 -20.25   7.5\n359.75  89.5 11\n'],
  ['names in quotes', '"ra","dec","gmag"\n10.5,-20.25,7.5\n359.75,89.5,11\n'],
])('stars are read from text with %s', async (_, text) => {
  expect(await read(text)).toEqual(near(TWO));
});

test('stars without a magnitude are left out', async () => {
  expect(await read('ra,dec,mag\n10.5,-20.25,7.5\n1,2,\n359.75,89.5,11\n')).toEqual(near(TWO));
});

test('a long list is read in pieces and loses no line', async () => {
  const lines = Array.from({ length: 700_000 }, (_, i) => `${(i % 36_000) / 100},${(i % 17_000) / 100 - 85},${i % 20}`);
  const stars = await readStarList(bytesSource(Buffer.from(`ra,dec,mag\n${lines.join('\n')}`), 'long'));
  expect(stars.magnitude.length).toBe(700_000);
  expect(stars.magnitude.every((value, i) => value === i % 20)).toBe(true);
});

/** A table of doubles and floats with a column of text in front. */
function fits(magnitudeForm: string): Uint8Array {
  const head = (cards: string[]) =>
    [...cards, 'END']
      .map((card) => card.padEnd(80))
      .join('')
      .padEnd(2880);
  const primary = head([
    'SIMPLE  =                    T',
    'BITPIX  =                    8',
    'NAXIS   =                    0',
  ]);
  const table = head([
    "XTENSION= 'BINTABLE'",
    'BITPIX  =                    8',
    'NAXIS   =                    2',
    'NAXIS1  =                   24',
    'NAXIS2  =                    3',
    'PCOUNT  =                    0',
    'GCOUNT  =                    1',
    'TFIELDS =                    4',
    "TTYPE1  = 'NAME    '",
    "TFORM1  = '4A      '",
    "TTYPE2  = 'DEC     '",
    "TFORM2  = 'D       '",
    "TTYPE3  = 'RA      '",
    "TFORM3  = '1D      '",
    "TTYPE4  = 'MAG_G   '",
    `TFORM4  = '${magnitudeForm}       '`,
  ]);
  const data = Buffer.alloc(2880);
  [...TWO, [1, 2, NaN]].forEach(([ra, dec, magnitude], i) => {
    data.writeDoubleBE(dec!, 24 * i + 4);
    data.writeDoubleBE(ra!, 24 * i + 12);
    data.writeFloatBE(magnitude!, 24 * i + 20);
  });
  return Buffer.concat([Buffer.from(primary + table), data]);
}

test('stars are read from a FITS table', async () => {
  expect(await read(fits('E'))).toEqual(near(TWO));
});

test.each([
  ['ra,decl,mag\n1,2,3', /no column for declination \(dec\) among: ra, decl, mag/],
  ['ra,dec\n1,2', /no column for magnitude/],
  ['ra,dec,mag\n1,2,3\n1,95,3\n', /line 3: no star at RA 1, Dec 95/],
  ['ra,dec,mag\n12:30:00,2,3\n', /line 2: no star at RA NaN/],
  ['ra,dec,mag\n', /no stars/],
  [fits('J'), /column MAG_G \(TFORM4\) holds no floating point numbers/],
])('what is wrong with a list is told, and where', async (text, message) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' });
  await expect(read(text)).rejects.toThrow(message);
});
