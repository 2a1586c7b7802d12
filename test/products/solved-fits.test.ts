import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { findImageHdu } from '../../src/fits/image.ts';
import { type Hdu, readHdus } from '../../src/fits/hdu.ts';
import { imageAxes, shapeOf } from '../../src/fits/shape.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { headerToWcs } from '../../src/wcs/header.ts';
import { card, image16, imageHeader, join } from '../e2e/fits-file.ts';
import { makeSolution, solved } from './solutions.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname;

/** Every FITS file that comes with the project. */
const FITS_FILES: readonly string[] = (readdirSync(FIXTURES, { recursive: true }) as string[])
  .filter((name) => /\.(?:fits?|fz)(?:\.gz|\.fz)?$/.test(name))
  .sort();

/** The bytes of a fixture, unpacked. */
function fixtureBytes(name: string): Buffer {
  const bytes = readFileSync(`${FIXTURES}${name}`);
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

const WCS_CARD =
  /^(?:WCSAXES|CTYPE\d|CRVAL\d|CRPIX\d|CUNIT\d|CDELT\d|CROTA\d|CD\d_\d|PC\d_\d|LONPOLE|LATPOLE|RADESYS|EQUINOX|IMAGE[WH]|PLTSOLVD|[AB]P?_\w+) *=/;

async function hdusOf(bytes: Uint8Array): Promise<Hdu[]> {
  return await readHdus(bytesSource(bytes, 'test.fits'));
}

describe('over every FITS file of the project', () => {
  test.each(FITS_FILES)('%s: all data and all other cards stay as they are', async (name) => {
    const old = fixtureBytes(name);
    let hdu: Hdu;
    try {
      hdu = findImageHdu(await hdusOf(old));
    } catch (error) {
      // Files that hold no image, or are damaged, are refused as by solve.
      const fault = await solved(old, makeSolution(9, 9)).catch((thrown: unknown) => thrown);
      expect(fault).toBeInstanceOf(SolveError);
      expect((fault as SolveError).code).toBe((error as SolveError).code);
      return;
    }
    const axes = imageAxes(hdu)!;
    const { width, height, interleaved } = shapeOf(axes);
    if (hdu.dataOffset + hdu.dataBytes > old.length || interleaved || axes[0] !== width) {
      const code = hdu.dataOffset + hdu.dataBytes > old.length ? 'FITS_TRUNCATED' : 'FORMAT_UNSUPPORTED';
      await expect(solved(old, makeSolution(width, height))).rejects.toMatchObject({ code });
      return;
    }
    const solution = makeSolution(width, height);
    const made = await solved(old, solution);
    const before = await hdusOf(old);
    const after = await hdusOf(made.bytes);
    expect(after).toHaveLength(before.length);
    for (const [i, one] of before.entries()) {
      const other = after[i]!;
      const end = before[i + 1] === undefined ? old.length : old.length - (made.bytes.length - other.dataOffset);
      expect(
        Buffer.compare(
          old.subarray(one.dataOffset, end),
          made.bytes.subarray(other.dataOffset, other.dataOffset + end - one.dataOffset),
        ),
      ).toBe(0);
      const kept = (cards: Hdu['header']['cards']): string[] =>
        cards.map(({ raw }) => raw).filter((raw) => i !== hdu.index || !/^(?:CHECKSUM|DATASUM)/.test(raw));
      const cardsBefore = kept(one.header.cards).filter((raw) => i !== hdu.index || !WCS_CARD.test(raw));
      const cardsAfter = kept(other.header.cards).filter((raw) => i !== hdu.index || !WCS_CARD.test(raw));
      expect(cardsAfter).toEqual(cardsBefore);
    }
    expect(made.hdu).toBe(hdu.index);
    expect(headerToWcs((key) => after[hdu.index]!.header.get(key))).toEqual(solution.wcs);
    const again = await solved(made.bytes, solution);
    expect(again.changed).toBe(false);
    expect(Buffer.compare(again.bytes, made.bytes)).toBe(0);
  });
});

describe('the header', () => {
  const data = new Uint8Array(2880);
  const file = (more: readonly string[], axes: readonly number[] = [8, 9]): Uint8Array =>
    join(imageHeader(16, axes, more), data);
  const cardsOf = async (bytes: Uint8Array): Promise<string[]> =>
    (await hdusOf(bytes))[0]!.header.cards.map(({ raw }) => raw.trimEnd());

  test('loses every stale spelling of a WCS, and no other card', async () => {
    const stale = [
      card('CTYPE1', 'RA---TPV'),
      card('CRVAL1', 1),
      card('CRPIX2', 1),
      card('CDELT1', 0.5),
      card('CROTA2', 12),
      card('PC1_1', 1),
      card('PC001001', 1),
      card('CD1_2', 0.1),
      card('PV1_5', 0.1),
      card('A_ORDER', 3),
      card('A_3_0', 1e-9),
      card('BP_0_1', 1e-9),
      card('A_DMAX', 1),
      card('LONPOLE', 180),
      card('RADECSYS', 'FK5'),
      card('EQUINOX', 1950),
      card('CPDIS1', 'LOOKUP'),
      card('DP1', 'EXTVER: 1'),
      card('TR1_0', 12),
      card('PLTSOLVD', true),
    ];
    const others = [
      card('OBJCTRA', '05 35 17'),
      card('RA', 83.8),
      card('CTYPE1A', 'RA---TAN'),
      card('CRVAL1A', 1),
      card('CD1_1A', 1),
      card('CDELTM1', 1),
      card('A_BOX', 3),
      card('PVT', 3),
      'HISTORY CRVAL1  = 17'.padEnd(80),
      'HIERARCH CRVAL1 = 17 / of something else'.padEnd(80),
      "BAYERPAT='RGGB'".padEnd(80),
    ];
    const mixed = others.flatMap((other, i) => [
      ...(stale[2 * i] ? [stale[2 * i]!] : []),
      other,
      ...(stale[2 * i + 1] ? [stale[2 * i + 1]!] : []),
    ]);
    expect(mixed).toHaveLength(stale.length + others.length);
    const { bytes, removed } = await solved(file(mixed), makeSolution(8, 9));
    expect(removed.filter((raw) => stale.includes(raw.padEnd(80)))).toHaveLength(
      stale.length - 1, // LONPOLE comes again as it was.
    );
    const cards = await cardsOf(bytes);
    expect(cards.filter((raw) => others.includes(raw.padEnd(80)))).toEqual(others.map((raw) => raw.trimEnd()));
    for (const raw of stale) {
      const again = cards.filter((one) => one.slice(0, 8) === raw.slice(0, 8));
      expect(again.every((one) => /^(?:CTYPE|CRVAL|CRPIX|CD1_2|A_ORDER|LONPOLE|EQUINOX|PLTSOLVD)/.test(one))).toBe(
        true,
      );
    }
  });

  test('keeps the meaning of a third axis', async () => {
    const more = [
      card('WCSAXES', 3),
      card('CTYPE3', 'FREQ'),
      card('CRVAL3', 1.4e9),
      card('CDELT3', 250),
      card('CD1_1', 2),
    ];
    const { bytes } = await solved(file(more, [8, 9, 2]), makeSolution(8, 9));
    const [hdu] = await hdusOf(bytes);
    expect(hdu!.header.get('CTYPE3')).toBe('FREQ');
    expect(hdu!.header.get('CD3_3')).toBe(250);
    expect(hdu!.header.get('CDELT3')).toBeUndefined();
    const keywords = hdu!.header.cards.map(({ keyword }) => keyword);
    expect(hdu!.header.get('WCSAXES')).toBe(3);
    expect(keywords.indexOf('WCSAXES')).toBeLessThan(keywords.indexOf('CTYPE3'));
  });

  test('keeps bytes that no card should have, and room at its end', async () => {
    const odd = Buffer.from("OBSERVER= 'Ren\xe9\x00e'", 'latin1');
    const header = Buffer.from(file([' '.repeat(80), card('GAIN', 1), ' '.repeat(80), ' '.repeat(80)]));
    odd.copy(header, 5 * 80);
    const { bytes } = await solved(header, makeSolution(8, 9));
    expect(bytes.includes(odd)).toBe(true);
    const cards = (await hdusOf(bytes))[0]!.header.cards.map(({ raw }) => raw);
    expect(cards.slice(-2)).toEqual([' '.repeat(80), ' '.repeat(80)]);
    expect(cards.at(-3)).toMatch(/^PLTSOLVD=/);
  });

  test('grows by a block where the cards need it', async () => {
    const old = file(Array.from({ length: 25 }, (_, i) => card(`KEY${i}`, i)));
    const { bytes } = await solved(old, makeSolution(8, 9));
    expect(bytes.length).toBe(old.length + 2880);
  });

  test('tells what comes and goes', async () => {
    const before = file([card('CRVAL1', 12), card('LATPOLE', 0)]);
    const { removed, added } = await solved(before, makeSolution(8, 9, { crval: [10, 20] }));
    expect(removed).toEqual(['CRVAL1  =                   12']);
    expect(added).toContain('CRVAL1  =                   10');
    expect(added.some((raw) => raw.startsWith('LATPOLE'))).toBe(false);
  });
});

test('a solution of another image is refused, and so is one whose axes are others', async () => {
  const image = image16(8, 9, () => 0);
  await expect(solved(image, makeSolution(9, 8))).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: 'test.fits: HDU 0: has 8 x 9 pixels, the solution is for 9 x 8',
  });
  const colourFirst = join(imageHeader(8, [3, 20, 16]), new Uint8Array(2880));
  await expect(solved(colourFirst, makeSolution(20, 16))).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' });
});
