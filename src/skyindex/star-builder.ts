import { LAYER_LIMITS, packMagnitude, STAR_FILE_MAGIC, STAR_FILE_VERSION, STAR_HEADER_BYTES } from './bundled-stars.ts';
import { CELL_COUNT, cellToDirection, directionToCell } from './cell-grid.ts';

/** Stars in the order of the star file, with the positions that a reader of the file will see. */
export interface OrderedStars {
  readonly count: number;
  /** Unit vectors, ICRS, `[x0, y0, z0, x1, ...]`, rounded as in the file. */
  readonly vectors: Float64Array;
  readonly magnitude: Float32Array;
  /** Layer of each star. */
  readonly layer: Uint8Array;
  /** The file. */
  readonly bytes: Uint8Array;
}

/**
 * Makes a star file, read by `BundledStars`.
 *
 * @param vectors unit vectors, ICRS, `[x0, y0, z0, x1, ...]`
 * @param magnitude VT
 */
export function buildStars(vectors: Float64Array, magnitude: Float32Array): OrderedStars {
  const count = magnitude.length;
  const slot = new Uint32Array(count);
  const packed = new Uint32Array(count);
  const place = new Uint32Array(2);
  const counts = new Uint16Array(LAYER_LIMITS.length * CELL_COUNT);
  for (let i = 0; i < count; i++) {
    directionToCell(vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!, place);
    const layer = LAYER_LIMITS.findIndex((limit) => magnitude[i]! < limit);
    slot[i] = layer * CELL_COUNT + place[0]!;
    packed[i] = place[1]!;
    counts[slot[i]!]!++;
  }
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => slot[a]! - slot[b]! || magnitude[a]! - magnitude[b]! || packed[a]! - packed[b]!);

  const head = STAR_HEADER_BYTES + 2 * counts.length;
  const bytes = new Uint8Array(head + 5 * count);
  const view = new DataView(bytes.buffer);
  [STAR_FILE_MAGIC, STAR_FILE_VERSION, count, LAYER_LIMITS.length].forEach((word, i) =>
    view.setUint32(4 * i, word, true),
  );
  counts.forEach((n, i) => view.setUint16(STAR_HEADER_BYTES + 2 * i, n, true));
  const result = {
    count,
    vectors: new Float64Array(3 * count),
    magnitude: new Float32Array(count),
    layer: new Uint8Array(count),
    bytes,
  };
  for (let i = 0; i < count; i++) {
    const star = order[i]!;
    bytes[head + i] = packMagnitude(magnitude[star]!);
    view.setUint32(head + count + 4 * i, packed[star]!, true);
    cellToDirection(slot[star]! % CELL_COUNT, packed[star]!, result.vectors, 3 * i);
    result.magnitude[i] = magnitude[star]!;
    result.layer[i] = Math.floor(slot[star]! / CELL_COUNT);
  }
  return result;
}
