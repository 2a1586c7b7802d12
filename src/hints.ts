/** What is known or guessed before the search. A wrong hint costs time, never the solution. */
export interface Hints {
  /** Where the image centre may lie: ICRS degrees, and how far off it may be. */
  readonly position?: { readonly raDeg: number; readonly decDeg: number; readonly radiusDeg: number };
  /** Pixel scale at the centre, arcsec per pixel of the full image. */
  readonly scale?: { readonly lowArcsec: number; readonly highArcsec: number };
  /** Width of the field, degrees: for those who do not know the pixel scale. Not together with `scale`. */
  readonly fieldWidth?: { readonly lowDeg: number; readonly highDeg: number };
  /** Where the frame before points, its half diagonal, its scale and its parity: tried first. Servers are not told. */
  readonly previous?: {
    readonly raDeg: number;
    readonly decDeg: number;
    readonly radiusDeg: number;
    readonly scaleArcsec: number;
    readonly parity: 1 | -1;
  };
  /** Sign of det(CD): -1 for a usual FITS image, +1 for a mirrored one. */
  readonly parity?: 1 | -1;
}

/** A hint found in a file, with the keywords it came from, such as `OBJCTRA, OBJCTDEC`. */
export type HeaderHint =
  | { readonly kind: 'position'; readonly from: string; readonly raDeg: number; readonly decDeg: number }
  | { readonly kind: 'scale'; readonly from: string; readonly scaleArcsec: number };
