import type { Header } from '../fits/header.ts';
import type { BayerPattern } from './frame.ts';

/** Keywords that name the pattern: the usual one, SharpCap's and MaxIm's, its long form, and others. */
const PATTERN_KEYWORDS = ['BAYERPAT', 'COLORTYP', 'COLORTYPE', 'CFAPATT', 'CFA_PAT', 'CFAPAT'];

/** The pattern seen from one column to the right, and from one row further. */
const NEXT_COLUMN: Readonly<Record<BayerPattern, BayerPattern>> = {
  RGGB: 'GRBG',
  GRBG: 'RGGB',
  BGGR: 'GBRG',
  GBRG: 'BGGR',
};
const NEXT_ROW: Readonly<Record<BayerPattern, BayerPattern>> = {
  RGGB: 'GBRG',
  GBRG: 'RGGB',
  BGGR: 'GRBG',
  GRBG: 'BGGR',
};

/**
 * The colour filters over the first two rows and columns of a mosaic, as stored.
 *
 * The pattern counts from the first stored pixel, moved by XBAYROFF and YBAYROFF. Programs disagree whether it turns
 * over with ROWORDER = 'BOTTOM-UP' (Siril: yes; those who write it: mostly no), so it does not here; which diagonal is
 * green may therefore be the other one, and only that neighbours differ is sure.
 *
 * @returns undefined if the header names none of the four patterns; the word TRUE counts as the commonest, RGGB
 */
export function bayerPattern(header: Header): BayerPattern | undefined {
  for (const keyword of PATTERN_KEYWORDS) {
    const named = patternNamed(header.get(keyword));
    if (named === undefined) continue;
    const column = isOdd(header, 'XBAYROFF', 'BAYOFFX') ? NEXT_COLUMN[named] : named;
    return isOdd(header, 'YBAYROFF', 'BAYOFFY') ? NEXT_ROW[column] : column;
  }
  return undefined;
}

function patternNamed(value: unknown): BayerPattern | undefined {
  if (value === true) return 'RGGB';
  if (typeof value !== 'string') return undefined;
  const word = value.replace(/[^A-Z]/gi, '').toUpperCase();
  if (word === 'TRUE') return 'RGGB';
  return word === 'RGGB' || word === 'BGGR' || word === 'GRBG' || word === 'GBRG' ? word : undefined;
}

function isOdd(header: Header, keyword: string, otherwise: string): boolean {
  const offset = header.getNumber(keyword) ?? header.getNumber(otherwise) ?? 0;
  return Math.abs(Math.round(offset)) % 2 === 1;
}
