import type { Pace } from '../pace.ts';
import { clippedLevel } from '../math/statistics.ts';
import { BLANK } from './work-image.ts';
import type { WorkImage } from './work-image.ts';

/** Sky level and noise on a mesh of square cells; cell (i, j) is centred at `((i + 0.5) * cell - 0.5, (j + 0.5) * cell - 0.5)`. */
export interface Mesh {
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  readonly level: Float32Array;
  /** One sigma per pixel; never 0. */
  readonly noise: Float32Array;
}

/** Cell size in pixels: several times a defocused star, much less than a vignette. */
const CELL = 64;
/** Images of more pixels than this get larger cells: their details are larger, too. */
const LARGE = 3_000_000;
const LARGE_CELL = 96;
const SMALLEST_CELL = 24;
/** Fewer cells than this across the shorter side cannot follow a gradient. */
const CELLS_ACROSS = 6;
/** Samples sorted per cell: the level is then good to 0.08 sigma, and to half of that after the median. */
const SAMPLES = 256;
/** Samples sorted in all, so that the cost stays bounded for large images. */
const ALL_SAMPLES = 400_000;
/** A cell with a smaller share of usable pixels is filled in from its neighbours. */
const USABLE_SHARE = 0.3;
/** Noise far below the typical one is a black border or a clipped sky, not a better detector. */
const NOISE_FLOOR = 0.25;

/**
 * Measures level and noise per cell by clipping, then takes 3x3 medians over the mesh, so that a bright star or
 * a nebula's core that fills a cell does not count as sky.
 *
 * @param step distance between neighbouring values that can occur in `image`
 * @returns null if no cell has enough usable pixels or all pixels are equal
 * @see Bertin & Arnouts 1996, A&AS 117, 393, section 4.1
 */
export async function measureMesh(image: WorkImage, step: number, pace: Pace): Promise<Mesh | null> {
  const { width, height } = image;
  const cell = Math.max(
    SMALLEST_CELL,
    Math.min(width * height > LARGE ? LARGE_CELL : CELL, Math.floor(Math.min(width, height) / CELLS_ACROSS)),
  );
  const columns = Math.max(1, Math.round(width / cell));
  const rows = Math.max(1, Math.round(height / cell));
  const level = new Float32Array(columns * rows);
  const noise = new Float32Array(columns * rows);
  const samples = Math.max(100, Math.min(SAMPLES, Math.floor(ALL_SAMPLES / (columns * rows))));
  const stride = Math.max(1, Math.round(cell / Math.sqrt(samples)));
  const scratch = new Float32Array((Math.ceil((cell * 1.5) / stride) + 1) ** 2);
  const found = new Float32Array(2);
  for (let j = 0; j < rows; j++) {
    if (pace.due()) await pace.breathe();
    const bottom = j * cell;
    const top = j === rows - 1 ? height : bottom + cell;
    for (let i = 0; i < columns; i++) {
      const left = i * cell;
      const right = i === columns - 1 ? width : left + cell;
      const count = gatherSamples(image, left, right, bottom, top, stride, scratch);
      const possible = Math.ceil((right - left) / stride) * Math.ceil((top - bottom) / stride);
      if (count < USABLE_SHARE * possible || count < 8) {
        level[j * columns + i] = NaN;
        noise[j * columns + i] = NaN;
        continue;
      }
      scratch.subarray(0, count).sort();
      clippedLevel(scratch, count, step, found);
      level[j * columns + i] = found[0]!;
      noise[j * columns + i] = found[1]!;
    }
  }
  const smoothLevel = medianMesh(level, columns, rows);
  const smoothNoise = medianMesh(noise, columns, rows);
  if (smoothLevel === null || smoothNoise === null) return null;
  const typical = smoothNoise.slice().sort()[smoothNoise.length >> 1]!;
  const floor = Math.max(NOISE_FLOOR * typical, 0.3 * step);
  if (!(floor > 0)) return null;
  for (let i = 0; i < smoothNoise.length; i++) smoothNoise[i] = Math.max(floor, smoothNoise[i]!);
  return { cell, columns, rows, level: smoothLevel, noise: smoothNoise };
}

/** Collects every `stride`-th usable pixel of a cell, shifted from row to row so that no column is favoured. */
function gatherSamples(
  image: WorkImage,
  left: number,
  right: number,
  bottom: number,
  top: number,
  stride: number,
  out: Float32Array,
): number {
  const { width, pixels, state } = image;
  let count = 0;
  let shift = 0;
  for (let y = bottom; y < top; y += stride) {
    const end = y * width + right;
    for (let i = y * width + left + shift; i < end; i += stride) {
      if ((state[i]! & BLANK) === 0 && count < out.length) out[count++] = pixels[i]!;
    }
    shift = shift + 1 < stride ? shift + 1 : 0;
  }
  return count;
}

/** 3x3 median of the known values; unknown ones are filled from known neighbours, outwards. Null if none is known. */
function medianMesh(values: Float32Array, columns: number, rows: number): Float32Array | null {
  const around = new Float32Array(9);
  let source = values;
  for (let round = 0; round < columns + rows; round++) {
    const target = new Float32Array(values.length);
    let unknown = 0;
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const own = source[j * columns + i]!;
        // Later rounds only fill what is still unknown.
        if (round > 0 && own === own) {
          target[j * columns + i] = own;
          continue;
        }
        let count = 0;
        for (let dj = -1; dj <= 1; dj++) {
          for (let di = -1; di <= 1; di++) {
            const x = i + di;
            const y = j + dj;
            const value = meshValue(source, columns, rows, x, y);
            if (value === value) around[count++] = value;
          }
        }
        if (count === 0) {
          target[j * columns + i] = NaN;
          unknown++;
        } else {
          const sorted = around.subarray(0, count).sort();
          target[j * columns + i] = (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2;
        }
      }
    }
    if (unknown === 0) return target;
    if (unknown === values.length) return null;
    source = target;
  }
  return source;
}

/** Value of a mesh at a cell that may lie one beyond its border: there the mesh goes on as steeply as it ends. */
function meshValue(values: Float32Array, columns: number, rows: number, x: number, y: number): number {
  const edgeX = Math.min(columns - 1, Math.max(0, x));
  const edgeY = Math.min(rows - 1, Math.max(0, y));
  const edge = values[edgeY * columns + edgeX]!;
  if (edgeX === x && edgeY === y) return edge;
  const innerX = Math.min(columns - 1, Math.max(0, 2 * edgeX - x));
  const innerY = Math.min(rows - 1, Math.max(0, 2 * edgeY - y));
  return 2 * edge - values[innerY * columns + innerX]!;
}

/** Sums taken while the sky is subtracted: what rows and columns hold apart from stars. */
export interface LineSums {
  /** Sum of the values of each row, each clipped to three sigma; length height. */
  readonly row: Float32Array;
  readonly column: Float32Array;
}

/**
 * Turns rows `from` to `to - 1` into signal over noise, in place: the mesh is interpolated bilinearly. Blank pixels become 0.
 *
 * @param sums receives the rows' and adds to the columns' sums
 */
export function subtractMesh(image: WorkImage, mesh: Mesh, from: number, to: number, sums: LineSums): void {
  const { width, pixels, state, gaps } = image;
  const { cell, columns, rows } = mesh;
  const level = new Float32Array(columns);
  const inverse = new Float32Array(columns);
  const column = sums.column;
  for (let y = from; y < to; y++) {
    // Outside the outermost cell centres the level goes on as steeply as between the last two.
    const v = (y + 0.5) / cell - 0.5;
    const j = Math.max(0, Math.min(rows - 2, Math.floor(v)));
    const fv = rows > 1 ? v - j : 0;
    const kept = Math.min(1, Math.max(0, fv));
    const low = j * columns;
    const high = rows > 1 ? low + columns : low;
    for (let i = 0; i < columns; i++) {
      level[i] = mesh.level[low + i]! * (1 - fv) + mesh.level[high + i]! * fv;
      inverse[i] = 1 / (mesh.noise[low + i]! * (1 - kept) + mesh.noise[high + i]! * kept);
    }
    let sum = 0;
    let x = 0;
    for (let i = 0; i < Math.max(1, columns - 1); i++) {
      const next = Math.min(columns - 1, i + 1);
      const end = i >= columns - 2 ? width : Math.min(width, Math.ceil((i + 1.5) * cell - 0.5));
      const levelSlope = (level[next]! - level[i]!) / cell;
      const inverseSlope = (inverse[next]! - inverse[i]!) / cell;
      const centre = (i + 0.5) * cell - 0.5;
      const lowest = Math.min(inverse[i]!, inverse[next]!);
      const highest = Math.max(inverse[i]!, inverse[next]!);
      let sky = level[i]! + levelSlope * (x - centre);
      let scale = inverse[i]! + inverseSlope * (x - centre);
      sum += subtractSpan(pixels, y * width, x, end, column, sky, levelSlope, scale, inverseSlope, lowest, highest);
      x = end;
    }
    sums.row[y] = sum;
  }
  if (gaps) {
    const end = to * width;
    for (let p = from * width; p < end; p++) if ((state[p]! & BLANK) !== 0) pixels[p] = 0;
  }
}

/** One row from one cell centre to the next; returns the sum of the clipped values. */
function subtractSpan(
  pixels: Float32Array,
  row: number,
  from: number,
  to: number,
  column: Float32Array,
  startSky: number,
  skySlope: number,
  startScale: number,
  scaleSlope: number,
  lowest: number,
  highest: number,
): number {
  let sky = startSky;
  let free = startScale;
  let sum = 0;
  for (let x = from; x < to; x++) {
    const scale = free < lowest ? lowest : free > highest ? highest : free;
    const value = (pixels[row + x]! - sky) * scale;
    pixels[row + x] = value;
    const clipped = value > 3 ? 3 : value < -3 ? -3 : value;
    sum += clipped;
    column[x] = column[x]! + clipped;
    sky += skySlope;
    free += scaleSlope;
  }
  return sum;
}

/** Noise of the sky at a place of the working image, in the unit of the frame's pixels. */
export function noiseAt(mesh: Mesh, x: number, y: number): number {
  const i = Math.min(mesh.columns - 1, Math.max(0, Math.floor(x / mesh.cell)));
  const j = Math.min(mesh.rows - 1, Math.max(0, Math.floor(y / mesh.cell)));
  return mesh.noise[j * mesh.columns + i]!;
}
