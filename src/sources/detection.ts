import type { Frame } from '../image/frame.ts';
import type { Pace } from '../pace.ts';
import { measureMesh, subtractMesh } from './background.ts';
import type { Mesh } from './background.ts';
import { evenLines, lineShifts } from './lines.ts';
import { filterRows, halve } from './matched-filter.ts';
import type { Layer } from './matched-filter.ts';
import { measureSources } from './measure.ts';
import { findRegions } from './regions.ts';
import type { Regions } from './regions.ts';
import { inSteps } from './rows.ts';
import type { SourceList } from './source-list.ts';
import { measureShape } from './star-shape.ts';
import type { StarShape } from './star-shape.ts';
import { surveyFrame } from './survey.ts';
import { readWorkImage } from './work-image.ts';
import type { WorkImage } from './work-image.ts';

/** A frame ready for detection: sky subtracted, defects mended, in units of the local noise. */
export interface FlatImage {
  /** Size of the frame, pixels. */
  readonly width: number;
  readonly height: number;
  /** Null if the frame has no structure at all: blank, constant, or too small to hold a star field. */
  readonly image: WorkImage | null;
  readonly mesh: Mesh | null;
}

export interface BackgroundOptions {
  readonly pace: Pace;
  /** Pixels of the frame, each way, averaged into one before anything else; large frames are binned anyway. [1] */
  readonly downsample?: number;
}

export interface DetectionOptions {
  readonly pace: Pace;
  /** Longest list wanted. [2000] */
  readonly maxSources?: number;
}

/** Frames beyond this many pixels are binned: stars stay wider than a pixel there, time and memory stay small. */
const LARGEST_WORK = 7_000_000;
/** No star field fits into less. */
const SMALLEST_SIDE = 16;
/** The footprint of a source reaches down to this many sigma of the filtered image. */
const FOOTPRINT_SIGMA = 3.5;
/** Stars wider than this are sought on an image of half the size: noise averages out, and one kernel serves all. */
const WIDEST_FWHM = 3.6;
/** With this many sources there is no lack of depth: full sampling keeps close stars apart. */
const MANY = 300;
const WIDEST_FWHM_MANY = 5;
const CLEAR_SIGMA = 8;
/** Binnings by two of the working image: 2^3 x 3.6 px, twice the widest stars expected. */
const MOST_HALVINGS = 3;

/**
 * Measures and subtracts the sky, mends hot pixels, lines and colour mosaics.
 *
 * If the time limit of `pace` passes meanwhile, the rest of the image stays empty.
 *
 * @param frame is only read
 */
export async function estimateBackground(frame: Frame, options: BackgroundOptions): Promise<FlatImage> {
  const { pace } = options;
  const { width, height } = frame;
  const nothing: FlatImage = { width, height, image: null, mesh: null };
  if (Math.min(width, height) < SMALLEST_SIDE) return nothing;
  const survey = surveyFrame(frame);
  if (survey === null || survey.step === 0) return nothing;

  let bin = Math.max(1, Math.floor(options.downsample ?? 1));
  while ((width / bin) * (height / bin) > LARGEST_WORK) bin++;
  if (survey.mosaic && bin > 1) bin += bin % 2;
  if (Math.min(width, height) / bin < SMALLEST_SIDE) return nothing;
  const image = await readWorkImage(frame, survey, bin, pace);
  const mesh = await measureMesh(image, survey.step / (bin * bin), pace);
  if (mesh === null) return nothing;

  const sums = { row: new Float32Array(image.height), column: new Float32Array(image.width) };
  const done = await inSteps(image.height, image.width, pace, (from, to) => subtractMesh(image, mesh, from, to, sums));
  if (!done) return nothing;
  evenLines(image, lineShifts(sums.row, image.width), lineShifts(sums.column, image.height));
  return { width, height, image, mesh };
}

/**
 * Finds the stars of a prepared frame: matched filter, hills of the filtered image, windowed centroids. The image is
 * binned by two until its stars are 1.8 to 3.6 px wide, so that defocused and trailed stars are one hill each.
 *
 * @returns at most `maxSources`, brightest first; none if the time limit passed
 * @see Stetson 1987, PASP 99, 191; Bertin & Arnouts 1996, A&AS 117, 393
 */
export async function detectSources(flat: FlatImage, options: DetectionOptions): Promise<SourceList> {
  const { pace } = options;
  const most = options.maxSources ?? 2000;
  const empty: SourceList = {
    width: flat.width,
    height: flat.height,
    x: new Float64Array(0),
    y: new Float64Array(0),
    flux: new Float32Array(0),
    sigma: new Float32Array(0),
    flags: new Uint8Array(0),
    fwhm: 0,
  };
  if (flat.image === null || flat.mesh === null) return empty;
  const size = { frameWidth: flat.width, frameHeight: flat.height };
  let layer: Layer = { ...flat.image, bin: 1 };
  let found = await searchLayer(layer, pace);
  for (let k = 0; k < MOST_HALVINGS && found !== null && tooWide(found); k++) {
    if (Math.min(layer.width, layer.height) < 2 * SMALLEST_SIDE) break;
    layer = halve(layer);
    found = await searchLayer(layer, pace);
  }
  if (found === null) return empty;
  return measureSources({ ...found, layer, mesh: flat.mesh, bin: flat.image.bin * layer.bin, ...size }, most, pace);
}

interface Found {
  readonly filtered: Float32Array;
  readonly regions: Regions;
  readonly shape: StarShape;
}

/** True if the stars are so wide that the next smaller layer serves better. */
function tooWide(found: Found): boolean {
  const { regions, shape } = found;
  if (shape.fwhm <= WIDEST_FWHM) return false;
  return shape.fwhm > WIDEST_FWHM_MANY || regions.count < MANY || regions.height[MANY - 1]! < CLEAR_SIGMA;
}

/** Null if the time limit passed. */
async function searchLayer(layer: Layer, pace: Pace): Promise<Found | null> {
  const { pixels, width, height } = layer;
  const filtered = new Float32Array(width * height);
  const noise = filteredNoise(layer, filtered);
  const done = await inSteps(height, width, pace, (from, to) =>
    filterRows(pixels, width, height, from, to, 1 / noise, filtered),
  );
  if (!done) return null;
  const regions = await findRegions(layer, filtered, FOOTPRINT_SIGMA, pace);
  if (regions === null) return null;
  return { filtered, regions, shape: measureShape(regions, width, height) };
}

/**
 * Noise that the filter leaves on this image: 1 where neighbouring pixels are independent, more where an image was
 * resampled, interpolated from a mosaic, or compressed.
 *
 * @param scratch as large as the image
 */
function filteredNoise(layer: Layer, scratch: Float32Array): number {
  const { pixels, width, height } = layer;
  const rows = Math.min(height, Math.max(8, Math.floor(16_000 / width)));
  const stride = height / rows;
  const sample = new Float32Array(rows * Math.ceil(width / 2));
  let count = 0;
  for (let k = 0; k < rows; k++) {
    const y = Math.floor(k * stride);
    filterRows(pixels, width, height, y, y + 1, 1, scratch);
    for (let p = y * width + (k & 1); p < (y + 1) * width; p += 2) sample[count++] = scratch[p]!;
  }
  sample.subarray(0, count).sort();
  // The lower half alone: stars and nebulae add to the upper one.
  const noise = sample[count >> 1]! - sample[Math.floor(0.1587 * count)]!;
  return Math.min(5, Math.max(0.5, noise));
}
