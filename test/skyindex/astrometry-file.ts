import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Hdu, readHdus } from '../../src/fits/hdu.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import type { ByteSource } from '../../src/io/byte-source.ts';

/** Bytes of a file in fixtures/skyindex; a new copy each time. */
export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/skyindex/${name}`, import.meta.url))));
}

/** The tables of an index file by name. */
export async function tablesOf(source: ByteSource): Promise<Map<string, Hdu>> {
  const hdus = await readHdus(source);
  return new Map(hdus.map((hdu) => [hdu.header.getString('TTYPE1')?.trim() ?? 'primary', hdu]));
}

/** A little-endian index file taken apart plainly, number by number: what the code under test is held against. */
export interface PlainIndex {
  readonly size: number;
  readonly quads: number;
  readonly stars: number;
  /** Star numbers of a quad. */
  quad(number: number): Promise<number[]>;
  /** Unit vector of a star. */
  star(number: number): Promise<number[]>;
  magnitude(star: number): Promise<number>;
}

export async function plainIndex(source: ByteSource): Promise<PlainIndex> {
  const tables = await tablesOf(source);
  const view = async (table: string, offset: number, length: number): Promise<DataView> => {
    const bytes = await source.read(tables.get(table)!.dataOffset + offset, length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const primary = tables.get('primary')!.header;
  const size = primary.getNumber('DIMQUADS')!;
  const tree = tables.get('kdtree_header_stars')!.header;
  const doubles = tree.get('KDT_DATA') === 'double';
  const places = new Map<number, number>();
  if (tables.has('kdtree_perm_stars')) {
    const table = await view('kdtree_perm_stars', 0, tables.get('kdtree_perm_stars')!.dataBytes);
    for (let i = 0; i < table.byteLength / 4; i++) places.set(table.getUint32(4 * i, true), i);
  }
  const range = doubles ? undefined : await view('kdtree_range_stars', 0, 56);
  return {
    size,
    quads: primary.getNumber('NQUADS')!,
    stars: primary.getNumber('NSTARS')!,
    async quad(number) {
      const row = await view('quads', 4 * size * number, 4 * size);
      return Array.from({ length: size }, (_, i) => row.getUint32(4 * i, true));
    },
    async star(number) {
      const width = doubles ? 8 : 4;
      const row = await view('kdtree_data_stars', 3 * width * (places.get(number) ?? number), 3 * width);
      const vector = [0, 1, 2].map((d) =>
        range
          ? range.getFloat64(8 * d, true) + row.getUint32(4 * d, true) / range.getFloat64(48, true)
          : row.getFloat64(8 * d, true),
      );
      return unit(vector);
    },
    async magnitude(star) {
      return (await view('MAG_VT', 4 * star, 4)).getFloat32(0, false);
    },
  };
}

/**
 * The code of stars as a field sees them that shows the sky with east to the right and north up: on the plane tangent
 * halfway between A and B. `[re C, im C, re D, im D]`, or the first two for three stars.
 */
export function skyCode(stars: readonly (readonly number[])[]): number[] {
  const [a, b, ...others] = stars as number[][];
  const middle = unit(a!.map((value, d) => value + b![d]!));
  const east = unit([-middle[1]!, middle[0]!, 0]);
  const north = cross(middle, east);
  const plane = (star: number[]): [number, number] => {
    const depth = dot(star, middle);
    return [dot(star, east) / depth, dot(star, north) / depth];
  };
  const [ax, ay] = plane(a!);
  const [bx, by] = plane(b!);
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  return others.flatMap((star) => {
    const [x, y] = plane(star);
    const re = (x - ax) * (bx - ax) + (y - ay) * (by - ay);
    const im = (y - ay) * (bx - ax) - (x - ax) * (by - ay);
    return [re / squared, im / squared];
  });
}

/** A way a field may number the stars of a quad, and show them. */
export interface Order {
  readonly exchangeAB: boolean;
  readonly exchangeCD: boolean;
  readonly mirror: boolean;
}

/** All ways; with three stars C and D cannot be exchanged. */
export function orders(size: number): Order[] {
  const both = [false, true];
  return both.flatMap((exchangeAB) =>
    (size === 4 ? both : [false]).flatMap((exchangeCD) => both.map((mirror) => ({ exchangeAB, exchangeCD, mirror }))),
  );
}

/** Another way to write a code: after exchanging A and B z is 1 - z; a mirror conjugates. */
export function reorder(code: readonly number[], { exchangeAB, exchangeCD, mirror }: Order): Float64Array {
  const result = code.map((value, i) => {
    const imaginary = i % 2 === 1;
    const exchanged = exchangeAB ? (imaginary ? -value : 1 - value) : value;
    return imaginary && mirror ? -exchanged : exchanged;
  });
  return Float64Array.from(exchangeCD ? [result[2]!, result[3]!, result[0]!, result[1]!] : result);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
}

function unit(a: number[]): number[] {
  const length = Math.sqrt(dot(a, a));
  return a.map((value) => value / length);
}

function cross(a: number[], b: number[]): number[] {
  return [a[1]! * b[2]! - a[2]! * b[1]!, a[2]! * b[0]! - a[0]! * b[2]!, a[0]! * b[1]! - a[1]! * b[0]!];
}

/** A copy of a little-endian index file as a big-endian machine would have written it. */
export async function bigEndian(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = bytes.slice();
  const widths: Record<string, number> = { double: 8, u32: 4, u16: 2 };
  const tables = await tablesOf(bytesSource(bytes, 'original'));
  for (const [name, hdu] of tables) {
    const [, kind, tree] = /^kdtree_(\w+)_(\w+)$/.exec(name) ?? ['', name, ''];
    const header = tables.get(`kdtree_header_${tree}`)?.header;
    let width = 1;
    if (kind === 'quads' || kind === 'lr' || kind === 'perm') width = 4;
    if (kind === 'range') width = 8;
    if (kind === 'data') width = widths[header!.getString('KDT_DATA')!]!;
    if (kind === 'split' || kind === 'bb') width = widths[header!.getString('KDT_INT')!]!;
    for (let at = hdu.dataOffset; at < hdu.dataOffset + hdu.dataBytes; at += width)
      copy.subarray(at, at + width).reverse();
  }
  return replaceText(copy, "ENDIAN  = '04:03:02:01'", "ENDIAN  = '01:02:03:04'");
}

/** Replaces a text everywhere, in place; both must be of one length. */
export function replaceText(bytes: Uint8Array, from: string, to: string): Uint8Array {
  if (from.length !== to.length) throw new Error('lengths differ');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1)) {
    text.write(to, at, 'latin1');
    count++;
  }
  if (count === 0) throw new Error(`no ${from}`);
  return bytes;
}
