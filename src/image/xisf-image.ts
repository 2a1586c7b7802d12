import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { BayerPattern, Frame, Pixels, Planes } from './frame.ts';
import type { DecodeOptions, ImageFormat } from './image-format.ts';
import { mixChannels } from './luminance.ts';
import { checkSize } from './size-limits.ts';
import { wholeNumber } from './whole-number.ts';
import type { XisfImage } from './xisf-header.ts';

/** XISF 1.0 in one file, as PixInsight and capture programs write it; the first image. */
export const XISF: ImageFormat = {
  matches: (head) => SIGNATURE.every((byte, i) => head[i] === byte),
  read: readXisfFrame,
  readPlanes: readXisfPlanes,
};

const SIGNATURE = Buffer.from('XISF0100', 'latin1');

/** In front of the XML: signature, length of the XML, four bytes without meaning. */
const PREFIX_BYTES = 16;

/** A header may have this many bytes: those of real files have kilobytes, and some megabytes with pixels inline. */
const MAX_HEADER_BYTES = 32 * 2 ** 20;

/** Bytes of one number by the name of its kind. */
const SAMPLE_BYTES: Readonly<Record<string, number>> = { UInt8: 1, UInt16: 2, UInt32: 4, Float32: 4, Float64: 8 };

/** An image as its attributes describe it. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** Channels in the file. */
  readonly channels: number;
  /** Those of them that are light: alpha and other extra channels come behind them. */
  readonly light: number;
  readonly format: string;
  readonly planar: boolean;
  readonly bigEndian: boolean;
}

async function readXisfFrame(source: ByteSource, options: DecodeOptions): Promise<Frame> {
  const { image, layout, pixels } = await readLight(source, options);
  const { width, height, light, planar } = layout;
  const { xisfHints } = await import('./xisf-hints.ts');
  const filters = image.filters?.toUpperCase();
  const bayer = light === 1 && /^(?:RGGB|BGGR|GRBG|GBRG)$/.test(filters ?? '') ? (filters as BayerPattern) : undefined;
  return {
    width,
    height,
    pixels:
      light === 1
        ? pixels
        : await mixChannels(pixels, light, planar ? 'planar' : 'interleaved', undefined, options.pace),
    rowOrder: 'top-down',
    ...(bayer === undefined ? {} : { bayer }),
    format: 'xisf',
    hints: xisfHints(image, width, height),
  };
}

async function readXisfPlanes(source: ByteSource, options: DecodeOptions): Promise<Planes> {
  const { layout, pixels } = await readLight(source, options);
  const { width, height, light, planar } = layout;
  if (planar || light === 1) return { width, height, planes: light, pixels, rowOrder: 'top-down' };
  const apart = pixels.slice();
  const area = width * height;
  for (let i = 0; i < area; i++) for (let c = 0; c < light; c++) apart[c * area + i] = pixels[i * light + c]!;
  return { width, height, planes: light, pixels: apart, rowOrder: 'top-down' };
}

/** The channels that are light, as they are stored: plane after plane, or side by side. */
async function readLight(
  source: ByteSource,
  { signal, pace }: DecodeOptions,
): Promise<{ image: XisfImage; layout: Layout; pixels: Pixels }> {
  const { name } = source;
  const prefix = await source.read(0, PREFIX_BYTES, signal);
  const length =
    prefix.length < PREFIX_BYTES ? Infinity : new DataView(prefix.buffer, prefix.byteOffset).getUint32(8, true);
  if (PREFIX_BYTES + length > source.size) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the XISF header is cut: the file has ${source.size} bytes`);
  }
  if (length > MAX_HEADER_BYTES) {
    throw new SolveError(
      'IMAGE_TOO_LARGE',
      `${name}: the XISF header has ${length} bytes, at most ${MAX_HEADER_BYTES} are read`,
    );
  }
  const xml = new TextDecoder().decode(await source.read(PREFIX_BYTES, length, signal));
  // Only files of this kind pay for loading the parser, and what unpacks.
  const [{ parseXisfHeader }, { readXisfBlock }] = await Promise.all([
    import('./xisf-header.ts'),
    import('./xisf-block.ts'),
  ]);
  // Writers reserve room behind the XML, and fill it with zeros.
  const image = await parseXisfHeader(xml.replace(/[\0\s]+$/, ''), name, pace);
  if (image === undefined) throw new SolveError('IMAGE_CORRUPT', `${name}: the XISF header describes no image`);
  const layout = readLayout(image, name);
  const { width, height, channels, light, planar } = layout;
  const sampleBytes = SAMPLE_BYTES[layout.format]!;
  checkSize(name, width, height, channels * sampleBytes);
  const stored = await readXisfBlock(source, image, width * height * channels * sampleBytes, signal);
  signal?.throwIfAborted();
  const all = asNumbers(stored, layout);
  if (light === channels) return { image, layout, pixels: all };
  if (!planar) dropExtra(all, channels, light);
  return { image, layout, pixels: all.slice(0, width * height * light) };
}

function readLayout({ attributes }: XisfImage, name: string): Layout {
  const attribute = (key: string, otherwise: string): string => attributes.get(key) ?? otherwise;
  const geometry = attribute('geometry', '');
  const [width, height, channels, ...more] = geometry.split(':').map(wholeNumber);
  if (width === undefined || height === undefined || channels === undefined || channels === 0) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the XISF header gives the geometry '${geometry.slice(0, 40)}'`);
  }
  if (more.length > 0) {
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is an XISF image of ${more.length + 2} dimensions`);
  }
  const format = attribute('sampleFormat', '');
  if (!Object.hasOwn(SAMPLE_BYTES, format)) {
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is an XISF image of '${format.slice(0, 20)}' numbers`);
  }
  const storage = attribute('pixelStorage', 'planar').toLowerCase();
  if (storage !== 'planar' && storage !== 'normal') {
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: keeps its pixels in '${storage.slice(0, 20)}' order`);
  }
  const colour = attribute('colorSpace', 'Gray') === 'RGB' && channels >= 3;
  return {
    width,
    height,
    channels,
    // Of CIE L*a*b* the first is the lightness.
    light: colour ? 3 : 1,
    format,
    planar: storage === 'planar',
    bigEndian: attribute('byteOrder', 'little') === 'big',
  };
}

/** Moves the channels that are light to the front; those of one pixel stand side by side. */
function dropExtra(pixels: Pixels, channels: number, light: number): void {
  const count = pixels.length / channels;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < light; c++) pixels[i * light + c] = pixels[i * channels + c]!;
  }
}

/** The bytes of a file as numbers; those of 32 bits without a sign come as signed ones less 2^31. */
function asNumbers(bytes: Uint8Array, { format, bigEndian }: Layout): Pixels {
  const size = SAMPLE_BYTES[format]!;
  const { buffer } = bytes;
  if (bigEndian && size > 1) {
    const turned = Buffer.from(buffer);
    if (size === 2) turned.swap16();
    else if (size === 4) turned.swap32();
    else turned.swap64();
  }
  switch (format) {
    case 'UInt8':
      return bytes;
    case 'UInt16':
      return new Uint16Array(buffer);
    case 'Float32':
      return new Float32Array(buffer);
    case 'Float64':
      return new Float64Array(buffer);
    default: {
      const pixels = new Int32Array(buffer);
      for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! ^ 0x80000000;
      return pixels;
    }
  }
}
