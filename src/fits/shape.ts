import type { Hdu } from './hdu.ts';

/** How the pixels of an image HDU lie. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  /** Colour planes (or layers of a cube) that are read: 1 to 4. */
  readonly planes: number;
  /** The planes alternate from pixel to pixel: colour is the first axis. */
  readonly interleaved: boolean;
}

/** Beyond RGB and one more, planes are layers of a cube. */
const MAX_PLANES = 4;

/** With colour as first axis, the other two must be at least this long, or it is a narrow cube. */
const MIN_INTERLEAVED_SIDE = 16;

/** True if the HDU is a table that holds a tile-compressed image (FITS standard 4.0, section 10.1). */
export function isCompressed(hdu: Hdu): boolean {
  return hdu.kind === 'table' && hdu.header.get('ZIMAGE') === true;
}

/**
 * The axes of the image in an HDU, compressed ones unpacked.
 * `undefined` if it holds none: a table, less than two axes, an axis of length 0, an impossible ZNAXIS.
 */
export function imageAxes(hdu: Hdu): readonly number[] | undefined {
  let axes = hdu.axes;
  if (isCompressed(hdu)) {
    const naxis = hdu.header.getNumber('ZNAXIS') ?? 0;
    if (!(naxis >= 0 && naxis <= 999)) return undefined;
    axes = Array.from({ length: Math.floor(naxis) }, (_, i) => hdu.header.getNumber(`ZNAXIS${i + 1}`) ?? 0);
  } else if (hdu.kind !== 'image') {
    return undefined;
  }
  if (axes.length < 2) return undefined;
  return axes.every((length) => Number.isSafeInteger(length) && length > 0) ? axes : undefined;
}

/** How to read an image with these axes: axes of length 1 do not count, of higher ones the first cube is taken. */
export function shapeOf(axes: readonly number[]): ImageShape {
  const real = axes.filter((length) => length > 1);
  // Two axes remain, whatever their length.
  if (real.length < 2) return { width: axes[0]!, height: axes[1]!, planes: 1, interleaved: false };
  const [first = 1, second = 1, third = 1] = real;
  if ((first === 3 || first === 4) && second >= MIN_INTERLEAVED_SIDE && third >= MIN_INTERLEAVED_SIDE) {
    return { width: second, height: third, planes: first, interleaved: true };
  }
  return { width: first, height: second, planes: Math.min(third, MAX_PLANES), interleaved: false };
}
