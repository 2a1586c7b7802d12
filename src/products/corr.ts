import { SolveError } from '../errors.ts';
import { readHdus } from '../fits/hdu.ts';
import { type Column, type Table, readTable } from '../fits/table.ts';
import { formatTableFile } from '../fits/table-writer.ts';
import { bytesSource } from '../io/bytes-source.ts';
import type { Solution } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import { pixelToSky } from '../wcs/transform.ts';
import { matchedStars } from './matched-stars.ts';
import { readNumbers } from './table-numbers.ts';

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

async function openTable(bytes: Uint8Array, name: string): Promise<Table> {
  const source = bytesSource(bytes, name);
  const hdu = (await readHdus(source)).find(({ kind }) => kind === 'table');
  if (hdu === undefined) throw new SolveError('FITS_HEADER', `${name}: has no table`);
  const table = readTable(source, hdu);
  if (table.rows > MOST_ROWS) throw new SolveError('FITS_HEADER', `${name}: has ${table.rows} rows`);
  return table;
}

/**
 * Reads a corr file.
 *
 * @param name what error messages call it
 * @throws {SolveError} `FITS_HEADER` if it is none, `FITS_TRUNCATED`
 */
export async function readCorr(bytes: Uint8Array, name = 'corr file'): Promise<Corr> {
  const table = await openTable(bytes, name);
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

/**
 * The pairs of a solution as a corr file, with the columns of solve-field. Stars are numbered in this file; a weight of 1
 * stands for every pair that the WCS was fitted to.
 *
 * @param sources those of the image, if they are known: they give `field_id` and FLUX
 */
export function writeCorr(solution: Solution, sources?: SourceList): Uint8Array {
  const stars = matchedStars(solution);
  const { matches, wcs } = solution;
  const rows = stars.map((_, i) => i);
  const sky = rows.map((i) => pixelToSky(wcs, matches.x[i]!, matches.y[i]!));
  const places = sources === undefined ? rows : placesOf(matches, sources);
  const flux = sources === undefined ? undefined : places.map((place) => sources.flux[place] ?? NaN);
  const pixels = { type: 'D', unit: 'pixels' } as const;
  const degrees = { type: 'D', unit: 'degrees' } as const;
  return formatTableFile(
    [
      { name: 'field_x', ...pixels, values: stars.map(({ x }) => x) },
      { name: 'field_y', ...pixels, values: stars.map(({ y }) => y) },
      { name: 'field_ra', ...degrees, values: sky.map(([ra]) => ra) },
      { name: 'field_dec', ...degrees, values: sky.map(([, dec]) => dec) },
      { name: 'index_x', ...pixels, values: stars.map(({ predictedX }) => predictedX) },
      { name: 'index_y', ...pixels, values: stars.map(({ predictedY }) => predictedY) },
      { name: 'index_ra', ...degrees, values: matches.ra },
      { name: 'index_dec', ...degrees, values: matches.dec },
      { name: 'index_id', type: 'J', unit: 'none', values: rows },
      { name: 'field_id', type: 'J', unit: 'none', values: places },
      { name: 'match_weight', type: 'D', unit: 'none', values: rows.map(() => 1) },
      { name: 'MAG', type: 'E', unit: 'mag', values: matches.magnitude },
      ...(flux === undefined ? [] : [{ name: 'FLUX', type: 'E' as const, values: flux }]),
    ],
    { primary: [{ keyword: 'AN_FILE', value: 'CORR', comment: 'Astrometry.net file type' }] },
  );
}

/** The place of each pair's source among all of them; -1 where it is none of them. */
function placesOf({ x, y }: Solution['matches'], sources: SourceList): number[] {
  const places = new Map(Array.from(sources.x, (value, i) => [`${value} ${sources.y[i]!}`, i]));
  return Array.from(x, (value, i) => places.get(`${value} ${y[i]!}`) ?? -1);
}

/** The stars of a solution as an rdls file, as solve-field writes it: RA and DEC, ICRS degrees, and MAG. */
export function writeRdls({ matches }: Pick<Solution, 'matches'>): Uint8Array {
  return formatTableFile(
    [
      { name: 'RA', type: 'D', unit: 'deg', values: matches.ra },
      { name: 'DEC', type: 'D', unit: 'deg', values: matches.dec },
      { name: 'MAG', type: 'E', unit: 'mag', values: matches.magnitude },
    ],
    { primary: [{ keyword: 'AN_FILE', value: 'RDLS', comment: 'Astrometry.net file type' }] },
  );
}

/**
 * Reads an rdls file: of this program, solve-field or nova.
 *
 * @returns ICRS degrees side by side
 * @throws {SolveError} `FITS_HEADER` if it is none, `FITS_TRUNCATED`
 */
export async function readRdls(
  bytes: Uint8Array,
  name = 'rdls file',
): Promise<{ readonly ra: Float64Array; readonly dec: Float64Array }> {
  const table = await openTable(bytes, name);
  const required = async (label: string): Promise<Float64Array> => {
    const column = table.column(label);
    if (column === undefined) throw new SolveError('FITS_HEADER', `${name}: has no column ${label}`);
    return await readNumbers(table, column, name);
  };
  return { ra: await required('RA'), dec: await required('DEC') };
}
