import { deflateSync } from 'node:zlib';
import { formatHeader } from '../../src/fits/header.ts';
import type { NewCard } from '../../src/fits/header.ts';

/** A number type of image files: how wide, and how it is written. */
export interface Numbers {
  readonly bytes: number;
  /** SampleFormat of TIFF: 1 unsigned, 2 signed, 3 floating. */
  readonly sampleFormat: number;
  write(view: DataView, at: number, value: number, little: boolean): void;
}

export const U8: Numbers = { bytes: 1, sampleFormat: 1, write: (view, at, value) => view.setUint8(at, value) };
export const I8: Numbers = { bytes: 1, sampleFormat: 2, write: (view, at, value) => view.setInt8(at, value) };
export const U16: Numbers = {
  bytes: 2,
  sampleFormat: 1,
  write: (v, at, value, little) => v.setUint16(at, value, little),
};
export const I16: Numbers = {
  bytes: 2,
  sampleFormat: 2,
  write: (v, at, value, little) => v.setInt16(at, value, little),
};
export const U32: Numbers = {
  bytes: 4,
  sampleFormat: 1,
  write: (v, at, value, little) => v.setUint32(at, value, little),
};
export const I32: Numbers = {
  bytes: 4,
  sampleFormat: 2,
  write: (v, at, value, little) => v.setInt32(at, value, little),
};
export const F32: Numbers = {
  bytes: 4,
  sampleFormat: 3,
  write: (v, at, value, little) => v.setFloat32(at, value, little),
};
export const F64: Numbers = {
  bytes: 8,
  sampleFormat: 3,
  write: (v, at, value, little) => v.setFloat64(at, value, little),
};

/** Values as the bytes of a file. */
export function pack(values: readonly number[], numbers: Numbers, little: boolean): Buffer {
  const bytes = Buffer.alloc(values.length * numbers.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  values.forEach((value, i) => numbers.write(view, i * numbers.bytes, value, little));
  return bytes;
}

const CRC_TABLE = new Uint32Array(256).map((_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC_TABLE[(c ^ byte) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

/** One chunk of a PNG file. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/**
 * A PNG file made by hand.
 *
 * @param colour 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
 * @param rows packed bytes of all rows
 * @param extra chunks between IHDR and IDAT
 */
export function png(
  width: number,
  height: number,
  depth: number,
  colour: number,
  rows: Uint8Array,
  extra: readonly Buffer[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colour;
  const stride = rows.length / height;
  const filtered = Buffer.alloc(rows.length + height);
  for (let y = 0; y < height; y++) filtered.set(rows.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...extra,
    pngChunk('IDAT', deflateSync(filtered)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Number of the tag, type (1 BYTE, 3 SHORT, 4 LONG, 5 RATIONAL in thousandths), values. */
export type TiffTag = readonly [number, 1 | 3 | 4 | 5, readonly number[]];

const TYPE_BYTES = { 1: 1, 3: 2, 4: 4, 5: 8 } as const;

export interface TiffSpec {
  readonly width: number;
  readonly height: number;
  readonly channels?: number;
  readonly numbers: Numbers;
  /** Row after row, channels side by side unless `planar`. */
  readonly values: readonly number[];
  readonly little?: boolean;
  readonly big?: boolean;
  readonly deflate?: boolean;
  readonly planar?: boolean;
  /** Further tags: number, type, values. They replace the usual ones. */
  readonly tags?: readonly TiffTag[];
  /** Tags of a directory that the first one names, by tag 330 and not as EXIF. */
  readonly subIfd?: readonly TiffTag[];
  /** Tags of an EXIF directory. */
  readonly exif?: readonly TiffTag[];
}

/** A TIFF file of one page and one strip (one for each channel if planar), made by hand. */
export function tiff(spec: TiffSpec): Buffer {
  const { width, height, numbers, values, channels = 1, little = true, big = false, planar = false } = spec;
  const strips = planar ? channels : 1;
  const packed = Array.from({ length: strips }, (_, i) => {
    const part = values.slice((i * values.length) / strips, ((i + 1) * values.length) / strips);
    const bytes = pack(part, numbers, little);
    return spec.deflate === true ? deflateSync(bytes) : bytes;
  });
  const headBytes = big ? 16 : 8;
  const offsets = packed.map((_, i) => headBytes + Buffer.concat(packed.slice(0, i)).length);
  const data = Buffer.concat([...packed, Buffer.alloc(8)]);
  const dataBytes = data.length - (data.length % 8);

  const own = new Map<number, readonly [TiffTag[1], readonly number[]]>([
    [256, [4, [width]]],
    [257, [4, [height]]],
    [258, [3, Array<number>(channels).fill(numbers.bytes * 8)]],
    [259, [3, [spec.deflate === true ? 8 : 1]]],
    [262, [3, [channels >= 3 ? 2 : 1]]],
    [273, [4, offsets]],
    [277, [3, [channels]]],
    [278, [4, [height]]],
    [279, [4, packed.map((part) => part.length)]],
    [284, [3, [planar ? 2 : 1]]],
    [339, [3, Array<number>(channels).fill(numbers.sampleFormat)]],
  ]);
  const ifdAt = headBytes + dataBytes;
  // The EXIF directory stands a good way behind the first one.
  const exifAt = ifdAt + 2048;
  const second = spec.exif ?? spec.subIfd;
  if (second !== undefined) own.set(spec.exif === undefined ? 330 : 34665, [4, [exifAt]]);
  for (const [tag, type, wanted] of spec.tags ?? []) own.set(tag, [type, wanted]);

  const out = Buffer.alloc(ifdAt + 4096);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  out.write(little ? 'II' : 'MM', 0, 'latin1');
  view.setUint16(2, big ? 43 : 42, little);
  if (big) {
    view.setUint16(4, 8, little);
    view.setBigUint64(8, BigInt(ifdAt), little);
  } else {
    view.setUint32(4, ifdAt, little);
  }
  out.set(data.subarray(0, dataBytes), headBytes);
  const tags = [...own].map(([tag, [type, list]]): TiffTag => [tag, type, list]);
  let end = writeDirectory(view, ifdAt, tags, little, big);
  if (second !== undefined) end = writeDirectory(view, exifAt, second, little, big);
  return out.subarray(0, end);
}

/** Writes a directory and what its tags point at behind it; gives where that ends. */
function writeDirectory(view: DataView, at: number, list: readonly TiffTag[], little: boolean, big: boolean): number {
  const tags = list.toSorted((a, b) => a[0] - b[0]);
  const entryBytes = big ? 20 : 12;
  const inline = big ? 8 : 4;
  const word = (place: number, value: number): void =>
    big ? view.setBigUint64(place, BigInt(value), little) : view.setUint32(place, value, little);
  if (big) word(at, tags.length);
  else view.setUint16(at, tags.length, little);
  let free = at + (big ? 8 : 2) + tags.length * entryBytes + inline;
  tags.forEach(([tag, type, values], i) => {
    const entry = at + (big ? 8 : 2) + i * entryBytes;
    const size = TYPE_BYTES[type];
    view.setUint16(entry, tag, little);
    view.setUint16(entry + 2, type, little);
    word(entry + 4, values.length);
    let place = entry + (big ? 12 : 8);
    if (values.length * size > inline) {
      word(place, free);
      place = free;
      free += values.length * size;
    }
    values.forEach((value, k) => {
      const to = place + k * size;
      if (type === 1) view.setUint8(to, value);
      else if (type === 3) view.setUint16(to, value, little);
      else view.setUint32(to, type === 5 ? Math.round(value * 1000) : value, little);
      if (type === 5) view.setUint32(to + 4, 1000, little);
    });
  });
  return free;
}

/** A FITS file of one HDU with these cards behind the mandatory ones. */
export function fits(
  bitpix: 8 | 16 | 32 | -32 | -64,
  axes: readonly number[],
  values: readonly number[],
  cards: readonly NewCard[] = [],
): Buffer {
  const numbers = { 8: U8, 16: I16, 32: I32, '-32': F32, '-64': F64 }[bitpix];
  const header = formatHeader([
    { keyword: 'SIMPLE', value: true },
    { keyword: 'BITPIX', value: bitpix },
    { keyword: 'NAXIS', value: axes.length },
    ...axes.map((length, i) => ({ keyword: `NAXIS${i + 1}`, value: length })),
    ...cards,
  ]);
  const data = pack(values, numbers, false);
  return Buffer.concat([header, data, Buffer.alloc((2880 - (data.length % 2880)) % 2880)]);
}

/** `count` values from a list, over and over. */
export function cycle(list: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => list[i % list.length]!);
}
