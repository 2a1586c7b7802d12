import { SolveError } from '../errors.ts';
import { directionToFace } from '../math/healpix.ts';
import { DEGREE, raDecToVector } from '../math/sphere.ts';
import { OBJECT_TYPES } from './sky-object.ts';
import type { SkyObject } from './sky-object.ts';

/**
 * The object file, little-endian: a header of 8 u32 `[magic, version, objects, cells, bytes of names, 0, 0, 0]`; the first
 * object of each cell and the end of the last, u32; then columns of one entry an object: right ascension as a part of a
 * turn of 2^32, u32; declination as a part of 90 degrees of 2^31, i32; where its names begin, u32 (one more for the end);
 * magnitude in hundredths, i16; axes in hundredths of an arcmin, u16 each; number of the type, u8; position angle, u8.
 * Names are UTF-8: designations, a tab, common names, each list parted by `|`.
 *
 * Objects lie in the order of the cells of a HEALPix grid. Those more than {@link LARGE_ARCMIN} wide have a cell of their
 * own behind these, so that a search need not look far around for outlines that reach in.
 */
export interface ObjectFile {
  /** Number of objects. */
  readonly count: number;
  /** First object of each cell, and the end. */
  readonly first: Uint32Array;
  readonly ra: Uint32Array;
  readonly dec: Int32Array;
  readonly nameAt: Uint32Array;
  readonly magnitude: Int16Array;
  readonly major: Uint16Array;
  readonly minor: Uint16Array;
  readonly type: Uint8Array;
  readonly angle: Uint8Array;
  readonly names: Uint8Array;
}

const MAGIC = 0x4a424f53;
const VERSION = 1;
const HEADER_WORDS = 8;

/** Cells per side of a HEALPix face: cells 15 degrees wide, about 90 objects each. More cells take longer to set up. */
export const CELLS_PER_SIDE = 4;
/** Cells of the sky; the one behind them holds the large objects. */
export const CELL_COUNT: number = 12 * CELLS_PER_SIDE * CELLS_PER_SIDE;
/** Objects wider than this are looked at in every search: a dozen. */
export const LARGE_ARCMIN = 90;

/** Stand for "not known". */
export const NO_MAGNITUDE = -32768;
export const NO_ANGLE = 255;

const RA_UNIT = 360 / 2 ** 32;
const DEC_UNIT = 90 / 2 ** 31;

/** Right ascension, degrees. */
export function unpackRa(packed: number): number {
  return packed * RA_UNIT;
}

/** Declination, degrees. */
export function unpackDec(packed: number): number {
  return packed * DEC_UNIT;
}

/** @throws {SolveError} `INDEX_CORRUPT` if the bytes are not a whole object file of this version */
export function readObjectFile(bytes: Uint8Array, name: string): ObjectFile {
  const whole = new Uint8Array(bytes.byteOffset % 4 === 0 ? bytes.buffer : bytes.slice().buffer, 0);
  const start = bytes.byteOffset % 4 === 0 ? bytes.byteOffset : 0;
  const corrupt = (fact: string): SolveError => new SolveError('INDEX_CORRUPT', `${name}: ${fact}`);
  if (bytes.length < 4 * HEADER_WORDS) throw corrupt(`${bytes.length} bytes are no object file`);
  const head = new Uint32Array(whole.buffer, start, HEADER_WORDS);
  const [magic, version, count = 0, cells, nameBytes = 0] = head;
  if (magic !== MAGIC || version !== VERSION || cells !== CELL_COUNT)
    throw corrupt('not an object file of this version');
  const words = HEADER_WORDS + CELL_COUNT + 2 + 3 * count + 1;
  const expected = 4 * words + 8 * count + nameBytes;
  if (bytes.length !== expected) throw corrupt(`${bytes.length} bytes, expected ${expected}`);
  let at = start + 4 * HEADER_WORDS;
  const take = <T>(make: (offset: number) => T, size: number): T => {
    const column = make(at);
    at += size;
    return column;
  };
  const { buffer } = whole;
  const file: ObjectFile = {
    count,
    first: take((o) => new Uint32Array(buffer, o, CELL_COUNT + 2), 4 * (CELL_COUNT + 2)),
    ra: take((o) => new Uint32Array(buffer, o, count), 4 * count),
    dec: take((o) => new Int32Array(buffer, o, count), 4 * count),
    nameAt: take((o) => new Uint32Array(buffer, o, count + 1), 4 * (count + 1)),
    magnitude: take((o) => new Int16Array(buffer, o, count), 2 * count),
    major: take((o) => new Uint16Array(buffer, o, count), 2 * count),
    minor: take((o) => new Uint16Array(buffer, o, count), 2 * count),
    type: take((o) => new Uint8Array(buffer, o, count), count),
    angle: take((o) => new Uint8Array(buffer, o, count), count),
    names: take((o) => new Uint8Array(buffer, o, nameBytes), nameBytes),
  };
  if (!ascends(file.first, count) || !ascends(file.nameAt, nameBytes)) throw corrupt('its tables are damaged');
  return file;
}

function ascends(table: Uint32Array, end: number): boolean {
  for (let i = 1; i < table.length; i++) if (table[i]! < table[i - 1]!) return false;
  return table[0] === 0 && table[table.length - 1] === end;
}

/** Packs objects. Only `npm run build:objects` and tests do. */
export function writeObjectFile(objects: readonly SkyObject[]): Uint8Array {
  const cellOf = (object: SkyObject): number =>
    (object.majorArcmin ?? 0) > LARGE_ARCMIN ? CELL_COUNT : cellOfDirection(object.ra, object.dec);
  const sorted = objects.map((object) => ({ object, cell: cellOf(object) })).sort((a, b) => a.cell - b.cell);
  const names = sorted.map(({ object: { designations, commonNames } }) =>
    new TextEncoder().encode(`${designations.join('|')}\t${commonNames.join('|')}`),
  );
  const nameBytes = names.reduce((sum, { length }) => sum + length, 0);
  const count = sorted.length;
  const words = HEADER_WORDS + CELL_COUNT + 2 + 3 * count + 1;
  const bytes = new Uint8Array(4 * words + 8 * count + nameBytes);
  new Uint32Array(bytes.buffer, 0, HEADER_WORDS).set([MAGIC, VERSION, count, CELL_COUNT, nameBytes]);
  // The tables of an empty file ascend wherever they end, so the columns are found before they are filled.
  const first = new Uint32Array(bytes.buffer, 4 * HEADER_WORDS, CELL_COUNT + 2);
  for (const { cell } of sorted) first[cell + 1]!++;
  for (let cell = 0; cell <= CELL_COUNT; cell++) first[cell + 1]! += first[cell]!;
  const nameAt = new Uint32Array(bytes.buffer, 4 * (words - count - 1), count + 1);
  let at = 0;
  names.forEach((name, i) => {
    bytes.set(name, bytes.length - nameBytes + at);
    at += name.length;
    nameAt[i + 1] = at;
  });
  const file = readObjectFile(bytes, 'new object file');
  sorted.forEach(({ object }, i) => {
    file.ra[i] = Math.round(object.ra / RA_UNIT);
    file.dec[i] = Math.min(2 ** 31 - 1, Math.round(object.dec / DEC_UNIT));
    file.magnitude[i] = object.magnitude === undefined ? NO_MAGNITUDE : Math.round(100 * object.magnitude);
    file.major[i] = Math.round(100 * (object.majorArcmin ?? 0));
    file.minor[i] = Math.round(100 * (object.minorArcmin ?? object.majorArcmin ?? 0));
    file.type[i] = OBJECT_TYPES.indexOf(object.type);
    file.angle[i] = object.positionAngle === undefined ? NO_ANGLE : Math.round(object.positionAngle) % 180;
  });
  return bytes;
}

function cellOfDirection(raDeg: number, decDeg: number): number {
  const [x, y, z] = raDecToVector(raDeg * DEGREE, decDeg * DEGREE);
  const place = new Float64Array(3);
  directionToFace(x!, y!, z!, place);
  const column = Math.floor(place[1]! * CELLS_PER_SIDE);
  const row = Math.floor(place[2]! * CELLS_PER_SIDE);
  return (place[0]! * CELLS_PER_SIDE + row) * CELLS_PER_SIDE + column;
}
