import { directionToFace } from '../math/healpix.ts';
import {
  BAND_HEADER_BYTES,
  codeGrid,
  LENS,
  PARTS,
  QUAD_FILE_MAGIC,
  QUAD_FILE_VERSION,
  QUAD_HEADER_BYTES,
} from './bundled-quads.ts';
import { canonicalForms, CONJUGATED, EXCHANGED_AB, quadCode } from './quad-code.ts';
import type { OrderedStars } from './star-builder.ts';

/** What one band of quads shall be. */
export interface BandPlan {
  /** Bins per unit of code. */
  readonly binsPerUnit: number;
  /** Smallest quads first, each level beginning where the last one ends. */
  readonly levels: readonly LevelPlan[];
}

/** Quads of a narrow range of sizes, spread evenly over the sky. */
export interface LevelPlan {
  /** Range of the distance A to B, degrees. */
  readonly lowDeg: number;
  readonly highDeg: number;
  /** Stars considered: the brightest so many of each tile as wide as `lowDeg`. */
  readonly starsPerTile: number;
  /** Quads kept: the brightest so many of each such tile. */
  readonly quadsPerTile: number;
}

/** Of the stars between A and B, only the brightest so many become C or D. */
const INNER = 6;
/** Pairs are tried until there are so many candidates for each quad wanted, all as bright as the next pair could give. */
const CHOICE = 8;
/** One star serves in so many quads of a tile at the most, so that one missing star does not spoil them all. */
const USES = 3;

/**
 * Makes a quad file for a star file.
 *
 * @param onLevel told after each level: the plan and how many quads it has
 */
export function buildQuads(
  stars: OrderedStars,
  plans: readonly BandPlan[],
  onLevel: (plan: LevelPlan, quads: number) => void,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const head = new Uint8Array(QUAD_HEADER_BYTES + plans.length * BAND_HEADER_BYTES);
  const view = new DataView(head.buffer);
  [QUAD_FILE_MAGIC, QUAD_FILE_VERSION, plans.length, stars.count].forEach((word, i) =>
    view.setUint32(4 * i, word, true),
  );
  let offset = head.length;
  plans.forEach((plan, i) => {
    const levels = plan.levels.map((level) => {
      const chosen = chooseQuads(stars, level);
      onLevel(level, chosen.length / 4);
      return chosen;
    });
    const quads = new Uint32Array(levels.reduce((sum, level) => sum + level.length, 0));
    levels.reduce((start, level) => (quads.set(level, start), start + level.length), 0);
    const { counts, words, deepest } = packQuads(stars, quads, plan.binsPerUnit);
    // Quads start at a multiple of four bytes.
    const padded = counts.length + ((4 - ((offset + counts.length) % 4)) % 4);
    const at = QUAD_HEADER_BYTES + i * BAND_HEADER_BYTES;
    view.setFloat32(at, (plan.levels[0]!.lowDeg * Math.PI) / 180, true);
    view.setFloat32(at + 4, (plan.levels.at(-1)!.highDeg * Math.PI) / 180, true);
    [quads.length / 4, plan.binsPerUnit, deepest, offset, offset + padded].forEach((word, k) =>
      view.setUint32(at + 8 + 4 * k, word, true),
    );
    parts.push(counts, new Uint8Array(padded - counts.length), words);
    offset += padded + words.length;
  });
  const bytes = new Uint8Array(offset);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Stars of four a quad: A, B, C, D. */
function chooseQuads(stars: OrderedStars, plan: LevelPlan): Uint32Array {
  const low = 2 * Math.sin((plan.lowDeg * Math.PI) / 360);
  const high = 2 * Math.sin((plan.highDeg * Math.PI) / 360);
  const side = Math.max(1, Math.round(58.6 / plan.lowDeg));
  const chosen = brightestOfTiles(stars, side, plan.starsPerTile);
  const hash = new SpaceHash(stars.vectors, chosen, high);
  const tiles = new PairsByTile(stars.vectors, chosen, hash, low, high, side);
  const quads: number[] = [];
  const near = new Uint32Array(100_000);
  tiles.forEach((pairs) => {
    const found: Candidate[] = [];
    const fainter = ([a, b]: Pair): number => Math.max(stars.magnitude[a]!, stars.magnitude[b]!);
    pairs.sort((p, q) => fainter(p) - fainter(q));
    for (const pair of pairs) {
      if (found.length >= CHOICE * plan.quadsPerTile) {
        const limit = fainter(pair);
        if (found.filter((candidate) => candidate.faintest <= limit).length >= CHOICE * plan.quadsPerTile) break;
      }
      innerQuads(stars, hash, pair[0], pair[1], near, found);
    }
    found.sort((p, q) => p.faintest - q.faintest || p.sum - q.sum);
    const uses = new Map<number, number>();
    let kept = 0;
    for (const candidate of found) {
      if (kept === plan.quadsPerTile) break;
      if (candidate.stars.some((star) => (uses.get(star) ?? 0) >= USES)) continue;
      for (const star of candidate.stars) uses.set(star, (uses.get(star) ?? 0) + 1);
      quads.push(...candidate.stars);
      kept++;
    }
  });
  return Uint32Array.from(quads);
}

type Pair = readonly [number, number];

interface Candidate {
  readonly stars: readonly [number, number, number, number];
  readonly faintest: number;
  readonly sum: number;
}

/** Adds the quads of the pair A, B whose C and D are among the brightest stars nearer to both than they are to each other. */
function innerQuads(
  stars: OrderedStars,
  hash: SpaceHash,
  a: number,
  b: number,
  near: Uint32Array,
  found: Candidate[],
): void {
  const { vectors, magnitude } = stars;
  const limit = chordSquared(vectors, a, b);
  const count = hash.around(a, near);
  const inner: number[] = [];
  for (let i = 0; i < count; i++) {
    const c = near[i]!;
    if (c === a || c === b) continue;
    if (chordSquared(vectors, a, c) < limit && chordSquared(vectors, b, c) < limit) inner.push(c);
  }
  inner.sort((p, q) => magnitude[p]! - magnitude[q]!);
  const top = Math.min(inner.length, INNER);
  for (let i = 0; i < top; i++) {
    for (let j = i + 1; j < top; j++) {
      const c = inner[i]!;
      const d = inner[j]!;
      const ends = Math.max(magnitude[a]!, magnitude[b]!);
      found.push({
        stars: [a, b, c, d],
        faintest: Math.max(ends, magnitude[d]!),
        sum: magnitude[a]! + magnitude[b]! + magnitude[c]! + magnitude[d]!,
      });
    }
  }
}

function chordSquared(vectors: Float64Array, i: number, j: number): number {
  const dx = vectors[3 * i]! - vectors[3 * j]!;
  const dy = vectors[3 * i + 1]! - vectors[3 * j + 1]!;
  const dz = vectors[3 * i + 2]! - vectors[3 * j + 2]!;
  return dx * dx + dy * dy + dz * dz;
}

function tileOf(x: number, y: number, z: number, side: number, place: Float64Array): number {
  directionToFace(x, y, z, place);
  return (place[0]! * side + Math.floor(place[2]! * side)) * side + Math.floor(place[1]! * side);
}

function brightestOfTiles(stars: OrderedStars, side: number, perTile: number): Uint32Array {
  const { vectors, magnitude, count } = stars;
  const place = new Float64Array(3);
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => magnitude[a]! - magnitude[b]!);
  const taken = new Uint8Array(12 * side * side);
  return order.filter((star) => {
    const tile = tileOf(vectors[3 * star]!, vectors[3 * star + 1]!, vectors[3 * star + 2]!, side, place);
    if (taken[tile]! >= perTile) return false;
    taken[tile]!++;
    return true;
  });
}

/** Chosen stars in cubes of space, for neighbours within `reach`. */
class SpaceHash {
  readonly #vectors: Float64Array;
  readonly #reach: number;
  readonly #cubes: Map<number, number[]> = new Map();

  constructor(vectors: Float64Array, chosen: Uint32Array, reach: number) {
    this.#vectors = vectors;
    this.#reach = reach;
    for (const star of chosen) {
      const key = this.#key(0, star) + this.#key(1, star) * 4096 + this.#key(2, star) * 16777216;
      const cube = this.#cubes.get(key);
      if (cube) cube.push(star);
      else this.#cubes.set(key, [star]);
    }
  }

  #key(axis: number, star: number): number {
    return Math.floor((this.#vectors[3 * star + axis]! + 1) / this.#reach) + 1;
  }

  /** Stars of the 27 cubes around a star, itself included. */
  around(star: number, out: Uint32Array): number {
    const kx = this.#key(0, star);
    const ky = this.#key(1, star);
    const kz = this.#key(2, star);
    let count = 0;
    for (let z = kz - 1; z <= kz + 1; z++) {
      for (let y = ky - 1; y <= ky + 1; y++) {
        for (let x = kx - 1; x <= kx + 1; x++) {
          const cube = this.#cubes.get(x + y * 4096 + z * 16777216);
          if (cube) for (const other of cube) out[count++] = other;
        }
      }
    }
    return count;
  }
}

/** All pairs of chosen stars with a distance in the band, by the tile of their midpoint. */
class PairsByTile {
  readonly #first: Uint32Array;
  readonly #pairs: Uint32Array;

  constructor(vectors: Float64Array, chosen: Uint32Array, hash: SpaceHash, low: number, high: number, side: number) {
    const place = new Float64Array(3);
    const near = new Uint32Array(100_000);
    const counts = new Uint32Array(12 * side * side + 1);
    let pairs = new Uint32Array(1 << 20);
    let tiles = new Uint32Array(1 << 19);
    let count = 0;
    for (const a of chosen) {
      const around = hash.around(a, near);
      for (let i = 0; i < around; i++) {
        const b = near[i]!;
        if (b <= a) continue;
        const squared = chordSquared(vectors, a, b);
        if (squared < low * low || squared >= high * high) continue;
        const x = vectors[3 * a]! + vectors[3 * b]!;
        const y = vectors[3 * a + 1]! + vectors[3 * b + 1]!;
        const z = vectors[3 * a + 2]! + vectors[3 * b + 2]!;
        const r = Math.hypot(x, y, z);
        const tile = tileOf(x / r, y / r, z / r, side, place);
        if (count === tiles.length) {
          pairs = grown(pairs);
          tiles = grown(tiles);
        }
        pairs[2 * count] = a;
        pairs[2 * count + 1] = b;
        tiles[count++] = tile;
        counts[tile + 1]!++;
      }
    }
    for (let tile = 1; tile < counts.length; tile++) counts[tile]! += counts[tile - 1]!;
    const next = counts.slice();
    const sorted = new Uint32Array(2 * count);
    for (let i = 0; i < count; i++) {
      const at = next[tiles[i]!]!++;
      sorted[2 * at] = pairs[2 * i]!;
      sorted[2 * at + 1] = pairs[2 * i + 1]!;
    }
    this.#first = counts;
    this.#pairs = sorted;
  }

  forEach(visit: (pairs: Pair[]) => void): void {
    for (let tile = 0; tile + 1 < this.#first.length; tile++) {
      const pairs: Pair[] = [];
      for (let i = this.#first[tile]!; i < this.#first[tile + 1]!; i++) {
        pairs.push([this.#pairs[2 * i]!, this.#pairs[2 * i + 1]!]);
      }
      if (pairs.length > 0) visit(pairs);
    }
  }
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Sorts quads into bins and writes them as the file has them. */
function packQuads(
  stars: OrderedStars,
  quads: Uint32Array,
  binsPerUnit: number,
): { counts: Uint8Array; words: Uint8Array; deepest: number } {
  const grid = codeGrid(binsPerUnit);
  const [, n1, n2, n3] = grid.sizes;
  const count = quads.length / 4;
  const bins = new Uint32Array(count);
  const packed = new Uint32Array(2 * count);
  const counts = new Uint8Array(grid.bins);
  const code = new Float64Array(4);
  const forms = new Float64Array(32);
  const how = new Uint8Array(8);
  let deepest = 0;
  for (let i = 0; i < count; i++) {
    const [a, b, c, d] = [quads[4 * i]!, quads[4 * i + 1]!, quads[4 * i + 2]!, quads[4 * i + 3]!];
    quadCode(stars.vectors, a, b, c, d, code);
    canonicalForms(code, 0, forms, how);
    const values = [forms[0]!, forms[1]! + LENS, forms[2]!, forms[3]!].map((v) => v * binsPerUnit);
    const where = values.map((v, k) => Math.min(grid.sizes[k]! - 1, Math.max(0, Math.floor(v))));
    const part = values.map((v, k) => Math.min(PARTS - 1, Math.max(0, Math.floor((v - where[k]!) * PARTS))));
    bins[i] = ((where[0]! * n1 + where[1]!) * n2 + where[2]!) * n3 + where[3]!;
    if (counts[bins[i]!]! === 255) throw new RangeError('a bin holds more than 255 quads: use more bins per unit');
    counts[bins[i]!]!++;
    const exchanged = (how[0]! & EXCHANGED_AB) !== 0;
    const conjugated = (how[0]! & CONJUGATED) !== 0;
    packed[2 * i] = ((exchanged ? b : a) << 11) | (part[0]! << 6) | (part[1]! << 1) | (conjugated ? 1 : 0);
    packed[2 * i + 1] = ((exchanged ? a : b) << 11) | (part[2]! << 6) | (part[3]! << 1);
    deepest = Math.max(deepest, stars.layer[a]!, stars.layer[b]!);
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((p, q) => bins[p]! - bins[q]!);
  const words = new Uint8Array(8 * count);
  const view = new DataView(words.buffer);
  order.forEach((quad, i) => {
    view.setUint32(8 * i, packed[2 * quad]!, true);
    view.setUint32(8 * i + 4, packed[2 * quad + 1]!, true);
  });
  return { counts, words, deepest };
}
