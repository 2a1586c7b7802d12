import { expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { readIndexSummary } from '../../src/skyindex/index-summary.ts';
import { fixtureBytes, replaceText } from './astrometry-file.ts';

const summary = async (bytes: Uint8Array) => await readIndexSummary(bytesSource(bytes, 'x.fits'));

test('the first header tells quads, stars and sizes, and nothing else is read', async () => {
  let read = 0;
  const source = bytesSource(fixtureBytes('four.fits'), 'four.fits');
  const counting = {
    ...source,
    read(offset: number, length: number) {
      read += length;
      return source.read(offset, length);
    },
  };
  expect(await readIndexSummary(counting)).toMatchObject({ quads: 2409, dimension: 4, bytes: source.size });
  expect(read).toBeLessThan(30_000);
});

test('a tile is told where the header has one', async () => {
  const bytes = replaceText(
    fixtureBytes('four.fits'),
    'HEALPIX =                   -1',
    'HEALPIX =                   17',
  );
  replaceText(bytes, 'HPNSIDE =                    0', 'HPNSIDE =                    2');
  expect((await summary(bytes))!.tile).toEqual({ nside: 2, number: 17 });
});

test('a picture is no index, and no fault', async () => {
  const head = [
    'SIMPLE  =                    T',
    'BITPIX  =                    8',
    'NAXIS   =                    0',
    'END',
  ];
  const bytes = Buffer.from(
    head
      .map((card) => card.padEnd(80))
      .join('')
      .padEnd(2880),
  );
  expect(await summary(bytes)).toBeUndefined();
});

test.each([
  [
    'cut in the quads',
    () => fixtureBytes('four.fits').subarray(0, 60_000),
    /cut short: at least \d+ bytes are needed, the file has 60000/,
  ],
  ['cut in the first header', () => fixtureBytes('four.fits').subarray(0, 2000), /no END card within 2000 bytes/],
  ['of another kind', () => Buffer.from('<html>not found</html>'), /does not begin with a FITS header/],
  [
    'with more quads than bytes',
    () => replaceText(fixtureBytes('four.fits'), 'NQUADS  =                 2409', 'NQUADS  =            999992409'),
    /at least \d+ bytes/,
  ],
  [
    'with a tile that is none',
    () =>
      replaceText(
        replaceText(fixtureBytes('four.fits'), 'HEALPIX =                   -1', 'HEALPIX =                   48'),
        'HPNSIDE =                    0',
        'HPNSIDE =                    2',
      ),
    /HEALPix tile 48 of nside 2/,
  ],
])('a file %s is refused by name and fact', async (_, make, message) => {
  await expect(summary(make())).rejects.toMatchObject({ code: 'INDEX_CORRUPT' });
  await expect(summary(make())).rejects.toThrow(message);
  await expect(summary(make())).rejects.toThrow(/^x\.fits: /);
});
