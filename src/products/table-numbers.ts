import { SolveError } from '../errors.ts';
import { type Column, type Table, elementBytes } from '../fits/table.ts';

/**
 * One number a row, of a column of floats, integers or bytes.
 *
 * @param name what error messages call the file
 * @throws {SolveError} `FITS_HEADER` for a column of something else, `FITS_TRUNCATED`
 */
export async function readNumbers(
  table: Table,
  column: Column,
  name: string,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { type, repeat, label } = column;
  const read = repeat === 1 ? READERS[type] : undefined;
  if (read === undefined || type === 'X') {
    throw new SolveError('FITS_HEADER', `${name}: column ${label} is ${repeat}${type}, one number is expected`);
  }
  const bytes = await table.readColumnBytes(column, 0, table.rows, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = elementBytes(type);
  return Float64Array.from({ length: table.rows }, (_, i) => read(view, i * size));
}

const READERS: Partial<Record<Column['type'], (view: DataView, at: number) => number>> = {
  D: (view, at) => view.getFloat64(at),
  E: (view, at) => view.getFloat32(at),
  K: (view, at) => Number(view.getBigInt64(at)),
  J: (view, at) => view.getInt32(at),
  I: (view, at) => view.getInt16(at),
  B: (view, at) => view.getUint8(at),
};
