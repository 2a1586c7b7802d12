import { SolveError } from '../errors.ts';
import { readHdus } from '../fits/hdu.ts';
import { type Column, type Table, elementBytes, readTable } from '../fits/table.ts';
import { bytesSource } from '../io/bytes-source.ts';

/** Sources and the stars they are, as solve-field and nova write them: arrays of equal length side by side. */
export interface Corr {
  /** Source positions along the rows, pixels, 0-based (the file counts from 1). */
  readonly x: Float64Array;
  /** Source positions across the rows. */
  readonly y: Float64Array;
  /** Right ascensions of the stars, ICRS degrees. */
  readonly ra: Float64Array;
  /** Declinations of the stars, ICRS degrees. */
  readonly dec: Float64Array;
  /** Magnitudes of the stars in the band of the index; NaN if the file has none. */
  readonly magnitude: Float32Array;
  /** Probability that the match is real; 1 if the file does not say. */
  readonly weight: Float32Array;
}

/** More rows than any image has sources. */
const MOST_ROWS = 1_000_000;

/** Columns of magnitudes begin like this: MAG_VT, mag, G_MAG. */
const MAGNITUDE = /^MAG|MAG$/;

/**
 * Reads a corr file.
 *
 * @param name what error messages call it
 * @throws {SolveError} `FITS_HEADER` if it is none, `FITS_TRUNCATED`
 */
export async function readCorr(bytes: Uint8Array, name = 'corr file'): Promise<Corr> {
  const source = bytesSource(bytes, name);
  const hdu = (await readHdus(source)).find(({ kind }) => kind === 'table');
  if (hdu === undefined) throw new SolveError('FITS_HEADER', `${name}: has no table`);
  const table = readTable(source, hdu);
  if (table.rows > MOST_ROWS) throw new SolveError('FITS_HEADER', `${name}: has ${table.rows} rows`);
  const required = async (label: string): Promise<Float64Array> => {
    const column = table.column(label);
    if (column === undefined) throw new SolveError('FITS_HEADER', `${name}: has no column ${label}`);
    return await readNumbers(table, column, name);
  };
  const optional = async (column: Column | undefined, otherwise: number): Promise<Float32Array> =>
    column === undefined
      ? new Float32Array(table.rows).fill(otherwise)
      : Float32Array.from(await readNumbers(table, column, name));
  const x = await required('field_x');
  const y = await required('field_y');
  return {
    x: x.map((value) => value - 1),
    y: y.map((value) => value - 1),
    ra: await required('index_ra'),
    dec: await required('index_dec'),
    magnitude: await optional(
      table.columns.find((column) => MAGNITUDE.test(column.name)),
      Number.NaN,
    ),
    weight: await optional(table.column('match_weight'), 1),
  };
}

/** One number a row, of a column of floats. */
async function readNumbers(table: Table, column: Column, name: string): Promise<Float64Array> {
  const { type, repeat } = column;
  if ((type !== 'E' && type !== 'D') || repeat !== 1) {
    throw new SolveError('FITS_HEADER', `${name}: column ${column.label} is ${repeat}${type}, one float is expected`);
  }
  const bytes = await table.readColumnBytes(column, 0, table.rows);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = elementBytes(type);
  return Float64Array.from({ length: table.rows }, (_, i) =>
    type === 'E' ? view.getFloat32(i * size) : view.getFloat64(i * size),
  );
}
