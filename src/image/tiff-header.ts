import { SolveError } from '../errors.ts';

/** What the first directory of a TIFF file says about its picture. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  /** Channels, alpha included. */
  readonly channels: number;
  /** Bits of one channel; the largest if they differ. */
  readonly bits: number;
  readonly numbers: 'unsigned' | 'signed' | 'float' | 'other';
  /** PhotometricInterpretation: 0 and 1 grey, 2 RGB, 3 palette, 32803 a Bayer mosaic, ... */
  readonly photometric: number;
  /** True for a camera's raw file that keeps a preview where a TIFF has its picture. */
  readonly cameraRaw: boolean;
}

const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  channels: 277,
  subIfds: 330,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** Bytes of one value of the field types read here: BYTE, SHORT, LONG, IFD, LONG8. */
const TYPE_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
  [13, 4],
  [16, 8],
]);

/** True if the bytes begin like a TIFF file: classic or BigTIFF, either byte order. */
export function isTiff(head: Uint8Array): boolean {
  const [a, b, c, d] = head;
  const little = a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0;
  const big = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
  return little || big;
}

/**
 * Reads the first directory of a TIFF or BigTIFF file.
 *
 * @param bytes the whole file, beginning like a TIFF ({@link isTiff})
 * @param name of the file, for messages
 * @throws {SolveError} `IMAGE_CORRUPT` if the directory is not within the file or gives no size
 * @see TIFF revision 6.0, section 2
 */
export function readTiffHeader(bytes: Uint8Array, name: string): TiffHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const tags = new Map<number, number[]>();
  try {
    if (view.getUint16(2, little) === 43) {
      const at = Number(view.getBigUint64(8, little));
      const entries = Number(view.getBigUint64(at, little));
      // Entries beyond the file end the loop by RangeError.
      for (let i = 0; i < entries; i++) readEntry(view, at + 8 + 20 * i, little, true, tags);
    } else {
      const at = view.getUint32(4, little);
      const entries = view.getUint16(at, little);
      for (let i = 0; i < entries; i++) readEntry(view, at + 2 + 12 * i, little, false, tags);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SolveError(
      'IMAGE_CORRUPT',
      `${name}: the TIFF directory lies beyond the end of the file (${bytes.length} bytes)`,
      { cause: error },
    );
  }

  const first = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise;
  const width = first(TAG.width, 0);
  const height = first(TAG.height, 0);
  if (width < 1 || height < 1) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the TIFF directory gives the size ${width} x ${height}`);
  }
  const numbers = (['unsigned', 'signed', 'float'] as const)[first(TAG.sampleFormat, 1) - 1] ?? 'other';
  const photometric = first(TAG.photometric, 1);
  // Raw formats built on TIFF: Canon marks byte 8, DNG has a version, the rest keep a reduced picture first.
  const canon = bytes[8] === 0x43 && bytes[9] === 0x52;
  const preview = (first(TAG.newSubfileType, 0) & 1) === 1 && tags.has(TAG.subIfds);
  return {
    width,
    height,
    channels: first(TAG.channels, 1),
    bits: Math.max(...(tags.get(TAG.bits) ?? [1])),
    numbers,
    photometric,
    cameraRaw: canon || preview || tags.has(TAG.dngVersion),
  };
}

const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));

/** Values kept of one tag: a picture has a few channels. */
const MAX_VALUES = 16;

function readEntry(view: DataView, at: number, little: boolean, big: boolean, tags: Map<number, number[]>): void {
  const tag = view.getUint16(at, little);
  const type = view.getUint16(at + 2, little);
  const bytes = TYPE_BYTES.get(type);
  if (!WANTED.has(tag) || bytes === undefined) return;
  const count = big ? Number(view.getBigUint64(at + 4, little)) : view.getUint32(at + 4, little);
  const inline = big ? 8 : 4;
  let place = at + (big ? 12 : 8);
  if (count * bytes > inline) place = big ? Number(view.getBigUint64(place, little)) : view.getUint32(place, little);
  const values: number[] = [];
  for (let i = 0; i < Math.min(count, MAX_VALUES); i++) values.push(readValue(view, place + i * bytes, bytes, little));
  tags.set(tag, values);
}

function readValue(view: DataView, at: number, bytes: number, little: boolean): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, little);
    case 4:
      return view.getUint32(at, little);
    default:
      return Number(view.getBigUint64(at, little));
  }
}
