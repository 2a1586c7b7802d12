import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { gunzipSource, isGzip } from '../io/gzip-source.ts';
import { createPace } from '../pace.ts';
import type { Pace } from '../pace.ts';
import { describeBytes } from './describe-bytes.ts';
import { FITS } from './fits-image.ts';
import type { Frame, Pixels, Planes } from './frame.ts';
import type { ImageFormat } from './image-format.ts';
import { RAW } from './raw-format.ts';
import { JPEG, PNG, WEBP } from './sharp-image.ts';
import { TIFF } from './tiff-image.ts';
import { XISF } from './xisf-image.ts';

/** How to read an image. */
export interface ReadFrameOptions {
  /** HDU of a FITS file that holds the image, 0 the primary one; absent: the first that holds one. */
  readonly extension?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Keeps long loops interruptible; absent: one of the signal. */
  readonly pace?: Pace | undefined;
}

/** Asked in this order. A new format is one decoder file and one entry here. */
const FORMATS: readonly ImageFormat[] = [FITS, XISF, JPEG, PNG, TIFF, WEBP, RAW];

/** Bytes looked at to tell what a file is. */
const HEAD_BYTES = 1024;

/**
 * Reads an image of any supported kind, gzipped or not. The kind is found from the first bytes, never from the name.
 *
 * @param source stays open; closing it is the caller's
 * @throws {SolveError} `FORMAT_UNKNOWN`, `FORMAT_UNSUPPORTED`, `FILE_EMPTY`, `IMAGE_TOO_SMALL`, `IMAGE_TOO_LARGE`,
 *   `IMAGE_EMPTY`, `IMAGE_CORRUPT`, `GZIP_CORRUPT` and those of FITS
 * @throws the signal's reason if cancelled
 */
export async function readFrame(source: ByteSource, options: ReadFrameOptions = {}): Promise<Frame> {
  const { extension, signal } = options;
  const pace = options.pace ?? createPace(signal);
  signal?.throwIfAborted();
  if (source.size === 0) throw new SolveError('FILE_EMPTY', `${source.name}: the file has 0 bytes`);

  let unpacked = source;
  let head = await source.read(0, HEAD_BYTES, signal);
  const packed = isGzip(head);
  if (packed) {
    unpacked = await gunzipSource(source, undefined, signal);
    head = await unpacked.read(0, HEAD_BYTES, signal);
  }
  const format = FORMATS.find(({ matches }) => matches(head));
  if (!format) throw unknownFormat(source.name, head, packed);

  const frame = await format.read(unpacked, { extension, signal, pace });
  if (!(await holdsValues(frame.pixels, frame.blank, pace))) {
    const count = `${frame.width} x ${frame.height}`;
    throw new SolveError('IMAGE_EMPTY', `${source.name}: none of the ${count} pixels has a value`);
  }
  return frame;
}

/**
 * Reads a picture with its colours, if its format has some: for those who pass it on.
 *
 * @param source not gzipped; stays open
 * @throws {SolveError} as {@link readFrame}
 */
export async function readPlanes(source: ByteSource, options: ReadFrameOptions = {}): Promise<Planes> {
  const { extension, signal } = options;
  const pace = options.pace ?? createPace(signal);
  const head = await source.read(0, HEAD_BYTES, signal);
  const format = FORMATS.find(({ matches }) => matches(head));
  if (!format) throw unknownFormat(source.name, head, false);
  if (format.readPlanes !== undefined) return await format.readPlanes(source, { extension, signal, pace });
  return { ...(await format.read(source, { extension, signal, pace })), planes: 1 };
}

function unknownFormat(name: string, head: Uint8Array, packed: boolean): SolveError {
  const within = packed ? 'unpacked, ' : '';
  if (isGzip(head)) return new SolveError('FORMAT_UNSUPPORTED', `${name}: ${within}is packed by gzip once more`);
  const { what, image } = describeBytes(head);
  return new SolveError(image ? 'FORMAT_UNSUPPORTED' : 'FORMAT_UNKNOWN', `${name}: ${within}is ${what}`);
}

/** Beyond single precision: results of a division by zero, or marks for "no value". */
const MAX_VALUE = 3.4e38;

/** Values between two looks at the clock. */
const STRIDE = 2 ** 20;

/**
 * Tells whether any pixel has a value. In floats, infinite ones become NaN on the way, so that whoever adds pixels up
 * has one kind of hole to look for.
 */
async function holdsValues(pixels: Pixels, blank: number | undefined, pace: Pace): Promise<boolean> {
  if (!(pixels instanceof Float32Array || pixels instanceof Float64Array)) {
    return blank === undefined || pixels.some((value) => value !== blank);
  }
  let values = 0;
  for (let from = 0; from < pixels.length; from += STRIDE) {
    values += punchHoles(pixels, Math.min(from + STRIDE, pixels.length), from);
    if (pace.due()) await pace.breathe();
  }
  return values > 0;
}

function punchHoles(pixels: Float32Array | Float64Array, to: number, from: number): number {
  let values = 0;
  for (let i = from; i < to; i++) {
    if (Math.abs(pixels[i]!) <= MAX_VALUE) values++;
    else pixels[i] = NaN;
  }
  return values;
}
