import { expect, test } from 'vitest';
import { formatHeader } from '../../src/fits/header.ts';
import type { NewCard } from '../../src/fits/header.ts';
import { readHdus } from '../../src/fits/hdu.ts';
import { readTable } from '../../src/fits/table.ts';
import type { Table } from '../../src/fits/table.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';

/** A file with one table; its data count up. */
async function table(cards: Record<string, NewCard['value']>, dataBytes: number): Promise<Table> {
  const list = (values: Record<string, NewCard['value']>): NewCard[] =>
    Object.entries(values).map(([keyword, value]) => ({ keyword, value }));
  const bytes = Buffer.concat([
    formatHeader(list({ SIMPLE: true, BITPIX: 8, NAXIS: 0 })),
    formatHeader(list({ XTENSION: 'BINTABLE', BITPIX: 8, NAXIS: 2, GCOUNT: 1, ...cards })),
    Uint8Array.from({ length: Math.ceil(dataBytes / 2880) * 2880 }, (_, i) => i % 251),
  ]);
  const source = bytesSource(bytes, 't.fits');
  return readTable(source, (await readHdus(source))[1]!);
}

const CARDS = {
  NAXIS1: 32,
  NAXIS2: 50,
  PCOUNT: 100,
  TFIELDS: 5,
  TTYPE1: 'Flags',
  TFORM1: '11X',
  TTYPE2: 'name',
  TFORM2: '4A',
  TTYPE3: 'Array',
  TFORM3: '1PB(30)',
  TFORM4: 'D',
  TTYPE5: 'quads',
  TFORM5: '5I',
};

test('columns lie one behind the other', async () => {
  const { columns, heap, rows, rowBytes, hdu, column } = await table(CARDS, 1700);
  expect(
    columns.map(({ name, label, type, repeat, heapType, offset, bytes }) => [
      name,
      label,
      type,
      repeat,
      heapType,
      offset,
      bytes,
    ]),
  ).toEqual([
    ['FLAGS', 'Flags', 'X', 11, undefined, 0, 2],
    ['NAME', 'name', 'A', 4, undefined, 2, 4],
    ['ARRAY', 'Array', 'P', 1, 'B', 6, 8],
    ['', '', 'D', 1, undefined, 14, 8],
    ['QUADS', 'quads', 'I', 5, undefined, 22, 10],
  ]);
  expect([rows, rowBytes]).toEqual([50, 32]);
  expect(heap).toEqual({ offset: hdu.dataOffset + 1600, bytes: 100 });
  expect(column('qUaDs')?.offset).toBe(22);
  expect(column('none')).toBeUndefined();
});

test('bytes of a column come without the columns beside it', async () => {
  const { readColumnBytes, readRows, column } = await table(CARDS, 1700);
  const bytes = await readColumnBytes(column('NAME')!, 3, 2);
  expect([...bytes]).toEqual([98, 99, 100, 101, 130, 131, 132, 133]);
  expect([...(await readRows(1, 1)).subarray(0, 3)]).toEqual([32, 33, 34]);
  expect(await readColumnBytes(column('NAME')!, 50, 0)).toHaveLength(0);
  await expect(readColumnBytes(column('NAME')!, 49, 2)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  await expect(readRows(-1, 2)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
});

test('a column that is the whole row is read as it stands, a narrow one in several pieces', async () => {
  const wide = await table({ NAXIS1: 8, NAXIS2: 3, PCOUNT: 0, TFIELDS: 1, TTYPE1: 'codes', TFORM1: '1D' }, 24);
  expect([...(await wide.readColumnBytes(wide.columns[0]!, 1, 1))]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  const rows = 9;
  const large = await table(
    { NAXIS1: 2 ** 20 + 1, NAXIS2: rows, PCOUNT: 0, TFIELDS: 2, TFORM1: '1B', TFORM2: `${2 ** 20}B` },
    rows * (2 ** 20 + 1),
  );
  const first = await large.readColumnBytes(large.columns[0]!, 0, rows);
  expect([...first]).toEqual(Array.from({ length: rows }, (_, row) => (row * (2 ** 20 + 1)) % 251));
});

test.each([
  ['rows that their columns do not fill', { NAXIS1: 33 }, 't.fits: HDU 1: the columns take 32 bytes, the rows have 33'],
  ['a column of no known type', { TFORM4: '1Z' }, "t.fits: HDU 1: TFORM4 is '1Z'"],
  ['no number of columns', { TFIELDS: -1 }, 't.fits: HDU 1: TFIELDS is -1'],
  ['a heap inside of the rows', { THEAP: 5 }, 't.fits: HDU 1: THEAP is 5, outside of the data'],
  ['a heap behind the end', { THEAP: 5000 }, 't.fits: HDU 1: THEAP is 5000, outside of the data'],
])('%s end in a fault', async (_, cards, message) => {
  await expect(table({ ...CARDS, ...cards }, 1750)).rejects.toMatchObject({ code: 'FITS_HEADER', message });
});

test('an image is no table', async () => {
  const source = bytesSource(
    formatHeader([
      { keyword: 'SIMPLE', value: true },
      { keyword: 'BITPIX', value: 8 },
      { keyword: 'NAXIS', value: 0 },
    ]),
    'i.fits',
  );
  const [hdu] = await readHdus(source);
  expect(() => readTable(source, hdu!)).toThrow('i.fits: HDU 0: is no binary table');
});
