import type { HeaderHint } from '../hints.ts';

/** Pixel values as they are stored; a linear rescaling (BSCALE, BZERO) does not matter to detection and is not applied. */
export type Pixels = Uint8Array | Uint16Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Colour filter layout of a mosaic, reading order of its top-left 2x2 block as stored. */
export type BayerPattern = 'RGGB' | 'BGGR' | 'GRBG' | 'GBRG';

/** An image with its colours, for those who pass it on. */
export interface Planes extends Pick<Frame, 'width' | 'height' | 'rowOrder'> {
  /** How many planes stand in `pixels`. */
  readonly planes: number;
  /** Length `width * height * planes`, plane after plane. */
  readonly pixels: Pixels;
}

/**
 * One image, one plane, as the detector wants it.
 * Pixel (x, y), 0-based, integers at pixel centres, stands at `pixels[y * width + x]`; y counts stored rows.
 */
export interface Frame {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Length `width * height`. NaN (in floats) and `blank` mean "no value here". */
  readonly pixels: Pixels;
  /** The stored value that means "no value here", if the format has one. */
  readonly blank?: number;
  /** Where the first stored row belongs in the picture as it is shown. FITS default: bottom. */
  readonly rowOrder: 'bottom-up' | 'top-down';
  /** Set if neighbouring pixels look through different filters. */
  readonly bayer?: BayerPattern;
  /** `fits`, `fits.fz`, `xisf`, `jpeg`, `png`, `tiff`, `webp`, `raw`; `raw preview`: the picture that a camera put into its raw file. */
  readonly format: string;
  /** What the file says about where it points and how large its pixels are, best first. */
  readonly hints: readonly HeaderHint[];
}
