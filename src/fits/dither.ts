/** Length of the table of random numbers (FITS standard 4.0, appendix I). */
const COUNT = 10_000;

/** A pixel with this value is exactly zero in SUBTRACTIVE_DITHER_2. */
const ZERO_VALUE = -2147483646;

let table: Float32Array | undefined;

/**
 * The random numbers of the standard: a multiplicative generator (Park & Miller), numbers in 0..1 kept as single precision.
 * @see FITS standard 4.0, appendix I
 */
export function randomTable(): Float32Array {
  if (table !== undefined) return table;
  table = new Float32Array(COUNT);
  let seed = 1;
  for (let i = 0; i < COUNT; i++) {
    seed = (16807 * seed) % 2147483647;
    table[i] = seed / 2147483647;
  }
  return table;
}

/** How quantised floats come back: `value = (stored - dither + 0.5) * scale + zero`. */
export interface Quantisation {
  readonly scale: number;
  readonly zero: number;
  /** The stored number that means NaN. */
  readonly blank: number | undefined;
  readonly method: 'NO_DITHER' | 'SUBTRACTIVE_DITHER_1' | 'SUBTRACTIVE_DITHER_2';
  /** ZDITHER0 + the 0-based number of the tile - 1, for the dithered methods. */
  readonly seed: number;
}

/**
 * Turns the quantised integers of one tile back into floats.
 *
 * @param stored `count` integers
 * @param out receives the floats
 * @see FITS standard 4.0, section 10.2
 */
export function unquantise(stored: Int32Array, out: Float64Array, count: number, quantisation: Quantisation): void {
  const { scale, zero, method } = quantisation;
  // No integer of 32 bits equals 2^32: then nothing is blank.
  const blank = quantisation.blank ?? 2 ** 32;
  if (method === 'NO_DITHER') {
    for (let i = 0; i < count; i++) {
      const value = stored[i]!;
      out[i] = value === blank ? NaN : value * scale + zero;
    }
    return;
  }
  const random = randomTable();
  const exactZero = method === 'SUBTRACTIVE_DITHER_2' ? ZERO_VALUE : 2 ** 32;
  let seed = quantisation.seed % COUNT;
  let next = Math.floor(random[seed]! * 500);
  for (let i = 0; i < count; i++) {
    const value = stored[i]!;
    if (value === blank) out[i] = NaN;
    else if (value === exactZero) out[i] = 0;
    else out[i] = (value - random[next]! + 0.5) * scale + zero;
    if (++next === COUNT) {
      seed = seed + 1 === COUNT ? 0 : seed + 1;
      next = Math.floor(random[seed]! * 500);
    }
  }
}
