import { expect, test } from 'vitest';
import { formatCard, formatHeader, parseCard, parseHeader } from '../../src/fits/header.ts';
import { SolveError } from '../../src/errors.ts';

/** Cards as header bytes, without filling up. */
function bytesOf(...cards: string[]): Uint8Array {
  return Uint8Array.from(cards.map((card) => card.padEnd(80)).join(''), (letter) => letter.charCodeAt(0));
}

test.each([
  ["OBJECT  = 'M 31    '           / target", 'M 31', 'target'],
  ["OBJECT  = 'it''s / fine'  / a ''comment''", "it's / fine", "a ''comment''"],
  ["OBJECT  = '  leading'", '  leading', ''],
  ["OBJECT  = ''", '', ''],
  ["OBJECT  = 'not closed / here", 'not closed / here', ''],
  ["OBJECT  ='close'", 'close', ''],
  ['OBJECT  = M31 / no quotes', 'M31', 'no quotes'],
  ['OBJECT  =                   16 / number', 16, 'number'],
  ['OBJECT  =16/tight', 16, 'tight'],
  ['OBJECT  = -1.5D-3', -0.0015, ''],
  ['OBJECT  = +.5e2', 50, ''],
  ['OBJECT  = 12.', 12, ''],
  ['OBJECT  = 1E999', '1E999', ''],
  ['OBJECT  = 12 34 56', '12 34 56', ''],
  ['OBJECT  = NaN', 'NaN', ''],
  ['OBJECT  = (1.0, 2.0)', '(1.0, 2.0)', ''],
  ['OBJECT  =                    T / yes', true, 'yes'],
  ['OBJECT  = F', false, ''],
  ['OBJECT  =                      / nothing', undefined, 'nothing'],
  ['OBJECT  =', undefined, ''],
])('the card %s is read', (text, value, comment) => {
  const raw = text.padEnd(80);
  expect(parseCard(raw)).toEqual({ keyword: 'OBJECT', value, comment, raw });
});

test.each([
  ['COMMENT   = 5 is no value', 'COMMENT', '  = 5 is no value'],
  ['HISTORY it was', 'HISTORY', 'it was'],
  ['         just text = 3', '', ' just text = 3'],
  ['NOVALUE  and no sign', 'NOVALUE', ' and no sign'],
  ['', '', ''],
])('the card "%s" is commentary', (text, keyword, comment) => {
  expect(parseCard(text.padEnd(80))).toMatchObject({ keyword, value: undefined, comment });
});

test('a HIERARCH card has its words as keyword', () => {
  const card = parseCard("HIERARCH ESO  TEL ALT = '12.5' / degrees".padEnd(80));
  expect(card).toMatchObject({ keyword: 'ESO TEL ALT', value: '12.5', comment: 'degrees' });
  const header = parseHeader(bytesOf('HIERARCH ESO TEL ALT=3.5', 'END'));
  expect(header.getNumber('eso tel alt')).toBe(3.5);
});

test('a long string goes on through CONTINUE cards', () => {
  const header = parseHeader(
    bytesOf("LONG    = 'first &' / one", "CONTINUE  'second&'", "CONTINUE  '' / two", "NEXT    = 'ends with &'", 'END'),
  );
  expect(header.getString('LONG')).toBe('first second');
  expect(header.card('LONG')?.comment).toBe('one two');
  expect(header.card('LONG')?.raw).toHaveLength(240);
  expect(header.getString('NEXT')).toBe('ends with &');
  expect(header.cards).toHaveLength(2);
});

test('a CONTINUE card without a string before it is commentary', () => {
  const header = parseHeader(bytesOf('A       = 1', "CONTINUE  'lost'", 'END'));
  expect(header.cards.map((card) => card.keyword)).toEqual(['A', 'CONTINUE']);
});

test('fifty thousand CONTINUE cards are joined in time that grows with their number only', () => {
  const cards = Array.from({ length: 50_000 }, () => `CONTINUE  '${'x'.repeat(60)}&'`);
  const bytes = bytesOf("LONG    = '&'", ...cards, 'END');
  const start = performance.now();
  expect(parseHeader(bytes).getString('LONG')).toHaveLength(3_000_001);
  expect(performance.now() - start).toBeLessThan(5000);
});

test('what stands behind END is not read, and keywords that begin with END are', () => {
  const header = parseHeader(bytesOf('ENDTIME = 5', 'END', 'AFTER   = 1'));
  expect(header.get('ENDTIME')).toBe(5);
  expect(header.get('AFTER')).toBeUndefined();
});

test('the first of two cards counts, keywords are found in any case, quoted numbers are numbers', () => {
  const header = parseHeader(bytesOf('exptime = 1', 'EXPTIME = 2', "FOCALLEN= ' 530.0 '", "GAIN    = '1x'", 'END'));
  expect(header.get('ExpTime')).toBe(1);
  expect(header.getNumber('FOCALLEN')).toBe(530);
  expect(header.getString('FOCALLEN')).toBe(' 530.0');
  expect(header.getNumber('GAIN')).toBeUndefined();
  expect(header.getString('EXPTIME')).toBeUndefined();
});

test('bytes that are not ASCII do not break a header', () => {
  const bytes = bytesOf("TEMP    = '5 xC'", 'END');
  bytes[13] = 0xb0;
  expect(parseHeader(bytes).getString('TEMP')).toBe('5 °C');
});

test('cards are written in fixed format', () => {
  expect(formatCard({ keyword: 'simple', value: true, comment: 'standard' })).toBe(
    'SIMPLE  =                    T / standard'.padEnd(80),
  );
  expect(formatCard({ keyword: 'CRVAL1', value: -0.25 })).toBe('CRVAL1  =                -0.25'.padEnd(80));
  expect(formatCard({ keyword: 'X', value: 1e-7 })).toBe('X       =                 1E-7'.padEnd(80));
  expect(formatCard({ keyword: 'OBJECT', value: "it's" })).toBe("OBJECT  = 'it''s   '".padEnd(80));
  expect(formatCard({ keyword: 'EMPTY' })).toBe('EMPTY   = '.padEnd(80));
  expect(formatCard({ keyword: 'ESO TEL ALT', value: 5, comment: 'deg' })).toBe(
    'HIERARCH ESO TEL ALT = 5       / deg'.padEnd(80),
  );
  expect(formatCard({ keyword: 'COMMENT', comment: 'x'.repeat(73) })).toBe(
    `COMMENT ${'x'.repeat(72)}COMMENT x`.padEnd(160),
  );
});

test.each([
  { keyword: 'BAD KEY!', value: 1 },
  { keyword: 'NAN', value: NaN },
  { keyword: 'TEXT', value: 'line\nbreak' },
  { keyword: 'HIERARCHICAL NAME', value: 'y'.repeat(70) },
])('what no card can say is refused: %o', (card) => {
  expect(() => formatCard(card)).toThrow(SolveError);
});

test('a header is written in whole blocks and read back as it was', () => {
  const first = parseHeader(
    formatHeader([
      { keyword: 'SIMPLE', value: true },
      { keyword: 'HISTORY', comment: 'made' },
    ]),
  );
  const bytes = formatHeader([...first.cards, { keyword: 'NOTE', value: "'".repeat(100), comment: 'quotes' }]);
  expect(bytes).toHaveLength(2880);
  const again = parseHeader(bytes);
  expect(again.get('SIMPLE')).toBe(true);
  expect(again.cards[1]).toEqual(first.cards[1]);
  expect(again.getString('NOTE')).toBe("'".repeat(100));
});
