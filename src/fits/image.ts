import { SolveError } from '../errors.ts';
import type { Pixels } from '../image/frame.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { Pace } from '../pace.ts';
import { requireData } from './hdu.ts';
import type { Hdu } from './hdu.ts';
import { allocatePixels, decodeInPlace, planPixels, staysInPlace, storedBytes, widenUnsigned } from './pixels.ts';
import type { PixelPlan } from './pixels.ts';
import { imageAxes, isCompressed, shapeOf } from './shape.ts';
import type { ImageShape } from './shape.ts';

/** The pixels of one image HDU. */
export interface FitsImage {
  readonly width: number;
  readonly height: number;
  /** How many planes stand in `pixels`: 1 to 4. */
  readonly planes: number;
  /**
   * Length `width * height * planes`, plane after plane, rows as stored. The order of values is that of the physical
   * ones (unsigned offsets and negative scales are applied, other scales not). NaN and `blank`: no value.
   */
  readonly pixels: Pixels;
  readonly blank?: number;
}

/** What makes long reading interruptible. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly pace?: Pace | undefined;
}

/** An image may have this many pixels, all planes together: 2^29. */
const MAX_PIXELS = 2 ** 29;

/** Read at a time: small enough that the bytes are still in the cache when they are swapped. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Chooses the image HDU: the first with at least two axes and pixels, tile-compressed ones included.
 *
 * @param which take this HDU and no other; 0 is the primary one
 * @throws {SolveError} `FITS_NO_IMAGE`; its message lists what is in the file
 */
export function findImageHdu(hdus: readonly Hdu[], which?: number): Hdu {
  const found = which === undefined ? hdus.find((hdu) => imageAxes(hdu) !== undefined) : hdus[which];
  if (found !== undefined && imageAxes(found) !== undefined) return found;
  const asked = which === undefined ? 'no HDU holds an image' : `HDU ${which} is no image`;
  const shown = hdus.slice(0, 12).map((hdu) => `${hdu.index} ${describe(hdu)}`);
  if (shown.length < hdus.length) shown.push(`${hdus.length - shown.length} more`);
  const file = hdus[0]?.where.replace(/: HDU 0$/, '') ?? 'no file';
  throw new SolveError('FITS_NO_IMAGE', `${file}: ${asked}; the file has: ${shown.join(', ')}`);
}

function describe(hdu: Hdu): string {
  const axes = imageAxes(hdu);
  if (axes !== undefined) return `${isCompressed(hdu) ? 'compressed image' : 'image'} ${axes.join(' x ')}`;
  if (hdu.kind === 'image') return hdu.axes.length === 0 ? 'empty' : `array ${hdu.axes.join(' x ')}`;
  return hdu.kind === 'table' ? `table of ${hdu.axes[1] ?? 0} rows` : hdu.type.slice(0, 20);
}

/**
 * Reads the pixels of an image HDU, straight into the array that is returned.
 *
 * @throws {SolveError} `FITS_TRUNCATED`, `FITS_HEADER`, `FITS_NO_IMAGE`, `IMAGE_TOO_LARGE` (above 2^29 pixels);
 *   for compressed images also `FITS_COMPRESSION`, `GZIP_CORRUPT`, `IMAGE_CORRUPT`
 */
export async function readFitsImage(source: ByteSource, hdu: Hdu, options: ReadOptions = {}): Promise<FitsImage> {
  const { where } = hdu;
  const axes = imageAxes(hdu);
  if (axes === undefined) throw new SolveError('FITS_NO_IMAGE', `${where}: is ${describe(hdu)}`);
  requireData(source, hdu);
  const shape = shapeOf(axes);
  const { width, height, planes } = shape;
  const count = width * height * planes;
  if (!(count <= MAX_PIXELS)) {
    throw new SolveError('IMAGE_TOO_LARGE', `${where}: ${axes.join(' x ')} pixels, at most ${MAX_PIXELS} are read`);
  }
  if (isCompressed(hdu)) {
    // Not every image pays for loading zlib and the decoders.
    const { readCompressedPixels } = await import('./tile-compression.ts');
    const { pixels, blank } = await readCompressedPixels(source, hdu, axes, count, options);
    const planar = shape.interleaved ? separatePlanes(pixels, planes) : pixels;
    return { width, height, planes, pixels: planar, ...(blank === undefined ? {} : { blank }) };
  }
  const plan = planPixels(hdu.bitpix, hdu.header, 'BLANK');
  const pixels = await readPixels(source, hdu, plan, shape, options);
  return { width, height, planes, pixels, ...(plan.blank === undefined ? {} : { blank: plan.blank }) };
}

async function readPixels(
  source: ByteSource,
  hdu: Hdu,
  plan: PixelPlan,
  shape: ImageShape,
  { signal, pace }: ReadOptions,
): Promise<Pixels> {
  const count = shape.width * shape.height * shape.planes;
  const size = storedBytes(plan);
  const pixels = allocatePixels(plan.type, count);
  const direct = staysInPlace(plan) && !shape.interleaved;
  // 96 bytes are whole pixels of any size, three or four of them together.
  const chunk = CHUNK_BYTES - (CHUNK_BYTES % 96);
  const total = count * size;
  const scratch = direct
    ? undefined
    : [new ArrayBuffer(Math.min(chunk, total)), new ArrayBuffer(Math.min(chunk, total))];
  const chunkAt = (at: number): Uint8Array => {
    const length = Math.min(chunk, total - at);
    return scratch === undefined
      ? new Uint8Array(pixels.buffer, at, length)
      : new Uint8Array(scratch[(at / chunk) % 2]!, 0, length);
  };
  const readAt = (at: number): Promise<number> => {
    const reading = source.readInto(chunkAt(at), hdu.dataOffset + at, signal);
    // Nobody awaits it if the chunk before is the last one that is wanted.
    reading.catch(() => {});
    return reading;
  };

  let reading = readAt(0);
  for (let at = 0; at < total; at += chunk) {
    const bytes = chunkAt(at);
    const got = await reading;
    if (got < bytes.length) {
      throw new SolveError(
        'FITS_TRUNCATED',
        `${hdu.where} needs ${hdu.dataOffset + hdu.dataBytes} bytes, the file ends after ${hdu.dataOffset + at + got}`,
      );
    }
    // The disk works on the next chunk while this one is swapped: a third of the time of a 24-megapixel frame.
    if (at + chunk < total) reading = readAt(at + chunk);
    decodeInPlace(bytes, plan);
    if (scratch !== undefined) place(bytes.buffer, bytes.length / size, plan, shape, pixels, at / size);
    signal?.throwIfAborted();
    if (pace?.due() === true) await pace.breathe();
  }
  return pixels;
}

/** Brings decoded pixels, `at` of which came before, from scratch to where they belong. */
function place(
  scratch: ArrayBufferLike,
  count: number,
  plan: PixelPlan,
  shape: ImageShape,
  pixels: Pixels,
  at: number,
): void {
  const from = viewDecoded(scratch, plan, count);
  if (shape.interleaved) {
    deinterleave(from, pixels, shape.planes, at / shape.planes);
  } else {
    widenUnsigned(from as Uint32Array, pixels as Float64Array, at);
  }
}

function viewDecoded(scratch: ArrayBufferLike, plan: PixelPlan, count: number): Pixels | Uint32Array {
  if (!staysInPlace(plan)) return new Uint32Array(scratch, 0, count);
  switch (plan.type) {
    case 'u8':
      return new Uint8Array(scratch, 0, count);
    case 'u16':
      return new Uint16Array(scratch, 0, count);
    case 'i16':
      return new Int16Array(scratch, 0, count);
    case 'i32':
      return new Int32Array(scratch, 0, count);
    case 'f32':
      return new Float32Array(scratch, 0, count);
    default:
      return new Float64Array(scratch, 0, count);
  }
}

function separatePlanes(pixels: Pixels, planes: number): Pixels {
  const planar = pixels.slice();
  deinterleave(pixels, planar, planes, 0);
  return planar;
}

/** Moves pixels whose planes alternate into one plane after another; the first goes to place `at` of each plane. */
function deinterleave(from: Pixels | Uint32Array, out: Pixels, planes: number, at: number): void {
  const area = out.length / planes;
  const pixels = from.length / planes;
  for (let plane = 0; plane < planes; plane++) {
    let source = plane;
    const start = plane * area + at;
    for (let i = start; i < start + pixels; i++) {
      out[i] = from[source]!;
      source += planes;
    }
  }
}
