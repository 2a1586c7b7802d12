/**
 * The kernel is [1 2 1] x [1 2 1], a Gaussian of sigma 0.71 px as far as three taps can be one. Images whose stars are
 * much wider are binned before they come here, so it is never far from the best, and nothing is faster.
 */
export const KERNEL_SIGMA: number = Math.SQRT1_2;

/** White noise of sigma 1 comes out with sigma 1. */
const NORM = 1 / 6;

/** What a constant 1 becomes. */
export const KERNEL_GAIN: number = 16 * NORM;

/**
 * Convolves rows `from` to `to - 1` of a signal-over-noise image with the kernel, scaled so that white noise keeps its
 * sigma: the result is the signal over noise of a star centred there. Beyond the border the image is 0.
 *
 * @param image `width * height` values
 * @param gain factor for the result: the inverse of the noise that the filter leaves where noise is not white
 * @param out receives as many
 * @see Stetson 1987, PASP 99, 191, section II
 */
export function filterRows(
  image: Float32Array,
  width: number,
  height: number,
  from: number,
  to: number,
  gain: number,
  out: Float32Array,
): void {
  // A zero on either side spares the inner loop its border cases.
  const line = new Float32Array(width + 2);
  const zeros = new Float32Array(width);
  for (let y = from; y < to; y++) {
    const here = y * width;
    const above = y > 0 ? image.subarray(here - width, here) : zeros;
    const below = y + 1 < height ? image.subarray(here + width, here + 2 * width) : zeros;
    addRows(above, image.subarray(here, here + width), below, line);
    addColumns(line, NORM * gain, out.subarray(here, here + width));
  }
}

/** Weighted sum of three rows into `out`, shifted by one. */
function addRows(above: Float32Array, here: Float32Array, below: Float32Array, out: Float32Array): void {
  for (let x = 0; x < here.length; x++) out[x + 1] = above[x]! + 2 * here[x]! + below[x]!;
}

/** Weighted sum of three neighbours of `line`, which starts one to the left of `out`. */
function addColumns(line: Float32Array, factor: number, out: Float32Array): void {
  for (let x = 0; x < out.length; x++) out[x] = factor * (line[x]! + 2 * line[x + 1]! + line[x + 2]!);
}

/** A signal-over-noise image, or one binned from it. */
export interface Layer {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
  /** `BLANK` and `FULL` bits of each pixel. */
  readonly state: Uint8Array;
  /** Pixels of the first layer per pixel of this one, each way. */
  readonly bin: number;
}

/**
 * Averages 2x2 pixels and doubles, so that white noise keeps its sigma; the states are joined. An odd last row
 * or column is dropped.
 */
export function halve(layer: Layer): Layer {
  const { width, height } = layer;
  const image = layer.pixels;
  const from = layer.state;
  const outWidth = width >> 1;
  const outHeight = height >> 1;
  const pixels = new Float32Array(outWidth * outHeight);
  const state = new Uint8Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const out = y * outWidth;
    const upper = 2 * y * width;
    for (let x = 0; x < outWidth; x++) {
      const p = upper + 2 * x;
      pixels[out + x] = 0.5 * (image[p]! + image[p + 1]! + image[p + width]! + image[p + width + 1]!);
      state[out + x] = from[p]! | from[p + 1]! | from[p + width]! | from[p + width + 1]!;
    }
  }
  return { pixels, state, width: outWidth, height: outHeight, bin: 2 * layer.bin };
}
