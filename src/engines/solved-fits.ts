import { SolveError } from '../errors.ts';
import { isFits } from '../fits/hdu.ts';
import { formatImageFile } from '../fits/image-writer.ts';
import { readPlanes } from '../image/open-frame.ts';
import type { Planes } from '../image/frame.ts';
import { gzipPieces } from '../io/gzip-pieces.ts';
import { rewriteFile } from '../io/rewrite-file.ts';
import { type SolvedFits, putSolution } from '../products/solved-fits.ts';
import type { Solution, SolveInput } from '../solution.ts';
import { wcsToCards } from '../wcs/header.ts';
import { isInMemory, openSource, unpacked } from './input.ts';

/** How a solution is put into a file. Everything may be left out. */
export interface SolvedFitsOptions {
  /** HDU of a FITS file that was solved, 0 being the primary one. Default: the first image. */
  readonly extension?: number | undefined;
  /** Cancels: what was begun is undone. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The solved image as a FITS file, piece by piece: `await writeFile('m31.new', newFits('m31.fits', solution))`.
 *
 * Of a FITS file: all its bytes, unpacked if it was gzipped, with the cards of the WCS in the header of the image that was
 * solved; stale cards of the WCS go, CHECKSUM and DATASUM are renewed. Of any other picture: its pixels as they are
 * stored, colour as three planes, with ROWORDER.
 *
 * @param input what was solved
 * @throws {SolveError} for input that cannot be read; `BAD_ARGUMENT` if the solution is of another image, or for sources
 */
export async function* newFits(
  input: SolveInput,
  solution: Solution,
  options: SolvedFitsOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (isInMemory(input)) {
    if ('flux' in input) throw new SolveError('BAD_ARGUMENT', 'a list of sources has no pixels to make an image of');
    const { width, height, pixels, rowOrder } = input;
    yield* formatPlanes({ width, height, planes: 1, pixels, rowOrder }, solution, 'image');
    return;
  }
  const { signal } = options;
  const source = await openSource(input);
  try {
    const plain = await unpacked(source, signal);
    if (isFits(await plain.read(0, 80, signal))) {
      yield* (await putSolution(plain, solution, options)).pieces(signal);
    } else {
      yield* formatPlanes(await readPlanes(plain, { signal }), solution, source.name);
    }
  } finally {
    await source.close();
  }
}

/** What {@link updateFits} did, or would do. */
export interface FitsUpdate extends Pick<SolvedFits, 'hdu' | 'changed' | 'removed' | 'added'> {
  /** Where the old file is kept. */
  readonly backup?: string;
  /** The file as it is now; absent if nothing was written. */
  readonly written?: { readonly size: number; readonly mtimeNs: bigint };
}

/** How {@link updateFits} works. */
export interface UpdateFitsOptions extends SolvedFitsOptions {
  /** Keep the old file beside it as `m31.fits.bak`, or `.bak.2` and so on: what is there is never replaced. */
  readonly backup?: boolean;
  /** Only tell which cards would come and go. */
  readonly dryRun?: boolean;
}

/**
 * Writes a solution into the FITS file that was solved. Data and all other cards stay byte for byte; the file is replaced
 * in one step, so that whatever happens it is either the old or the new one. A file that has the solution already is left
 * alone. Of a gzipped file the FITS file within is changed, and packed again.
 *
 * @throws {SolveError} `FORMAT_UNSUPPORTED` for what is no FITS file, `FILE_UNWRITABLE` for read-only ones, `FILE_CHANGED`
 *   if another program writes to it meanwhile
 * @example
 * ```ts
 * const outcome = await solve('m31.fits');
 * if (outcome.status === 'solved') await updateFits('m31.fits', outcome.solution, { backup: true });
 * ```
 */
export async function updateFits(
  path: string,
  solution: Solution,
  options: UpdateFitsOptions = {},
): Promise<FitsUpdate> {
  const { signal, dryRun = false, backup = false } = options;
  let solved: SolvedFits | undefined;
  const written = await rewriteFile(
    path,
    async (source) => {
      const plain = await unpacked(source, signal);
      if (!isFits(await plain.read(0, 80, signal))) {
        throw new SolveError(
          'FORMAT_UNSUPPORTED',
          `${path}: is no FITS file and has no header for a WCS: --new-fits makes one of it`,
        );
      }
      solved = await putSolution(plain, solution, options);
      if (dryRun || !solved.changed) return undefined;
      return plain === source ? solved.pieces(signal) : gzipPieces(solved.pieces(signal));
    },
    { backup },
  );
  const { hdu, changed, removed, added } = solved!;
  if (written === undefined) return { hdu, changed, removed, added };
  const { backup: kept, ...now } = written;
  return { hdu, changed, removed, added, written: now, ...(kept === undefined ? {} : { backup: kept }) };
}

function* formatPlanes(image: Planes, { wcs, width, height }: Solution, name: string): Generator<Uint8Array> {
  if (image.width !== width || image.height !== height) {
    const fact = `has ${image.width} x ${image.height} pixels, the solution is for ${width} x ${height}`;
    throw new SolveError('BAD_ARGUMENT', `${name}: ${fact}`);
  }
  const cards = Object.entries(wcsToCards(wcs, { width, height })).map(([keyword, value]) => ({ keyword, value }));
  yield* formatImageFile(
    image.pixels,
    [width, height, ...(image.planes === 1 ? [] : [image.planes])],
    [
      { keyword: 'ROWORDER', value: image.rowOrder.toUpperCase(), comment: 'Where the first row belongs' },
      ...cards,
      { keyword: 'PLTSOLVD', value: true, comment: 'Plate solved by starfix' },
    ],
  );
}
