import { type TiffTag, U16, tiff } from './make-images.ts';

export interface DngSpec {
  readonly width: number;
  readonly height: number;
  /** One number a pixel, or three if there are no filters. */
  readonly values: readonly number[];
  /** Colours of the first two rows and columns: 0 red, 1 green, 2 blue; absent: each pixel has all three. */
  readonly filters?: readonly number[];
  /** Within the margins. */
  readonly active?: { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number };
  readonly exif?: readonly TiffTag[];
  readonly tags?: readonly TiffTag[];
}

function text(words: string): number[] {
  return [...Buffer.from(`${words}\0`)];
}

/** A DNG file of an uncompressed mosaic, or of colours, of 16 bits: no camera has made it. */
export function dng({ width, height, values, filters, active, exif, tags = [] }: DngSpec): Buffer {
  const mosaic = filters !== undefined;
  return tiff({
    width,
    height,
    channels: mosaic ? 1 : 3,
    numbers: U16,
    values,
    ...(exif === undefined ? {} : { exif }),
    tags: [
      [254, 4, [0]],
      [262, 3, [mosaic ? 32803 : 34892]],
      [271, 1, text('Starfix')],
      [272, 1, text('Synthetic')],
      ...(mosaic
        ? ([
            [33421, 3, [2, 2]],
            [33422, 1, filters],
          ] satisfies TiffTag[])
        : []),
      [50706, 1, [1, 4, 0, 0]],
      [50707, 1, [1, 1, 0, 0]],
      [50708, 1, text('Starfix Synthetic')],
      [50717, 4, [65535]],
      [50728, 5, [1, 1, 1]],
      [50778, 3, [21]],
      ...(active === undefined
        ? []
        : ([[50829, 4, [active.top, active.left, active.bottom, active.right]]] satisfies TiffTag[])),
      ...tags,
    ],
  });
}
