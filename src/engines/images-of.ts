import { SolveError } from '../errors.ts';
import { isFits, readHdus } from '../fits/hdu.ts';
import { imageAxes, isCompressed, shapeOf } from '../fits/shape.ts';
import type { SolveInput } from '../solution.ts';
import { isInMemory, openSource, unpacked } from './input.ts';

/** An image that an input holds. */
export interface ImageInFile {
  /** HDU of a FITS file, 0 being the primary one: what `solve` takes as `extension`. Absent: no FITS file, one image. */
  readonly extension?: number;
  /** EXTNAME, if it has one. */
  readonly name?: string;
  /** Pixels; absent: no FITS file. */
  readonly width?: number;
  /** Pixels; absent: no FITS file. */
  readonly height?: number;
  /** Tile-compressed. */
  readonly compressed?: boolean;
}

/**
 * The images of a file, in its order: of FITS all HDUs that hold pixels, compressed ones too, of anything else the one that is
 * read. Only headers are read, and whether the pixels are any good is not looked at.
 *
 * @throws {SolveError} for FITS files that cannot be read
 * @example
 * ```ts
 * for (const { extension } of await imagesOf('mosaic.fits')) {
 *   const outcome = await solve('mosaic.fits', extension === undefined ? {} : { extension });
 * }
 * ```
 */
export async function imagesOf(
  input: SolveInput,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ImageInFile[]> {
  if (isInMemory(input)) return [{ width: input.width, height: input.height }];
  if (input instanceof URL && input.protocol !== 'file:') {
    throw new SolveError('URL_NOT_TAKEN', `${input.href}: what is in it is known once it is downloaded`);
  }
  const { signal } = options;
  const source = await openSource(input);
  try {
    const plain = await unpacked(source, signal);
    if (!isFits(await plain.read(0, 80, signal))) return [{}];
    const images: ImageInFile[] = [];
    for (const hdu of await readHdus(plain, { signal })) {
      const axes = imageAxes(hdu);
      if (axes === undefined) continue;
      const { width, height } = shapeOf(axes);
      const name = hdu.header.getString('EXTNAME')?.trim();
      const named = name === undefined || name === '' ? {} : { name };
      images.push({ extension: hdu.index, ...named, width, height, compressed: isCompressed(hdu) });
    }
    return images;
  } finally {
    await source.close();
  }
}
