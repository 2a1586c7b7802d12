import type { default as Sharp, Metadata, SharpOptions } from 'sharp';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { Frame, Pixels, Planes } from './frame.ts';
import type { DecodeOptions, ImageFormat } from './image-format.ts';
import { mixChannels } from './luminance.ts';
import { MAX_BYTES, MAX_PIXELS, checkSize } from './size-limits.ts';
import { isTiff, readTiffHeader } from './tiff-header.ts';

/** JPEG, 8 bits. */
export const JPEG: ImageFormat = formatOf('jpeg', (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff);

/** PNG: 1 to 16 bits, palette, alpha. */
export const PNG: ImageFormat = formatOf('png', (head) => startsWith(head, 0, '\x89PNG\r\n\x1a\n'));

/** TIFF and BigTIFF: unsigned numbers to 32 bits, signed and floating ones of 32 bits; the first page. */
export const TIFF: ImageFormat = formatOf('tiff', isTiff);

/** WebP, 8 bits; the first picture. */
export const WEBP: ImageFormat = formatOf('webp', (head) => startsWith(head, 0, 'RIFF') && startsWith(head, 8, 'WEBP'));

function formatOf(name: string, matches: (head: Uint8Array) => boolean): ImageFormat {
  return {
    matches,
    read: (source, options) => readSharpImage(source, name, options),
    readPlanes: readSharpPlanes,
  };
}

function startsWith(head: Uint8Array, offset: number, mark: string): boolean {
  for (let i = 0; i < mark.length; i++) if (head[offset + i] !== mark.charCodeAt(i)) return false;
  return true;
}

/**
 * How values are got out of libvips unchanged: the colour space to ask for is the one the pixels are in, since any
 * other converts and rescales. Keys are libvips' name of the numbers and of the space.
 * What is not listed cannot be had without damage: signed grey is cut off at zero, for one.
 */
const UNCHANGED: Readonly<Record<string, string>> = {
  'uchar b-w': 'b-w',
  'uchar srgb': 'srgb',
  // CMYK has no grey of its own: this converts, and positions is all we want of such a picture.
  'uchar cmyk': 'srgb',
  'ushort grey16': 'grey16',
  'ushort rgb16': 'rgb16',
  'uint b-w': 'b-w',
  'uint srgb': 'srgb',
  'int b-w': 'b-w',
  'int srgb': 'srgb',
  'float b-w': 'b-w',
  'float scrgb': 'scrgb',
};

/** Bytes of one channel by libvips' name of the numbers. */
const SAMPLE_BYTES: Readonly<Record<string, number>> = { uchar: 1, ushort: 2, uint: 4, int: 4, float: 4 };

const DECODE: SharpOptions = {
  // A picture that is cut or damaged is refused whole: half a sky still matches, but not the right half of the file.
  failOn: 'error',
  // The size is checked beforehand, with a message that names it; this is the second lock.
  limitInputPixels: MAX_PIXELS,
  ignoreIcc: true,
  autoOrient: false,
};

let loading: Promise<typeof Sharp> | undefined;

/** Loads the decoder at first use: it costs a tenth of a second that a FITS image should not pay. */
function loadSharp(): Promise<typeof Sharp> {
  loading ??= import('sharp').then((module) => module.default);
  return loading;
}

/** What the decoder gives: channels alternate from pixel to pixel. */
interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Pixels;
}

/** One plane for the detector; `format` is what the bytes were recognised as. */
async function readSharpImage(source: ByteSource, format: string, options: DecodeOptions): Promise<Frame> {
  const { width, height, channels, samples } = await readSamples(source, options);
  const pixels =
    channels === 1 ? samples : await mixChannels(samples, channels, 'interleaved', undefined, options.pace);
  return { width, height, pixels, rowOrder: 'top-down', format, hints: [] };
}

/** Colours, plane after plane. */
async function readSharpPlanes(source: ByteSource, options: DecodeOptions): Promise<Planes> {
  const { width, height, channels, samples } = await readSamples(source, options);
  const area = width * height;
  if (channels === 1) return { width, height, planes: 1, pixels: samples, rowOrder: 'top-down' };
  const pixels = samples.slice();
  for (let plane = 0; plane < channels; plane++) {
    const end = (plane + 1) * area;
    for (let to = plane * area, from = plane; to < end; to++, from += channels) pixels[to] = samples[from]!;
    if (options.pace.due()) await options.pace.breathe();
  }
  return { width, height, planes: channels, pixels, rowOrder: 'top-down' };
}

/**
 * Decodes a JPEG, PNG, TIFF (first page) or WebP picture by `sharp`: pixels as they are stored, never turned by EXIF,
 * neither colour-managed nor rescaled; alpha is left out.
 *
 * Unsigned numbers of 32 bits come as signed ones less 2^31.
 *
 * @throws {SolveError} `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `IMAGE_TOO_SMALL`, `FORMAT_UNSUPPORTED`
 * @throws the signal's reason if cancelled
 */
async function readSamples(source: ByteSource, { signal }: DecodeOptions): Promise<Samples> {
  const { name } = source;
  if (source.size > MAX_BYTES) {
    throw new SolveError('IMAGE_TOO_LARGE', `${name}: the file has ${source.size} bytes, the limit is ${MAX_BYTES}`);
  }
  const [sharp, bytes] = await Promise.all([loadSharp(), source.read(0, source.size, signal)]);
  if (isTiff(bytes)) checkTiff(bytes, name);

  const facts = await decode(name, signal, () => sharp(bytes, { ...DECODE, limitInputPixels: false }).metadata());
  const { width, height, channels, hasAlpha, depth, space } = facts;
  const target = UNCHANGED[`${depth} ${space}`];
  if (target === undefined || channels > 5) throw unsupported(name, facts);
  const sampleBytes = SAMPLE_BYTES[depth] ?? 4;
  checkSize(name, width, height, channels * sampleBytes);

  const image = sharp(bytes, DECODE);
  if (hasAlpha) image.removeAlpha();
  image.toColourspace(target).raw({ depth });
  const { data, info } = await decode(name, signal, () => image.toBuffer({ resolveWithObject: true }));
  const samples = asPixels(data, depth);
  if (info.width !== width || info.height !== height || samples.length !== width * height * info.channels) {
    throw new SolveError('INTERNAL', `${name}: decoded to ${info.width} x ${info.height} x ${info.channels}`);
  }
  return { width, height, channels: info.channels, samples };
}

/** Refuses kinds of TIFF that libvips would refuse without saying why, or would open at the wrong page. */
function checkTiff(bytes: Uint8Array, name: string): void {
  const { width, height, channels, bits, numbers, photometric, cameraRaw } = readTiffHeader(bytes, name);
  if (cameraRaw || photometric === 32803) {
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is a camera's raw file inside a TIFF`);
  }
  checkSize(name, width, height, channels * Math.ceil(bits / 8));
  const readable =
    (numbers === 'unsigned' && bits <= 32) ||
    (numbers === 'signed' && bits === 32) ||
    (numbers === 'float' && bits === 32);
  if (!readable) {
    const kind = numbers === 'other' ? 'complex or undefined' : numbers;
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is a TIFF of ${bits}-bit ${kind} numbers`);
  }
}

function unsupported(name: string, facts: Metadata): SolveError {
  const { channels, depth, space } = facts;
  return new SolveError('FORMAT_UNSUPPORTED', `${name}: has ${channels} channels of ${depth} in colour space ${space}`);
}

/** Runs one call of the decoder: obeys the signal at once (the decoder's thread ends by itself), translates faults. */
async function decode<T>(name: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  let giveUp: (() => void) | undefined;
  const cancelled = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal!.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([call(), cancelled]);
  } catch (error) {
    signal?.throwIfAborted();
    throw asFault(name, error);
  } finally {
    if (giveUp) signal?.removeEventListener('abort', giveUp);
  }
}

function asFault(name: string, error: unknown): SolveError {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('exceeds pixel limit')) {
    return new SolveError('IMAGE_TOO_LARGE', `${name}: the image has more than ${MAX_PIXELS} pixels`, { cause: error });
  }
  // One line of several that say the same, without the decoder's name for the input.
  const fact = message
    .split('\n')[0]!
    .replace(/^Input buffer (has|contains) /, '')
    .replace(/:\s*$/, '');
  return new SolveError('IMAGE_CORRUPT', `${name}: ${fact}`, { cause: error });
}

/** The decoder's bytes as numbers, without a copy where they are aligned. */
function asPixels(data: Uint8Array, depth: string): Pixels {
  const aligned = data.byteOffset % 4 === 0 ? data : Uint8Array.from(data);
  const { buffer, byteOffset, byteLength } = aligned;
  switch (depth) {
    case 'uchar':
      return new Uint8Array(buffer, byteOffset, byteLength);
    case 'ushort':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 'int':
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 'float':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    default: {
      const pixels = new Int32Array(buffer, byteOffset, byteLength / 4);
      for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! ^ 0x80000000;
      return pixels;
    }
  }
}
