import { leavesInBox } from './kd-search.ts';
import type { KdTree } from './kd-tree-file.ts';
import type { StarBuffer, StarStore } from './sky-index.ts';

/** What is in memory once the stars of a file have been read. */
export interface StarTables {
  readonly tree: KdTree;
  /** By star number. Absent: the file has none. */
  readonly magnitude: Float32Array | undefined;
  /** By star number, small for stars the index prefers (the bright ones of each patch of sky). Absent: the file has none. */
  readonly rank: Uint8Array | undefined;
}

/** A patch of the cap gives this many stars before the limit is reached, if all patches can. */
const STARS_PER_PATCH = 8;
/** Patches a side, at most: more would hold no star each. */
const MOST_PATCHES = 64;

/** The stars of an Astrometry.net file. Read as a whole when first needed. */
export class AstrometryStars implements StarStore {
  readonly #read: () => Promise<StarTables>;
  #reading: Promise<void> | undefined;
  #tables: StarTables | undefined;
  /** Point of the tree of each star; absent: the same number. */
  #points: Uint32Array | undefined;
  #leaves: Uint32Array = new Uint32Array(0);
  #found: Uint32Array = new Uint32Array(1024);
  readonly #low: Float64Array = new Float64Array(3);
  readonly #high: Float64Array = new Float64Array(3);
  readonly #vector: Float64Array = new Float64Array(3);

  constructor(read: () => Promise<StarTables>) {
    this.#read = read;
  }

  /** Reads all stars. Does nothing the second time. */
  load(): Promise<void> {
    this.#reading ??= this.#load().catch((fault: unknown) => {
      this.#reading = undefined;
      throw fault;
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const tables = await this.#read();
    const { tree } = tables;
    if (tree.original) {
      const points = new Uint32Array(tree.points);
      for (let point = 0; point < tree.points; point++) points[tree.original[point]!] = point;
      this.#points = points;
    }
    this.#leaves = new Uint32Array(tree.inner + 1);
    this.#tables = tables;
  }

  async open(_centre: Float64Array, _radius: number): Promise<void> {
    await this.load();
  }

  /** The unit vector of a star, into `out` at `at`. The stars must have been read. */
  direction(star: number, out: Float64Array, at: number): void {
    const tree = this.#tables!.tree;
    pointDirection(tree, this.#points ? this.#points[star]! : star, out, at);
  }

  collect(centre: Float64Array, radius: number, limit: number, out: StarBuffer): void {
    out.clear();
    const { tree, magnitude, rank } = this.#tables!;
    const count = this.#pointsInCap(tree, centre, radius);
    const found = this.#found;
    // Brightness and place in `found` in one number, so that the fast numeric sort does. Thousandths of a magnitude from -50.
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const star = tree.original ? tree.original[found[i]!]! : found[i]!;
      let key = 0;
      if (magnitude) {
        const step = Math.round((magnitude[star]! + 50) * 1000);
        key = step >= 0 && step < KEY_STEPS ? step : KEY_STEPS;
      } else if (rank) {
        key = rank[star]!;
      }
      keys[i] = key * PLACES + i;
    }
    keys.sort();

    let patches: Uint32Array | undefined;
    let lastRound = Infinity;
    let lastTaken = 0;
    if (count > limit) {
      patches = this.#patchRounds(tree, keys, centre, radius, limit);
      const perRound = new Uint32Array(count + 1);
      for (let i = 0; i < count; i++) perRound[patches[i]!]!++;
      let total = 0;
      let round = 0;
      while (total + perRound[round]! <= limit) total += perRound[round++]!;
      lastRound = round;
      lastTaken = limit - total;
    }
    for (let i = 0; i < count; i++) {
      if (patches) {
        const round = patches[i]!;
        if (round > lastRound || (round === lastRound && lastTaken-- <= 0)) continue;
      }
      const point = found[keys[i]! % PLACES]!;
      const star = tree.original ? tree.original[point]! : point;
      const place = out.grow();
      pointDirection(tree, point, out.vectors, 3 * place);
      out.magnitude[place] = magnitude ? magnitude[star]! : NaN;
    }
  }

  /** Points within a cap, into `#found`. */
  #pointsInCap(tree: KdTree, centre: Float64Array, radius: number): number {
    for (let d = 0; d < 3; d++) {
      const angle = Math.acos(Math.min(1, Math.max(-1, centre[d]!)));
      this.#low[d] = Math.cos(Math.min(Math.PI, angle + radius));
      this.#high[d] = Math.cos(Math.max(0, angle - radius));
    }
    const leaves = leavesInBox(tree, this.#low, this.#high, this.#leaves);
    const cosine = Math.cos(Math.min(Math.PI, radius));
    const vector = this.#vector;
    const [x, y, z] = [centre[0]!, centre[1]!, centre[2]!];
    let count = 0;
    for (let i = 0; i < leaves; i++) {
      const leaf = this.#leaves[i]!;
      const end = (tree.last[leaf]! + 1) >>> 0;
      for (let point = leaf === 0 ? 0 : (tree.last[leaf - 1]! + 1) >>> 0; point < end; point++) {
        pointDirection(tree, point, vector, 0);
        if (vector[0]! * x + vector[1]! * y + vector[2]! * z < cosine) continue;
        if (count === this.#found.length) {
          const larger = new Uint32Array(2 * count);
          larger.set(this.#found);
          this.#found = larger;
        }
        this.#found[count++] = point;
      }
    }
    return count;
  }

  /**
   * How many brighter stars there are in the patch of each star. Patches are squares of equal area over the cap
   * (Lambert's azimuthal projection), so taking stars round by round spreads them evenly.
   */
  #patchRounds(tree: KdTree, keys: Float64Array, centre: Float64Array, radius: number, limit: number): Uint32Array {
    // The cap covers pi/4 of the square around it.
    const side = Math.min(MOST_PATCHES, Math.max(1, Math.round(Math.sqrt(limit / STARS_PER_PATCH / (Math.PI / 4)))));
    const [x, y, z] = [centre[0]!, centre[1]!, centre[2]!];
    // Two axes across the centre; which way they point does not matter.
    const flat = Math.hypot(x, y);
    const east = flat > 0 ? [-y / flat, x / flat, 0] : [1, 0, 0];
    const north = [y * east[2]! - z * east[1]!, z * east[0]! - x * east[2]!, x * east[1]! - y * east[0]!];
    const reach = 2 * Math.sin(Math.min(Math.PI, radius) / 2);
    const scale = reach > 0 ? side / (2 * reach) : 0;
    const brighter = new Uint32Array(side * side);
    const rounds = new Uint32Array(keys.length);
    const vector = this.#vector;
    for (let i = 0; i < keys.length; i++) {
      pointDirection(tree, this.#found[keys[i]! % PLACES]!, vector, 0);
      const [vx, vy, vz] = [vector[0]!, vector[1]!, vector[2]!];
      const away = Math.max(1e-12, 1 + vx * x + vy * y + vz * z);
      const stretch = Math.sqrt(2 / away);
      const u = (vx * east[0]! + vy * east[1]! + vz * east[2]!) * stretch;
      const v = (vx * north[0]! + vy * north[1]! + vz * north[2]!) * stretch;
      const column = Math.min(side - 1, Math.max(0, Math.floor((u + reach) * scale)));
      const row = Math.min(side - 1, Math.max(0, Math.floor((v + reach) * scale)));
      rounds[i] = brighter[row * side + column]!++;
    }
    return rounds;
  }
}

/** Sort keys are brightness * PLACES + place; both together stay below 2^53. */
const PLACES = 2 ** 31;
const KEY_STEPS = 100_000;

/** Unit vector of a point of the star tree, into `out` at `at`. */
function pointDirection(tree: KdTree, point: number, out: Float64Array, at: number): void {
  const { data, dataLow, dataScale } = tree;
  const x = dataLow[0]! + data[3 * point]! / dataScale;
  const y = dataLow[1]! + data[3 * point + 1]! / dataScale;
  const z = dataLow[2]! + data[3 * point + 2]! / dataScale;
  // Rounding to whole units leaves the length off by up to 4e-10, enough to spoil an arc cosine.
  const length = Math.sqrt(x * x + y * y + z * z);
  out[at] = x / length;
  out[at + 1] = y / length;
  out[at + 2] = z / length;
}
