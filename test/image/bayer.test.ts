import { expect, test } from 'vitest';
import { Header } from '../../src/fits/header.ts';
import type { CardValue } from '../../src/fits/header.ts';
import { bayerPattern } from '../../src/image/bayer.ts';

function pattern(cards: Record<string, CardValue>): string | undefined {
  return bayerPattern(
    new Header(Object.entries(cards).map(([keyword, value]) => ({ keyword, value, comment: '', raw: '' }))),
  );
}

test('the pattern is found under its names and spellings', () => {
  expect(pattern({ BAYERPAT: 'RGGB' })).toBe('RGGB');
  expect(pattern({ BAYERPAT: 'bggr    ' })).toBe('BGGR');
  expect(pattern({ BAYERPAT: "'GRBG'" })).toBe('GRBG');
  expect(pattern({ COLORTYP: 'GBRG' })).toBe('GBRG');
  expect(pattern({ CFAPATT: 'RG/GB' })).toBe('RGGB');
  expect(pattern({ BAYERPAT: 'TRUE' })).toBe('RGGB');
  expect(pattern({ BAYERPAT: true })).toBe('RGGB');
  expect(pattern({ BAYERPAT: '', COLORTYP: 'BGGR' })).toBe('BGGR');
});

test('what is no Bayer pattern gives none', () => {
  for (const value of ['NONE', 'MONO', 'FALSE', '', 'RGB', 'CMYG', 'GGRGGBGGBGGR', 5, false, undefined]) {
    expect(pattern({ BAYERPAT: value })).toBeUndefined();
  }
  expect(pattern({})).toBeUndefined();
});

test('odd offsets shift it by a column or a row', () => {
  expect(pattern({ BAYERPAT: 'RGGB', XBAYROFF: 1 })).toBe('GRBG');
  expect(pattern({ BAYERPAT: 'RGGB', YBAYROFF: 1 })).toBe('GBRG');
  expect(pattern({ BAYERPAT: 'RGGB', XBAYROFF: 1, YBAYROFF: 1 })).toBe('BGGR');
  expect(pattern({ BAYERPAT: 'GBRG', XBAYROFF: 2, YBAYROFF: -1 })).toBe('RGGB');
  expect(pattern({ COLORTYP: 'RGGB', BAYOFFX: 1, BAYOFFY: 0 })).toBe('GRBG');
  expect(pattern({ BAYERPAT: 'RGGB', XBAYROFF: 'none' })).toBe('RGGB');
});
