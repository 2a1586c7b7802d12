import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OnesSum } from '../../src/fits/checksum.ts';
import { type Header, parseHeader } from '../../src/fits/header.ts';
import { headerToWcs } from '../../src/wcs/header.ts';
import { makeSolution, solved } from './solutions.ts';

/** Cards that are none of the WCS, as text of 80 characters or several times that: legal, if odd. */
const text = fc.string({ unit: fc.constantFrom(..." abcXYZ019/=()&'+-.,".split('')), maxLength: 60 });
const keyword = fc
  .stringMatching(/^[A-Z][A-Z0-9_-]{2,7}$/)
  .filter(
    (name) =>
      !/^(?:END|CONTINUE|SIMPLE|XTENSION|BITPIX|NAXIS|EXTEND|CHECKSUM|DATASUM|BZERO|BSCALE|BLANK|GROUPS|PCOUNT|GCOUNT|WCS|PLTSOLVD|IMAGE[WH])/.test(
        name,
      ),
  )
  .map((name) => `${name}X`.slice(0, 8))
  .filter((name) => !/^(?:CTYPE|CRVAL|CD|PC|PV|LON|LAT|RADE|EQUI|[AB]P?_|TR[12]|D2IM|AXISC|CP|CQ|D[PQ])/.test(name));
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const cut = (line: string): string => line.slice(0, 80).padEnd(80);

const card = fc.oneof(
  fc
    .tuple(keyword, number, text)
    .map(([name, value, note]) => cut(`${name.padEnd(8)}= ${String(value).toUpperCase().padStart(20)} / ${note}`)),
  // Free format: anywhere behind the equals sign.
  fc
    .tuple(keyword, number, fc.nat(30))
    .map(([name, value, gap]) => cut(`${name.padEnd(8)}=${' '.repeat(gap + 1)}${String(value).toUpperCase()}/x`)),
  fc.tuple(keyword, text).map(([name, value]) => cut(`${name.padEnd(8)}= ${quoted(value)}`)),
  fc.tuple(keyword, fc.boolean()).map(([name, value]) => cut(`${name.padEnd(8)}= ${value ? 'T' : 'F'}`)),
  fc.tuple(keyword, text).map(([name, note]) => cut(`${name.padEnd(8)}= / ${note}`)),
  // Long strings.
  fc.tuple(keyword, fc.array(text, { minLength: 1, maxLength: 5 })).map(([name, parts]) =>
    parts
      .map((part, i) => {
        const value = quoted(`${part}${i < parts.length - 1 ? '&' : ''}`);
        return cut(i === 0 ? `${name.padEnd(8)}= ${value}` : `CONTINUE  ${value}`);
      })
      .join(''),
  ),
  fc
    .tuple(fc.array(keyword, { minLength: 1, maxLength: 3 }), number)
    .map(([words, value]) => cut(`HIERARCH ESO ${words.join(' ')} = ${value}`)),
  text.map((note) => cut(`HISTORY ${note}`)),
  text.map((note) => cut(`COMMENT ${note}`)),
  text.map((note) => cut(`        ${note}`)),
  fc.constant(' '.repeat(80)),
  fc.constantFrom(
    cut("CTYPE1A = 'RA---TAN'"),
    cut("OBJCTRA = '05 35 17'"),
    cut('CRVAL1A =                  1.0'),
    cut('HISTORY CD1_1   = 1'),
  ),
);
const stale = fc.constantFrom(
  ...[
    "CTYPE1  = 'RA---TPV'",
    'CD1_1   = 1',
    'CDELT1  = 0.1',
    'CROTA2  = 3.5',
    'A_ORDER = 2',
    'A_2_0   = 1E-6',
    'PV1_4   = 2',
    'EQUINOX = 1950.',
    'PC001002= 0.5',
    'LATPOLE = 90',
  ].map(cut),
);
const cards = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(fc.oneof({ weight: 5, arbitrary: card }, { weight: 1, arbitrary: stale }), { maxLength: 90 }),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(text, { minLength: 200, maxLength: 260 })
      .map((notes) => notes.map((note) => cut(`HISTORY ${note}`))),
  },
);

/** Cards of the WCS, old and new. */
const WCS =
  /^(?:WCSAXES |C(?:TYPE|RVAL|RPIX|UNIT|DELT|ROTA)[12] |CD[12]_[12] |A_|B_|[AB]P_|PV1_4 |PC001002|L(?:ON|AT)POLE|RADESYS|EQUINOX|IMAGE[WH] |PLTSOLVD)/;

/** All other cards as they stand; of checksums the keyword alone. */
function otherCards({ cards }: Header): string[] {
  return cards
    .map(({ raw }) => (/^(?:CHECKSUM|DATASUM)/.test(raw) ? raw.slice(0, 8) : raw))
    .filter((raw) => !WCS.test(raw));
}

test('1000 headers keep every other card, and every byte of the data', async () => {
  await fc.assert(
    fc.asyncProperty(
      cards,
      fc.boolean(),
      fc.uint8Array({ minLength: 60, maxLength: 60 }),
      async (others, sums, pixels) => {
        const mandatory = [
          'SIMPLE  =                    T',
          'BITPIX  =                    8',
          'NAXIS   =                    2',
          'NAXIS1  =                   10',
          'NAXIS2  =                    6',
        ].map(cut);
        const checks = sums ? [cut("DATASUM = '1'"), cut("CHECKSUM= '' / whatever")] : [];
        const all = [...mandatory, ...others, ...checks].join('');
        const head = Buffer.from((all + 'END').padEnd(Math.ceil((all.length + 80) / 2880) * 2880), 'latin1');
        const data = Buffer.alloc(2880);
        data.set(pixels);
        const old = Buffer.concat([head, data, Buffer.from('what stands behind the last HDU')]);
        const solution = makeSolution(10, 6);
        const made = await solved(old, solution);

        const headLength = made.bytes.length - (old.length - head.length);
        expect(headLength % 2880).toBe(0);
        expect(Buffer.compare(made.bytes.subarray(headLength), old.subarray(head.length))).toBe(0);
        const header = parseHeader(made.bytes.subarray(0, headLength));
        expect(otherCards(header)).toEqual(otherCards(parseHeader(head)));
        const known = new Set(
          parseHeader(head).cards.flatMap(({ raw }) => raw.match(/.{80}/gs)!.map((line) => line.trimEnd())),
        );
        expect(made.removed.filter((line) => !known.has(line))).toEqual([]);
        expect(headerToWcs((key) => header.get(key))).toEqual(solution.wcs);
        if (sums) {
          const sum = new OnesSum();
          sum.add(made.bytes.subarray(0, headLength + 2880));
          expect(sum.value).toBe(0xffffffff);
        }
        const again = await solved(made.bytes, solution);
        expect(again.changed).toBe(false);
      },
    ),
    { numRuns: 1000 },
  );
});
