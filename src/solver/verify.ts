import type { StarBuffer, StarStore } from '../skyindex/sky-index.ts';
import { type Camera, directionOfPixel } from './camera.ts';
import { type Field, nearestSource } from './field.ts';

/** Stars asked for per tested source in view: the catalogue may go deeper than the image, not much. */
const STARS_PER_SOURCE = 1.6;
/** Fewer are not worth a test. */
const FEWEST_STARS = 12;
/** A star counts as found within so many standard errors. */
const REACH = 3;
/** A hypothesis that has found none of so many stars, or one of twice as many and so on, is given up. */
const GIVE_UP = 10;
/** Of a match's distance from the quad: what lens distortion may add to the error of a prediction. */
const BEND = 0.004;

/** What was compared, and the outcome. One object, filled again and again. */
export interface Verdict {
  /** Natural log of the odds that the prediction beats chance. */
  logOdds: number;
  /** Stars predicted, and found. */
  predicted: number;
  found: number;
}

/** Scratch for {@link verifyCamera}. */
export interface VerifyScratch {
  readonly stars: StarBuffer;
  readonly direction: Float64Array;
  readonly claimed: Uint32Array;
  round: number;
  ratios: Float64Array;
}

/**
 * Predicts stars around a quad and looks whether sources are there.
 *
 * Each star found at distance r, with one-axis error s, among sources of local density q, is more likely by
 * `exp(-r² / 2 s²) / (2 pi s² q)` under the hypothesis than by chance; a star not found is a little less likely. The share
 * of stars found is itself estimated, so that a catalogue deeper than the image does no harm. The stars and sources of the
 * quad are left out: they agree by construction.
 *
 * @param quad indices of the four sources of the quad
 * @param reach radius around the quad that is looked at, pixels
 * @see Lang et al. 2010, AJ 139, 1782, section 2.3
 */
export function verifyCamera(
  field: Field,
  store: StarStore,
  camera: Camera,
  quad: Int32Array,
  quadSize: number,
  reach: number,
  scratch: VerifyScratch,
  verdict: Verdict,
): void {
  const { stars, direction, claimed } = scratch;
  const round = ++scratch.round;
  let midX = 0;
  let midY = 0;
  for (let i = 0; i < quad.length; i++) {
    claimed[quad[i]!] = round;
    midX += field.x[quad[i]!]! / quad.length;
    midY += field.y[quad[i]!]! / quad.length;
  }
  directionOfPixel(camera, midX, midY, direction);
  const scale = camera[9]!;
  const area = Math.min(field.width * field.height, Math.PI * reach * reach);
  const wanted = Math.max(FEWEST_STARS, (STARS_PER_SOURCE * field.tested * area) / (field.width * field.height));
  store.collect(direction, Math.atan(scale * reach), wanted, stars);

  const halfWidth = field.width / 2;
  const halfHeight = field.height / 2;
  const base = field.sigma * field.sigma;
  const growth = (field.sigma / quadSize) ** 2 + BEND * BEND;
  const { vectors } = stars;
  const perScale = 1 / scale;
  if (scratch.ratios.length < stars.count) scratch.ratios = new Float64Array(2 * stars.count);
  const { ratios } = scratch;
  let predicted = 0;
  let found = 0;
  for (let i = 0; i < stars.count; i++) {
    const vx = vectors[3 * i]!;
    const vy = vectors[3 * i + 1]!;
    const vz = vectors[3 * i + 2]!;
    const depth = vx * camera[0]! + vy * camera[1]! + vz * camera[2]!;
    if (depth <= 0) continue;
    const factor = perScale / depth;
    const x = factor * (vx * camera[3]! + vy * camera[4]! + vz * camera[5]!);
    const y = factor * (vx * camera[6]! + vy * camera[7]! + vz * camera[8]!);
    if (x < -halfWidth || x > halfWidth || y < -halfHeight || y > halfHeight) continue;
    const dx = x - midX;
    const dy = y - midY;
    const variance = base + growth * (dx * dx + dy * dy);
    const source = nearestSource(field, x, y, REACH * Math.sqrt(variance));
    if (source < 0) {
      predicted++;
      if (predicted >= GIVE_UP && predicted >= GIVE_UP * (1 + found)) {
        verdict.logOdds = -Infinity;
        return;
      }
      continue;
    }
    if (claimed[source] === round) continue;
    claimed[source] = round;
    predicted++;
    const ex = field.x[source]! - x;
    const ey = field.y[source]! - y;
    ratios[found++] =
      Math.exp(-(ex * ex + ey * ey) / (2 * variance)) / (2 * Math.PI * variance * field.density[source]!);
  }
  verdict.predicted = predicted;
  verdict.found = found;
  verdict.logOdds = logOdds(ratios, found, predicted);
}

/** Odds of the found and missed stars, at the share of found stars that suits them best, less the price of having chosen it. */
export function logOdds(ratios: Float64Array, found: number, predicted: number): number {
  if (found === 0) return -Infinity;
  const share = Math.min(0.98, found / predicted);
  let sum = (predicted - found) * Math.log(1 - share) - 0.5 * Math.log(predicted);
  for (let i = 0; i < found; i++) sum += Math.log(1 - share + share * ratios[i]!);
  return sum;
}
