import type { Frame } from '../image/frame.ts';
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
  const lines = Array.from({ length: bin }, () => new Float32Array(width * bin));
  const mayHaveGaps =
    frame.blank !== undefined || frame.pixels.BYTES_PER_ELEMENT === 8 || frame.pixels instanceof Float32Array;
  const limits = readLimits(frame, survey);
  let gaps = false;
  await inSteps(height, frame.width * bin, pace, (from, to) => {
    for (let y = from; y < to; y++) {
      const out = y * width;
      for (let k = 0; k < bin; k++) {
        const line = bin === 1 ? pixels.subarray(out, out + width) : lines[k]!;
        readRow(frame, survey, limits, y * bin + k, line, state, out, bin);
        if (mayHaveGaps) markGaps(frame, y * bin + k, line);
      }
      if (bin === 2) averagePairs(lines[0]!, lines[1]!, pixels, out, width);
      else if (bin > 2) averageBlocks(lines, pixels, out, width);
      if (mayHaveGaps && clearGaps(pixels, state, out, width)) gaps = true;
    }
  });
  if (bin === 1 && survey.mosaic) smoothMosaic(pixels, width, height);
  return { width, height, bin, pixels, state, gaps };
}

/** Whole numbers for whole pixels: integer compares in the hottest loop are worth a third of its time. */
function readLimits(frame: Frame, survey: Survey): { suspect: number; full: number; base: number } {
  const whole = !(frame.pixels instanceof Float32Array || frame.pixels instanceof Float64Array);
  const { suspect, full, base } = survey;
  if (!whole) return { suspect, full, base };
  return { suspect: Math.ceil(suspect), full: full < 2 ** 31 ? Math.ceil(full) : 2 ** 31 - 1, base: Math.round(base) };
}

/**
 * Copies one row of the frame, mending hot pixels. Every pixel goes through here, so it is a small function of its own
 * that the just-in-time compiler gets to know within a few rows.
 *
 * @param out receives the first `out.length` pixels
 * @param state gets the `FULL` bits, `bin` pixels to one entry from `stateStart` on
 */
function readRow(
  frame: Frame,
  survey: Survey,
  limits: { suspect: number; full: number; base: number },
  y: number,
  out: Float32Array,
  state: Uint8Array,
  stateStart: number,
  bin: number,
): void {
  const source = frame.pixels;
  const { suspect, full, base } = limits;
  const row = y * frame.width;
  const length = out.length;
  // In a mosaic the next pixel of the same colour is two away.
  const near = survey.mosaic ? 2 : 1;
  for (let x = 0; x < length; x++) {
    const i = row + x;
    const value = source[i]!;
    let kept = value;
    // A neighbour without value compares false.
    if (
      value - source[x < near ? i + near : i - near]! > suspect ||
      value - source[x + near < length ? i + near : i - near]! > suspect
    ) {
      kept = hotReplacement(source, frame.width, frame.height, x, y, survey, value);
    }
    if (kept >= full) state[stateStart + Math.floor(x / bin)] = FULL;
    out[x] = kept - base;
  }
}

/** Makes NaN of what has no value, or none that light could cause. */
function markGaps(frame: Frame, y: number, line: Float32Array): void {
  const source = frame.pixels;
  const blank = frame.blank ?? NaN;
  const row = y * frame.width;
  for (let x = 0; x < line.length; x++) {
    const value = source[row + x]!;
    if (!(value > -HUGE && value < HUGE) || value === blank) line[x] = NaN;
  }
}

/** Turns NaN into blank pixels; true if there are any. */
function clearGaps(pixels: Float32Array, state: Uint8Array, start: number, width: number): boolean {
  let gaps = false;
  for (let p = start; p < start + width; p++) {
    if (pixels[p]! === pixels[p]!) continue;
    pixels[p] = 0;
    state[p] = BLANK;
    gaps = true;
  }
  return gaps;
}

/** Means of 2x2 pixels of two rows. */
function averagePairs(a: Float32Array, b: Float32Array, out: Float32Array, start: number, width: number): void {
  for (let x = 0; x < width; x++) {
    out[start + x] = 0.25 * (a[2 * x]! + a[2 * x + 1]! + b[2 * x]! + b[2 * x + 1]!);
  }
}

/** Means of square blocks as high as there are rows. */
function averageBlocks(lines: Float32Array[], out: Float32Array, start: number, width: number): void {
  const bin = lines.length;
  for (let x = 0; x < width; x++) {
    let sum = 0;
    for (const line of lines) for (let k = x * bin; k < (x + 1) * bin; k++) sum += line[k]!;
    out[start + x] = sum / (bin * bin);
  }
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
