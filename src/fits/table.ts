import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { requireData } from './hdu.ts';
import type { Hdu } from './hdu.ts';

/** Data type letters of a binary table (FITS standard 4.0, table 18). */
export type ColumnType = 'L' | 'X' | 'B' | 'I' | 'J' | 'K' | 'A' | 'E' | 'D' | 'C' | 'M' | 'P' | 'Q';

/** One column of a binary table. */
export interface Column {
  /** TTYPEn, upper case; `''` if the column has no name. */
  readonly name: string;
  /** TTYPEn as it is written: Astrometry.net tells columns apart by case. */
  readonly label: string;
  readonly type: ColumnType;
  /** Elements per row. */
  readonly repeat: number;
  /** Of P and Q columns: the type of what stands in the heap. */
  readonly heapType: ColumnType | undefined;
  /** Where its bytes begin within a row. */
  readonly offset: number;
  /** Bytes it takes in a row. */
  readonly bytes: number;
}

/** A binary table; its rows and heap are read in pieces, as raw big-endian bytes. */
export interface Table {
  readonly hdu: Hdu;
  readonly rows: number;
  readonly rowBytes: number;
  readonly columns: readonly Column[];
  /** Bytes behind the rows, for variable-length arrays: where they begin in the source and how many there are. */
  readonly heap: { readonly offset: number; readonly bytes: number };
  /** The first column of this name (any case). */
  column(name: string): Column | undefined;
  /** Whole rows, one after another. */
  readRows(first: number, count: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The bytes of one column, rows without gaps: `count * column.bytes`, big-endian. */
  readColumnBytes(column: Column, first: number, count: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Bytes of one element in a row; X counts bits and stands apart. */
const ELEMENT_BYTES: Readonly<Record<Exclude<ColumnType, 'X'>, number>> = {
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

/** Rows of a narrow column are gathered from pieces of about this size. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Bytes that one element of `type` takes. */
export function elementBytes(type: Exclude<ColumnType, 'X'>): number {
  return ELEMENT_BYTES[type];
}

/**
 * Opens a binary table: columns are checked, nothing is read.
 *
 * @throws {SolveError} `FITS_HEADER` if it is no binary table or its columns do not fill its rows, `FITS_TRUNCATED`
 */
export function readTable(source: ByteSource, hdu: Hdu): Table {
  const { where, header, axes } = hdu;
  if (hdu.kind !== 'table' || hdu.bitpix !== 8 || axes.length !== 2) {
    throw new SolveError('FITS_HEADER', `${where}: is no binary table`);
  }
  requireData(source, hdu);
  const rowBytes = axes[0]!;
  const rows = axes[1]!;
  const columns = readColumns(hdu, rowBytes);

  const theap = header.getNumber('THEAP') ?? hdu.arrayBytes;
  if (!Number.isInteger(theap) || theap < hdu.arrayBytes || theap > hdu.dataBytes) {
    throw new SolveError('FITS_HEADER', `${where}: THEAP is ${theap}, outside of the data`);
  }

  async function readRows(first: number, count: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (!(first >= 0 && count >= 0 && first + count <= rows)) {
      throw new SolveError('BAD_ARGUMENT', `${where}: rows ${first} to ${first + count - 1} of ${rows} asked for`);
    }
    const bytes = await source.read(hdu.dataOffset + first * rowBytes, count * rowBytes, signal);
    if (bytes.length < count * rowBytes) {
      throw new SolveError('FITS_TRUNCATED', `${where}: the file became shorter while it was read`);
    }
    return bytes;
  }

  return {
    hdu,
    rows,
    rowBytes,
    columns,
    heap: { offset: hdu.dataOffset + theap, bytes: hdu.dataBytes - theap },
    column: (name) => columns.find((column) => column.name === name.toUpperCase()),
    readRows,
    async readColumnBytes(column, first, count, signal) {
      const width = column.bytes;
      if (width === rowBytes) return readRows(first, count, signal);
      if (!(count >= 0 && first + count <= rows)) return readRows(first, count, signal);
      const gathered = new Uint8Array(count * width);
      const step = Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
      for (let done = 0; done < count; done += step) {
        const now = Math.min(step, count - done);
        const piece = await readRows(first + done, now, signal);
        gather(piece, rowBytes, column.offset, width, gathered, done * width);
      }
      return gathered;
    },
  };
}

function readColumns({ where, header }: Hdu, rowBytes: number): Column[] {
  const fields = header.getNumber('TFIELDS');
  if (fields === undefined || !Number.isInteger(fields) || fields < 0 || fields > 999) {
    throw new SolveError('FITS_HEADER', `${where}: TFIELDS is ${String(fields)}`);
  }
  const columns: Column[] = [];
  let offset = 0;
  for (let i = 1; i <= fields; i++) {
    const form = header.getString(`TFORM${i}`)?.trim() ?? '';
    const match = /^(\d{0,12})([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)/.exec(form.toUpperCase());
    if (match === null) throw new SolveError('FITS_HEADER', `${where}: TFORM${i} is '${form}'`);
    const type = match[2] as ColumnType;
    const repeat = match[1] === '' ? 1 : Number(match[1]);
    const bytes = type === 'X' ? Math.ceil(repeat / 8) : repeat * ELEMENT_BYTES[type];
    const variable = type === 'P' || type === 'Q';
    const label = header.getString(`TTYPE${i}`)?.trim() ?? '';
    const heapType = variable && match[3] !== '' ? (match[3] as ColumnType) : undefined;
    columns.push({ name: label.toUpperCase(), label, type, repeat, heapType, offset, bytes });
    offset += bytes;
  }
  if (offset !== rowBytes) {
    throw new SolveError('FITS_HEADER', `${where}: the columns take ${offset} bytes, the rows have ${rowBytes}`);
  }
  return columns;
}

/** Copies `width` bytes at `offset` of each row to `out` from `at` on. */
function gather(rows: Uint8Array, rowBytes: number, offset: number, width: number, out: Uint8Array, at: number): void {
  let to = at;
  for (let from = offset; from < rows.length; from += rowBytes) {
    for (let i = 0; i < width; i++) out[to++] = rows[from + i]!;
  }
}
