import type { Field } from './field.ts';

/**
 * Quads of the field in the order in which they are tried. Each yields the same array, filled anew with the indices of
 * A, B, C, D; A and B are the most distant pair.
 */
export type QuadStream = Generator<Int32Array, void, void>;

/**
 * All quads of the first sources, those with the best first.
 *
 * @param from, to quads with a source of rank `from` or later, and none of rank `to` or later
 * @param least, most range of the distance A to B, pixels
 */
export function* brightQuads(field: Field, from: number, to: number, least: number, most: number): QuadStream {
  const { x, y } = field;
  const quad = new Int32Array(4);
  const end = Math.min(to, x.length);
  const low = least * least;
  const high = most * most;
  for (let d = Math.max(3, from); d < end; d++) {
    for (let c = 2; c < d; c++) {
      for (let b = 1; b < c; b++) {
        for (let a = 0; a < b; a++) {
          const ab = squared(x, y, a, b);
          const ac = squared(x, y, a, c);
          const ad = squared(x, y, a, d);
          const bc = squared(x, y, b, c);
          const bd = squared(x, y, b, d);
          const cd = squared(x, y, c, d);
          const longest = Math.max(ab, ac, ad, bc, bd, cd);
          if (longest < low || longest > high) continue;
          if (longest === ab) fill(quad, a, b, c, d);
          else if (longest === ac) fill(quad, a, c, b, d);
          else if (longest === ad) fill(quad, a, d, b, c);
          else if (longest === bc) fill(quad, b, c, a, d);
          else if (longest === bd) fill(quad, b, d, a, c);
          else fill(quad, c, d, a, b);
          yield quad;
        }
      }
    }
  }
}

/**
 * All quads of the first sources, as seen by a camera of known scale: in wide fields the most distant pair of pixels is not
 * always the most distant pair of directions.
 *
 * @param directions unit vectors of the sources, `[x0, y0, z0, x1, ...]`
 * @param to number of sources
 */
export function* directionQuads(directions: Float64Array, to: number): QuadStream {
  const quad = new Int32Array(4);
  const pairs = [0, 1, 2, 3, 0, 2, 1, 3, 0, 3, 1, 2, 1, 2, 0, 3, 1, 3, 0, 2, 2, 3, 0, 1] as const;
  const members = [0, 0, 0, 0];
  for (let d = 3; d < Math.min(to, directions.length / 3); d++) {
    for (let c = 2; c < d; c++) {
      for (let b = 1; b < c; b++) {
        for (let a = 0; a < b; a++) {
          members[0] = a;
          members[1] = b;
          members[2] = c;
          members[3] = d;
          let longest = -1;
          let at = 0;
          for (let pair = 0; pair < pairs.length; pair += 4) {
            const i = 3 * members[pairs[pair]!]!;
            const j = 3 * members[pairs[pair + 1]!]!;
            const dx = directions[i]! - directions[j]!;
            const dy = directions[i + 1]! - directions[j + 1]!;
            const dz = directions[i + 2]! - directions[j + 2]!;
            const chord = dx * dx + dy * dy + dz * dz;
            if (chord > longest) {
              longest = chord;
              at = pair;
            }
          }
          for (let k = 0; k < 4; k++) quad[k] = members[pairs[at + k]!]!;
          yield quad;
        }
      }
    }
  }
}

/**
 * Quads as the index has them: for pairs of a size, with C and D among the first few sources between them, made of the
 * first few sources of each part of the frame as wide as the pairs.
 *
 * @param low, high range of the distance A to B, pixels
 * @param perTile sources considered in each part
 * @param inner sources between A and B that become C or D
 */
export function* localQuads(field: Field, low: number, high: number, perTile: number, inner: number): QuadStream {
  const { x, y } = field;
  const chosen = firstOfTiles(field, low, perTile);
  const quad = new Int32Array(4);
  const between = new Int32Array(inner);
  for (let j = 1; j < chosen.length; j++) {
    for (let i = 0; i < j; i++) {
      const a = chosen[i]!;
      const b = chosen[j]!;
      const ab = squared(x, y, a, b);
      if (ab < low * low || ab >= high * high) continue;
      let count = 0;
      for (let k = 0; k < chosen.length && count < inner; k++) {
        const c = chosen[k]!;
        if (k !== i && k !== j && squared(x, y, a, c) < ab && squared(x, y, b, c) < ab) between[count++] = c;
      }
      for (let d = 1; d < count; d++) {
        for (let c = 0; c < d; c++) {
          fill(quad, a, b, between[c]!, between[d]!);
          yield quad;
        }
      }
    }
  }
}

function firstOfTiles(field: Field, side: number, perTile: number): Int32Array {
  const { x, y, width, height } = field;
  const columns = Math.ceil(width / side);
  const taken = new Int32Array(columns * Math.ceil(height / side));
  const chosen = new Int32Array(x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const tile = Math.floor((y[i]! + height / 2) / side) * columns + Math.floor((x[i]! + width / 2) / side);
    if (taken[tile]! >= perTile) continue;
    taken[tile]!++;
    chosen[count++] = i;
  }
  return chosen.subarray(0, count);
}

function squared(x: Float64Array, y: Float64Array, i: number, j: number): number {
  const dx = x[i]! - x[j]!;
  const dy = y[i]! - y[j]!;
  return dx * dx + dy * dy;
}

function fill(quad: Int32Array, a: number, b: number, c: number, d: number): void {
  quad[0] = a;
  quad[1] = b;
  quad[2] = c;
  quad[3] = d;
}

/**
 * The code of a field quad: `[re C, im C, re D, im D]` in the plane in which A is 0 and B is 1.
 *
 * @param x, y places of the sources
 * @returns the distance A to B, pixels
 */
export function fieldCode(x: Float64Array, y: Float64Array, quad: Int32Array, out: Float64Array): number {
  const ax = x[quad[0]!]!;
  const ay = y[quad[0]!]!;
  const ux = x[quad[1]!]! - ax;
  const uy = y[quad[1]!]! - ay;
  const norm = ux * ux + uy * uy;
  for (let i = 0; i < 2; i++) {
    const px = x[quad[2 + i]!]! - ax;
    const py = y[quad[2 + i]!]! - ay;
    out[2 * i] = (px * ux + py * uy) / norm;
    out[2 * i + 1] = (py * ux - px * uy) / norm;
  }
  return Math.sqrt(norm);
}
