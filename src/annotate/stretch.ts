import type { Frame, Pixels } from '../image/frame.ts';
import { median } from '../math/statistics.ts';

/** How the sky looks in the stretched picture, 0 black to 1 white. */
const SKY_LEVEL = 0.14;
/** Black lies so many sigma below the sky. */
const SHADOWS = 2.5;
/** White: this part of the pixels is not brighter. */
const WHITE_PART = 0.9995;
/** Pixels looked at to find the levels. */
const SAMPLES = 100_000;
/** Levels between black and white that are told apart before the stretch. */
const STEPS = 65_535;

/**
 * A readable picture of linear data, in eight bits, rows as a viewer shows them. Pictures of eight bits stay as they are.
 *
 * Black lies under the sky and its noise (median and MAD), white among the brightest pixels, and the midtones are
 * moved so that the sky becomes dark grey: faint nebulae are seen and stars keep their cores.
 *
 * @param rowOrder how the picture is shown; `bottom-up` turns the rows
 * @param negative black stars on a white sky
 * @returns `width * height` values
 * @see PixInsight's screen transfer function: J. Conejero, "Histogram transformation", midtones balance
 */
export function stretch(frame: Frame, rowOrder: Frame['rowOrder'], negative: boolean): Uint8Array {
  const { width, height, pixels, blank, bayer } = frame;
  const divisor = displayDivisor(frame);
  const { black, white, midtones } =
    divisor === undefined ? levelsOf(pixels, blank) : { black: 0, white: 255 * divisor, midtones: 0.5 };
  const table = new Uint8Array(STEPS + 1);
  for (let i = 0; i <= STEPS; i++) {
    const value = Math.round(255 * moveMidtones(i / STEPS, midtones));
    table[i] = negative ? 255 - value : value;
  }
  const scale = STEPS / (white - black);
  const out = new Uint8Array(width * height).fill(table[0]!);
  const turned = rowOrder === 'bottom-up';
  for (let y = 0; y < height; y++) {
    const to = (turned ? height - 1 - y : y) * width;
    const from = y * width;
    // A mosaic has a chequered sky: the mean of four neighbours has none.
    const below = bayer === undefined ? 0 : y + 1 < height ? width : -width;
    for (let x = 0; x < width; x++) {
      const at = from + x;
      let value = pixels[at]!;
      if (value === blank) continue;
      if (below !== 0) {
        const beside = x + 1 < width ? 1 : -1;
        value = (value + pixels[at + beside]! + pixels[at + below]! + pixels[at + below + beside]!) / 4;
      }
      const step = (value - black) * scale;
      // NaN fails both comparisons and stays as dark as the darkest.
      if (step >= STEPS) out[to + x] = table[STEPS]!;
      else if (step > 0) out[to + x] = table[step | 0]!;
    }
  }
  return out;
}

/**
 * What the values of a frame are divided by to show them as they are: 1 or 3 (three channels of eight bits added up) if its
 * file is a picture of eight bits, made to be looked at; undefined if it wants to be stretched.
 */
export function displayDivisor({ format, pixels }: Frame): 1 | 3 | undefined {
  if (format !== 'jpeg' && format !== 'png' && format !== 'webp') return undefined;
  if (pixels instanceof Uint8Array) return 1;
  return pixels instanceof Uint16Array && pixels.every((value) => value <= 765) ? 3 : undefined;
}

function levelsOf(pixels: Pixels, blank: number | undefined): { black: number; white: number; midtones: number } {
  // An odd stride that is no divisor of a width does not run along a column.
  const stride = Math.max(1, Math.floor(pixels.length / SAMPLES)) | 1;
  const values: number[] = [];
  for (let i = 0; i < pixels.length; i += stride) {
    const value = pixels[i]!;
    if (Number.isFinite(value) && value !== blank) values.push(value);
  }
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return { black: 0, white: 1, midtones: 0.5 };
  const sky = median(sorted);
  const spread = 1.4826 * median(sorted.map((value) => Math.abs(value - sky)));
  const [lowest, highest] = [sorted[0]!, sorted.at(-1)!];
  const sigma = spread > 0 ? spread : (highest - lowest) / 1000;
  const black = Math.max(lowest, sky - SHADOWS * sigma);
  const bright = sorted[Math.floor(WHITE_PART * (sorted.length - 1))]!;
  const white = Math.max(bright, sky + 10 * sigma, black + Number.EPSILON * Math.abs(black) * 16, black + 1e-30);
  const skyPart = Math.max(1e-5, (sky - black) / (white - black));
  // The balance that takes x to y is the transfer of x with balance y.
  return { black, white, midtones: skyPart < SKY_LEVEL ? moveMidtones(skyPart, SKY_LEVEL) : 0.5 };
}

/** The midtones transfer function: 0 to 0, `balance` to a half, 1 to 1. */
function moveMidtones(value: number, balance: number): number {
  return ((balance - 1) * value) / ((2 * balance - 1) * value - balance);
}
