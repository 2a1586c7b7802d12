import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { BLOCK_BYTES, CARD_BYTES, cardText, isEnd, parseHeader } from './header.ts';
import type { Header } from './header.ts';
import { loadStructureReader, readStructure } from './structure.ts';
import type { Structure } from './structure.ts';

/** One header and data unit: its header, and where its data stand. */
export interface Hdu extends Structure {
  /** What to call it in messages: `m31.fits: HDU 0`. */
  readonly where: string;
  /** Place in the file; the primary HDU is 0. */
  readonly index: number;
  readonly header: Header;
  /** Offset of the first data byte in the source. */
  readonly dataOffset: number;
}

/** A header may have this many bytes (52,428 cards); the longest of real files have some thousand cards. */
const MAX_HEADER_BYTES = 4 * 2 ** 20;

/** Headers are read in pieces of this size: most headers are one piece. */
const PIECE_BYTES = 8 * BLOCK_BYTES;

/** The walk stops after this many HDUs: nobody looks for an image behind them. */
const MAX_HDUS = 4096;

/** True if the bytes begin like a FITS file. */
export function isFits(head: Uint8Array): boolean {
  return startsWith(head, 'SIMPLE  =');
}

/**
 * Walks the HDUs of a FITS file; only headers are read.
 *
 * Whatever stands behind the last HDU is ignored. So is damage behind an HDU that is whole and has data, since that one
 * can still be used: the walk ends there, and an HDU that is only cut is listed and fails when its data are read.
 *
 * @returns at least one HDU
 * @throws {SolveError} `FORMAT_UNKNOWN` if it is no FITS file, `FITS_HEADER`, `FITS_TRUNCATED`
 */
export async function readHdus(source: ByteSource, options: { signal?: AbortSignal | undefined } = {}): Promise<Hdu[]> {
  const { signal } = options;
  const hdus: Hdu[] = [];
  let usable = false;
  let offset = 0;
  while (offset < source.size && hdus.length < MAX_HDUS) {
    let hdu: Hdu | undefined;
    try {
      hdu = await readHdu(source, hdus.length, offset, signal);
    } catch (error) {
      if (usable && error instanceof SolveError && error.code.startsWith('FITS_')) break;
      throw error;
    }
    if (hdu === undefined) break;
    hdus.push(hdu);
    if (hdu.dataOffset + hdu.dataBytes > source.size) {
      if (!usable) requireData(source, hdu);
      break;
    }
    usable ||= hdu.dataBytes > 0;
    offset = hdu.dataOffset + roundUp(hdu.dataBytes);
  }
  if (hdus.length === 0) throw new SolveError('FILE_EMPTY', `${source.name}: the file has 0 bytes`);
  return hdus;
}

/**
 * Checks that all data of an HDU are in the file. Always before allocating for them.
 *
 * @throws {SolveError} `FITS_TRUNCATED`
 */
export function requireData(source: ByteSource, hdu: Hdu): void {
  const needed = hdu.dataOffset + hdu.dataBytes;
  if (needed <= source.size) return;
  throw new SolveError('FITS_TRUNCATED', `${hdu.where} needs ${needed} bytes, the file has ${source.size}`);
}

/** The HDU whose header begins at `offset`; `undefined` if something else stands there behind the last HDU. */
async function readHdu(
  source: ByteSource,
  index: number,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Hdu | undefined> {
  const where = `${source.name}: HDU ${index}`;
  const blocks = await readHeaderBlocks(source, index, offset, signal);
  if (blocks === undefined) return undefined;
  const Reader = await loadStructureReader();
  const header = parseHeader(blocks);
  const structure = readStructure(where, Reader, blocks, header);
  return { where, index, header, dataOffset: offset + blocks.length, ...structure };
}

/** Reads from `offset` on until the END card: exactly the header blocks. */
async function readHeaderBlocks(
  source: ByteSource,
  index: number,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const where = `${source.name}: HDU ${index}`;
  const available = source.size - offset;
  let bytes = await source.read(offset, PIECE_BYTES, signal);
  if (index === 0 && !isFits(bytes)) {
    throw new SolveError('FORMAT_UNKNOWN', `${source.name}: does not begin with a FITS header (SIMPLE  =)`);
  }
  if (index > 0 && !startsWith(bytes, 'XTENSION=')) return undefined;
  let looked = 0;
  for (;;) {
    for (; looked + CARD_BYTES <= bytes.length; looked += CARD_BYTES) {
      if (isEnd(cardText(bytes, looked))) {
        const length = roundUp(looked + CARD_BYTES);
        if (length > bytes.length) throw cutHeader(where, bytes.length);
        return bytes.subarray(0, length);
      }
      if (!isKeyword(bytes, looked)) {
        throw new SolveError(
          'FITS_HEADER',
          `${where}: card ${looked / CARD_BYTES + 1} is no text, and END has not come`,
        );
      }
    }
    if (bytes.length >= available) {
      if (bytes.length % BLOCK_BYTES !== 0) throw cutHeader(where, bytes.length);
      throw new SolveError('FITS_HEADER', `${where}: the header has no END card`);
    }
    if (bytes.length >= MAX_HEADER_BYTES) {
      throw new SolveError('FITS_HEADER', `${where}: no END card within ${bytes.length} bytes`);
    }
    const known = bytes.length;
    bytes = await source.read(offset, Math.min(4 * known, MAX_HEADER_BYTES), signal);
    // A file that shrinks while it is read.
    if (bytes.length <= known) throw cutHeader(where, bytes.length);
  }
}

function cutHeader(where: string, found: number): SolveError {
  return new SolveError('FITS_TRUNCATED', `${where}: the header is cut after ${found} bytes`);
}

/** A keyword is printable ASCII (NUL counts as blank): anything else means that these are data. */
function isKeyword(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i]!;
    if ((byte < 0x20 && byte !== 0) || byte > 0x7e) return false;
  }
  return true;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Up to whole blocks. */
function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
