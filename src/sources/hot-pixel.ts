import type { Pixels } from '../image/frame.ts';
import type { Survey } from './survey.ts';
import { HUGE } from './survey.ts';

/** The 5x5 frame of pixels around the 3x3 neighbourhood. */
const RING_X = [-2, -1, 0, 1, 2, 2, 2, 2, 2, 1, 0, -1, -2, -2, -2, -2];
const RING_Y = [-2, -2, -2, -2, -2, -1, 0, 1, 2, 2, 2, 2, 2, 1, 0, -1];
const NEAR_X = [-1, 0, 1, -1, 1, -1, 0, 1];
const NEAR_Y = [-1, -1, -1, 0, 0, 1, 1, 1];

/**
 * A star has wings: even one of fwhm 1 px, centred in a pixel, puts into the neighbours (the brightest one left
 * out) 0.57 of what that pixel has, and any other place or width gives more. A hot pixel puts nothing there, nor
 * do two that touch, since the brightest neighbour does not count.
 */
const WINGS_SHARE = 0.22;

/** Below this the noise of the neighbours hides the difference. */
const HOT_SIGMA = 8;

const ring = new Float64Array(16);

/**
 * The value to use for a pixel: its own, or the sky around it if it is too sharp to be light that came through a lens.
 *
 * @param x,y the pixel; frames of less than 5 pixels a side are left as they are
 * @param value what stands there
 */
export function hotReplacement(
  source: Pixels,
  width: number,
  height: number,
  x: number,
  y: number,
  survey: Survey,
  value: number,
): number {
  const { offsets } = survey;
  if (width < 5 || height < 5) return value;
  let count = 0;
  for (let k = 0; k < 16; k++) {
    const px = x + RING_X[k]!;
    const py = y + RING_Y[k]!;
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const v = source[py * width + px]!;
    if (!(v > -HUGE && v < HUGE)) continue;
    // Insertion keeps the ring ascending.
    const level = v - offsets[(px & 1) + 2 * (py & 1)]!;
    let j = count++;
    while (j > 0 && ring[j - 1]! > level) {
      ring[j] = ring[j - 1]!;
      j--;
    }
    ring[j] = level;
  }
  if (count < 5) return value;
  const sky = ring[count >> 1]!;
  const own = offsets[(x & 1) + 2 * (y & 1)]!;
  const peak = value - own - sky;
  if (peak < HOT_SIGMA * survey.noise) return value;
  let sum = 0;
  let brightest = -Infinity;
  let near = 0;
  for (let k = 0; k < 8; k++) {
    const px = x + NEAR_X[k]!;
    const py = y + NEAR_Y[k]!;
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const v = source[py * width + px]!;
    if (!(v > -HUGE && v < HUGE)) continue;
    const light = v - offsets[(px & 1) + 2 * (py & 1)]! - sky;
    sum += light;
    near++;
    if (light > brightest) brightest = light;
  }
  if (near < 3) return value;
  return sum - brightest < WINGS_SHARE * peak ? sky + own : value;
}
