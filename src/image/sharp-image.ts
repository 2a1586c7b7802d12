import type { default as Sharp, Metadata, SharpOptions } from 'sharp';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { exifHints } from './exif-hints.ts';
import type { Pixels } from './frame.ts';
import type { DecodeOptions, ImageFormat } from './image-format.ts';
import { type Samples, samplesToFrame, samplesToPlanes } from './samples.ts';
import { MAX_BYTES, MAX_PIXELS, checkSize } from './size-limits.ts';

/** JPEG, 8 bits. */
export const JPEG: ImageFormat = formatOf('jpeg', (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff);

/** PNG: 1 to 16 bits, palette, alpha. */
export const PNG: ImageFormat = formatOf('png', (head) => startsWith(head, 0, '\x89PNG\r\n\x1a\n'));

/** WebP, 8 bits; the first picture. */
export const WEBP: ImageFormat = formatOf('webp', (head) => startsWith(head, 0, 'RIFF') && startsWith(head, 8, 'WEBP'));

function formatOf(name: string, matches: (head: Uint8Array) => boolean): ImageFormat {
  return {
    matches,
    read: async (source, options) => samplesToFrame(await readSamples(source, options), name, options.pace),
    readPlanes: async (source, options) => samplesToPlanes(await readSamples(source, options), options.pace),
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

async function readSamples(source: ByteSource, { signal }: DecodeOptions): Promise<Samples> {
  const [bytes] = await Promise.all([readWhole(source, signal), loadSharp()]);
  return await decodeBySharp(bytes, source.name, signal);
}

/**
 * The whole of a file, for those who need it at once.
 *
 * @throws {SolveError} `IMAGE_TOO_LARGE`
 */
export async function readWhole(source: ByteSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { name, size } = source;
  if (size > MAX_BYTES) {
    throw new SolveError('IMAGE_TOO_LARGE', `${name}: the file has ${size} bytes, the limit is ${MAX_BYTES}`);
  }
  return await source.read(0, size, signal);
}

/**
 * Decodes a JPEG, PNG, TIFF (first page) or WebP picture by `sharp`: pixels as they are stored, never turned by EXIF,
 * neither colour-managed nor rescaled; alpha is left out.
 *
 * Unsigned numbers of 32 bits come as signed ones less 2^31.
 *
 * @param name of the file, for messages
 * @throws {SolveError} `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `IMAGE_TOO_SMALL`, `FORMAT_UNSUPPORTED`
 * @throws the signal's reason if cancelled
 */
export async function decodeBySharp(
  bytes: Uint8Array,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  const sharp = await loadSharp();
  const facts = await decode(name, signal, () => sharp(bytes, { ...DECODE, limitInputPixels: false }).metadata());
  const { width, height, channels, hasAlpha, depth, space, exif } = facts;
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
  const hints = exif === undefined ? [] : exifHints(exif, width, height);
  return { width, height, channels: info.channels, samples, hints };
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
