import { SolveError } from '../errors.ts';

/** One directory of a TIFF file: what its tags say. */
export interface TiffDirectory {
  /** Byte order of the file. */
  readonly little: boolean;
  has(tag: number): boolean;
  /**
   * All numbers of a tag, quotients of rational ones; none if the tag is absent or is text.
   *
   * @throws {SolveError} `IMAGE_CORRUPT` if they are not within the file
   */
  numbers(tag: number): number[];
  /** The first of them. */
  number(tag: number): number | undefined;
}

/** Where a directory stands that another one names, and how this is known. */
interface Entry {
  readonly type: number;
  readonly count: number;
  readonly place: number;
}

/** Bytes of one value by field type: TIFF 6.0, section 2, and BigTIFF. Text (2) and bytes without meaning (7) are not read. */
const TYPE_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [6, 1],
  [8, 2],
  [9, 4],
  [10, 8],
  [11, 4],
  [12, 8],
  [13, 4],
  [16, 8],
  [17, 8],
  [18, 8],
]);

/** Entries looked at: real directories have some dozen. */
const MAX_ENTRIES = 4096;

/** True if the bytes begin like a TIFF file: classic or BigTIFF, either byte order. */
export function isTiff(head: Uint8Array): boolean {
  const [a, b, c, d] = head;
  const little = a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0;
  const big = a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43);
  return little || big;
}

/**
 * Reads a directory of a TIFF or BigTIFF file.
 *
 * @param bytes the whole file, beginning like a TIFF ({@link isTiff})
 * @param name of the file, for messages
 * @param at where the directory stands; absent: the first one
 * @throws {SolveError} `IMAGE_CORRUPT` if it is not within the file
 */
export function readDirectory(bytes: Uint8Array, name: string, at?: number): TiffDirectory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const within = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SolveError(
        'IMAGE_CORRUPT',
        `${name}: the TIFF directory lies beyond the end of the file (${bytes.length} bytes)`,
        { cause: error },
      );
    }
  };
  const entries = within(() => readEntries(view, little, at));
  const numbers = (tag: number): number[] => {
    const entry = entries.get(tag);
    const size = TYPE_BYTES.get(entry?.type ?? 0);
    if (entry === undefined || size === undefined) return [];
    return within(() => {
      if (entry.place + entry.count * size > bytes.length) throw new RangeError('values beyond the end');
      return Array.from({ length: entry.count }, (_, i) => readValue(view, entry.place + i * size, entry.type, little));
    });
  };
  return { little, has: (tag) => entries.has(tag), numbers, number: (tag) => numbers(tag)[0] };
}

function readEntries(view: DataView, little: boolean, start: number | undefined): Map<number, Entry> {
  const big = view.getUint16(2, little) === 43;
  const word = (at: number): number => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const at = start ?? word(big ? 8 : 4);
  const count = big ? word(at) : view.getUint16(at, little);
  const entries = new Map<number, Entry>();
  for (let i = 0; i < Math.min(count, MAX_ENTRIES); i++) {
    const entry = at + (big ? 8 + 20 * i : 2 + 12 * i);
    const tag = view.getUint16(entry, little);
    const type = view.getUint16(entry + 2, little);
    const values = word(entry + 4);
    const inline = values * (TYPE_BYTES.get(type) ?? 1) <= (big ? 8 : 4);
    const place = entry + (big ? 12 : 8);
    entries.set(tag, { type, count: values, place: inline ? place : word(place) });
  }
  return entries;
}

function readValue(view: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 1:
      return view.getUint8(at);
    case 3:
      return view.getUint16(at, little);
    case 4:
    case 13:
      return view.getUint32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, little);
    case 9:
      return view.getInt32(at, little);
    case 10:
      return view.getInt32(at, little) / view.getInt32(at + 4, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    case 17:
      return Number(view.getBigInt64(at, little));
    default:
      return Number(view.getBigUint64(at, little));
  }
}
