import { SolveError } from '../errors.ts';
import { isFits, readHdus } from '../fits/hdu.ts';
import { type Column, readTable, type Table } from '../fits/table.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { DEGREE, raDecToVector } from '../math/sphere.ts';
import type { StarList } from './index-quads.ts';

/** Names of columns, the first that is there being taken. Case does not count. */
const RA = /^(ra|raj2000|ra_icrs|_raj2000|alpha|ra_deg)$/i;
const DEC = /^(dec|de|dej2000|decj2000|de_icrs|dec_icrs|_dej2000|delta|dec_deg)$/i;
const MAGNITUDE = [/^(mag|magnitude)$/i, /^(phot_g_mean_mag|gmag|vtmag|vmag|mag_vt|mag_v|jmag|j_m)$/i, /mag/i];

/** Rows and text are read in pieces of about this size. */
const PIECE_BYTES = 8 * 2 ** 20;

/** Lists grow while they are read. */
class Growing {
  count = 0;
  #vectors = new Float64Array(3 * 4096);
  #magnitude = new Float32Array(4096);

  /** @param where what the message of an error calls the row */
  add(ra: number, dec: number, magnitude: number, where: () => string): void {
    if (!(ra >= -360 && ra <= 720 && dec >= -90 && dec <= 90 && Number.isFinite(magnitude))) {
      throw new SolveError('FORMAT_UNSUPPORTED', `${where()}: no star at RA ${ra}, Dec ${dec}, magnitude ${magnitude}`);
    }
    if (this.count === this.#magnitude.length) {
      const vectors = new Float64Array(2 * this.#vectors.length);
      vectors.set(this.#vectors);
      this.#vectors = vectors;
      const magnitudes = new Float32Array(2 * this.#magnitude.length);
      magnitudes.set(this.#magnitude);
      this.#magnitude = magnitudes;
    }
    raDecToVector(ra * DEGREE, dec * DEGREE, this.#vectors, 3 * this.count);
    this.#magnitude[this.count++] = magnitude;
  }

  get list(): StarList {
    return { vectors: this.#vectors.subarray(0, 3 * this.count), magnitude: this.#magnitude.subarray(0, this.count) };
  }
}

/**
 * Reads a list of stars: a FITS table, or text with a line of column names and one line a star, with commas, semicolons,
 * tabs or blanks between. Columns: right ascension and declination in degrees (`ra`, `dec`, and the names that Vizier and
 * Gaia use), a magnitude (`mag`, or the first whose name has `mag` in it). Stars without a magnitude are left out.
 *
 * @throws {SolveError} `FORMAT_UNSUPPORTED` naming the line or the column that is missing; `FITS_HEADER`, `FITS_TRUNCATED`
 */
export async function readStarList(source: ByteSource): Promise<StarList> {
  const stars = new Growing();
  if (isFits(await source.read(0, 80))) await readFitsStars(source, stars);
  else await readTextStars(source, stars);
  if (stars.count === 0) throw new SolveError('FORMAT_UNSUPPORTED', `${source.name}: no stars`);
  return stars.list;
}

async function readFitsStars(source: ByteSource, stars: Growing): Promise<void> {
  const hdu = (await readHdus(source)).find(({ kind }) => kind === 'table');
  if (hdu === undefined) throw new SolveError('FORMAT_UNSUPPORTED', `${source.name}: has no table`);
  const table = readTable(source, hdu);
  const [ra, dec, magnitude] = pickColumns(
    source,
    table.columns.map(({ label }) => label),
  ).map((i) => numberColumn(source, table, table.columns[i]!)) as [Column, Column, Column];
  const step = Math.max(1, Math.floor(PIECE_BYTES / table.rowBytes));
  for (let row = 0; row < table.rows; row += step) {
    const count = Math.min(step, table.rows - row);
    const bytes = await table.readRows(row, count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const value = ({ type, offset }: Column, i: number): number =>
      type === 'D' ? view.getFloat64(i * table.rowBytes + offset) : view.getFloat32(i * table.rowBytes + offset);
    for (let i = 0; i < count; i++) {
      const brightness = value(magnitude, i);
      if (Number.isNaN(brightness)) continue;
      stars.add(value(ra, i), value(dec, i), brightness, () => `${source.name}: row ${row + i + 1}`);
    }
  }
}

function numberColumn(source: ByteSource, { columns }: Table, column: Column): Column {
  if ((column.type === 'E' || column.type === 'D') && column.repeat === 1) return column;
  const place = columns.indexOf(column) + 1;
  throw new SolveError(
    'FORMAT_UNSUPPORTED',
    `${source.name}: column ${column.label} (TFORM${place}) holds no floating point numbers`,
  );
}

async function readTextStars(source: ByteSource, stars: Growing): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  let line = 0;
  let separator: string | RegExp = ',';
  let places: readonly number[] | undefined;
  const take = (text: string): void => {
    line++;
    const trimmed = text.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    if (places === undefined) {
      separator = [',', ';', '\t'].find((mark) => trimmed.includes(mark)) ?? /\s+/;
      places = pickColumns(
        source,
        trimmed.split(separator).map((name) => name.trim().replace(/^"(.*)"$/, '$1')),
      );
      return;
    }
    const cells = trimmed.split(separator);
    const [ra, dec, magnitude] = places.map((place) => cells[place]?.trim() ?? '') as [string, string, string];
    if (magnitude === '') return;
    const number = (cell: string): number => (cell === '' ? NaN : Number(cell));
    stars.add(number(ra), number(dec), number(magnitude), () => `${source.name}: line ${line}`);
  };
  for (let offset = 0; offset < source.size; offset += PIECE_BYTES) {
    const lines = (rest + decoder.decode(await source.read(offset, PIECE_BYTES), { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > PIECE_BYTES) throw new SolveError('FORMAT_UNSUPPORTED', `${source.name}: is no text of lines`);
    for (const text of lines) take(text);
  }
  take(rest);
}

/** Places of right ascension, declination and magnitude. */
function pickColumns(source: ByteSource, names: readonly string[]): number[] {
  return [[RA], [DEC], MAGNITUDE].map((patterns, i) => {
    for (const pattern of patterns) {
      const place = names.findIndex((name) => pattern.test(name));
      if (place >= 0) return place;
    }
    const shown = names.join(', ').slice(0, 200);
    const wanted = ['right ascension (ra)', 'declination (dec)', 'magnitude (mag)'][i];
    throw new SolveError('FORMAT_UNSUPPORTED', `${source.name}: no column for ${wanted} among: ${shown}`);
  });
}
