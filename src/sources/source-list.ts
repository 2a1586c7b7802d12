/** Bits of {@link SourceList.flags}. */
export const SATURATED = 1;
/** Touches the border or a blank region: its position is biased. */
export const TRUNCATED = 2;
/** Much longer than wide compared with the other sources: a trail, a diffraction spike, a letter. */
export const ELONGATED = 4;
/** Found inside a larger bright structure or touching a neighbour. */
export const BLENDED = 8;

/**
 * The detections of one image: arrays of equal length n, side by side, brightest first.
 * Positions are pixels of the full image, 0-based with integers at pixel centres, y counting stored rows.
 */
export interface SourceList {
  /** Width of the full image, pixels. */
  readonly width: number;
  /** Height of the full image, pixels. */
  readonly height: number;
  /** Along the rows. */
  readonly x: Float64Array;
  /** Across the rows. */
  readonly y: Float64Array;
  /** Background-subtracted flux, arbitrary linear unit. */
  readonly flux: Float32Array;
  /** Estimated one-axis position error, pixels. */
  readonly sigma: Float32Array;
  /** {@link SATURATED} and its neighbours. */
  readonly flags: Uint8Array;
  /** Typical full width at half maximum of the stars of this image, pixels. */
  readonly fwhm: number;
}
