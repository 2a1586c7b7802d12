import type { Pace } from '../pace.ts';
import type { Layer } from './matched-filter.ts';
import { inSteps } from './rows.ts';
import { BLANK, FULL } from './work-image.ts';

/**
 * The hills of a filtered image: one per local maximum that stands out from its surroundings, arrays side by side, highest
 * first to within half a percent.
 * Each pixel above the threshold belongs to the hill it runs up to.
 */
export interface Regions {
  /** How many; the arrays may be longer. */
  readonly count: number;
  /** Index of the highest pixel. */
  readonly peak: Int32Array;
  /** Value there. */
  readonly height: Float32Array;
  /** Value of the highest pass to a higher hill; 0 if there is none above the threshold. */
  readonly saddle: Float32Array;
  /** Pixels above the threshold, and the sum of the unfiltered image over them. */
  readonly area: Int32Array;
  readonly flux: Float32Array;
  /** Pixels above half the height of the hill, their mean place and their second moments about it. */
  readonly core: Int32Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly xx: Float32Array;
  readonly xy: Float32Array;
  readonly yy: Float32Array;
  /** Saturated pixels among the core. */
  readonly full: Int32Array;
  /** Mean place of the unsaturated pixels, weighted by their squares, which bleeding does not move. */
  readonly haloX: Float32Array;
  readonly haloY: Float32Array;
  /** 1 if a pixel of the core lies at the image border or next to a blank pixel. */
  readonly cut: Uint8Array;
}

/** A bump counts as a hill of its own if it rises from its highest pass by this many sigma, */
const RISE_SIGMA = 3.5;
/** and by this share of its height: less is noise on a bright ring, halo or trail. */
const RISE_SHARE = 0.15;
/** The core of a joined bump lower than this share of the hill is not counted to the core of the hill. */
const CORE_SHARE = 0.7;

/** What is climbed, and the hills as they grow; hill numbers start at 1, 0 is sky. */
interface Terrain {
  readonly filtered: Float32Array;
  readonly image: Float32Array;
  readonly state: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Hill of each pixel. */
  readonly label: Int32Array;
  count: number;
  peak: Int32Array;
  top: Float32Array;
  saddle: Float32Array;
  /** The hill this one was joined to; itself if it stands. */
  joined: Int32Array;
  /** A higher hill of the same massif; itself at the highest. */
  massif: Int32Array;
  area: Int32Array;
  flux: Float32Array;
  core: Int32Array;
  /** Sums over the core of offsets from the peak, which stay small enough for 32 bits. */
  x: Float32Array;
  y: Float32Array;
  xx: Float32Array;
  xy: Float32Array;
  yy: Float32Array;
  full: Int32Array;
  /** Squares of the unsaturated pixels, and their moments about the peak. */
  halo: Float32Array;
  haloX: Float32Array;
  haloY: Float32Array;
  cut: Uint8Array;
}

/**
 * Cuts a layer into hills, from the summits down: a pixel opens a new hill, joins the one beside it, or is a pass
 * between several, where those too low are joined to the highest and the others keep what they have.
 *
 * @param filtered the layer after the matched filter, in sigma
 * @param threshold pixels at or below it are sky
 * @returns null if the time limit passed
 */
export async function findRegions(
  layer: Layer,
  filtered: Float32Array,
  threshold: number,
  pace: Pace,
): Promise<Regions | null> {
  const { width, height } = layer;
  const order = await pixelsFromHighest(filtered, width, height, threshold, pace);
  if (order === null) return null;
  const capacity = 1024;
  const terrain: Terrain = {
    filtered,
    image: layer.pixels,
    state: layer.state,
    width,
    height,
    label: new Int32Array(width * height),
    count: 0,
    peak: new Int32Array(capacity),
    top: new Float32Array(capacity),
    saddle: new Float32Array(capacity),
    joined: new Int32Array(capacity),
    massif: new Int32Array(capacity),
    area: new Int32Array(capacity),
    flux: new Float32Array(capacity),
    core: new Int32Array(capacity),
    x: new Float32Array(capacity),
    y: new Float32Array(capacity),
    xx: new Float32Array(capacity),
    xy: new Float32Array(capacity),
    yy: new Float32Array(capacity),
    full: new Int32Array(capacity),
    halo: new Float32Array(capacity),
    haloX: new Float32Array(capacity),
    haloY: new Float32Array(capacity),
    cut: new Uint8Array(capacity),
  };
  const done = await inSteps(order.length, PIXEL_COST, pace, (from, to) => {
    // At worst every pixel opens a hill.
    while (terrain.count + 1 + to - from > terrain.peak.length) doubleRoom(terrain);
    climb(terrain, order, from, to);
  });
  return done ? standingHills(terrain) : null;
}

function doubleRoom(terrain: Terrain): void {
  const ints = (old: Int32Array): Int32Array => {
    const larger = new Int32Array(2 * old.length);
    larger.set(old);
    return larger;
  };
  const floats = (old: Float32Array): Float32Array => {
    const larger = new Float32Array(2 * old.length);
    larger.set(old);
    return larger;
  };
  terrain.peak = ints(terrain.peak);
  terrain.top = floats(terrain.top);
  terrain.saddle = floats(terrain.saddle);
  terrain.joined = ints(terrain.joined);
  terrain.massif = ints(terrain.massif);
  terrain.area = ints(terrain.area);
  terrain.flux = floats(terrain.flux);
  terrain.core = ints(terrain.core);
  terrain.x = floats(terrain.x);
  terrain.y = floats(terrain.y);
  terrain.xx = floats(terrain.xx);
  terrain.xy = floats(terrain.xy);
  terrain.yy = floats(terrain.yy);
  terrain.full = ints(terrain.full);
  terrain.halo = floats(terrain.halo);
  terrain.haloX = floats(terrain.haloX);
  terrain.haloY = floats(terrain.haloY);
  const cut = new Uint8Array(2 * terrain.cut.length);
  cut.set(terrain.cut);
  terrain.cut = cut;
}

/** A pixel costs as much here as this many in a plain loop. */
const PIXEL_COST = 16;

/** Adds pixels `from` to `to - 1` of the order to their hills. */
function climb(terrain: Terrain, order: Int32Array, from: number, to: number): void {
  const { filtered, image, state, width, height, label, peak, top, joined, area, flux, core } = terrain;
  const { x, y, xx, xy, yy, full, halo, haloX, haloY, cut } = terrain;
  for (let k = from; k < to; k++) {
    const p = order[k]!;
    const value = filtered[p]!;
    const uphill = highestNeighbour(label, filtered, p, width);
    let hill = 0;
    if (uphill === 0) {
      hill = ++terrain.count;
      peak[hill] = p;
      top[hill] = value;
      joined[hill] = hill;
      terrain.massif[hill] = hill;
    } else {
      if (!sameHill(label, p, width, uphill)) crossPass(terrain, p, value, uphill);
      hill = find(joined, uphill);
    }
    label[p] = hill;
    area[hill] = area[hill]! + 1;
    flux[hill] = flux[hill]! + image[p]!;
    const at = peak[hill]!;
    const dy = Math.floor(p / width) - Math.floor(at / width);
    const dx = p - at - dy * width;
    const isFull = (state[p]! & FULL) !== 0;
    if (!isFull) {
      // Squared, since the bare sky beside a long column must not count.
      const weight = image[p]! * image[p]!;
      halo[hill] = halo[hill]! + weight;
      haloX[hill] = haloX[hill]! + weight * dx;
      haloY[hill] = haloY[hill]! + weight * dy;
    }
    if (value < 0.5 * top[hill]!) continue;
    core[hill] = core[hill]! + 1;
    x[hill] = x[hill]! + dx;
    y[hill] = y[hill]! + dy;
    xx[hill] = xx[hill]! + dx * dx;
    xy[hill] = xy[hill]! + dx * dy;
    yy[hill] = yy[hill]! + dy * dy;
    if (isFull) full[hill] = full[hill]! + 1;
    if (atEdge(state, p, width, height)) cut[hill] = 1;
  }
}

/** Settles which of the hills that meet at a pixel stand on their own. */
function crossPass(terrain: Terrain, p: number, value: number, uphill: number): void {
  const { label, massif, top, width } = terrain;
  let summit = find(massif, uphill);
  for (let row = p - width; row <= p + width; row += width) {
    for (let q = row - 1; q <= row + 1; q++) {
      if (label[q]! === 0) continue;
      const root = find(massif, label[q]!);
      if (top[root]! > top[summit]!) summit = root;
    }
  }
  for (let row = p - width; row <= p + width; row += width) {
    for (let q = row - 1; q <= row + 1; q++) {
      if (label[q]! === 0) continue;
      const root = find(massif, label[q]!);
      if (root === summit) continue;
      massif[root] = summit;
      const rise = top[root]! - value;
      if (rise >= RISE_SIGMA && rise >= RISE_SHARE * top[root]!) terrain.saddle[root] = value;
      else absorb(terrain, root, summit);
    }
  }
}

/** Adds the sums of one hill to another's, moving them to its peak. */
function absorb(terrain: Terrain, from: number, to: number): void {
  const { width, peak, top, area, flux, core, x, y, xx, xy, yy, full, halo, haloX, haloY, cut } = terrain;
  terrain.joined[from] = to;
  area[to] = area[to]! + area[from]!;
  flux[to] = flux[to]! + flux[from]!;
  const dy = Math.floor(peak[from]! / width) - Math.floor(peak[to]! / width);
  const dx = peak[from]! - peak[to]! - dy * width;
  halo[to] = halo[to]! + halo[from]!;
  haloX[to] = haloX[to]! + haloX[from]! + halo[from]! * dx;
  haloY[to] = haloY[to]! + haloY[from]! + halo[from]! * dy;
  if (top[from]! < CORE_SHARE * top[to]!) return;
  const n = core[from]!;
  core[to] = core[to]! + n;
  xx[to] = xx[to]! + xx[from]! + 2 * dx * x[from]! + n * dx * dx;
  xy[to] = xy[to]! + xy[from]! + dx * y[from]! + dy * x[from]! + n * dx * dy;
  yy[to] = yy[to]! + yy[from]! + 2 * dy * y[from]! + n * dy * dy;
  x[to] = x[to]! + x[from]! + n * dx;
  y[to] = y[to]! + y[from]! + n * dy;
  full[to] = full[to]! + full[from]!;
  if (cut[from] === 1) cut[to] = 1;
}

/** Label of the highest labelled neighbour; 0 if there is none. */
function highestNeighbour(label: Int32Array, filtered: Float32Array, p: number, width: number): number {
  let best = 0;
  let most = -Infinity;
  for (let row = p - width; row <= p + width; row += width) {
    for (let q = row - 1; q <= row + 1; q++) {
      if (label[q]! !== 0 && filtered[q]! > most) {
        most = filtered[q]!;
        best = label[q]!;
      }
    }
  }
  return best;
}

/** True if all labelled neighbours have this label. */
function sameHill(label: Int32Array, p: number, width: number, hill: number): boolean {
  for (let row = p - width; row <= p + width; row += width) {
    for (let q = row - 1; q <= row + 1; q++) if (label[q]! !== 0 && label[q]! !== hill) return false;
  }
  return true;
}

/** True at the outermost pixels and beside blank ones. */
function atEdge(state: Uint8Array, p: number, width: number, height: number): boolean {
  const x = p % width;
  if (x <= 1 || x >= width - 2 || p < 2 * width || p >= (height - 2) * width) return true;
  const beside = state[p - 1]! | state[p + 1]! | state[p - width]! | state[p + width]!;
  return (beside & BLANK) !== 0;
}

/** Root of a forest given by parents; halves the paths it walks. */
function find(parent: Int32Array, start: number): number {
  let node = start;
  while (parent[node] !== node) {
    const above = parent[parent[node]!]!;
    parent[node] = above;
    node = above;
  }
  return node;
}

/** Indices of the pixels above the threshold, border left out, highest first to within 0.4 %; null if time is over. */
async function pixelsFromHighest(
  filtered: Float32Array,
  width: number,
  height: number,
  threshold: number,
  pace: Pace,
): Promise<Int32Array | null> {
  // The bits of positive floats sort like the floats; the upper 8 of the mantissa tell steps of 0.4 %.
  const bits = new Int32Array(filtered.buffer, filtered.byteOffset, filtered.length);
  const shift = 15;
  const lowest = new Int32Array(new Float32Array([threshold]).buffer)[0]! >> shift;
  const counts = new Int32Array((0x7f800000 >> shift) - lowest + 2);
  let found = new Int32Array(Math.max(4 * width, (width * height) >> 4));
  let n = 0;
  const done = await inSteps(height - 2, width, pace, (from, to) => {
    for (let y = from + 1; y <= to; y++) {
      if (n + width > found.length) {
        const larger = new Int32Array(2 * found.length);
        larger.set(found);
        found = larger;
      }
      n = collectRow(filtered, bits, y * width + 1, (y + 1) * width - 1, threshold, shift, lowest, counts, found, n);
    }
  });
  if (!done) return null;
  let place = 0;
  for (let key = counts.length - 1; key >= 0; key--) {
    const here = counts[key]!;
    counts[key] = place;
    place += here;
  }
  const order = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const p = found[k]!;
    const key = (bits[p]! >> shift) - lowest;
    order[counts[key]!] = p;
    counts[key] = counts[key]! + 1;
  }
  return order;
}

/** Appends the pixels of a row above the threshold to the `n` found so far, and counts them by key; returns how many now. */
function collectRow(
  filtered: Float32Array,
  bits: Int32Array,
  from: number,
  to: number,
  threshold: number,
  shift: number,
  lowest: number,
  counts: Int32Array,
  found: Int32Array,
  n: number,
): number {
  for (let p = from; p < to; p++) {
    if (filtered[p]! > threshold) {
      const key = (bits[p]! >> shift) - lowest;
      counts[key] = counts[key]! + 1;
      found[n++] = p;
    }
  }
  return n;
}

/** Keeps the hills that were joined to no other, in their order, and turns sums into means and moments. */
function standingHills(terrain: Terrain): Regions {
  const { width, joined, peak, top, saddle, area, flux, core, x, y, xx, xy, yy, full, halo, haloX, haloY, cut } =
    terrain;
  let m = 0;
  for (let i = 1; i <= terrain.count; i++) {
    if (joined[i] !== i) continue;
    const n = core[i]!;
    const mx = x[i]! / n;
    const my = y[i]! / n;
    const at = peak[i]!;
    const row = Math.floor(at / width);
    peak[m] = at;
    top[m] = top[i]!;
    saddle[m] = saddle[i]!;
    area[m] = area[i]!;
    flux[m] = flux[i]!;
    core[m] = n;
    xx[m] = xx[i]! / n - mx * mx;
    xy[m] = xy[i]! / n - mx * my;
    yy[m] = yy[i]! / n - my * my;
    x[m] = at - row * width + mx;
    y[m] = row + my;
    full[m] = full[i]!;
    const light = halo[i]!;
    haloX[m] = at - row * width + (light > 0 ? haloX[i]! / light : mx);
    haloY[m] = row + (light > 0 ? haloY[i]! / light : my);
    cut[m] = cut[i]!;
    m++;
  }
  return { count: m, peak, height: top, saddle, area, flux, core, x, y, xx, xy, yy, full, haloX, haloY, cut };
}
