import { SolveError } from '../errors.ts';
import type { Hdu } from '../fits/hdu.ts';
import type { ByteSource } from '../io/byte-source.ts';

/** A column of numbers and where it stands in the rows of its table. */
interface Column {
  readonly hdu: Hdu;
  readonly at: number;
  readonly type: 'E' | 'D';
}

/** Bytes read at once: rows may hold much besides the magnitude. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Bytes of one element of each kind of column (FITS standard 4.0, table 18); P and Q are array descriptors. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  L: 1,
  B: 1,
  I: 2,
  J: 4,
  K: 8,
  A: 1,
  E: 4,
  D: 8,
  C: 8,
  M: 16,
  P: 8,
  Q: 16,
};

/**
 * The magnitudes of the stars of an index file, from the tables that tag along with them. These are FITS tables like any
 * other, big-endian in every file.
 *
 * Taken is the column by which the file was sorted when it was made, as its history tells, else the first whose name has
 * the word MAG in it.
 *
 * @param stars rows a table of stars has
 * @returns by star number; undefined if there is no such column
 * @throws {SolveError} `INDEX_CORRUPT` if the file is cut short
 */
export async function readMagnitudes(
  source: ByteSource,
  hdus: readonly Hdu[],
  stars: number,
): Promise<Float32Array | undefined> {
  const sorted = sortColumn(hdus);
  const column =
    findColumn(hdus, stars, (name) => name === sorted) ??
    findColumn(hdus, stars, (name) => /(^|_)mag(_|$)/i.test(name));
  if (!column) return undefined;
  const { hdu, at, type } = column;
  const rowBytes = hdu.axes[0]!;
  const values = new Float32Array(stars);
  const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  for (let row = 0; row < stars; row += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, stars - row);
    const bytes = await readWhole(source, hdu.dataOffset + row * rowBytes, rows * rowBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < rows; i++) {
      const place = i * rowBytes + at;
      values[row + i] = type === 'E' ? view.getFloat32(place) : view.getFloat64(place);
    }
  }
  return values;
}

/**
 * How early each star was chosen when the file was made, 0 to 255: the brightest of each patch of sky first.
 *
 * @returns by star number; undefined if there is no table `sweep`
 * @throws {SolveError} `INDEX_CORRUPT` if the file is cut short
 */
export async function readRanks(
  source: ByteSource,
  hdus: readonly Hdu[],
  stars: number,
): Promise<Uint8Array | undefined> {
  const hdu = hdus.find(({ header }) => header.getString('TTYPE1') === 'sweep');
  if (!hdu || hdu.dataBytes !== stars) return undefined;
  return readWhole(source, hdu.dataOffset, stars);
}

/** Name of the column by which the stars were sorted from bright to faint; undefined if it grows with brightness. */
function sortColumn(hdus: readonly Hdu[]): string | undefined {
  const told = (pattern: RegExp): string | undefined => {
    for (const { header } of hdus) {
      for (const { keyword, comment } of header.cards) {
        const match = keyword === 'HISTORY' ? pattern.exec(comment) : null;
        if (match) return match[1];
      }
    }
    return undefined;
  };
  return told(/^\s*sort direction: (\w+)/) === 'descending' ? undefined : told(/^\s*sort column: (\S+)/);
}

function findColumn(hdus: readonly Hdu[], rows: number, wanted: (name: string) => boolean): Column | undefined {
  for (const hdu of hdus) {
    if (hdu.kind !== 'table' || hdu.axes[1] !== rows) continue;
    let at = 0;
    for (let i = 1; i <= (hdu.header.getNumber('TFIELDS') ?? 0); i++) {
      const form = /^\s*(\d*)([A-Z])/.exec(hdu.header.getString(`TFORM${i}`) ?? '');
      if (!form) break;
      const repeat = form[1] === '' ? 1 : Number(form[1]);
      const type = form[2]!;
      const name = hdu.header.getString(`TTYPE${i}`)?.trim() ?? '';
      if ((type === 'E' || type === 'D') && repeat === 1 && wanted(name) && at + ELEMENT_BYTES[type]! <= hdu.axes[0]!) {
        return { hdu, at, type };
      }
      at += type === 'X' ? Math.ceil(repeat / 8) : repeat * (ELEMENT_BYTES[type] ?? NaN);
    }
  }
  return undefined;
}

async function readWhole(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new SolveError('INDEX_CORRUPT', `${source.name}: cut short: ${bytes.length} of ${length} bytes at ${offset}`);
}
