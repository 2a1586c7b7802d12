import { SolveError } from '../errors.ts';
import { isFits } from '../fits/hdu.ts';
import { BLOCK_BYTES, CARD_BYTES, cardText, type Header, isEnd, parseHeader } from '../fits/header.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { HealpixTile } from './healpix-tile.ts';

/** What the first header of an Astrometry.net index file tells. */
export interface IndexSummary {
  /** Length of the file. */
  readonly bytes: number;
  /** The shortest distance A to B, radians. */
  readonly quadLow: number;
  /** The longest distance A to B, radians. */
  readonly quadHigh: number;
  /** How many it has. */
  readonly quads: number;
  /** Stars of one quad (`DIMQUADS`). */
  readonly dimension: number;
  /** How many it has. */
  readonly stars: number;
  /** The piece of the sky it covers; absent: all of it, or what its stars cover. */
  readonly tile?: HealpixTile;
}

/** Headers of real files are shorter; a few have long histories. */
const HEAD_BYTES = 8 * BLOCK_BYTES;
const MOST_HEAD_BYTES = 2 ** 20;
/** The largest HEALPix files are split by has 12,288 tiles. */
const MOST_NSIDE = 32;

/**
 * Reads what an index file is for: its first header and nothing else, so that a hundred files are listed in a moment.
 *
 * @returns undefined for a FITS file that is no index file
 * @throws {SolveError} `INDEX_CORRUPT` if it is none of FITS, contradicts itself, or is shorter than its quads need
 */
export async function readIndexSummary(source: ByteSource): Promise<IndexSummary | undefined> {
  const header = await readFirstHeader(source);
  const quads = header.getNumber('NQUADS');
  const stars = header.getNumber('NSTARS');
  const quadLow = header.getNumber('SCALE_L');
  const quadHigh = header.getNumber('SCALE_U');
  if (quads === undefined || stars === undefined || quadLow === undefined || quadHigh === undefined) return undefined;
  const dimension = header.getNumber('DIMQUADS') ?? 4;
  const fail = (fact: string): never => {
    throw new SolveError('INDEX_CORRUPT', `${source.name}: ${fact}`);
  };
  if (!(Number.isInteger(quads) && quads > 0)) fail(`${quads} quads (NQUADS)`);
  if (!(Number.isInteger(stars) && stars > 0)) fail(`${stars} stars (NSTARS)`);
  if (!(Number.isInteger(dimension) && dimension >= 3 && dimension <= 10))
    fail(`quads of ${dimension} stars (DIMQUADS)`);
  if (!(quadLow > 0 && quadHigh > quadLow && quadHigh <= Math.PI)) {
    fail(`quads of ${quadLow} to ${quadHigh} radians (SCALE_L, SCALE_U)`);
  }
  // Star numbers of each quad, two bytes for each number of its code, three 4-byte coordinates a star.
  const needed = quads * (4 * dimension + 4 * (dimension - 2)) + 12 * stars;
  if (source.size < needed) fail(`cut short: at least ${needed} bytes are needed, the file has ${source.size}`);
  const tile = readTile(header, fail);
  return { bytes: source.size, quadLow, quadHigh, quads, dimension, stars, ...(tile === undefined ? {} : { tile }) };
}

function readTile(header: Header, fail: (fact: string) => never): HealpixTile | undefined {
  const number = header.getNumber('HEALPIX') ?? -1;
  const nside = header.getNumber('HPNSIDE') ?? 0;
  if (number < 0 || nside <= 0) return undefined;
  if (!(Number.isInteger(nside) && nside <= MOST_NSIDE && Number.isInteger(number) && number < 12 * nside * nside)) {
    fail(`HEALPix tile ${number} of nside ${nside} (HEALPIX, HPNSIDE)`);
  }
  return { nside, number };
}

async function readFirstHeader(source: ByteSource): Promise<Header> {
  for (let length = HEAD_BYTES; ; length *= 4) {
    const bytes = await source.read(0, length);
    if (!isFits(bytes)) throw new SolveError('INDEX_CORRUPT', `${source.name}: does not begin with a FITS header`);
    for (let at = 0; at + CARD_BYTES <= bytes.length; at += CARD_BYTES) {
      if (isEnd(cardText(bytes, at))) return parseHeader(bytes.subarray(0, at + CARD_BYTES));
    }
    if (bytes.length < length || length >= MOST_HEAD_BYTES) {
      throw new SolveError('INDEX_CORRUPT', `${source.name}: no END card within ${bytes.length} bytes`);
    }
  }
}
