/**
 * Gaussian of 0.85 px sigma (fwhm 2.0 px), five taps. Images whose stars are wider than twice that are binned before they
 * come here, so one kernel is never far from the best: at fwhm 1 and 3.5 it loses a sixth of the signal over noise.
 */
export const KERNEL_SIGMA = 0.85;
const CENTRE = 1;
const NEAR = Math.exp(-0.5 / KERNEL_SIGMA ** 2);
const FAR = Math.exp(-2 / KERNEL_SIGMA ** 2);
/** Makes white noise of sigma 1 come out with sigma 1 along one axis. */
const NORM = 1 / Math.sqrt(CENTRE + 2 * NEAR * NEAR + 2 * FAR * FAR);

/** What a constant 1 becomes. */
export const KERNEL_GAIN: number = (NORM * (CENTRE + 2 * NEAR + 2 * FAR)) ** 2;

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
  const norm = NORM * Math.sqrt(gain);
  const k0 = norm * CENTRE;
  const k1 = norm * NEAR;
  const k2 = norm * FAR;
  // Two zeros on either side spare the inner loop its border cases.
  const line = new Float32Array(width + 4);
  const zeros = new Float32Array(width);
  for (let y = from; y < to; y++) {
    const here = y * width;
    const a = y > 1 ? image.subarray(here - 2 * width, here - width) : zeros;
    const b = y > 0 ? image.subarray(here - width, here) : zeros;
    const c = image.subarray(here, here + width);
    const d = y + 1 < height ? image.subarray(here + width, here + 2 * width) : zeros;
    const e = y + 2 < height ? image.subarray(here + 2 * width, here + 3 * width) : zeros;
    for (let x = 0; x < width; x++) line[x + 2] = k0 * c[x]! + k1 * (b[x]! + d[x]!) + k2 * (a[x]! + e[x]!);
    for (let x = 0; x < width; x++) {
      out[here + x] = k0 * line[x + 2]! + k1 * (line[x + 1]! + line[x + 3]!) + k2 * (line[x]! + line[x + 4]!);
    }
  }
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
