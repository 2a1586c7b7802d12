import { ELONGATED, type SourceList, TRUNCATED } from '../sources/source-list.ts';
import { spreadOrder } from '../sources/selection.ts';

/** Sources used to test a hypothesis: enough to be sure, few enough that chance matches stay rare. */
const TEST_SOURCES = 120;
/** The local density of sources is taken over a circle that holds about so many of them. */
const NEIGHBOURHOOD = 8;

/** The sources of one image, ready for search: offsets from the image centre, in the order in which they are tried. */
export interface Field {
  readonly width: number;
  readonly height: number;
  /** Offsets from the image centre, pixels; best first. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Place of each in the source list, where the brightest is 0. */
  readonly rank: Int32Array;
  /** One-axis position error, pixels. */
  readonly sigma: number;
  /** The first so many are compared with predicted stars. */
  readonly tested: number;
  /** Sources per square pixel around each tested one: at least the mean density. */
  readonly density: Float64Array;
  /** Grid over the image for finding tested sources by place. */
  readonly grid: PointGrid;
}

/** Points in the cells of a grid, as linked lists. */
export interface PointGrid {
  readonly left: number;
  readonly top: number;
  readonly perPixel: number;
  readonly columns: number;
  readonly rows: number;
  /** First point of each cell, -1 for none. */
  readonly first: Int32Array;
  /** Next point in the same cell, -1 for none. */
  readonly next: Int32Array;
}

/**
 * @param sources brightest first
 * @param tested how many of them are compared with stars
 */
export function createField(sources: SourceList, tested: number = TEST_SOURCES): Field {
  const { width, height } = sources;
  // Trails, letters and border objects have bad positions: they come last, but they come.
  const bad = TRUNCATED | ELONGATED;
  const spread = spreadOrder(sources);
  const good = spread.filter((i) => (sources.flags[i]! & bad) === 0);
  const rest = spread.filter((i) => (sources.flags[i]! & bad) !== 0);
  const order = Int32Array.of(...good, ...rest);
  const x = new Float64Array(order.length);
  const y = new Float64Array(order.length);
  order.forEach((source, i) => {
    x[i] = sources.x[source]! - (width - 1) / 2;
    y[i] = sources.y[source]! - (height - 1) / 2;
  });
  const count = Math.min(tested, order.length);
  const sigmas = Float32Array.from(order.subarray(0, count), (source) => sources.sigma[source]!).sort();
  const grid = createGrid(x, y, count, width, height);
  return {
    width,
    height,
    x,
    y,
    rank: order,
    sigma: Math.max(0.3, sigmas[count >> 1] ?? 0.3),
    tested: count,
    density: localDensity(x, y, count, width * height),
    grid,
  };
}

function createGrid(x: Float64Array, y: Float64Array, count: number, width: number, height: number): PointGrid {
  // About one point a cell.
  const cell = Math.max(4, Math.sqrt((width * height) / Math.max(1, count)));
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  const grid = {
    left: -width / 2,
    top: -height / 2,
    perPixel: 1 / cell,
    columns,
    rows,
    first: new Int32Array(columns * rows).fill(-1),
    next: new Int32Array(count).fill(-1),
  };
  for (let i = count - 1; i >= 0; i--) {
    const column = Math.min(columns - 1, Math.max(0, Math.floor((x[i]! - grid.left) / cell)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor((y[i]! - grid.top) / cell)));
    grid.next[i] = grid.first[row * columns + column]!;
    grid.first[row * columns + column] = i;
  }
  return grid;
}

function localDensity(x: Float64Array, y: Float64Array, count: number, area: number): Float64Array {
  const mean = count / area;
  const reach = NEIGHBOURHOOD / (Math.PI * mean);
  const density = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let near = 0;
    for (let j = 0; j < count; j++) {
      const dx = x[i]! - x[j]!;
      const dy = y[i]! - y[j]!;
      if (dx * dx + dy * dy < reach) near++;
    }
    density[i] = Math.max(mean, near / (Math.PI * reach));
  }
  return density;
}

/** The tested source nearest to a place, within `reach`; -1 if there is none. */
export function nearestSource(field: Field, x: number, y: number, reach: number): number {
  const { left, top, perPixel, columns, rows, first, next } = field.grid;
  const fromColumn = Math.max(0, Math.floor((x - reach - left) * perPixel));
  const toColumn = Math.min(columns - 1, Math.floor((x + reach - left) * perPixel));
  const fromRow = Math.max(0, Math.floor((y - reach - top) * perPixel));
  const toRow = Math.min(rows - 1, Math.floor((y + reach - top) * perPixel));
  const xs = field.x;
  const ys = field.y;
  let best = -1;
  let bestSquared = reach * reach;
  for (let row = fromRow; row <= toRow; row++) {
    for (let column = fromColumn; column <= toColumn; column++) {
      for (let i = first[row * columns + column]!; i >= 0; i = next[i]!) {
        const dx = xs[i]! - x;
        const dy = ys[i]! - y;
        const squared = dx * dx + dy * dy;
        if (squared < bestSquared) {
          bestSquared = squared;
          best = i;
        }
      }
    }
  }
  return best;
}
