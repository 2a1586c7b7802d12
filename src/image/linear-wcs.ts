import type { Header } from '../fits/header.ts';
import { toRadians } from '../math/angle.ts';

/** Degrees per pixel from the WCS cards of a header, as a matrix `[cd11, cd12, cd21, cd22]`. */
export type CdMatrix = readonly [number, number, number, number];

/**
 * The linear part of a header's WCS, in any of its three spellings: CD, PC with CDELT, CROTA with CDELT.
 *
 * @returns the matrix and the keywords it came from; undefined if there is none, or it has no area
 * @see Greisen & Calabretta 2002, A&A 395, 1061, section 2.1, and section 6.1 for CROTA
 */
export function readCdMatrix(header: Header): { matrix: CdMatrix; from: string } | undefined {
  const number = (keyword: string): number | undefined => header.getNumber(keyword);
  const found = fromCd(number) ?? fromCdelt(number);
  if (!found) return undefined;
  const [a, b, c, d] = found.matrix;
  const area = Math.abs(a * d - b * c);
  return area > 0 && Number.isFinite(area) ? found : undefined;
}

type NumberOf = (keyword: string) => number | undefined;

function fromCd(number: NumberOf): { matrix: CdMatrix; from: string } | undefined {
  const [a, b, c, d] = [number('CD1_1'), number('CD1_2'), number('CD2_1'), number('CD2_2')];
  if (a === undefined && b === undefined && c === undefined && d === undefined) return undefined;
  return { matrix: [a ?? 0, b ?? 0, c ?? 0, d ?? 0], from: 'CD1_1, CD1_2, CD2_1, CD2_2' };
}

function fromCdelt(number: NumberOf): { matrix: CdMatrix; from: string } | undefined {
  const [x, y] = [number('CDELT1'), number('CDELT2')];
  if (x === undefined || y === undefined) return undefined;
  const [a, b, c, d] = [number('PC1_1'), number('PC1_2'), number('PC2_1'), number('PC2_2')];
  if (a !== undefined || b !== undefined || c !== undefined || d !== undefined) {
    return { matrix: [x * (a ?? 1), x * (b ?? 0), y * (c ?? 0), y * (d ?? 1)], from: 'CDELT1, CDELT2, PC' };
  }
  const rotation = number('CROTA2') ?? number('CROTA1') ?? 0;
  const cos = Math.cos(toRadians(rotation));
  const sin = Math.sin(toRadians(rotation));
  return { matrix: [x * cos, -y * sin, x * sin, y * cos], from: 'CDELT1, CDELT2' };
}

/** True if a program says that it has solved this image, so that its WCS is more than a guess from the mount. */
export function isSolved(header: Header): boolean {
  const solved = header.get('PLTSOLVD');
  return solved === true || solved === 'T' || header.getNumber('A_ORDER') !== undefined;
}
