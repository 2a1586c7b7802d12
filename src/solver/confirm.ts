import { StarBuffer, type StarStore } from '../skyindex/sky-index.ts';
import { vectorToDegrees } from '../math/sphere.ts';
import { tangentFrame } from '../wcs/tan.ts';
import { pixelsToVectors, vectorsToPixels } from '../wcs/transform.ts';
import { determinant, type Wcs } from '../wcs/wcs.ts';
import type { Camera } from './camera.ts';
import { type Field, nearestSource } from './field.ts';
import { chooseOrder, type FitOrder, fitWcs, freeNumbers, type Pairs, residuals, selectPairs } from './fit.ts';
import { logOdds } from './verify.ts';

/** A WCS with the pairs it rests on. */
export interface Fitted {
  readonly wcs: Wcs;
  readonly order: FitOrder;
  readonly pairs: Pairs;
  /** Of each pair: index of the source in the field, magnitude of the star, distance in pixels. */
  readonly source: Int32Array;
  readonly magnitude: Float32Array;
  readonly residual: Float64Array;
  /** Root mean square of the residuals. */
  readonly rms: number;
  /** Stars predicted in the frame. */
  readonly predicted: number;
}

/** The matched region grows by this factor from one fit to the next. */
const GROWTH = 1.8;
/** How far a prediction may be off per pixel beyond the region that was fitted: distortion that no one has seen yet. */
const BEYOND = 0.03;
/** More steps than any region needs to fill the frame, and a few to settle there. */
const MOST_STEPS = 16;
const SETTLE = 1;
/** While growing, higher orders than this only follow noise. */
const GROWING_ORDER = 3;
/** A pair stays if its residual is below so many times the typical one. */
const CLIP = 3.5;
/** Longest side of a pixel over its shortest, at most: beyond that the fit is no camera. */
const MOST_STRETCH = 1.25;
/** Stars asked for per source of the field. */
const STARS_PER_SOURCE = 1.6;

/** The WCS of an undistorted camera. */
export function cameraToWcs(camera: Camera, width: number, height: number): Wcs {
  const frame = tangentFrame(camera.subarray(0, 3));
  const scale = (camera[9]! * 180) / Math.PI;
  const along = (axis: number, pixel: number): number =>
    scale *
    (camera[pixel]! * frame[axis]! + camera[pixel + 1]! * frame[axis + 1]! + camera[pixel + 2]! * frame[axis + 2]!);
  return {
    crval: vectorToDegrees(camera.subarray(0, 3)),
    crpix: [(width - 1) / 2, (height - 1) / 2],
    cd: [along(3, 3), along(3, 6), along(6, 3), along(6, 6)],
  };
}

/** Stars of the frame of a WCS, the brightest, about 1.6 for each source compared. */
function starsOfFrame(wcs: Wcs, field: Field, store: StarStore, limit: number, out: StarBuffer): void {
  const { width, height } = field;
  const xs = Float64Array.of((width - 1) / 2, -0.5, width - 0.5, -0.5, width - 0.5);
  const ys = Float64Array.of((height - 1) / 2, -0.5, -0.5, height - 0.5, height - 0.5);
  const v = pixelsToVectors(wcs, xs, ys, new Float64Array(15));
  let radius = 0;
  for (let i = 1; i < 5; i++) {
    const dot = v[0]! * v[3 * i]! + v[1]! * v[3 * i + 1]! + v[2]! * v[3 * i + 2]!;
    radius = Math.max(radius, Math.acos(Math.min(1, Math.max(-1, dot))));
  }
  // The cap around the frame is larger than the frame.
  const share = Math.PI / 4 / ((width * height) / (width * width + height * height));
  store.collect(v.subarray(0, 3), radius * 1.02, limit * share, out);
}

interface Region {
  readonly x: number;
  readonly y: number;
  /** Stars within this distance are looked for, pixels. */
  readonly reach: number;
  /** Stars within this distance were fitted before. */
  readonly known: number;
}

/** Pairs each star with its nearest source, each source with its nearest star. */
function matchStars(
  wcs: Wcs,
  field: Field,
  stars: StarBuffer,
  region: Region,
  tolerance: number,
): Pick<Fitted, 'pairs' | 'source' | 'magnitude' | 'predicted'> {
  const n = stars.count;
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  vectorsToPixels(wcs, stars.vectors.subarray(0, 3 * n), x, y);
  const halfWidth = field.width / 2;
  const halfHeight = field.height / 2;
  const centreX = (field.width - 1) / 2;
  const centreY = (field.height - 1) / 2;
  const starOf = new Int32Array(field.tested).fill(-1);
  const distanceOf = new Float64Array(field.tested).fill(Infinity);
  let predicted = 0;
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - centreX;
    const dy = y[i]! - centreY;
    // NaN fails too.
    if (!(Math.abs(dx) <= halfWidth && Math.abs(dy) <= halfHeight)) continue;
    const away = Math.hypot(dx - region.x, dy - region.y);
    if (away > region.reach) continue;
    predicted++;
    const source = nearestSource(field, dx, dy, tolerance + BEYOND * Math.max(0, away - region.known));
    if (source < 0) continue;
    const distance = Math.hypot(field.x[source]! - dx, field.y[source]! - dy);
    if (distance < distanceOf[source]!) {
      distanceOf[source] = distance;
      starOf[source] = i;
    }
  }
  const found: number[] = [];
  for (let source = 0; source < field.tested; source++) if (starOf[source]! >= 0) found.push(source);
  const vectors = new Float64Array(3 * found.length);
  found.forEach((source, k) =>
    vectors.set(stars.vectors.subarray(3 * starOf[source]!, 3 * starOf[source]! + 3), 3 * k),
  );
  return {
    pairs: {
      x: Float64Array.from(found, (source) => field.x[source]! + centreX),
      y: Float64Array.from(found, (source) => field.y[source]! + centreY),
      vectors,
    },
    source: Int32Array.from(found),
    magnitude: Float32Array.from(found, (source) => stars.magnitude[starOf[source]!]!),
    predicted,
  };
}

/** Fits, drops pairs that stand out, fits again until nothing changes. */
function fitClipped(
  match: Pick<Fitted, 'pairs' | 'source' | 'magnitude' | 'predicted'>,
  order: FitOrder,
  field: Field,
  towards: Float64Array,
  parity: number,
): Fitted | undefined {
  let { pairs, source, magnitude } = match;
  for (let round = 0; round < 6; round++) {
    const wcs = fitWcs(pairs, order, field.width, field.height, towards, parity);
    if (wcs === undefined) return undefined;
    const residual = residuals(wcs, pairs);
    const typical = residual.slice().sort()[residual.length >> 1]!;
    // The median of a two-dimensional distance is 1.18 times the one-axis error; a floor lets perfect data be.
    const limit = CLIP * Math.max(typical / 1.18, field.sigma / 2, 0.1);
    const outliers = residual.reduce((sum, r) => sum + (r > limit ? 1 : 0), 0);
    if (outliers === 0 || 2 * (pairs.x.length - outliers) < freeNumbers(order)) {
      const rms = Math.sqrt(residual.reduce((sum, r) => sum + r * r, 0) / residual.length);
      return { wcs, order, pairs, source, magnitude, residual, rms, predicted: match.predicted };
    }
    const stays = (i: number): boolean => residual[i]! <= limit;
    pairs = selectPairs(pairs, stays);
    source = source.filter((_, i) => stays(i));
    magnitude = magnitude.filter((_, i) => stays(i));
  }
  return undefined;
}

/**
 * Grows a match from the surroundings of a quad over the whole frame, with new pairs and a new fit at each step: the first
 * fit from a few stars does not decide the last one.
 *
 * @param x, y offset of the quad from the image centre, pixels
 * @param quadSize distance A to B, pixels
 * @returns undefined if the match falls apart
 */
export function growMatch(
  field: Field,
  store: StarStore,
  camera: Camera,
  parity: number,
  x: number,
  y: number,
  quadSize: number,
  stars: StarBuffer,
): Fitted | undefined {
  const { width, height } = field;
  let wcs = cameraToWcs(camera, width, height);
  starsOfFrame(wcs, field, store, STARS_PER_SOURCE * field.tested, stars);
  const everything = Math.hypot(width, height);
  let known = quadSize;
  let reach = Math.min(everything, 2.5 * quadSize);
  let tolerance = Math.max(2, 4 * field.sigma);
  let fitted: Fitted | undefined;
  let settled = 0;
  for (let step = 0; step < MOST_STEPS && settled < SETTLE; step++) {
    const match = matchStars(wcs, field, stars, { x, y, reach, known }, tolerance);
    if (match.pairs.x.length < 4) return undefined;
    const centre = centreOf(wcs, field);
    const order = chooseOrder(match.pairs, GROWING_ORDER, width, height, centre, parity);
    fitted = fitClipped(match, order, field, centre, parity);
    if (fitted === undefined || stretch(fitted.wcs) > MOST_STRETCH) return undefined;
    wcs = fitted.wcs;
    tolerance = Math.max(1, 3 * field.sigma, 3 * fitted.rms);
    known = reach;
    if (reach >= everything) settled++;
    reach = Math.min(everything, reach * GROWTH);
  }
  return fitted;
}

/** Direction of the image centre. */
function centreOf(wcs: Wcs, field: Field): Float64Array {
  const x = Float64Array.of((field.width - 1) / 2);
  const y = Float64Array.of((field.height - 1) / 2);
  return pixelsToVectors(wcs, x, y, new Float64Array(3));
}

/** Ratio of the largest to the smallest scale of the linear part. */
function stretch(wcs: Wcs): number {
  const [a, b, c, d] = wcs.cd;
  const sum = a * a + b * b + c * c + d * d;
  const area = Math.abs(determinant(wcs));
  const root = Math.sqrt(Math.max(0, sum * sum - 4 * area * area));
  return Math.sqrt((sum + root) / Math.max(sum - root, Number.MIN_VALUE));
}

/**
 * Odds that a fitted match is real, from all stars in the frame; the freedom of the fit is paid for.
 *
 * @see Lang et al. 2010, AJ 139, 1782, section 2.3
 */
export function oddsOfMatch(field: Field, fitted: Fitted): number {
  const n = fitted.source.length;
  const variance = Math.max(fitted.rms / Math.SQRT2, field.sigma) ** 2;
  const ratios = Float64Array.from(fitted.residual, (r, i) => {
    const density = field.density[fitted.source[i]!]!;
    return Math.exp((-r * r) / (2 * variance)) / (2 * Math.PI * variance * density);
  });
  const odds = logOdds(ratios, n, fitted.predicted);
  return odds <= 0 ? odds : (odds * Math.max(0, n - freeNumbers(fitted.order) / 2)) / n;
}

/** Passes of the last fit: match, choose the order, fit. */
const PASSES = 2;

/**
 * The last fit: all sources, all stars that the image may show, the order that the pairs support.
 *
 * @param field with as many sources compared as are worth fitting
 * @param fitted where to start
 * @param most highest SIP order; 0 and 1 give a plain TAN
 */
export function polish(field: Field, store: StarStore, fitted: Fitted, most: FitOrder, stars: StarBuffer): Fitted {
  const parity = determinant(fitted.wcs) < 0 ? -1 : 1;
  const allowed = Math.max(1, most);
  const start =
    fitted.order > allowed ? fitClipped(fitted, allowed, field, centreOf(fitted.wcs, field), parity) : fitted;
  let best = start ?? fitted;
  starsOfFrame(fitted.wcs, field, store, STARS_PER_SOURCE * field.tested, stars);
  const region = { x: 0, y: 0, reach: Infinity, known: Infinity };
  for (let pass = 0; pass < PASSES; pass++) {
    const match = matchStars(best.wcs, field, stars, region, Math.max(0.7, 3 * field.sigma, 3 * best.rms));
    if (match.source.length < 0.7 * fitted.source.length) break;
    const centre = centreOf(best.wcs, field);
    const order = chooseOrder(match.pairs, allowed, field.width, field.height, centre, parity);
    const next = fitClipped(match, order, field, centre, parity);
    if (next === undefined) break;
    best = next;
  }
  return best;
}

/** The same fit with its pairs in another order. */
export function takePairs(fitted: Fitted, order: Int32Array): Fitted {
  const take = (values: Float64Array): Float64Array => Float64Array.from(order, (i) => values[i]!);
  const { x, y, vectors } = fitted.pairs;
  const sorted = new Float64Array(vectors.length);
  order.forEach((from, to) => sorted.set(vectors.subarray(3 * from, 3 * from + 3), 3 * to));
  return {
    ...fitted,
    pairs: { x: take(x), y: take(y), vectors: sorted },
    source: order.map((i) => fitted.source[i]!),
    magnitude: Float32Array.from(order, (i) => fitted.magnitude[i]!),
    residual: take(fitted.residual),
  };
}
