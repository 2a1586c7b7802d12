import type { Frame, Pixels } from '../image/frame.ts';
import type { Pace } from '../pace.ts';
import { hotReplacement } from './hot-pixel.ts';
import { inSteps } from './rows.ts';
import type { Survey } from './survey.ts';
import { HUGE } from './survey.ts';

/** Bits of {@link WorkImage.state}. */
export const BLANK = 1;
/** Saturated in at least one pixel of the frame that went in here. */
export const FULL = 2;

/**
 * The frame as the detector works on it: one float plane, hot pixels mended, colour mosaic evened out,
 * `bin` x `bin` pixels of the frame averaged into one. Pixel X of it is centred at `(X + 0.5) * bin - 0.5` of the frame.
 */
export interface WorkImage {
  readonly width: number;
  readonly height: number;
  readonly bin: number;
  /** Length `width * height`; blank pixels are 0. */
  readonly pixels: Float32Array;
  /** {@link BLANK} and {@link FULL} for each pixel. */
  readonly state: Uint8Array;
  /** True if some pixel is blank. */
  readonly gaps: boolean;
}

/** A pixel this many sigma above its lowest direct neighbour is looked at more closely. */
const SUSPECT_SIGMA = 7;

/**
 * Reads a frame into a working image, taking off its base level.
 *
 * @param bin pixels of the frame, each way, per pixel of the result; even if the frame is a mosaic, or 1
 */
export async function readWorkImage(frame: Frame, survey: Survey, bin: number, pace: Pace): Promise<WorkImage> {
  const width = Math.floor(frame.width / bin);
  const height = Math.floor(frame.height / bin);
  const pixels = new Float32Array(width * height);
  const state = new Uint8Array(width * height);
  let gaps = false;
  await inSteps(height, frame.width * bin, pace, (from, to) => {
    const blanks =
      bin === 1
        ? readRows(frame.pixels, frame.width, frame.height, frame.blank ?? NaN, survey, from, to, pixels, state)
        : binRows(frame.pixels, frame.width, frame.height, frame.blank ?? NaN, survey, bin, from, to, pixels, state);
    if (blanks > 0) gaps = true;
  });
  if (bin === 1 && survey.mosaic) smoothMosaic(pixels, width, height);
  return { width, height, bin, pixels, state, gaps };
}

/** Copies rows, mending hot pixels; returns how many are blank. */
function readRows(
  source: Pixels,
  width: number,
  height: number,
  blank: number,
  survey: Survey,
  from: number,
  to: number,
  out: Float32Array,
  state: Uint8Array,
): number {
  const { base, full, offsets } = survey;
  const suspect = SUSPECT_SIGMA * survey.noise;
  // In a mosaic the neighbours see other colours: their difference in sky must not look like a defect.
  const slack = survey.mosaic ? Math.max(...offsets) - Math.min(...offsets) : 0;
  let blanks = 0;
  for (let y = from; y < to; y++) {
    const row = y * width;
    const up = y > 0 ? row - width : row + width;
    const down = y + 1 < height ? row + width : up;
    for (let x = 0; x < width; x++) {
      const value = source[row + x]!;
      if (!(value > -HUGE && value < HUGE) || value === blank) {
        state[row + x] = BLANK;
        blanks++;
        continue;
      }
      if (value >= full) state[row + x] = FULL;
      const limit = value - suspect - slack;
      let kept = value;
      if (limit > source[up + x]! || limit > source[down + x]! || limit > source[x > 0 ? row + x - 1 : row + 1]!) {
        kept = hotReplacement(source, width, height, x, y, survey, value);
        if (kept !== value) state[row + x] = 0;
      }
      out[row + x] = kept - base;
    }
  }
  return blanks;
}

/** Averages blocks of pixels, mending the hottest one of each; returns how many results are blank. */
function binRows(
  source: Pixels,
  width: number,
  height: number,
  blank: number,
  survey: Survey,
  bin: number,
  from: number,
  to: number,
  out: Float32Array,
  state: Uint8Array,
): number {
  const { base, full, offsets } = survey;
  const outWidth = Math.floor(width / bin);
  const slack = survey.mosaic ? Math.max(...offsets) - Math.min(...offsets) : 0;
  const suspect = SUSPECT_SIGMA * survey.noise + slack;
  const area = bin * bin;
  let blanks = 0;
  for (let y = from; y < to; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      let lowest = Infinity;
      let highest = -Infinity;
      let highestAt = 0;
      let usable = true;
      for (let dy = 0; dy < bin; dy++) {
        const row = (y * bin + dy) * width + x * bin;
        for (let i = row; i < row + bin; i++) {
          const value = source[i]!;
          if (!(value > -HUGE && value < HUGE) || value === blank) usable = false;
          sum += value;
          if (value < lowest) lowest = value;
          if (value > highest) {
            highest = value;
            highestAt = i;
          }
        }
      }
      const o = y * outWidth + x;
      if (!usable) {
        state[o] = BLANK;
        blanks++;
        continue;
      }
      if (highest >= full) state[o] = FULL;
      if (highest - lowest > suspect) {
        const column = highestAt % width;
        const mended = hotReplacement(source, width, height, column, (highestAt - column) / width, survey, highest);
        if (mended !== highest) {
          sum += mended - highest;
          state[o] = 0;
        }
      }
      out[o] = sum / area - base;
    }
  }
  return blanks;
}

/**
 * Convolves in place with [1 2 1] x [1 2 1] / 16. Each result holds a quarter red, a half green and a quarter
 * blue wherever it stands, so the mosaic vanishes while positions keep the full sampling.
 */
function smoothMosaic(pixels: Float32Array, width: number, height: number): void {
  let above = new Float32Array(width);
  let here = new Float32Array(width);
  let below = new Float32Array(width);
  smoothRow(pixels, 0, width, here);
  above.set(here);
  for (let y = 0; y < height; y++) {
    if (y + 1 < height) smoothRow(pixels, (y + 1) * width, width, below);
    else below.set(above);
    // The row above the first one is, as in a mirror, the one below it.
    if (y === 0) above.set(below);
    const row = y * width;
    for (let x = 0; x < width; x++) pixels[row + x] = 0.25 * (above[x]! + 2 * here[x]! + below[x]!);
    const free = above;
    above = here;
    here = below;
    below = free;
  }
}

function smoothRow(pixels: Float32Array, row: number, width: number, out: Float32Array): void {
  const last = row + width - 1;
  out[0] = 0.5 * (pixels[row]! + pixels[row + 1]!);
  for (let i = row + 1; i < last; i++) out[i - row] = 0.25 * (pixels[i - 1]! + 2 * pixels[i]! + pixels[i + 1]!);
  out[width - 1] = 0.5 * (pixels[last]! + pixels[last - 1]!);
}
