import { SolveError } from '../errors.ts';

/** Positions of sources and the image they are in: what the server needs to know of a `SourceList`. */
export interface PixelSources {
  /** Width of the image, pixels. */
  readonly width: number;
  /** Height of the image, pixels. */
  readonly height: number;
  /** Along the rows, 0-based with integers at pixel centres; brightest source first. */
  readonly x: ArrayLike<number>;
  /** Across the rows. */
  readonly y: ArrayLike<number>;
}

/** The server looks at no more sources than this; the rest would travel in vain. */
export const MOST_SOURCES = 1000;

/** Positions are written to a thousandth of a pixel, a tenth of what the best centroid has. */
const DECIMALS = 3;

/** Larger images are none. */
const LONGEST_SIDE = 2 ** 24;

/**
 * A source list as keys of `request-json`: the solver of the server counts pixels from 1, and takes the sources in the
 * order given.
 *
 * @throws {SolveError} `BAD_ARGUMENT` for lists of different lengths, without a source, or with positions that are none
 */
export function encodeSources(sources: PixelSources): Record<string, number | number[]> {
  const { width, height, x, y } = sources;
  if (x.length !== y.length) {
    throw new SolveError('BAD_ARGUMENT', `source list: ${x.length} x and ${y.length} y positions`);
  }
  if (x.length === 0) throw new SolveError('BAD_ARGUMENT', 'source list: it has no sources');
  for (const [name, side] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isInteger(side) || side < 1 || side > LONGEST_SIDE) {
      throw new SolveError('BAD_ARGUMENT', `source list: ${name} is ${side}`);
    }
  }
  return { x: oneBased('x', x), y: oneBased('y', y), image_width: width, image_height: height };
}

/**
 * The source list in `request-json`.
 *
 * @returns undefined if there is none, as when only one of `x` and `y` is there
 * @throws {SolveError} `BAD_ARGUMENT` in the words of the real server
 */
export function decodeSources(json: Readonly<Record<string, unknown>>): PixelSources | undefined {
  const { x: rawX, y: rawY, image_width: rawWidth, image_height: rawHeight } = json;
  if (rawX === undefined || rawY === undefined) return undefined;
  const x = zeroBased(rawX);
  const y = zeroBased(rawY);
  if (x.length !== y.length) throw new SolveError('BAD_ARGUMENT', '"x" and "y" lists must be the same length');
  // Without a size the server takes what the list reaches.
  const width = Number(rawWidth ?? 0) || Math.ceil(largest(x));
  const height = Number(rawHeight ?? 0) || Math.ceil(largest(y));
  if (!Number.isInteger(width) || !Number.isInteger(height)) {
    throw new SolveError('BAD_ARGUMENT', 'image_width and image_height must be whole numbers');
  }
  return { width, height, x, y };
}

function oneBased(name: string, values: ArrayLike<number>): number[] {
  const out: number[] = [];
  const count = Math.min(values.length, MOST_SOURCES);
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) throw new SolveError('BAD_ARGUMENT', `source list: ${name}[${i}] is ${value}`);
    out.push(Number((value + 1).toFixed(DECIMALS)));
  }
  return out;
}

/** A list of numbers or of text that holds numbers; the server takes a text as a list of its characters, and so do we. */
function zeroBased(value: unknown): Float64Array {
  const list = typeof value === 'string' ? Array.from(value) : value;
  if (Array.isArray(list)) {
    const out = Float64Array.from(list as unknown[], (one) =>
      typeof one === 'number' || (typeof one === 'string' && one.trim() !== '') ? Number(one) - 1 : Number.NaN,
    );
    if (out.every(Number.isFinite)) return out;
  }
  throw new SolveError('BAD_ARGUMENT', 'Failed to parse JSON "x" and "y" values -- should be lists of floats');
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, value + 1);
  return most;
}
