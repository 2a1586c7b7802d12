import { SolveError } from '../errors.ts';
import { BLOCK_BYTES, formatHeader } from './header.ts';
import type { NewCard } from './header.ts';

/** A column to be written: one number a row. */
export interface NewColumn {
  /** TTYPEn as it is written; readers tell columns apart by it. */
  readonly name: string;
  /** `D` and `E`: 64 and 32 bit floats; `J`: 32 bit integers; `B`: bytes. */
  readonly type: 'D' | 'E' | 'J' | 'B';
  readonly values: ArrayLike<number>;
  /** TUNITn, such as `deg` and `pix`. */
  readonly unit?: string;
}

const BYTES = { D: 8, E: 4, J: 4, B: 1 } as const;

/**
 * A FITS file that holds one binary table behind an empty primary HDU.
 *
 * @param columns of equal length
 * @param cards more cards of the primary header, and of the table's
 * @throws {SolveError} `BAD_ARGUMENT` for columns of different lengths, or what no card can say
 */
export function formatTableFile(
  columns: readonly NewColumn[],
  cards: { readonly primary?: readonly NewCard[]; readonly table?: readonly NewCard[] } = {},
): Uint8Array {
  const primary = formatHeader([
    { keyword: 'SIMPLE', value: true, comment: 'Standard FITS file' },
    { keyword: 'BITPIX', value: 8 },
    { keyword: 'NAXIS', value: 0, comment: 'No image data' },
    { keyword: 'EXTEND', value: true, comment: 'A table follows' },
    ...(cards.primary ?? []),
  ]);
  const rows = columns[0]?.values.length ?? 0;
  const rowBytes = columns.reduce((sum, { type }) => sum + BYTES[type], 0);
  const header = formatHeader([
    { keyword: 'XTENSION', value: 'BINTABLE', comment: 'Binary table' },
    { keyword: 'BITPIX', value: 8 },
    { keyword: 'NAXIS', value: 2 },
    { keyword: 'NAXIS1', value: rowBytes, comment: 'Bytes in a row' },
    { keyword: 'NAXIS2', value: rows, comment: 'Rows' },
    { keyword: 'PCOUNT', value: 0 },
    { keyword: 'GCOUNT', value: 1 },
    { keyword: 'TFIELDS', value: columns.length, comment: 'Columns' },
    ...columns.flatMap(columnCards),
    ...(cards.table ?? []),
  ]);
  const dataAt = primary.length + header.length;
  const file = new Uint8Array(dataAt + Math.ceil((rows * rowBytes) / BLOCK_BYTES) * BLOCK_BYTES);
  file.set(primary);
  file.set(header, primary.length);
  const view = new DataView(file.buffer, dataAt);
  let at = 0;
  for (const column of columns) {
    if (column.values.length !== rows) {
      throw new SolveError(
        'BAD_ARGUMENT',
        `column ${column.name}: ${column.values.length} rows, the table has ${rows}`,
      );
    }
    writeColumn(view, column, at, rowBytes);
    at += BYTES[column.type];
  }
  return file;
}

function columnCards({ name, type, unit }: NewColumn, index: number): NewCard[] {
  const n = index + 1;
  return [
    { keyword: `TTYPE${n}`, value: name },
    { keyword: `TFORM${n}`, value: `1${type}` },
    ...(unit === undefined ? [] : [{ keyword: `TUNIT${n}`, value: unit }]),
  ];
}

/** Big-endian, the first value at `at`, the next `stride` bytes on. */
function writeColumn(view: DataView, { type, values }: NewColumn, at: number, stride: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const place = at + i * stride;
    switch (type) {
      case 'D':
        view.setFloat64(place, value);
        break;
      case 'E':
        view.setFloat32(place, value);
        break;
      case 'J':
        view.setInt32(place, value);
        break;
      case 'B':
        view.setUint8(place, value);
        break;
    }
  }
}
