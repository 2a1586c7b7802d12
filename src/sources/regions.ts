import { BLANK, FULL } from './work-image.ts';

/**
 * The hills of a filtered image: one per local maximum that stands out from its surroundings, arrays side by side, highest
 * first to within half a percent.
 * Each pixel above the threshold belongs to the hill it runs up to.
 */
export interface Regions {
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
  /** 1 if a pixel of the core lies at the image border or next to a blank pixel. */
  readonly cut: Uint8Array;
}

/** A bump counts as a hill of its own if it rises from its highest pass by this many sigma, */
const RISE_SIGMA = 3.5;
/** and by this share of its height: less is noise on a bright ring, halo or trail. */
const RISE_SHARE = 0.15;

/**
 * Cuts an image into hills, from the summits down: a pixel opens a new hill, joins the one beside it, or is a pass
 * between several, where those too low are joined to the highest and the others keep what they have.
 *
 * @param filtered signal over noise after the matched filter, `width * height`
 * @param image the same before the filter
 * @param state `BLANK` and `FULL` bits
 * @param threshold pixels at or below it are sky
 */
export function findRegions(
  filtered: Float32Array,
  image: Float32Array,
  state: Uint8Array,
  width: number,
  height: number,
  threshold: number,
): Regions {
  const order = pixelsFromHighest(filtered, width, height, threshold);
  const n = order.length;
  // Hill numbers from 1; 0 is sky and what is lower than the pixel at hand.
  const label = new Int32Array(width * height);
  const capacity = (n >> 1) + 2;
  const peak = new Int32Array(capacity);
  const top = new Float32Array(capacity);
  const saddle = new Float32Array(capacity);
  /** The hill this one was joined to; itself if it stands. */
  const joined = new Int32Array(capacity);
  /** The next higher hill of the same massif; itself at the highest. */
  const massif = new Int32Array(capacity);
  const area = new Int32Array(capacity);
  const flux = new Float32Array(capacity);
  const core = new Int32Array(capacity);
  // Sums of offsets from the peak, which stay small enough for 32 bits.
  const sx = new Float32Array(capacity);
  const sy = new Float32Array(capacity);
  const sxx = new Float32Array(capacity);
  const sxy = new Float32Array(capacity);
  const syy = new Float32Array(capacity);
  const full = new Int32Array(capacity);
  const cut = new Uint8Array(capacity);
  const steps = new Int32Array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]);
  let count = 0;

  for (let k = 0; k < n; k++) {
    const p = order[k]!;
    const value = filtered[p]!;
    const uphill = highestNeighbour(label, filtered, p, width);
    let hill = 0;
    if (uphill === 0) {
      if (count + 1 >= capacity) continue;
      hill = ++count;
      peak[hill] = p;
      top[hill] = value;
      joined[hill] = hill;
      massif[hill] = hill;
    } else {
      // Most pixels see one hill only; the others are passes.
      if (!sameHill(label, p, width, uphill)) {
        let summit = find(massif, uphill);
        for (let s = 0; s < 8; s++) {
          const l = label[p + steps[s]!]!;
          if (l === 0) continue;
          const root = find(massif, l);
          if (top[root]! > top[summit]!) summit = root;
        }
        for (let s = 0; s < 8; s++) {
          const l = label[p + steps[s]!]!;
          if (l === 0) continue;
          const root = find(massif, l);
          if (root === summit) continue;
          massif[root] = summit;
          const rise = top[root]! - value;
          if (rise >= RISE_SIGMA && rise >= RISE_SHARE * top[root]!) saddle[root] = value;
          else {
            joined[root] = summit;
            absorb(root, summit, width, peak, top, area, flux, core, sx, sy, sxx, sxy, syy, full, cut);
          }
        }
      }
      hill = find(joined, uphill);
    }
    label[p] = hill;
    area[hill] = area[hill]! + 1;
    flux[hill] = flux[hill]! + image[p]!;
    if (value >= 0.5 * top[hill]!) {
      const at = peak[hill]!;
      const dy = Math.floor(p / width) - Math.floor(at / width);
      const dx = p - at - dy * width;
      core[hill] = core[hill]! + 1;
      sx[hill] = sx[hill]! + dx;
      sy[hill] = sy[hill]! + dy;
      sxx[hill] = sxx[hill]! + dx * dx;
      sxy[hill] = sxy[hill]! + dx * dy;
      syy[hill] = syy[hill]! + dy * dy;
      if ((state[p]! & FULL) !== 0) full[hill] = full[hill]! + 1;
      if (atEdge(state, p, width, height)) cut[hill] = 1;
    }
  }
  return compact(count, width, joined, peak, top, saddle, area, flux, core, sx, sy, sxx, sxy, syy, full, cut);
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

/** The core of a joined bump lower than this share of the hill is not counted to the core of the hill. */
const CORE_SHARE = 0.7;

/** Adds the sums of one hill to another's, moving them to its peak. */
function absorb(
  from: number,
  to: number,
  width: number,
  peak: Int32Array,
  top: Float32Array,
  area: Int32Array,
  flux: Float32Array,
  core: Int32Array,
  sx: Float32Array,
  sy: Float32Array,
  sxx: Float32Array,
  sxy: Float32Array,
  syy: Float32Array,
  full: Int32Array,
  cut: Uint8Array,
): void {
  const dy = Math.floor(peak[from]! / width) - Math.floor(peak[to]! / width);
  const dx = peak[from]! - peak[to]! - dy * width;
  const n = core[from]!;
  area[to] = area[to]! + area[from]!;
  flux[to] = flux[to]! + flux[from]!;
  if (top[from]! < CORE_SHARE * top[to]!) return;
  core[to] = core[to]! + n;
  sxx[to] = sxx[to]! + sxx[from]! + 2 * dx * sx[from]! + n * dx * dx;
  sxy[to] = sxy[to]! + sxy[from]! + dx * sy[from]! + dy * sx[from]! + n * dx * dy;
  syy[to] = syy[to]! + syy[from]! + 2 * dy * sy[from]! + n * dy * dy;
  sx[to] = sx[to]! + sx[from]! + n * dx;
  sy[to] = sy[to]! + sy[from]! + n * dy;
  full[to] = full[to]! + full[from]!;
  if (cut[from] === 1) cut[to] = 1;
}

/** Indices of the pixels above the threshold, border left out, highest first to within 0.4 %. */
function pixelsFromHighest(filtered: Float32Array, width: number, height: number, threshold: number): Int32Array {
  // The bits of positive floats sort like the floats; the upper 8 of the mantissa tell steps of 0.4 %.
  const bits = new Int32Array(filtered.buffer, filtered.byteOffset, filtered.length);
  const shift = 15;
  const lowest = new Int32Array(new Float32Array([threshold]).buffer)[0]! >> shift;
  const counts = new Int32Array((0x7f800000 >> shift) - lowest + 2);
  let found = new Int32Array(Math.max(4 * width, (width * height) >> 4));
  let n = 0;
  for (let y = 1; y < height - 1; y++) {
    if (n + width > found.length) {
      const larger = new Int32Array(2 * found.length);
      larger.set(found);
      found = larger;
    }
    n = collectRow(filtered, bits, y * width + 1, (y + 1) * width - 1, threshold, shift, lowest, counts, found, n);
  }
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

/** Keeps the hills that stand, and turns sums into means and moments. */
function compact(
  count: number,
  width: number,
  joined: Int32Array,
  peak: Int32Array,
  top: Float32Array,
  saddle: Float32Array,
  area: Int32Array,
  flux: Float32Array,
  core: Int32Array,
  sx: Float32Array,
  sy: Float32Array,
  sxx: Float32Array,
  sxy: Float32Array,
  syy: Float32Array,
  full: Int32Array,
  cut: Uint8Array,
): Regions {
  let m = 0;
  for (let i = 1; i <= count; i++) {
    if (joined[i] !== i) continue;
    const n = core[i]!;
    const mx = sx[i]! / n;
    const my = sy[i]! / n;
    const at = peak[i]!;
    const row = Math.floor(at / width);
    peak[m] = at;
    top[m] = top[i]!;
    saddle[m] = saddle[i]!;
    area[m] = area[i]!;
    flux[m] = flux[i]!;
    core[m] = n;
    sxx[m] = sxx[i]! / n - mx * mx;
    sxy[m] = sxy[i]! / n - mx * my;
    syy[m] = syy[i]! / n - my * my;
    sx[m] = at - row * width + mx;
    sy[m] = row + my;
    full[m] = full[i]!;
    cut[m] = cut[i]!;
    m++;
  }
  return {
    count: m,
    peak: peak.subarray(0, m),
    height: top.subarray(0, m),
    saddle: saddle.subarray(0, m),
    area: area.subarray(0, m),
    flux: flux.subarray(0, m),
    core: core.subarray(0, m),
    x: sx.subarray(0, m),
    y: sy.subarray(0, m),
    xx: sxx.subarray(0, m),
    xy: sxy.subarray(0, m),
    yy: syy.subarray(0, m),
    full: full.subarray(0, m),
    cut: cut.subarray(0, m),
  };
}
