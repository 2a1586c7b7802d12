import type { Frame, Pixels } from '../image/frame.ts';
import { median } from '../math/statistics.ts';

/** What a glance at some thousand pixels tells about a frame, in the units of its pixels. */
export interface Survey {
  /** Median of the frame. It is taken off before values enter 32-bit floats. */
  readonly base: number;
  /** Noise from pixel to pixel, one sigma. */
  readonly noise: number;
  /** Smallest distance between two different values; 0 if all are equal. */
  readonly step: number;
  /** A pixel this much above a neighbour of its colour is looked at more closely: it may be hot. */
  readonly suspect: number;
  /** Values from here on are saturated; Infinity if nothing is. */
  readonly full: number;
  /** Sky of each place of the 2x2 colour filter block, less their mean: [(even x, even y), (odd, even), (even, odd), (odd, odd)]. */
  readonly offsets: Float64Array;
  /** Neighbouring pixels look through different filters: declared by the frame, or seen in the sky levels. */
  readonly mosaic: boolean;
}

/** Beyond this a number is damage, not light; its square must fit a 32-bit float. */
export const HUGE = 1e18;

/** About this many 2x2 blocks are looked at. */
const BLOCKS = 2500;

/** Differences between neighbours up to this many sigma are noise. */
const SUSPECT_SIGMA = 7;

/** Frames of more pixels than this have their plateaus sought in fewer rows. */
const LARGE = 7_000_000;

/** Saturated stars are flat on top: as many pairs of neighbours as this must lie at the highest level of all. */
const FLAT_PAIRS = 3;

/**
 * Looks at a grid of 2x2 blocks, and at a quarter of all pixels for the highest value.
 *
 * @returns null if no block has four usable pixels
 */
export function surveyFrame(frame: Frame): Survey | null {
  const { width, height, pixels } = frame;
  const blank = frame.blank ?? NaN;
  const stride = Math.max(2, Math.floor(Math.sqrt((width * height) / BLOCKS)) & ~1);
  const capacity = Math.ceil(width / stride) * Math.ceil(height / stride);
  const corners = [0, 1, 2, 3].map(() => new Float64Array(capacity));
  let count = 0;
  for (let y = (stride >> 1) & ~1; y + 1 < height; y += stride) {
    for (let x = (stride >> 1) & ~1; x + 1 < width; x += stride) {
      const i = y * width + x;
      let usable = true;
      for (let k = 0; k < 4; k++) {
        const value = pixels[i + (k & 1) + (k >> 1) * width]!;
        if (!(value > -HUGE && value < HUGE) || value === blank) usable = false;
        corners[k]![count] = value;
      }
      if (usable) count++;
    }
  }
  if (count === 0) return null;

  const all = new Float64Array(4 * count);
  for (let k = 0; k < 4; k++) all.set(corners[k]!.subarray(0, count), k * count);
  all.sort();
  const base = all[all.length >> 1]!;
  let step = Infinity;
  for (let i = 1; i < all.length; i++) {
    const gap = all[i]! - all[i - 1]!;
    if (gap > 0 && gap < step) step = gap;
  }
  if (step === Infinity) step = 0;

  // Each place against the mean of its block: a nebula or a gradient is in both.
  const offsets = new Float64Array(4);
  const excess = new Float64Array(count);
  for (let k = 0; k < 4; k++) {
    for (let i = 0; i < count; i++) {
      excess[i] = corners[k]![i]! - (corners[0]![i]! + corners[1]![i]! + corners[2]![i]! + corners[3]![i]!) / 4;
    }
    offsets[k] = median(excess);
  }
  const differences = new Float64Array(2 * count);
  const left = offsets[0]! - offsets[1]!;
  const right = offsets[2]! - offsets[3]!;
  for (let i = 0; i < count; i++) {
    differences[2 * i] = Math.abs(corners[0]![i]! - corners[1]![i]! - left);
    differences[2 * i + 1] = Math.abs(corners[2]![i]! - corners[3]![i]! - right);
  }
  // Median absolute difference of two pixels, over 0.6745 sqrt(2); the second term is the noise of rounding.
  const noise = Math.hypot(median(differences) / 0.9539, 0.29 * step);

  // Levels of the four places of a grey frame agree to 1.25 noise / sqrt(count) each, or to a rounding step.
  const spread = Math.max(...offsets) - Math.min(...offsets);
  const seen = spread > 0.4 * noise && spread > (8 * noise) / Math.sqrt(count) && spread > 1.5 * step;
  const mosaic = frame.bayer !== undefined || seen;
  if (!mosaic) offsets.fill(0);
  return { base, noise, step, suspect: SUSPECT_SIGMA * noise, full: fullLevel(frame, base), offsets, mosaic };
}

/** Level from which on values are saturated: 98 % of the way from `base` to the highest value, if stars are flat there. */
function fullLevel(frame: Frame, base: number): number {
  const { width, height, pixels } = frame;
  const blank = frame.blank ?? NaN;
  const rowStep = width * height > LARGE ? 4 : 2;
  const maxima = new Float64Array(Math.ceil(height / rowStep));
  let highest = -Infinity;
  for (let k = 0; k < maxima.length; k++) {
    const start = k * rowStep * width;
    const own = rowMaximum(pixels, start + (k & 1), start + width, blank);
    maxima[k] = own;
    if (own > highest) highest = own;
  }
  const level = base + 0.98 * (highest - base);
  if (!(level > base)) return Infinity;
  let pairs = 0;
  for (let k = 0; k < maxima.length; k++) {
    if (maxima[k]! < level) continue;
    const start = k * rowStep * width;
    for (let i = start + (k & 1); i < start + width - 1; i += 2) {
      if (pixels[i]! >= level && pixels[i + 1]! >= level && pixels[i]! <= highest && pixels[i + 1]! <= highest) pairs++;
    }
    if (pairs >= FLAT_PAIRS) return level;
  }
  return Infinity;
}

/** Highest value among every other pixel; -Infinity if none has a value. */
function rowMaximum(pixels: Pixels, from: number, to: number, blank: number): number {
  let highest = -Infinity;
  for (let i = from; i < to; i += 2) {
    const value = pixels[i]!;
    if (value > highest && value < HUGE && value !== blank) highest = value;
  }
  return highest;
}
