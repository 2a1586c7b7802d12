import { SolveError } from '../errors.ts';

/** Fewer pixels than this along a side cannot hold the stars of a pattern. */
const MIN_SIDE = 16;

/** Most pixels of an image: sixteen times what the largest consumer cameras have. */
export const MAX_PIXELS: number = 2 ** 28;

/** Most bytes of all channels unpacked, and of a packed file read into memory. */
export const MAX_BYTES: number = 2 ** 31;

/**
 * Holds the size that a file claims against the limits, before anything is allocated for it.
 *
 * @param name of the file, for the message
 * @param bytesPerPixel of all channels together, as they are unpacked
 * @throws {SolveError} `IMAGE_TOO_SMALL`, `IMAGE_TOO_LARGE`
 */
export function checkSize(name: string, width: number, height: number, bytesPerPixel: number): void {
  if (width < MIN_SIDE || height < MIN_SIDE) {
    throw new SolveError('IMAGE_TOO_SMALL', `${name}: the image has ${width} x ${height} pixels`);
  }
  if (width * height > MAX_PIXELS || width * height * bytesPerPixel > MAX_BYTES) {
    const megabytes = Math.ceil((width * height * bytesPerPixel) / 2 ** 20);
    throw new SolveError(
      'IMAGE_TOO_LARGE',
      `${name}: the image has ${width} x ${height} pixels, ${megabytes} MiB unpacked; the limits are ` +
        `${MAX_PIXELS} pixels and ${MAX_BYTES / 2 ** 20} MiB`,
    );
  }
}
