import type { Pace } from '../pace.ts';
import type { Mesh } from './background.ts';
import { noiseAt } from './background.ts';
import { KERNEL_GAIN, KERNEL_SIGMA } from './matched-filter.ts';
import type { Layer } from './matched-filter.ts';
import type { Regions } from './regions.ts';
import { BLENDED, ELONGATED, SATURATED, TRUNCATED } from './source-list.ts';
import type { SourceList } from './source-list.ts';
import type { StarShape } from './star-shape.ts';

/** What detection knows when it comes to measuring. */
export interface Findings {
  readonly layer: Layer;
  /** The layer after the matched filter. */
  readonly filtered: Float32Array;
  readonly regions: Regions;
  readonly shape: StarShape;
  readonly mesh: Mesh;
  /** Pixels of the frame per pixel of the layer, each way. */
  readonly bin: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
}

/** Least height above the surroundings, sigma of the filtered image: a few false ones in a million pixels of noise. */
const DETECT_SIGMA = 5;
/** Least height above the surroundings as a share of the height above the sky: less is texture of a bright thing. */
const DETECT_SHARE = 0.15;
/** Directions in which the surroundings are looked at, an even number. */
const DIRECTIONS = 16;
/** How far out: 2.6 sigma, where a Gaussian has 3 % of its height left and a Moffat profile 9 %. */
const RING_SIGMA = 2.6;
/** A source that keeps this share of its height in two opposite directions is a piece of a line. */
const RIDGE_SHARE = 0.5;
/** A core this much longer than wide, where stars would be round, is flagged. */
const LONG_RATIO = 2;
/** From here on a saturated core has bled along its column. */
const BLED_RATIO = 1.5;
/** A core of this many times the area of a star's is a star with a halo, a galaxy, a comet's head, if it is round and clear; */
const WIDE_RATIO = 4;
const WIDE_ROUND = 1.6;
const WIDE_SIGMA = 8;
/** Relative to the other sources, a peak this much sharper has not come through the same lens. */
const SHARP_RATIO = 1.35;
/** Centroids are no better than this, in pixels of the layer: sampling, flat field, seeing. */
const SIGMA_FLOOR = 0.05;

const ringValues = new Float64Array(DIRECTIONS);
const sortedRing = new Float64Array(DIRECTIONS);

/**
 * Measures every hill that stands out from its surroundings, and drops what cannot be a star.
 *
 * @param most longest list wanted
 */
export async function measureSources(findings: Findings, most: number, pace: Pace): Promise<SourceList> {
  const { layer, filtered, regions, shape, mesh, bin } = findings;
  const { width, height, pixels } = layer;
  const limit = Math.min(regions.count, Math.ceil(1.5 * most) + 100);
  const xs = new Float64Array(limit);
  const ys = new Float64Array(limit);
  const flux = new Float32Array(limit);
  const sigma = new Float32Array(limit);
  const flags = new Uint8Array(limit);
  const sharpness = new Float32Array(limit);
  const contrast = new Float32Array(limit);
  const spot = new Float64Array(3);

  const root = squareRoot(shape);
  const spread = Math.sqrt(
    Math.max(0.5, Math.sqrt(Math.max(0, shape.xx * shape.yy - shape.xy ** 2)) - KERNEL_SIGMA ** 2),
  );
  // Where the picture is much rougher than elsewhere (foliage, clouds, a nebula's heart) brightness counts in units of that
  // roughness, or a tree would outshine every star.
  const quiet = 1.3 * mesh.noise.slice().sort()[mesh.noise.length >> 1]!;
  let count = 0;
  for (let i = 0; i < limit; i++) {
    if (pace.due()) await pace.breathe();
    if (pace.expired) break;
    const top = regions.height[i]!;
    if (top < DETECT_SIGMA) break;
    const saturated = regions.full[i]! > 0;
    const peakY = Math.floor(regions.peak[i]! / width);
    const peakX = regions.peak[i]! - peakY * width;
    const core = regions.core[i]!;
    // A saturated star is as wide as its plateau, and highest anywhere on it.
    const coreScale = Math.sqrt(minorVariance(regions, i) / minorVarianceOf(shape));
    const wide = saturated || core > WIDE_RATIO * coreArea(shape);
    const scale = wide ? Math.max(1, coreScale) : 1;
    const long = core >= 6 ? elongation(regions, i, shape) : 1;
    // A saturated core that is long is mostly what has bled; the light beside it knows where the star is.
    const bled = saturated && long > BLED_RATIO;
    const centreX = bled ? regions.haloX[i]! : wide ? regions.x[i]! : peakX;
    const centreY = bled ? regions.haloY[i]! : wide ? regions.y[i]! : peakY;

    const around = lookAround(filtered, width, height, centreX, centreY, root, RING_SIGMA * scale);
    const local = Math.max(0, sortedRing[around >> 1]!);
    const low = sortedRing[around >> 2]!;
    const rise = top - local;
    if (around < DIRECTIONS / 2 || rise < DETECT_SIGMA || rise < DETECT_SHARE * top) continue;
    // The bleeding column of a saturated star is a ridge, too.
    if (!saturated && ridge(low) > RIDGE_SHARE * (top - low)) continue;
    if (wide && !saturated && (long > WIDE_ROUND || rise < WIDE_SIGMA)) continue;

    spot[0] = bled ? centreX : core >= 5 ? regions.x[i]! : peakX;
    spot[1] = bled ? centreY : core >= 5 ? regions.y[i]! : peakY;
    const fixed = centroid(pixels, width, height, shape, scale, local / KERNEL_GAIN, spot);
    const x = spot[0];
    const y = spot[1];

    let flag = 0;
    if (saturated) flag |= SATURATED;
    if (regions.cut[i] !== 0) flag |= TRUNCATED;
    if (regions.saddle[i]! > 0.3 * top || local > 0.5 * top) flag |= BLENDED;
    if (long > LONG_RATIO) flag |= ELONGATED;

    // Error of a centroid limited by the sky; window and filter are a little less than the best.
    let error = Math.hypot((1.2 * spread * scale) / rise, SIGMA_FLOOR);
    if (saturated) error = Math.hypot(error, 0.1 * spread * scale);
    if ((flag & TRUNCATED) !== 0) error = Math.hypot(error, 0.4 * spread);
    if ((flag & BLENDED) !== 0) error = Math.hypot(error, 0.1 * spread);
    if (!fixed) error = Math.hypot(error, 0.5);

    const frameX = (x + 0.5) * bin - 0.5;
    const frameY = (y + 0.5) * bin - 0.5;
    const unit = Math.min(quiet, noiseAt(mesh, x * layer.bin, y * layer.bin)) * layer.bin;
    const light = rise * shape.fluxOverHeight;
    xs[count] = frameX;
    ys[count] = frameY;
    flux[count] = (saturated ? Math.max(light, regions.flux[i]!) : light) * unit;
    sigma[count] = error * bin;
    flags[count] = flag;
    sharpness[count] = saturated ? 0 : highest(pixels, width, height, peakX, peakY) / rise;
    contrast[count] = rise;
    count++;
  }

  const limitSharp = sharpLimit(sharpness, count);
  const order: number[] = [];
  for (let k = 0; k < count; k++) if (sharpness[k]! - 2 / contrast[k]! < limitSharp) order.push(k);
  order.sort((a, b) => flux[b]! - flux[a]!);
  const kept = Int32Array.from(order.slice(0, most));
  return {
    width: findings.frameWidth,
    height: findings.frameHeight,
    x: Float64Array.from(kept, (k) => xs[k]!),
    y: Float64Array.from(kept, (k) => ys[k]!),
    flux: Float32Array.from(kept, (k) => flux[k]!),
    sigma: Float32Array.from(kept, (k) => sigma[k]!),
    flags: Uint8Array.from(kept, (k) => flags[k]!),
    fwhm: count === 0 ? 0 : shape.fwhm * bin,
  };
}

/** Lower triangular square root `[a, 0; b, c]` of the covariance of a star, as `[a, b, c]`. */
function squareRoot(shape: StarShape): Float64Array {
  const a = Math.sqrt(shape.xx);
  const b = shape.xy / a;
  return Float64Array.of(a, b, Math.sqrt(Math.max(0.1, shape.yy - b * b)));
}

/**
 * Samples an image on an ellipse into `ringValues` (in order, NaN outside) and `sortedRing` (ascending).
 *
 * @returns how many samples lie inside the image
 */
function lookAround(
  image: Float32Array,
  width: number,
  height: number,
  x: number,
  y: number,
  root: Float64Array,
  radius: number,
): number {
  let count = 0;
  for (let k = 0; k < DIRECTIONS; k++) {
    const u = radius * Math.cos((2 * Math.PI * k) / DIRECTIONS);
    const v = radius * Math.sin((2 * Math.PI * k) / DIRECTIONS);
    const px = Math.round(x + root[0]! * u);
    const py = Math.round(y + root[1]! * u + root[2]! * v);
    if (px < 0 || py < 0 || px >= width || py >= height) {
      ringValues[k] = NaN;
      continue;
    }
    const value = image[py * width + px]!;
    ringValues[k] = value;
    let j = count++;
    while (j > 0 && sortedRing[j - 1]! > value) {
      sortedRing[j] = sortedRing[j - 1]!;
      j--;
    }
    sortedRing[j] = value;
  }
  return count;
}

/** Height above `low` that two opposite samples of the ring reach both; the largest over the directions. */
function ridge(low: number): number {
  let most = 0;
  for (let k = 0; k < DIRECTIONS / 2; k++) {
    const pair = Math.min(ringValues[k]!, ringValues[k + DIRECTIONS / 2]!) - low;
    if (pair > most) most = pair;
  }
  return most;
}

/**
 * Centroid in a Gaussian window of the stars' own shape, moved until it rests.
 *
 * @param scale widens the window
 * @param local level around the source, taken off
 * @param spot `[x, y]` to start from; receives the result
 * @returns false if it did not converge near the start; `spot` is then as it was
 * @see the windowed positions (XWIN) of SExtractor; Bertin & Arnouts 1996
 */
function centroid(
  image: Float32Array,
  width: number,
  height: number,
  shape: StarShape,
  scale: number,
  local: number,
  spot: Float64Array,
): boolean {
  // The profile before the filter, but no narrower than the pixels can sample.
  const xx = Math.max(0.64, shape.xx - KERNEL_SIGMA ** 2) * scale * scale;
  const yy = Math.max(0.64, shape.yy - KERNEL_SIGMA ** 2) * scale * scale;
  const xy = shape.xy * scale * scale;
  const determinant = Math.max(0.1 * xx * yy, xx * yy - xy * xy);
  const a = yy / determinant / 2;
  const b = -xy / determinant;
  const c = xx / determinant / 2;
  const reachX = Math.ceil(2.5 * Math.sqrt(xx));
  const reachY = Math.ceil(2.5 * Math.sqrt(yy));
  const startX = spot[0]!;
  const startY = spot[1]!;
  let x = startX;
  let y = startY;
  for (let round = 0; round < 5; round++) {
    const left = Math.max(0, Math.round(x) - reachX);
    const right = Math.min(width - 1, Math.round(x) + reachX);
    const bottom = Math.max(0, Math.round(y) - reachY);
    const top = Math.min(height - 1, Math.round(y) + reachY);
    let sum = 0;
    let sumX = 0;
    let sumY = 0;
    for (let py = bottom; py <= top; py++) {
      const dy = py - y;
      for (let px = left; px <= right; px++) {
        const dx = px - x;
        const light = (image[py * width + px]! - local) * Math.exp(-(a * dx * dx + b * dx * dy + c * dy * dy));
        sum += light;
        sumX += light * dx;
        sumY += light * dy;
      }
    }
    if (!(sum > 0)) return false;
    // Twice, since the window pulls half of the way back.
    const stepX = (2 * sumX) / sum;
    const stepY = (2 * sumY) / sum;
    x += stepX;
    y += stepY;
    if (Math.abs(x - startX) > reachX || Math.abs(y - startY) > reachY) return false;
    // Light at the border can pull beyond it, where no star was seen.
    if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return false;
    if (Math.abs(stepX) + Math.abs(stepY) < 0.005) break;
  }
  spot[0] = x;
  spot[1] = y;
  return true;
}

/** Ratio of the axes of a core, in a frame where the stars of the image are round. */
function elongation(regions: Regions, i: number, shape: StarShape): number {
  // Eigenvalues of own covariance times the inverse of the typical one, from trace and determinant; a twelfth is the pixel.
  const xx = regions.xx[i]! + 1 / 12;
  const yy = regions.yy[i]! + 1 / 12;
  const xy = regions.xy[i]!;
  const typical = Math.max(1e-6, shape.xx * shape.yy - shape.xy ** 2);
  const trace = (xx * shape.yy - 2 * xy * shape.xy + yy * shape.xx) / typical;
  const determinant = (xx * yy - xy * xy) / typical;
  const root = Math.sqrt(Math.max(0, (trace * trace) / 4 - determinant));
  return Math.sqrt((trace / 2 + root) / Math.max(1e-6, trace / 2 - root));
}

/** Smaller eigenvalue of the covariance of a core, scaled to that of the profile it is half of. */
function minorVariance(regions: Regions, i: number): number {
  const mean = (regions.xx[i]! + regions.yy[i]!) / 2;
  const half = Math.hypot((regions.xx[i]! - regions.yy[i]!) / 2, regions.xy[i]!);
  return Math.max(0, mean - half) / (Math.LN2 / 2);
}

function minorVarianceOf(shape: StarShape): number {
  const mean = (shape.xx + shape.yy) / 2;
  return Math.max(0.3, mean - Math.hypot((shape.xx - shape.yy) / 2, shape.xy));
}

/** Pixels above half maximum of a star in the filtered image. */
function coreArea(shape: StarShape): number {
  return 2 * Math.PI * Math.LN2 * Math.sqrt(Math.max(0.1, shape.xx * shape.yy - shape.xy ** 2));
}

/** Highest of the 3x3 pixels around a place. */
function highest(image: Float32Array, width: number, height: number, x: number, y: number): number {
  let most = -Infinity;
  for (let py = Math.max(0, y - 1); py <= Math.min(height - 1, y + 1); py++) {
    for (let px = Math.max(0, x - 1); px <= Math.min(width - 1, x + 1); px++) {
      const value = image[py * width + px]!;
      if (value > most) most = value;
    }
  }
  return most;
}

/** A single pixel gives 1.5, stars of fwhm 1 and 2 px give 1.1 and 0.75: the limit follows the population. */
function sharpLimit(sharpness: Float32Array, count: number): number {
  const known: number[] = [];
  for (let k = 0; k < count && known.length < 200; k++) if (sharpness[k]! > 0) known.push(sharpness[k]!);
  if (known.length < 8) return Infinity;
  known.sort((a, b) => a - b);
  return SHARP_RATIO * known[known.length >> 1]!;
}
