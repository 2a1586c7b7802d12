import { SolveError } from '../errors.ts';
import { type Hdu, readHdus } from '../fits/hdu.ts';
import { type Table, readTable } from '../fits/table.ts';
import { formatTableFile } from '../fits/table-writer.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { bytesSource } from '../io/bytes-source.ts';
import type { SourceList } from '../sources/source-list.ts';
import { readNumbers } from './table-numbers.ts';

/** More rows than any image has sources. */
const MOST_ROWS = 1_000_000;

/** Larger images are none. */
const LONGEST_SIDE = 2 ** 24;

/** Where a table says nothing of its positions: between a good centroid and a whole pixel. */
const UNKNOWN_SIGMA = 0.5;

/**
 * Sources as an xylist, which solve-field takes in place of an image (`.axy`, `.xyls`): columns X, Y (pixels from 1) and
 * FLUX, brightest first, with the size of the image as IMAGEW and IMAGEH. SIGMA and FLAGS are our own: {@link readXylist}
 * makes the same list of it.
 *
 * There is no column BACKGROUND: FLUX is what is left above it, and solve-field does without.
 */
export function writeXylist(sources: SourceList): Uint8Array {
  const { width, height, x, y, flux, sigma, flags, fwhm } = sources;
  const size = [
    { keyword: 'IMAGEW', value: width, comment: 'Width of the image, pixels' },
    { keyword: 'IMAGEH', value: height, comment: 'Height of the image, pixels' },
  ];
  return formatTableFile(
    [
      { name: 'X', type: 'D', unit: 'pix', values: x.map((value) => value + 1) },
      { name: 'Y', type: 'D', unit: 'pix', values: y.map((value) => value + 1) },
      { name: 'FLUX', type: 'E', values: flux },
      { name: 'SIGMA', type: 'E', unit: 'pix', values: sigma },
      { name: 'FLAGS', type: 'B', values: flags },
    ],
    {
      primary: [{ keyword: 'AN_FILE', value: 'XYLS', comment: 'Astrometry.net file type' }, ...size],
      table: [
        ...size,
        ...(Number.isFinite(fwhm) ? [{ keyword: 'FWHM', value: fwhm, comment: 'Typical width of stars, pixels' }] : []),
        { keyword: 'COMMENT', comment: 'X and Y are FITS pixels: 1,1 is the centre of the first stored pixel.' },
      ],
    },
  );
}

/** The first table with columns X and Y. */
function findXylist(source: ByteSource, hdus: readonly Hdu[]): Table | undefined {
  const hdu = hdus.find((one) => one.kind === 'table' && names(one).has('X') && names(one).has('Y'));
  return hdu && readTable(source, hdu);
}

function names({ header }: Hdu): Set<string> {
  return new Set(
    header.cards.flatMap(({ keyword, value }) =>
      keyword.startsWith('TTYPE') && typeof value === 'string' ? [value.trim().toUpperCase()] : [],
    ),
  );
}

/**
 * Reads an xylist: of this program, of solve-field, image2xy or nova, or any table with columns X and Y.
 *
 * Sources are sorted by FLUX; without it, they count as brightest first. Without IMAGEW and IMAGEH the image is as large
 * as the list reaches.
 *
 * @param needsSize whether it must say how large the image is: X and Y may be anything
 * @returns undefined if no table has columns X and Y
 * @throws {SolveError} `FITS_HEADER` for columns that hold no numbers, `FITS_TRUNCATED`
 */
export async function readXylist(
  input: Uint8Array | ByteSource,
  signal?: AbortSignal,
  needsSize: boolean = false,
): Promise<SourceList | undefined> {
  const source = input instanceof Uint8Array ? bytesSource(input, 'xylist') : input;
  const { name } = source;
  const hdus = await readHdus(source, { signal });
  const table = findXylist(source, hdus);
  if (table === undefined) return undefined;
  const heads = [table.hdu, hdus[0]!].map(({ header }) => header);
  if (needsSize && heads.every((header) => header.getNumber('IMAGEW') === undefined)) return undefined;
  if (table.rows > MOST_ROWS) throw new SolveError('FITS_HEADER', `${name}: has ${table.rows} rows`);
  const column = async (label: string, otherwise: (row: number) => number): Promise<Float64Array> => {
    const found = table.column(label);
    return found === undefined
      ? Float64Array.from({ length: table.rows }, (_, row) => otherwise(row))
      : await readNumbers(table, found, name, signal);
  };
  const x = await column('X', () => NaN);
  const y = await column('Y', () => NaN);
  const flux = await column('FLUX', (row) => table.rows - row);
  const sigma = await column('SIGMA', () => UNKNOWN_SIGMA);
  const flags = await column('FLAGS', () => 0);
  const order = Array.from(x, (_, i) => i).filter((i) => [x[i], y[i], flux[i]].every(Number.isFinite));
  order.sort((a, b) => flux[b]! - flux[a]! || a - b);
  const side = (keyword: string, values: Float64Array): number => {
    const told = heads.map((header) => header.getNumber(keyword)).find((value) => value !== undefined);
    const length = Math.ceil(told ?? order.reduce((most, i) => Math.max(most, values[i]!), 1));
    if (length >= 1 && length <= LONGEST_SIDE) return length;
    throw new SolveError('FITS_HEADER', `${name}: ${keyword} is ${length}`);
  };
  const fwhm = table.hdu.header.getNumber('FWHM');
  return {
    width: side('IMAGEW', x),
    height: side('IMAGEH', y),
    x: Float64Array.from(order, (i) => x[i]! - 1),
    y: Float64Array.from(order, (i) => y[i]! - 1),
    flux: Float32Array.from(order, (i) => flux[i]!),
    sigma: Float32Array.from(order, (i) => (sigma[i]! > 0 ? sigma[i]! : UNKNOWN_SIGMA)),
    flags: Uint8Array.from(order, (i) => flags[i]!),
    fwhm: fwhm ?? NaN,
  };
}
