import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { SolveError } from '../../src/errors.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { fixtureBytes, replaceText, tablesOf } from './astrometry-file.ts';

/** What reading everything of a file ends with. */
async function faultOf(bytes: Uint8Array): Promise<SolveError | undefined> {
  try {
    const index = await openAstrometryIndex(bytesSource(bytes, 'bad.fits'));
    await index.bands[0]!.open();
    return undefined;
  } catch (error) {
    if (error instanceof SolveError) return error;
    throw error;
  }
}

async function expectCorrupt(bytes: Uint8Array, fact: RegExp): Promise<void> {
  const fault = await faultOf(bytes);
  expect(fault?.code).toBe('INDEX_CORRUPT');
  expect(fault?.message).toMatch(/^bad\.fits: /);
  expect(fault?.message).toMatch(fact);
}

test('the untouched file has no fault', async () => {
  expect(await faultOf(fixtureBytes('four.fits'))).toBeUndefined();
});

describe('a file that is cut short', () => {
  test('is corrupt, wherever the cut is', async () => {
    const bytes = fixtureBytes('boxes.fits');
    const tables = await tablesOf(bytesSource(bytes, 'x'));
    const stars = tables.get('kdtree_data_stars')!;
    for (let size = 0; size < stars.dataOffset + stars.dataBytes; size += 1237) {
      expect((await faultOf(bytes.subarray(0, size)))?.code).toBe('INDEX_CORRUPT');
    }
    const last = tables.get('MAG_VT')!;
    await expectCorrupt(bytes.subarray(0, last.dataOffset - 100), /header .* is cut/);
    await expectCorrupt(bytes.subarray(0, last.dataOffset + last.dataBytes - 1), /table MAG_VT: ends at byte/);
    // What fills the last block may be missing.
    expect(await faultOf(bytes.subarray(0, last.dataOffset + last.dataBytes))).toBeUndefined();
  });
});

test('a file that is something else is no index', async () => {
  await expectCorrupt(new Uint8Array(10_000).fill(7), /FITS/);
  await expectCorrupt(new Uint8Array(Buffer.from('<html>404</html>')), /FITS/);
  await expectCorrupt(replaceText(fixtureBytes('four.fits'), 'NQUADS  =', 'NOQUADS ='), /not an Astrometry\.net index/);
});

describe('a header that lies', () => {
  const lies: [string, string, string, RegExp][] = [
    [
      'more quads than codes',
      'NQUADS  =                 2409',
      'NQUADS  =                 2410',
      /2410 quads and 2409 codes/,
    ],
    ['a billion quads', 'NQUADS  =                 2409', 'NQUADS  =           2409000000', /2409000000 quads/],
    ['half a quad', 'NQUADS  =                 2409', 'NQUADS  =               2409.5', /2409\.5 quads/],
    ['other stars than the tree', 'NSTARS  =                 1373', 'NSTARS  =                 1374', /1374 stars/],
    [
      'more points than the table',
      'KDT_NDAT=                 2409',
      'KDT_NDAT=                 9999',
      /kdtree_data_codes has 19272 bytes, 79992/,
    ],
    ['endless points', 'KDT_NDAT=                 1373', 'KDT_NDAT=            9.99E+300', /points/],
    ['negative points', 'KDT_NDAT=                 1373', 'KDT_NDAT=                -1373', /-1373 points/],
    ['other dimensions', 'KDT_NDIM=                    4', 'KDT_NDIM=                    9', /9 dimensions/],
    ['a tree that is not full', 'KDT_NNOD=                  255', 'KDT_NNOD=                  254', /254 nodes/],
    ['a deeper tree', 'KDT_NNOD=                  255', 'KDT_NNOD=                  511', /kdtree_lr_codes/],
    ['strange numbers', "KDT_INT = 'u16     '", "KDT_INT = 'u17     '", /number type u17/],
    ['mixed numbers', "KDT_DATA= 'u16     '", "KDT_DATA= 'u32     '", /points of type u32 in a tree of type u16/],
    [
      'an unknown byte order',
      "ENDIAN  = '04:03:02:01'",
      "ENDIAN  = '03:04:01:02'",
      /byte order unknown, ENDIAN is 03:04:01:02/,
    ],
    ['quads of no size', 'SCALE_L =      0.0247254977366', 'SCALE_L =                    0', /quads of 0 to/],
    ['quads larger than the sky', 'SCALE_U =      0.0349065850399', 'SCALE_U =                   40', /to 40 radians/],
    [
      'three stars a quad',
      'DIMQUADS=                    4',
      'DIMQUADS=                    3',
      /3 stars a quad, 4 numbers a code/,
    ],
  ];
  test.each(lies)('with %s', async (_what, from, to, fact) => {
    await expectCorrupt(replaceText(fixtureBytes('four.fits'), from, to), fact);
  });
});

test('quads of five stars are not supported', async () => {
  const bytes = replaceText(
    fixtureBytes('four.fits'),
    'DIMQUADS=                    4',
    'DIMQUADS=                    5',
  );
  expect(await faultOf(bytes)).toMatchObject({
    code: 'INDEX_UNSUPPORTED',
    message: 'bad.fits: quads of 5 stars (DIMQUADS)',
  });
});

describe('a table that is missing', () => {
  test.each([
    ['four.fits', 'quads'],
    ['four.fits', 'kdtree_header_codes'],
    ['four.fits', 'kdtree_header_stars'],
    ['four.fits', 'kdtree_data_codes'],
    ['four.fits', 'kdtree_data_stars'],
    ['four.fits', 'kdtree_lr_codes'],
    ['four.fits', 'kdtree_range_stars'],
    ['boxes.fits', 'kdtree_splitdim_codes'],
    ['boxes.fits', 'kdtree_bb_stars'],
  ])('%s without %s', async (name, table) => {
    const bytes = replaceText(fixtureBytes(name), `'${table}`, `'${table.replace(/./g, 'x')}`);
    await expectCorrupt(bytes, new RegExp(`no table ${table}`));
  });

  test('four.fits without planes is asked for boxes', async () => {
    await expectCorrupt(
      replaceText(fixtureBytes('four.fits'), 'kdtree_split_codes', 'kdtree_XXXXX_codes'),
      /no table kdtree_bb_codes/,
    );
  });
});

describe('a table with impossible numbers', () => {
  /** The fault after a u32 of a table has been replaced. */
  async function withNumber(name: string, table: string, place: number, value: number): Promise<Uint8Array> {
    const bytes = fixtureBytes(name);
    const hdu = (await tablesOf(bytesSource(bytes, name))).get(table)!;
    new DataView(bytes.buffer).setUint32(hdu.dataOffset + 4 * place, value, true);
    return bytes;
  }

  test('a star of a quad that is not in the file', async () => {
    await expectCorrupt(await withNumber('four.fits', 'quads', 17, 1373), /a quad has a star beyond the last/);
  });

  test('leaves that do not follow each other', async () => {
    await expectCorrupt(await withNumber('four.fits', 'kdtree_lr_codes', 3, 5), /leaf 3 ends at point 5/);
    await expectCorrupt(await withNumber('four.fits', 'kdtree_lr_stars', 3, 4_000_000), /leaf 3 ends at point 4000000/);
    await expectCorrupt(
      await withNumber('four.fits', 'kdtree_lr_stars', 63, 1371),
      /the leaves end at point 1371 of 1373/,
    );
  });

  test('a permutation beyond the last point', async () => {
    await expectCorrupt(await withNumber('boxes.fits', 'kdtree_perm_codes', 5, 777), /beyond the last/);
  });

  test('a plane in a dimension that does not exist', async () => {
    await expectCorrupt(
      await withNumber('boxes.fits', 'kdtree_splitdim_codes', 0, 2),
      /node 0 splits dimension 2 of 2/,
    );
    await expectCorrupt(
      await withNumber('four.fits', 'kdtree_split_stars', 9, 0x7fffffff),
      /node 9 splits dimension 3 of 3/,
    );
  });

  test('a scale that is no number', async () => {
    const bytes = fixtureBytes('four.fits');
    const hdu = (await tablesOf(bytesSource(bytes, 'four.fits'))).get('kdtree_range_stars')!;
    new DataView(bytes.buffer).setFloat64(hdu.dataOffset + 48, NaN, true);
    await expectCorrupt(bytes, /scale NaN/);
  });
});
