import { SolveError } from '../errors.ts';
import type { Pixels } from '../image/frame.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { UNPACK_LIMITS, unpackBlock } from '../io/gzip-source.ts';
import { unquantise } from './dither.ts';
import type { Hdu } from './hdu.ts';
import { heapReader } from './heap.ts';
import type { ReadOptions } from './image.ts';
import { allocatePixels, pixelBytes, planPixels } from './pixels.ts';
import type { PixelPlan } from './pixels.ts';
import { decodeRice } from './rice.ts';
import { elementBytes, readTable } from './table.ts';
import type { Column, Table } from './table.ts';
import { readTileScheme } from './tile-header.ts';
import type { TileScheme } from './tile-header.ts';

/** Rows of the table (descriptors and scales) are read in pieces of this size. */
const ROW_PIECE_BYTES = 2 ** 20;

/** What a tile may take besides its pixels: gzip headers, block codes. */
const TILE_OVERHEAD_BYTES = 2 ** 14;

/** The columns that matter; the first one that is not empty in a row holds the tile. */
interface TileColumns {
  readonly packed: Column | undefined;
  readonly gzipped: Column | undefined;
  readonly plain: Column | undefined;
  readonly scale: Column | undefined;
  readonly zero: Column | undefined;
  readonly blank: Column | undefined;
}

/** Room for the pixels of one tile: integers up to 32 bits, and floats and longer integers. */
interface Scratch {
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
}

/**
 * Reads and unpacks a tile-compressed image: RICE_1, GZIP_1, GZIP_2 and NOCOMPRESS.
 *
 * @param axes the axes of the image, checked
 * @param count read this many pixels from the start of the image; tiles behind them are left alone
 * @throws {SolveError} `FITS_COMPRESSION` for other codecs, `FITS_HEADER`, `FITS_TRUNCATED`, `GZIP_CORRUPT`,
 *   `IMAGE_CORRUPT` for tiles that do not hold their pixels, `IMAGE_TOO_LARGE` for bombs
 * @see FITS standard 4.0, section 10
 */
export async function readCompressedPixels(
  source: ByteSource,
  hdu: Hdu,
  axes: readonly number[],
  count: number,
  { signal, pace }: ReadOptions,
): Promise<{ pixels: Pixels; blank: number | undefined }> {
  const { where } = hdu;
  const table = readTable(source, hdu);
  const columns = findColumns(table);
  const scheme = readTileScheme(hdu, axes, columns.scale !== undefined);
  const tiles = scheme.grid.reduce((product, length) => product * length, 1);
  if (tiles > table.rows) {
    throw new SolveError('FITS_TRUNCATED', `${where}: ${tiles} tiles are needed, the table has ${table.rows}`);
  }
  const blankKeyword = hdu.header.get('ZBLANK') === undefined ? 'BLANK' : 'ZBLANK';
  const plan = planPixels(scheme.bitpix, hdu.header, blankKeyword);
  const tilePixels = scheme.tile.reduce((product, length) => product * length, 1);
  refuseBomb(hdu, count * pixelBytes(plan.type) + tilePixels * 8, tilePixels);

  const pixels = allocatePixels(plan.type, count);
  const heap = heapReader(source, table);
  const wide = scheme.bitpix < 0 || scheme.bitpix === 64;
  const scratch: Scratch = {
    integers: new Int32Array(tilePixels),
    doubles: new Float64Array(wide ? tilePixels : 0),
  };
  const rowsAtOnce = Math.max(1, Math.floor(ROW_PIECE_BYTES / table.rowBytes));
  let rows: DataView = new DataView(new ArrayBuffer(0));
  let firstRow = 0;
  let nextRow = 0;
  for (let tile = 0; tile < tiles; tile++) {
    const box = tileBox(tile, axes, scheme);
    if (box.start >= count) break;
    if (tile >= nextRow) {
      firstRow = tile;
      nextRow = Math.min(table.rows, tile + rowsAtOnce);
      const bytes = await table.readRows(firstRow, nextRow - firstRow, signal);
      rows = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const row = (tile - firstRow) * table.rowBytes;
    const found = findTile(rows, row, columns, hdu, tile);
    const size = found.length * elementSize(found.column);
    if (size > box.pixels * 8 + TILE_OVERHEAD_BYTES) {
      throw new SolveError('IMAGE_CORRUPT', `${where}: tile ${tile + 1} takes ${size} bytes for ${box.pixels} pixels`);
    }
    const bytes = await heap.read(found.offset, size, signal);
    const name = `${where}: tile ${tile + 1}`;
    const kind = await decodeTile(name, bytes, found.column, columns, scheme, box.pixels, scratch);
    if (kind === 'integers' && scheme.bitpix < 0) {
      unquantise(scratch.integers, scratch.doubles, box.pixels, {
        scale: rowNumber(rows, row, columns.scale) ?? hdu.header.getNumber('ZSCALE') ?? 1,
        zero: rowNumber(rows, row, columns.zero) ?? hdu.header.getNumber('ZZERO') ?? 0,
        blank: rowNumber(rows, row, columns.blank) ?? hdu.header.getNumber('ZBLANK'),
        method: scheme.dither,
        seed: scheme.seed - 1 + tile,
      });
    }
    placeTile(wide ? scratch.doubles : scratch.integers, box, axes, pixels, plan);
    signal?.throwIfAborted();
    if (pace?.due() === true) await pace.breathe();
  }
  return { pixels, blank: plan.blank };
}

/** Where a tile lies in the image. */
interface TileBox {
  /** Index of its first pixel in the image. */
  readonly start: number;
  /** Its size along each axis: less than ZTILEn at the edge. */
  readonly size: readonly number[];
  readonly pixels: number;
}

function tileBox(tile: number, axes: readonly number[], scheme: TileScheme): TileBox {
  const size: number[] = [];
  let rest = tile;
  let start = 0;
  let stride = 1;
  let pixels = 1;
  for (let i = 0; i < axes.length; i++) {
    const place = rest % scheme.grid[i]!;
    rest = (rest - place) / scheme.grid[i]!;
    const first = place * scheme.tile[i]!;
    const length = Math.min(scheme.tile[i]!, axes[i]! - first);
    size.push(length);
    start += first * stride;
    stride *= axes[i]!;
    pixels *= length;
  }
  return { start, size, pixels };
}

function findColumns(table: Table): TileColumns {
  const columns: TileColumns = {
    packed: table.column('COMPRESSED_DATA'),
    gzipped: table.column('GZIP_COMPRESSED_DATA'),
    plain: table.column('UNCOMPRESSED_DATA'),
    scale: table.column('ZSCALE'),
    zero: table.column('ZZERO'),
    blank: table.column('ZBLANK'),
  };
  const { where } = table.hdu;
  for (const column of [columns.packed, columns.gzipped, columns.plain]) {
    if (column !== undefined && column.bytes !== (column.type === 'Q' ? 16 : column.type === 'P' ? 8 : -1)) {
      throw new SolveError('FITS_HEADER', `${where}: the column ${column.label} holds no variable-length arrays`);
    }
  }
  if ((columns.packed ?? columns.gzipped ?? columns.plain) === undefined) {
    throw new SolveError('FITS_HEADER', `${where}: the column COMPRESSED_DATA is missing`);
  }
  return columns;
}

/** The descriptor of a tile's bytes: the first column that has any. */
function findTile(
  rows: DataView,
  row: number,
  columns: TileColumns,
  hdu: Hdu,
  tile: number,
): { column: Column; length: number; offset: number } {
  for (const column of [columns.packed, columns.gzipped, columns.plain]) {
    if (column === undefined) continue;
    const at = row + column.offset;
    const long = column.type === 'Q';
    const length = long ? Number(rows.getBigInt64(at)) : rows.getInt32(at);
    const offset = long ? Number(rows.getBigInt64(at + 8)) : rows.getInt32(at + 4);
    if (length > 0) return { column, length, offset };
  }
  throw new SolveError('IMAGE_CORRUPT', `${hdu.where}: tile ${tile + 1} is empty`);
}

function elementSize(column: Column): number {
  const type = column.heapType ?? 'B';
  return type === 'X' ? 1 : elementBytes(type);
}

/** The number in a scalar column of this row. */
function rowNumber(rows: DataView, row: number, column: Column | undefined): number | undefined {
  if (column === undefined || column.repeat < 1) return undefined;
  const at = row + column.offset;
  switch (column.type) {
    case 'D':
      return rows.getFloat64(at);
    case 'E':
      return rows.getFloat32(at);
    case 'J':
      return rows.getInt32(at);
    case 'I':
      return rows.getInt16(at);
    case 'K':
      return Number(rows.getBigInt64(at));
    case 'B':
      return rows.getUint8(at);
    default:
      return undefined;
  }
}

/** Unpacks one tile; says which scratch array holds its pixels. */
async function decodeTile(
  name: string,
  bytes: Uint8Array,
  column: Column,
  columns: TileColumns,
  scheme: TileScheme,
  pixels: number,
  scratch: Scratch,
): Promise<keyof Scratch> {
  const { codec, bitpix } = scheme;
  const floats = bitpix < 0;
  // Tiles that could not be quantised stand apart from the others, as floats.
  const storedType = floats && (column !== columns.packed || !scheme.quantised) ? bitpix : undefined;
  if (column === columns.plain || (column === columns.packed && codec === 'NOCOMPRESS')) {
    return decodePlain(name, bytes, storedType, bitpix, pixels, scratch);
  }
  if (column === columns.packed && codec === 'RICE_1') {
    const { bytesPerPixel, blockSize } = scheme.rice;
    if (decodeRice(bytes, scratch.integers, pixels, bytesPerPixel, blockSize)) {
      if (bitpix === 64) scratch.doubles.set(scratch.integers);
      return 'integers';
    }
    throw new SolveError('IMAGE_CORRUPT', `${name}: the Rice code ends before its ${pixels} pixels do`);
  }
  let unpacked = await unpackBlock(bytes, pixels * 8, name);
  if (column === columns.packed && codec === 'GZIP_2') unpacked = unshuffle(unpacked, pixels);
  return decodePlain(name, unpacked, storedType, bitpix, pixels, scratch);
}

/** GZIP_2 sorts bytes by their weight: all highest bytes first. */
function unshuffle(bytes: Uint8Array, pixels: number): Uint8Array {
  const width = Math.floor(bytes.length / pixels);
  const out = new Uint8Array(bytes.length);
  for (let place = 0; place < width; place++) {
    const from = place * pixels;
    for (let i = 0; i < pixels; i++) out[i * width + place] = bytes[from + i]!;
  }
  return out;
}

/** Reads big-endian pixels; of integers the width follows from the length, as writers differ there. */
function decodePlain(
  name: string,
  bytes: Uint8Array,
  floatType: number | undefined,
  bitpix: number,
  pixels: number,
  scratch: Scratch,
): keyof Scratch {
  const width = bytes.length / pixels;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { integers, doubles } = scratch;
  if (floatType !== undefined) {
    if (width === 4) for (let i = 0; i < pixels; i++) doubles[i] = view.getFloat32(4 * i);
    else if (width === 8) for (let i = 0; i < pixels; i++) doubles[i] = view.getFloat64(8 * i);
    else throw wrongLength(name, bytes.length, pixels);
    return 'doubles';
  }
  if (width === 1) for (let i = 0; i < pixels; i++) integers[i] = bytes[i]!;
  else if (width === 2) for (let i = 0; i < pixels; i++) integers[i] = view.getInt16(2 * i);
  else if (width === 4) for (let i = 0; i < pixels; i++) integers[i] = view.getInt32(4 * i);
  else if (width === 8 && bitpix === 64) {
    for (let i = 0; i < pixels; i++) doubles[i] = Number(view.getBigInt64(8 * i));
    return 'doubles';
  } else throw wrongLength(name, bytes.length, pixels);
  if (bitpix === 64) for (let i = 0; i < pixels; i++) doubles[i] = integers[i]!;
  return 'integers';
}

function wrongLength(name: string, bytes: number, pixels: number): SolveError {
  return new SolveError('IMAGE_CORRUPT', `${name}: unpacks to ${bytes} bytes for ${pixels} pixels`);
}

/** Copies a decoded tile line by line to its place, with sign and order as `plan` has them. */
function placeTile(
  tile: Int32Array | Float64Array,
  box: TileBox,
  axes: readonly number[],
  pixels: Pixels,
  plan: PixelPlan,
): void {
  const width = box.size[0]!;
  const lines = box.pixels / width;
  const counter = axes.map(() => 0);
  let to = box.start;
  for (let line = 0; line < lines; line++) {
    // Tiles of a cube may reach beyond the planes that are read.
    const length = Math.min(width, pixels.length - to);
    if (length > 0) placeLine(tile, line * width, length, pixels, to, plan);
    let stride = axes[0]!;
    for (let i = 1; i < axes.length; i++) {
      to += stride;
      if (++counter[i]! < box.size[i]!) break;
      to -= stride * box.size[i]!;
      counter[i] = 0;
      stride *= axes[i]!;
    }
  }
}

function placeLine(
  tile: Int32Array | Float64Array,
  from: number,
  length: number,
  pixels: Pixels,
  to: number,
  plan: PixelPlan,
): void {
  const { mask, bitpix } = plan;
  if (mask === 0) {
    pixels.set(tile.subarray(from, from + length), to);
  } else if (bitpix < 0) {
    for (let i = 0; i < length; i++) pixels[to + i] = -tile[from + i]!;
  } else if (bitpix === 64) {
    // Unsigned, or reversed: -1 - value, as all bits turned.
    const unsigned = plan.lowMask === 0;
    for (let i = 0; i < length; i++) pixels[to + i] = unsigned ? tile[from + i]! + 2 ** 63 : -1 - tile[from + i]!;
  } else if (plan.type === 'f64') {
    for (let i = 0; i < length; i++) pixels[to + i] = (tile[from + i]! ^ mask) >>> 0;
  } else {
    for (let i = 0; i < length; i++) pixels[to + i] = tile[from + i]! ^ mask;
  }
}

/**
 * Before anything is allocated: an image that claims to be far larger than its packed bytes can make it, and one tile
 * that is larger than the image, are refused.
 */
function refuseBomb(hdu: Hdu, bytes: number, tilePixels: number): void {
  const allowed = Math.min(
    UNPACK_LIMITS.maxBytes,
    Math.max(UNPACK_LIMITS.freeBytes, hdu.dataBytes * UNPACK_LIMITS.maxRatio),
  );
  if (bytes <= allowed && tilePixels <= allowed / 8) return;
  throw new SolveError('IMAGE_TOO_LARGE', `${hdu.where}: ${hdu.dataBytes} packed bytes would become ${bytes}`);
}
