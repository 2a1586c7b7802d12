import type { WorkImage } from './work-image.ts';

/** A line whose clipped mean is off by this many of three sigma holds no picture: its neighbours take its place. */
const DEAD_SIGMA = 2.4;
/** In between, a part of the line is damaged, or a bleeding star fills it: a shift would not mend that. */
const SHIFT_SIGMA = 1;
/** Lines this far on either side tell what a line should have. */
const REACH = 8;
/** Weaker patterns than this many times the error of a line's mean are left alone. */
const SIGNIFICANT = 4;

/** What is wrong with rows or columns: a shift in sigma per line, NaN for a line to be replaced. */
export type LineShifts = Float32Array;

/**
 * Compares the clipped mean of each line with the median of those around it.
 *
 * @param sums one per line, of `length` values clipped to three sigma
 * @returns null if no line differs from the others
 */
export function lineShifts(sums: Float32Array, length: number): LineShifts | null {
  const count = sums.length;
  const shifts = new Float32Array(count);
  const limit = SIGNIFICANT / Math.sqrt(length);
  const window = new Float32Array(2 * REACH + 1);
  let different = false;
  for (let i = 0; i < count; i++) {
    const first = Math.max(0, i - REACH);
    const end = Math.min(count, i + REACH + 1);
    const around = window.subarray(0, end - first);
    around.set(sums.subarray(first, end));
    const shift = (sums[i]! - around.sort()[around.length >> 1]!) / length;
    const size = Math.abs(shift);
    if (size <= limit || (size > SHIFT_SIGMA && size < DEAD_SIGMA)) continue;
    shifts[i] = size >= DEAD_SIGMA ? NaN : shift;
    different = true;
  }
  return different ? shifts : null;
}

/** Takes the shifts off rows and columns of a signal-over-noise image, in place, and bridges the dead lines. */
export function evenLines(image: WorkImage, rows: LineShifts | null, columns: LineShifts | null): void {
  const { width, height, pixels, state } = image;
  if (columns !== null) {
    for (let x = 0; x < width; x++) {
      const shift = columns[x]!;
      if (shift === 0) continue;
      if (shift === shift) for (let p = x; p < pixels.length; p += width) pixels[p] = pixels[p]! - shift;
      else bridge(pixels, state, x, width, height, columns, x, 1);
    }
  }
  if (rows !== null) {
    for (let y = 0; y < height; y++) {
      const shift = rows[y]!;
      const start = y * width;
      if (shift === 0) continue;
      if (shift === shift) for (let p = start; p < start + width; p++) pixels[p] = pixels[p]! - shift;
      else bridge(pixels, state, start, 1, width, rows, y, width);
    }
  }
}

/**
 * Fills one dead line from the nearest living ones on both sides, by distance.
 *
 * @param start index of its first pixel
 * @param along index step from pixel to pixel of the line
 * @param length its pixels
 * @param line its number
 * @param across index step from line to line
 */
function bridge(
  pixels: Float32Array,
  state: Uint8Array,
  start: number,
  along: number,
  length: number,
  shifts: LineShifts,
  line: number,
  across: number,
): void {
  let before = line - 1;
  while (before >= 0 && shifts[before] !== shifts[before]) before--;
  let after = line + 1;
  while (after < shifts.length && shifts[after] !== shifts[after]) after++;
  if (after >= shifts.length) after = before;
  if (before < 0) before = after;
  // All lines dead: nothing better is known.
  if (before < 0 || before >= shifts.length) return;
  const toBefore = (before - line) * across;
  const toAfter = (after - line) * across;
  const share = before === after ? 0 : (line - before) / (after - before);
  for (let k = 0, p = start; k < length; k++, p += along) {
    pixels[p] = pixels[p + toBefore]! * (1 - share) + pixels[p + toAfter]! * share;
    state[p] = state[p + toBefore]! & state[p + toAfter]!;
  }
}
