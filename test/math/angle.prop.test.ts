import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatDec,
  formatRa,
  parseAngle,
  parseDec,
  parseRa,
  toDegrees,
  toRadians,
  wrap180,
  wrap360,
} from '../../src/math/angle.ts';

const ra = fc.double({ min: 0, max: 360, maxExcluded: true, noNaN: true });
const dec = fc.double({ min: -90, max: 90, noNaN: true });
const decimals = fc.integer({ min: 0, max: 6 });

test('what formatRa writes, parseRa reads back to half the last digit', () => {
  fc.assert(
    fc.property(ra, decimals, (degrees, digits) => {
      const back = parseRa(formatRa(degrees, digits));
      expect(back).toBeDefined();
      expect(Math.abs(wrap180(back! - degrees))).toBeLessThanOrEqual((0.5 / 240) * 10 ** -digits + 1e-9);
    }),
  );
});

test('what formatDec writes, parseDec reads back to half the last digit', () => {
  fc.assert(
    fc.property(dec, decimals, (degrees, digits) => {
      const back = parseDec(formatDec(degrees, digits));
      expect(back).toBeDefined();
      expect(Math.abs(back! - degrees)).toBeLessThanOrEqual((0.5 / 3600) * 10 ** -digits + 1e-9);
    }),
  );
});

test('every spelling of the same hours, minutes and seconds is the same angle', () => {
  const field = fc.integer({ min: 0, max: 59 });
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: 0, max: 23 }), field, field, (minus, h, m, s) => {
      const two = (n: number): string => String(n).padStart(2, '0');
      const sign = minus ? '-' : '';
      const value = (minus ? -1 : 1) * (h + m / 60 + s / 3600);
      for (const text of [
        `${two(h)}:${two(m)}:${two(s)}`,
        `${h} ${m} ${s}`,
        `${two(h)}h${two(m)}m${two(s)}s`,
        `${two(h)}d${two(m)}m${two(s)}s`,
        `${two(h)}° ${two(m)}' ${two(s)}"`,
        `${two(h)}:${two(m)}:${two(s)}.000`,
      ]) {
        expect(parseAngle(sign + text)?.value).toBeCloseTo(value, 12);
      }
    }),
  );
});

test('a number written in full is read back exactly', () => {
  fc.assert(
    fc.property(dec, (degrees) => {
      expect(parseDec(String(degrees))).toBe(degrees + 0);
      expect(parseDec(degrees)).toBe(degrees);
    }),
    { examples: [[5e-324], [-1e-7], [0]] },
  );
});

test('no text makes the readers throw or leave their ranges', () => {
  const scribble = fc.stringMatching(/^[-+0-9:.hdmse °'"*]{0,20}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), scribble), (text) => {
      const a = parseRa(text);
      const d = parseDec(text);
      if (a !== undefined) expect(a >= 0 && a < 360).toBe(true);
      if (d !== undefined) expect(d >= -90 && d <= 90).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('wrapping keeps the direction', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e5, max: 1e5, noNaN: true }), (degrees) => {
      const wrapped = wrap360(degrees);
      expect(wrapped >= 0 && wrapped < 360).toBe(true);
      expect(wrap180(degrees) >= -180 && wrap180(degrees) < 180).toBe(true);
      expect(Math.cos(toRadians(wrapped))).toBeCloseTo(Math.cos(toRadians(degrees)), 7);
      expect(Math.sin(toRadians(wrap180(degrees)))).toBeCloseTo(Math.sin(toRadians(degrees)), 7);
    }),
  );
});

test('degrees to radians and back', () => {
  fc.assert(
    fc.property(fc.double({ min: -720, max: 720, noNaN: true }), (degrees) => {
      expect(toDegrees(toRadians(degrees))).toBeCloseTo(degrees, 10);
    }),
  );
});
