import { SolveError } from '../errors.ts';
import { type Header, parseHeader } from '../fits/header.ts';
import { headerToWcs } from '../wcs/header.ts';
import type { Wcs } from '../wcs/wcs.ts';

/** A WCS file as solve-field and nova write it: a header alone. */
export interface WcsFile {
  /** Where the pixels are in the sky. */
  readonly wcs: Wcs;
  /** Of the image that it is about, pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Natural logarithm of the odds that the match is real, from a comment in the file; NaN if there is none. */
  readonly logOdds: number;
}

/**
 * Reads a WCS file.
 *
 * @param name what error messages call it
 * @throws {SolveError} `FITS_HEADER` if it says neither TAN nor TAN-SIP, or no image size
 */
export function readWcsFile(bytes: Uint8Array, name: string): WcsFile {
  const header = parseHeader(bytes);
  const wcs = headerToWcs((keyword) => header.get(keyword));
  const width = header.getNumber('IMAGEW');
  const height = header.getNumber('IMAGEH');
  if (wcs === undefined || !isSize(width) || !isSize(height)) {
    throw new SolveError('FITS_HEADER', `${name} says neither TAN nor TAN-SIP, or no image size`);
  }
  return { wcs, width, height, logOdds: logOddsOf(header) };
}

/** The solver writes its verdict as comments: of the quad that it kept, then of what it became. */
function logOddsOf(header: Header): number {
  const comment = header.cards.findLast(
    ({ keyword, comment }) => keyword === 'COMMENT' && comment.startsWith('log odds:'),
  );
  return Number(comment?.comment.slice('log odds:'.length).trim() || Number.NaN);
}

function isSize(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0;
}
