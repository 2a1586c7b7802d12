import type { Pace } from '../pace.ts';
import { type HealpixTile, tileDirection, tileNumber } from './healpix-tile.ts';
import { quadCode } from './quad-code.ts';

/** Stars to make an index of. */
export interface StarList {
  /** Unit vectors, ICRS, `[x0, y0, z0, x1, ...]`. */
  readonly vectors: Float64Array;
  /** In any band: the smaller, the sooner a star is taken. */
  readonly magnitude: Float32Array;
}

/** One scale of an index: sizes of the quads and the grid by which they are spread. */
export interface QuadScale {
  /** Range of the distance A to B, arcmin. */
  readonly lowArcmin: number;
  readonly highArcmin: number;
  /** HEALPix nside of the cells: about as wide as the smallest quads. */
  readonly nside: number;
}

const LOW_ARCMIN = [2, 2.8, 4, 5.6, 8, 11, 16, 22, 30, 42, 60, 85, 120, 170, 240, 340, 480, 680, 1000, 1400, 2000];
const NSIDE = [1760, 1245, 880, 622, 440, 311, 220, 156, 110, 78, 55, 39, 28, 20, 14, 10, 7, 5, 4, 3];
/** Number of presets. */
export const PRESETS: number = NSIDE.length;

/** The scale that the last two digits of a published file name mean: 0 is for quads of 2 to 2.8 arcmin, 19 of 1400 to 2000. */
export function presetScale(preset: number): QuadScale {
  return { lowArcmin: LOW_ARCMIN[preset]!, highArcmin: LOW_ARCMIN[preset + 1]!, nside: NSIDE[preset]! };
}

/** Stars taken of each cell, and quads made around it: as many as published files have. */
export const STARS_PER_CELL = 10;
export const QUADS_PER_CELL = 16;
/** Of the stars around a cell, so many take part. More would only add quads that no one needs before these. */
const STARS_AROUND = 40;
/** One star serves in so many quads of a cell at the most, so that one missing star does not spoil them all. */
const USES = 6;

/** The stars of an index: some of each cell, the brightest first. */
export interface ChosenStars extends StarList {
  readonly count: number;
  /** Of each star: 0 for the brightest of its cell, 1 for the next. */
  readonly rank: Uint8Array;
  /** Cell of each star. */
  readonly cell: Float64Array;
}

/**
 * The brightest stars of each cell; of a tile also those around it that its quads may use.
 *
 * @param tile absent: the whole sky
 */
export function chooseStars(stars: StarList, scale: QuadScale, tile?: HealpixTile): ChosenStars {
  const { vectors, magnitude } = stars;
  const margin = (1.5 * scale.highArcmin * Math.PI) / 10_800;
  const keys = new Float64Array(magnitude.length);
  let inside = 0;
  for (let i = 0; i < magnitude.length; i++) {
    if (tile && !isNearTile(vectors, 3 * i, tile, margin)) continue;
    // Thousandths of a magnitude and the number of the star in one number, so that the fast numeric sort does.
    const brightness = Math.min(99_999, Math.max(0, Math.round((magnitude[i]! + 50) * 1000)));
    keys[inside++] = brightness * 2 ** 32 + i;
  }
  const order = keys.subarray(0, inside).sort();
  const taken = new Map<number, number>();
  const chosen: number[] = [];
  const rank: number[] = [];
  const cell: number[] = [];
  for (const key of order) {
    const i = key % 2 ** 32;
    const number = tileNumber(vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!, scale.nside);
    const before = taken.get(number) ?? 0;
    if (before === STARS_PER_CELL) continue;
    taken.set(number, before + 1);
    chosen.push(i);
    rank.push(before);
    cell.push(number);
  }
  const picked = new Float64Array(3 * chosen.length);
  chosen.forEach((i, k) => picked.set(vectors.subarray(3 * i, 3 * i + 3), 3 * k));
  return {
    count: chosen.length,
    vectors: picked,
    magnitude: Float32Array.from(chosen, (i) => magnitude[i]!),
    rank: Uint8Array.from(rank),
    cell: Float64Array.from(cell),
  };
}

/** Whether a direction, or one within `margin` radians of it, lies in the tile: tried are eight around it. */
function isNearTile(vectors: Float64Array, at: number, { nside, number }: HealpixTile, margin: number): boolean {
  const [x, y, z] = [vectors[at]!, vectors[at + 1]!, vectors[at + 2]!];
  if (tileNumber(x, y, z, nside) === number) return true;
  const flat = Math.hypot(x, y);
  const [ex, ey] = flat > 0 ? [-y / flat, x / flat] : [1, 0];
  for (let i = 0; i < 8; i++) {
    const a = margin * Math.cos((i * Math.PI) / 4);
    const b = margin * Math.sin((i * Math.PI) / 4);
    const nx = x + a * ex - b * z * ey;
    const ny = y + a * ey + b * z * ex;
    const nz = z + b * (x * ey - y * ex);
    if (tileNumber(nx, ny, nz, nside) === number) return true;
  }
  return false;
}

/** Quads of an index and their codes as the files have them. */
export interface ChosenQuads {
  readonly count: number;
  /** Star numbers A, B, C, D of each. */
  readonly stars: Uint32Array;
  /** `[cx, cy, dx, dy]` of each, with A at (0, 0), B at (1, 1), x to the west; cx <= dx, cx + dx <= 1. */
  readonly codes: Float32Array;
}

/**
 * Quads whose AB have a length of the scale and their middle in each cell, C and D in the circle over AB; those of the
 * brightest stars first.
 *
 * @param tile quads are made for cells with their centre in it; absent: all
 */
export async function chooseQuads(
  stars: ChosenStars,
  scale: QuadScale,
  pace: Pace,
  tile?: HealpixTile,
): Promise<ChosenQuads> {
  const { cell, rank, count, vectors } = stars;
  const { nside } = scale;
  // Numbers of the stars, cell by cell, the brightest first: all in one number, so that the fast numeric sort does.
  const keys = Float64Array.from({ length: count }, (_, i) => (cell[i]! * 16 + rank[i]!) * count + i).sort();
  const order = Uint32Array.from(keys, (key) => key % count);
  const first = new Map<number, number>();
  order.forEach((star, place) => {
    if (!first.has(cell[star]!)) first.set(cell[star]!, place);
  });
  const around = new Float64Array(9);
  const direction = new Float64Array(3);
  const cells = new Set<number>();
  for (const number of first.keys()) {
    const near = cellsAround(number, nside, around);
    for (let i = 0; i < near; i++) cells.add(around[i]!);
  }
  const maker = new QuadMaker(stars, scale);
  for (const number of cells) {
    if (pace.due()) await pace.breathe();
    direction.set(tileDirection({ nside, number }));
    if (tile && tileNumber(direction[0]!, direction[1]!, direction[2]!, tile.nside) !== tile.number) continue;
    const near = cellsAround(number, nside, around);
    const candidates: number[] = [];
    for (let i = 0; i < near; i++) {
      const start = first.get(around[i]!);
      if (start === undefined) continue;
      for (let place = start; place < count && cell[order[place]!] === around[i]; place++)
        candidates.push(order[place]!);
    }
    // Stars are numbered by brightness.
    candidates.sort((a, b) => rank[a]! - rank[b]! || a - b);
    maker.make(number, candidates.slice(0, STARS_AROUND));
  }
  return maker.result(vectors);
}

const AROUND = [0.5, -0.5, 1.5];

/** A cell and those around it: up to nine. */
function cellsAround(number: number, nside: number, out: Float64Array): number {
  const centre = tileDirection({ nside, number });
  // Two directions across a cell, from the cell itself; beyond its border they lead on into its neighbours.
  const u = tileDirection({ nside, number }, 1, 0.5);
  const v = tileDirection({ nside, number }, 0.5, 1);
  let count = 0;
  for (const a of AROUND) {
    for (const b of AROUND) {
      const i = 2 * (a - 0.5);
      const j = 2 * (b - 0.5);
      const x = centre[0]! + i * (u[0]! - centre[0]!) + j * (v[0]! - centre[0]!);
      const y = centre[1]! + i * (u[1]! - centre[1]!) + j * (v[1]! - centre[1]!);
      const z = centre[2]! + i * (u[2]! - centre[2]!) + j * (v[2]! - centre[2]!);
      const length = Math.hypot(x, y, z);
      const near = tileNumber(x / length, y / length, z / length, nside);
      let known = 0;
      while (known < count && out[known] !== near) known++;
      if (known === count) out[count++] = near;
    }
  }
  return count;
}

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly inner: number[];
}

/** Makes the quads of one cell after the other. */
class QuadMaker {
  readonly #vectors: Float64Array;
  readonly #low: number;
  readonly #high: number;
  readonly #nside: number;
  #quads: Uint32Array = new Uint32Array(1 << 16);
  #count = 0;
  #limit = 0;
  readonly #uses: Map<number, number> = new Map();

  constructor({ vectors }: StarList, { lowArcmin, highArcmin, nside }: QuadScale) {
    this.#vectors = vectors;
    this.#low = (2 * Math.sin((lowArcmin * Math.PI) / 21_600)) ** 2;
    this.#high = (2 * Math.sin((highArcmin * Math.PI) / 21_600)) ** 2;
    this.#nside = nside;
  }

  /** Adds star after star: each time all quads that it completes. */
  make(cell: number, stars: readonly number[]): void {
    const vectors = this.#vectors;
    const pairs: Pair[] = [];
    this.#uses.clear();
    this.#limit = this.#count + QUADS_PER_CELL;
    for (let k = 1; k < stars.length; k++) {
      const c = stars[k]!;
      for (const pair of pairs) {
        if (!isBetween(vectors, pair.a, pair.b, c)) continue;
        for (const other of pair.inner) if (this.#add(pair, other, c)) return;
        pair.inner.push(c);
      }
      for (let i = 0; i < k; i++) {
        const a = stars[i]!;
        const length = squaredChord(vectors, a, c);
        if (length < this.#low || length > this.#high || !this.#isMiddleIn(cell, a, c)) continue;
        const pair: Pair = { a, b: c, inner: [] };
        for (let j = 0; j < k; j++) {
          const d = stars[j]!;
          if (d === a || !isBetween(vectors, a, c, d)) continue;
          for (const other of pair.inner) if (this.#add(pair, other, d)) return;
          pair.inner.push(d);
        }
        pairs.push(pair);
      }
    }
  }

  /** @returns true if the cell has enough quads */
  #add({ a, b }: Pair, c: number, d: number): boolean {
    const uses = this.#uses;
    for (const star of [a, b, c, d]) if ((uses.get(star) ?? 0) >= USES) return false;
    for (const star of [a, b, c, d]) uses.set(star, (uses.get(star) ?? 0) + 1);
    if (4 * this.#count + 4 > this.#quads.length) {
      const larger = new Uint32Array(2 * this.#quads.length);
      larger.set(this.#quads);
      this.#quads = larger;
    }
    this.#quads.set([a, b, c, d], 4 * this.#count++);
    return this.#count === this.#limit;
  }

  #isMiddleIn(cell: number, a: number, b: number): boolean {
    const v = this.#vectors;
    const x = v[3 * a]! + v[3 * b]!;
    const y = v[3 * a + 1]! + v[3 * b + 1]!;
    const z = v[3 * a + 2]! + v[3 * b + 2]!;
    const length = Math.sqrt(x * x + y * y + z * z);
    return tileNumber(x / length, y / length, z / length, this.#nside) === cell;
  }

  /** The quads, each with its stars in the order that its code has. */
  result(vectors: Float64Array): ChosenQuads {
    const stars = this.#quads.subarray(0, 4 * this.#count);
    const codes = new Float32Array(4 * this.#count);
    const code = new Float64Array(4);
    for (let at = 0; at < stars.length; at += 4) {
      quadCode(vectors, stars[at]!, stars[at + 1]!, stars[at + 2]!, stars[at + 3]!, code);
      // Times 1 + i puts B at (1, 1); the conjugate has x to the west.
      let [cx, cy, dx, dy] = [code[0]! + code[1]!, code[0]! - code[1]!, code[2]! + code[3]!, code[2]! - code[3]!];
      if (cx + dx > 1) {
        [cx, cy, dx, dy] = [1 - cx, 1 - cy, 1 - dx, 1 - dy];
        swap(stars, at, at + 1);
      }
      if (cx > dx) {
        [cx, cy, dx, dy] = [dx, dy, cx, cy];
        swap(stars, at + 2, at + 3);
      }
      codes.set([cx, cy, dx, dy], at);
    }
    return { count: this.#count, stars, codes };
  }
}

function swap(numbers: Uint32Array, i: number, j: number): void {
  const number = numbers[i]!;
  numbers[i] = numbers[j]!;
  numbers[j] = number;
}

function squaredChord(vectors: Float64Array, i: number, j: number): number {
  const x = vectors[3 * i]! - vectors[3 * j]!;
  const y = vectors[3 * i + 1]! - vectors[3 * j + 1]!;
  const z = vectors[3 * i + 2]! - vectors[3 * j + 2]!;
  return x * x + y * y + z * z;
}

/** Whether C lies in the circle whose diameter is AB: it sees AB under an obtuse angle. */
function isBetween(vectors: Float64Array, a: number, b: number, c: number): boolean {
  return squaredChord(vectors, a, c) + squaredChord(vectors, b, c) < squaredChord(vectors, a, b);
}
