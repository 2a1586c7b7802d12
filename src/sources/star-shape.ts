import { KERNEL_SIGMA } from './matched-filter.ts';
import type { Regions } from './regions.ts';

/** What the stars of an image look like, in pixels of the image they were found on. */
export interface StarShape {
  /** Full width at half maximum before the filter: the diameter of the circle of equal area. */
  readonly fwhm: number;
  /** Covariance of the profile after the filter. A trailed image has one long axis. */
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
  /** Total flux of a star over its peak in the filtered image. */
  readonly fluxOverHeight: number;
  /** How many hills this was learnt from. */
  readonly count: number;
}

/** So many of the highest hills are looked at. */
const MODELS = 60;
/** The image is divided into this many parts each way. */
const PARTS = 6;
const MODELS_PER_PART = 3;
/** Fainter hills are too noisy to show their width. */
const MODEL_SIGMA = 12;
/** With fewer than this unsaturated ones the saturated ones must help. */
const FEW = 5;
/** Variance of the pixels above half maximum of a Gaussian, as a multiple of its own: sigma^2 ln(2) / 2. */
const CORE_VARIANCE = Math.LN2 / 2;

/** Typical values over the highest hills that are whole, single and not saturated. Without any: a star of fwhm 2 px. */
export function measureShape(regions: Regions, width: number, height: number): StarShape {
  let models = pickModels(regions, width, height, false);
  if (models.length < FEW) models = pickModels(regions, width, height, true);
  if (models.length === 0) {
    const variance = 2 * KERNEL_SIGMA ** 2;
    return { fwhm: 2, xx: variance, xy: 0, yy: variance, fluxOverHeight: 3, count: 0 };
  }
  const area = typical(models.map((i) => regions.core[i]!));
  // Half a pixel too many lies above half maximum, as a pixel counts when its centre does.
  const kernel = 2.3548 * KERNEL_SIGMA;
  const fwhm = Math.sqrt(Math.max(0.8, (4 / Math.PI) * area - kernel * kernel));
  const smallest = KERNEL_SIGMA ** 2 + 0.15;
  return {
    fwhm,
    xx: Math.max(smallest, typical(models.map((i) => regions.xx[i]!)) / CORE_VARIANCE),
    xy: typical(models.map((i) => regions.xy[i]!)) / CORE_VARIANCE,
    yy: Math.max(smallest, typical(models.map((i) => regions.yy[i]!)) / CORE_VARIANCE),
    fluxOverHeight: typical(models.map((i) => regions.flux[i]! / regions.height[i]!)),
    count: models.length,
  };
}

/**
 * Mean of what lies between the quantiles 25 and 60 %: a little below the median, since trails, nebulae and close pairs
 * are all larger than stars, and finer than the whole pixels that areas are counted in.
 */
function typical(values: number[]): number {
  values.sort((a, b) => a - b);
  const from = Math.floor(0.25 * values.length);
  const to = Math.max(from + 1, Math.ceil(0.6 * values.length));
  let sum = 0;
  for (let k = from; k < to; k++) sum += values[k]!;
  return sum / (to - from);
}

/** At most so many hills from each part of the image, the highest: foliage or a nebula then has no majority. */
function pickModels(regions: Regions, width: number, height: number, saturatedToo: boolean): number[] {
  const taken = new Uint8Array(PARTS * PARTS);
  const models: number[] = [];
  for (let i = 0; i < regions.count && models.length < MODELS; i++) {
    if (regions.height[i]! < MODEL_SIGMA && models.length >= FEW) break;
    if (regions.cut[i] !== 0 || regions.saddle[i]! > 0.4 * regions.height[i]!) continue;
    if (regions.full[i]! > 0 && !saturatedToo) continue;
    const y = Math.floor(regions.peak[i]! / width);
    const x = regions.peak[i]! - y * width;
    const part = Math.floor((PARTS * y) / height) * PARTS + Math.floor((PARTS * x) / width);
    if (taken[part]! >= MODELS_PER_PART) continue;
    taken[part] = taken[part]! + 1;
    models.push(i);
  }
  return models;
}
