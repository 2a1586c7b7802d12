import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { SolveError } from '../errors.ts';
import type { Pixels } from './frame.ts';
import type { DecodeOptions } from './image-format.ts';
import { unpackLzw } from './lzw.ts';
import type { Samples } from './samples.ts';
import type { TiffHeader } from './tiff-header.ts';

const inflated = promisify(inflate);

const TAG = {
  compression: 259,
  fillOrder: 266,
  stripOffsets: 273,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  extraSamples: 338,
} as const;

/** No byte packed by deflate or LZW becomes more than this many. */
const MOST_EXPANSION = 1400;

/** Pieces of a picture: strips as wide as it, or tiles. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** Channels that stand side by side in a piece. */
  readonly together: number;
  readonly sampleBytes: number;
  readonly across: number;
  readonly down: number;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly compression: number;
  readonly predictor: number;
}

/** A kind of numbers: how they are got out of little-endian bytes, and what they are kept in. */
interface NumberKind {
  get(view: DataView, at: number): number;
  allocate(count: number): Pixels;
}

/** By name and bits. What is signed and small is kept in 16 bits; what is unsigned of 32 bits, as signed less 2^31. */
const KINDS: ReadonlyMap<string, NumberKind> = new Map<string, NumberKind>([
  ['unsigned 8', { get: (view, at) => view.getUint8(at), allocate: (count) => new Uint8Array(count) }],
  ['unsigned 16', { get: (view, at) => view.getUint16(at, true), allocate: (count) => new Uint16Array(count) }],
  [
    'unsigned 32',
    { get: (view, at) => view.getUint32(at, true) - 2 ** 31, allocate: (count) => new Int32Array(count) },
  ],
  ['signed 8', { get: (view, at) => view.getInt8(at), allocate: (count) => new Int16Array(count) }],
  ['signed 16', { get: (view, at) => view.getInt16(at, true), allocate: (count) => new Int16Array(count) }],
  ['signed 32', { get: (view, at) => view.getInt32(at, true), allocate: (count) => new Int32Array(count) }],
  ['float 32', { get: (view, at) => view.getFloat32(at, true), allocate: (count) => new Float32Array(count) }],
  ['float 64', { get: (view, at) => view.getFloat64(at, true), allocate: (count) => new Float64Array(count) }],
]);

/** What libvips refuses, or passes on with damage. */
const LEFT_TO_US = new Set(['signed 8', 'signed 16', 'float 64']);

/** True for a TIFF that is read here: numbers that libvips does not pass on, and tiles of one channel each. */
export function isNumeric({ numbers, bits, photometric, channels, directory }: TiffHeader): boolean {
  const kind = `${numbers} ${bits}`;
  // Palettes, colours that are no light and negatives are libvips' matter.
  if ((photometric !== 1 && photometric !== 2) || !KINDS.has(kind)) return false;
  return LEFT_TO_US.has(kind) || (channels > 1 && directory.has(TAG.tileOffsets) && directory.number(TAG.planar) === 2);
}

/**
 * Reads a TIFF of numbers that libvips does not pass on unchanged ({@link isNumeric}): strips or tiles, channels
 * together or apart, plain or packed by LZW or deflate, with predictors. Alpha is left out.
 *
 * @param bytes the whole file
 * @throws {SolveError} `IMAGE_CORRUPT`, `FORMAT_UNSUPPORTED`
 * @see TIFF revision 6.0, and Adobe Photoshop TIFF Technical Note 3 for the predictor of floats
 */
export async function readTiffNumbers(
  bytes: Uint8Array,
  name: string,
  header: TiffHeader,
  { signal, pace }: DecodeOptions,
): Promise<Samples> {
  const { width, height, channels, bits, numbers, directory } = header;
  const layout = readLayout(header, name);
  const { together, across, down, sampleBytes, compression } = layout;
  const light = Math.max(1, channels - directory.numbers(TAG.extraSamples).length);
  const columns = Math.ceil(width / across);
  const rows = Math.ceil(height / down);
  const groups = channels / together;
  const wanted = columns * rows * groups;
  if (layout.offsets.length < wanted || layout.lengths.length < wanted) {
    throw new SolveError(
      'IMAGE_CORRUPT',
      `${name}: ${layout.offsets.length} of ${wanted} pieces of the TIFF are told of`,
    );
  }
  const stored = layout.lengths.reduce((sum, length) => sum + length, 0);
  if (width * height * channels * sampleBytes > stored * (compression === 1 ? 1 : MOST_EXPANSION)) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: ${stored} bytes cannot hold ${width} x ${height} pixels`);
  }
  const { get, allocate } = KINDS.get(`${numbers} ${bits}`)!;
  const samples = allocate(width * height * light);
  for (let piece = 0; piece < wanted; piece++) {
    signal?.throwIfAborted();
    const group = Math.floor(piece / (columns * rows));
    const left = (piece % columns) * across;
    const top = (Math.floor(piece / columns) % rows) * down;
    // The last strip has the rows that are left; tiles are always whole.
    const high = directory.has(TAG.tileOffsets) ? down : Math.min(down, height - top);
    const view = await readPiece(bytes, name, layout, piece, high, directory.little);
    const right = Math.min(across, width - left);
    for (let y = 0; y < Math.min(high, height - top); y++) {
      for (let c = 0; c < together; c++) {
        const channel = group * together + c;
        if (channel >= light) continue;
        let to = ((top + y) * width + left) * light + channel;
        let at = (y * across * together + c) * sampleBytes;
        for (let x = 0; x < right; x++, to += light, at += together * sampleBytes) {
          samples[to] = get(view, at);
        }
      }
    }
    if (pace.due()) await pace.breathe();
  }
  return { width, height, channels: light, samples, hints: [] };
}

function readLayout({ width, height, channels, bits, numbers, directory }: TiffHeader, name: string): Layout {
  const number = (tag: number, otherwise: number): number => directory.number(tag) ?? otherwise;
  const tiled = directory.has(TAG.tileOffsets);
  const compression = number(TAG.compression, 1);
  const predictor = number(TAG.predictor, 1);
  const layout: Layout = {
    width,
    height,
    together: number(TAG.planar, 1) === 2 ? 1 : channels,
    sampleBytes: bits / 8,
    across: tiled ? number(TAG.tileWidth, 0) : width,
    down: tiled ? number(TAG.tileHeight, 0) : Math.min(height, number(TAG.rowsPerStrip, height)),
    offsets: directory.numbers(tiled ? TAG.tileOffsets : TAG.stripOffsets),
    lengths: directory.numbers(tiled ? TAG.tileBytes : TAG.stripBytes),
    compression,
    predictor,
  };
  if (![1, 5, 8, 32946].includes(compression)) {
    throw new SolveError(
      'FORMAT_UNSUPPORTED',
      `${name}: is a TIFF of ${bits}-bit ${numbers} numbers packed by scheme ${compression}`,
    );
  }
  const known = predictor === 1 || (predictor === 2 && numbers !== 'float') || (predictor === 3 && numbers === 'float');
  if (!known || number(TAG.fillOrder, 1) !== 1) {
    throw new SolveError(
      'FORMAT_UNSUPPORTED',
      `${name}: is a TIFF of ${bits}-bit ${numbers} numbers with predictor ${predictor}`,
    );
  }
  const { across, down, together, sampleBytes } = layout;
  // A tile may be larger than the picture, within reason.
  if (
    !(across >= 1 && down >= 1 && channels >= 1 && channels <= 16 && across * down * together * sampleBytes <= 2 ** 31)
  ) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the TIFF has pieces of ${across} x ${down} pixels`);
  }
  return layout;
}

/** One piece, unpacked, its differences added up, little-endian. */
async function readPiece(
  bytes: Uint8Array,
  name: string,
  layout: Layout,
  piece: number,
  high: number,
  little: boolean,
): Promise<DataView> {
  const { across, together, sampleBytes, compression, predictor } = layout;
  const size = across * high * together * sampleBytes;
  const [at, length] = [layout.offsets[piece]!, layout.lengths[piece]!];
  if (at + length > bytes.length) {
    throw new SolveError(
      'IMAGE_CORRUPT',
      `${name}: a piece of the TIFF reaches to byte ${at + length}, the file has ${bytes.length}`,
    );
  }
  const packed = bytes.subarray(at, at + length);
  if (compression !== 1 && size > length * MOST_EXPANSION) throw cutPiece(name, 0, size);
  const out = new Uint8Array(size);
  const got = await unpack(packed, out, compression, name);
  if (got < size) throw cutPiece(name, got, size);
  const rowBytes = across * together * sampleBytes;
  if (predictor === 3) {
    for (let row = 0; row < size; row += rowBytes)
      addFloatBytes(out.subarray(row, row + rowBytes), together, sampleBytes);
  } else {
    if (!little && sampleBytes > 1) swap(out, sampleBytes);
    if (predictor === 2) {
      for (let row = 0; row < size; row += rowBytes)
        addDifferences(out.subarray(row, row + rowBytes), together, sampleBytes);
    }
  }
  return new DataView(out.buffer);
}

function cutPiece(name: string, got: number, size: number): SolveError {
  return new SolveError('IMAGE_CORRUPT', `${name}: a piece of the TIFF unpacks to ${got} of ${size} bytes`);
}

async function unpack(packed: Uint8Array, out: Uint8Array, compression: number, name: string): Promise<number> {
  if (compression === 5) return unpackLzw(packed, out);
  let plain = packed;
  if (compression !== 1) {
    try {
      plain = await inflated(packed, { maxOutputLength: out.length });
    } catch (error) {
      throw new SolveError('IMAGE_CORRUPT', `${name}: a piece of the TIFF packed by deflate is damaged`, {
        cause: error,
      });
    }
  }
  out.set(plain.subarray(0, out.length));
  return Math.min(plain.length, out.length);
}

function swap(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else buffer.swap64();
}

/** Each number is stored as its difference to that of the same channel on the left. */
function addDifferences(row: Uint8Array, together: number, size: number): void {
  if (size === 1) {
    for (let i = together; i < row.length; i++) row[i] = (row[i]! + row[i - together]!) & 255;
    return;
  }
  const view = new DataView(row.buffer, row.byteOffset, row.length);
  for (let i = together * size; i < row.length; i += size) {
    const left = i - together * size;
    if (size === 2) view.setInt16(i, view.getInt16(i, true) + view.getInt16(left, true), true);
    else view.setInt32(i, view.getInt32(i, true) + view.getInt32(left, true), true);
  }
}

/** Bytes of all numbers of a row are sorted by place, the highest first, and stored as differences. */
function addFloatBytes(row: Uint8Array, together: number, size: number): void {
  for (let i = together; i < row.length; i++) row[i] = (row[i]! + row[i - together]!) & 255;
  const sorted = row.slice();
  const count = row.length / size;
  for (let place = 0; place < size; place++) {
    for (let i = 0; i < count; i++) row[i * size + size - 1 - place] = sorted[place * count + i]!;
  }
}
