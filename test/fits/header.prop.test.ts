import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHeader, parseHeader } from '../../src/fits/header.ts';

const printable = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
});

test('any string comes back from the cards it was written to, without blanks at its end', () => {
  fc.assert(
    fc.property(printable, (text) => {
      const header = parseHeader(
        formatHeader([
          { keyword: 'KEY', value: text },
          { keyword: 'AFTER', value: 1 },
        ]),
      );
      expect(header.getString('KEY')).toBe(text.trimEnd());
      expect(header.get('AFTER')).toBe(1);
    }),
  );
});

test('any number comes back exactly', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      const header = parseHeader(formatHeader([{ keyword: 'KEY', value: number }]));
      expect(header.getNumber('KEY')! + 0).toBe(number + 0);
    }),
  );
});

test('any bytes at all are read as cards without a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
      for (const card of parseHeader(bytes).cards) expect(card.raw.length % 80).toBe(0);
    }),
  );
});
