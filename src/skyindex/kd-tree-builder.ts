/** A k-d tree of scaled integers as `kd-tree-file.ts` reads it: splitting planes with the dimension in their low bits. */
export interface BuiltTree<Numbers extends Uint16Array | Uint32Array> {
  readonly nodes: number;
  /** Index of the last point of each leaf. */
  readonly last: Uint32Array;
  readonly planes: Numbers;
  /** Points in the order of the leaves. */
  readonly data: Numbers;
  /** Of each point its number before. */
  readonly original: Uint32Array;
}

/** Points a leaf holds at the most, as in the files that are published. */
const LEAF_POINTS = 25;

/**
 * Makes a tree. Each node is split at the median of its widest dimension; points left of a plane are below it, those right
 * of it are not, however the low bits of the plane are cut.
 *
 * @param data points, `dimensions` numbers each; put into the order of the leaves in place
 */
export function buildKdTree<Numbers extends Uint16Array | Uint32Array>(
  data: Numbers,
  dimensions: number,
): BuiltTree<Numbers> {
  const points = data.length / dimensions;
  const original = Uint32Array.from({ length: points }, (_, i) => i);
  let leaves = 2;
  while (leaves * LEAF_POINTS < points) leaves *= 2;
  const inner = leaves - 1;
  const planes = (data instanceof Uint16Array ? new Uint16Array(inner) : new Uint32Array(inner)) as Numbers;
  const bits = 2 ** Math.ceil(Math.log2(dimensions)) - 1;
  // Ends of the nodes of one level, exclusive.
  let ends = [points];
  let first = 0;
  while (ends.length < leaves) {
    const next: number[] = [];
    let from = 0;
    for (const [i, end] of ends.entries()) {
      const dimension = widestDimension(data, dimensions, from, end);
      let middle = from;
      let plane = 0;
      if (end > from) {
        middle = (from + end) >> 1;
        selectPoint(data, dimensions, original, from, end - 1, middle, dimension);
        plane = data[middle * dimensions + dimension]!;
        plane -= plane % (bits + 1);
        middle = partition(data, dimensions, original, from, middle, plane, dimension);
      }
      planes[first + i] = plane + dimension;
      next.push(middle, end);
      from = end;
    }
    first += ends.length;
    ends = next;
  }
  const last = Uint32Array.from(ends, (end) => end - 1);
  return { nodes: 2 * leaves - 1, last, planes, data, original };
}

function widestDimension(data: Uint16Array | Uint32Array, dimensions: number, from: number, end: number): number {
  let widest = 0;
  let most = -1;
  for (let d = 0; d < dimensions; d++) {
    let low = Infinity;
    let high = -Infinity;
    for (let at = from * dimensions + d; at < end * dimensions; at += dimensions) {
      const value = data[at]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > most) {
      most = high - low;
      widest = d;
    }
  }
  return widest;
}

/** Puts points in such an order that the one at `place` has none larger before it and none smaller behind it. */
function selectPoint(
  data: Uint16Array | Uint32Array,
  dimensions: number,
  original: Uint32Array,
  from: number,
  to: number,
  place: number,
  d: number,
): void {
  let low = from;
  let high = to;
  while (low < high) {
    const pivot = data[((low + high) >> 1) * dimensions + d]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (data[i * dimensions + d]! < pivot) i++;
      while (data[j * dimensions + d]! > pivot) j--;
      if (i <= j) exchange(data, dimensions, original, i++, j--);
    }
    if (place <= j) high = j;
    else if (place >= i) low = i;
    else return;
  }
}

/** Moves points below the plane to the front of `from` to `end`; returns where the others begin. */
function partition(
  data: Uint16Array | Uint32Array,
  dimensions: number,
  original: Uint32Array,
  from: number,
  end: number,
  plane: number,
  d: number,
): number {
  let middle = from;
  for (let i = from; i < end; i++) {
    if (data[i * dimensions + d]! < plane) exchange(data, dimensions, original, i, middle++);
  }
  return middle;
}

function exchange(
  data: Uint16Array | Uint32Array,
  dimensions: number,
  original: Uint32Array,
  i: number,
  j: number,
): void {
  if (i === j) return;
  for (let d = 0; d < dimensions; d++) {
    const value = data[i * dimensions + d]!;
    data[i * dimensions + d] = data[j * dimensions + d]!;
    data[j * dimensions + d] = value;
  }
  const number = original[i]!;
  original[i] = original[j]!;
  original[j] = number;
}
