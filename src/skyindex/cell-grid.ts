import { directionToFace, faceToDirection } from '../math/healpix.ts';

/** Cells per side of a HEALPix face: cells 1.8 degrees wide. */
export const CELLS_PER_SIDE = 32;
/** Cells of the whole sky, numbered face by face, row by row. */
export const CELL_COUNT: number = 12 * CELLS_PER_SIDE * CELLS_PER_SIDE;
/** Positions per side of a cell: 0.1 arcsec steps. */
const STEPS = 65536;

/** Blocks of cells for a first coarse look: 4 by 4 per face. */
const BLOCKS_PER_SIDE = 4;
const BLOCK = CELLS_PER_SIDE / BLOCKS_PER_SIDE;
const BLOCK_COUNT = 12 * BLOCKS_PER_SIDE * BLOCKS_PER_SIDE;

const place = new Float64Array(3);

/** The cell of a direction, and where in it: `out` receives [cell, packed position], the position as 16 + 16 bits. */
export function directionToCell(x: number, y: number, z: number, out: Uint32Array): void {
  directionToFace(x, y, z, place);
  const u = place[1]! * CELLS_PER_SIDE;
  const v = place[2]! * CELLS_PER_SIDE;
  const column = Math.floor(u);
  const row = Math.floor(v);
  out[0] = (place[0]! * CELLS_PER_SIDE + row) * CELLS_PER_SIDE + column;
  out[1] = (Math.floor((v - row) * STEPS) << 16) | Math.floor((u - column) * STEPS);
}

/** The direction of a position in a cell, to 0.05 arcsec; `out` receives the unit vector at `at`. */
export function cellToDirection(cell: number, packed: number, out: Float64Array, at: number): void {
  const column = cell % CELLS_PER_SIDE;
  const rows = (cell - column) / CELLS_PER_SIDE;
  const row = rows % CELLS_PER_SIDE;
  const face = (rows - row) / CELLS_PER_SIDE;
  const u = (column + ((packed & 0xffff) + 0.5) / STEPS) / CELLS_PER_SIDE;
  const v = (row + ((packed >>> 16) + 0.5) / STEPS) / CELLS_PER_SIDE;
  faceToDirection(face, u, v, out, at);
}

/** Centres of all cells and blocks with the radii that enclose them: what a search for the cells of a cap needs. */
interface CellGrid {
  readonly cells: Float64Array;
  readonly blocks: Float64Array;
  /** Cells of each block, `BLOCK * BLOCK` a block. */
  readonly members: Uint16Array;
  readonly cellRadius: number;
  readonly blockRadius: number;
}

let grid: CellGrid | undefined;

/** Built at the first search: 12,288 short computations, about 3 ms. */
function cellGrid(): CellGrid {
  if (grid) return grid;
  const cells = new Float64Array(3 * CELL_COUNT);
  const blocks = new Float64Array(3 * BLOCK_COUNT);
  const members = new Uint16Array(CELL_COUNT);
  let member = 0;
  for (let face = 0; face < 12; face++) {
    for (let i = 0; i < BLOCKS_PER_SIDE; i++) {
      for (let j = 0; j < BLOCKS_PER_SIDE; j++) {
        const block = (face * BLOCKS_PER_SIDE + i) * BLOCKS_PER_SIDE + j;
        faceToDirection(face, (j + 0.5) / BLOCKS_PER_SIDE, (i + 0.5) / BLOCKS_PER_SIDE, blocks, 3 * block);
        for (let k = 0; k < BLOCK * BLOCK; k++) {
          const row = i * BLOCK + Math.floor(k / BLOCK);
          const column = j * BLOCK + (k % BLOCK);
          const cell = (face * CELLS_PER_SIDE + row) * CELLS_PER_SIDE + column;
          faceToDirection(face, (column + 0.5) / CELLS_PER_SIDE, (row + 0.5) / CELLS_PER_SIDE, cells, 3 * cell);
          members[member++] = cell;
        }
      }
    }
  }
  // The farthest corner of a cell or block lies 0.0323 or 0.2513 radians from its centre: measured over 300,000 random directions.
  grid = { cells, blocks, members, cellRadius: 0.033, blockRadius: 0.26 };
  return grid;
}

/** A cap smaller than this is looked at by its centre and rim alone, without the grid. */
const SMALL_CAP = 0.016;
/** Points on the rim of a small cap: one every 45 degrees misses at most the tip of a corner. */
const RIM = 8;
const RIM_COS = Float64Array.from({ length: RIM }, (_, i) => Math.cos((i * 2 * Math.PI) / RIM));
const RIM_SIN = Float64Array.from({ length: RIM }, (_, i) => Math.sin((i * 2 * Math.PI) / RIM));

/** The cells of a cap no wider than a cell: those of its centre and of points on its rim. */
function cellsOfSmallCap(centre: Float64Array, radius: number, out: Uint16Array): number {
  const x = centre[0]!;
  const y = centre[1]!;
  const z = centre[2]!;
  // Any two directions across the centre: the axis it is farthest from serves to find them.
  const upright = Math.abs(z) < 0.8;
  let ux = upright ? -y : 0;
  let uy = upright ? x : -z;
  let uz = upright ? 0 : y;
  const norm = radius / Math.sqrt(ux * ux + uy * uy + uz * uz);
  ux *= norm;
  uy *= norm;
  uz *= norm;
  const vx = y * uz - z * uy;
  const vy = z * ux - x * uz;
  const vz = x * uy - y * ux;
  const length = 1 / Math.sqrt(1 + radius * radius);
  out[0] = cellOf(x, y, z);
  let count = 1;
  for (let i = 0; i < RIM; i++) {
    const c = RIM_COS[i]!;
    const s = RIM_SIN[i]!;
    const cell = cellOf((x + c * ux + s * vx) * length, (y + c * uy + s * vy) * length, (z + c * uz + s * vz) * length);
    let known = 0;
    while (known < count && out[known] !== cell) known++;
    if (known === count) out[count++] = cell;
  }
  return count;
}

function cellOf(x: number, y: number, z: number): number {
  directionToFace(x, y, z, place);
  const column = Math.floor(place[1]! * CELLS_PER_SIDE);
  const row = Math.floor(place[2]! * CELLS_PER_SIDE);
  return (place[0]! * CELLS_PER_SIDE + row) * CELLS_PER_SIDE + column;
}

/**
 * The cells that a cap touches (and a few that it only nearly touches).
 *
 * @param centre unit vector
 * @param radius radians
 * @param out receives cell numbers; long enough for all cells
 * @returns how many
 */
export function cellsOfCap(centre: Float64Array, radius: number, out: Uint16Array): number {
  if (radius < SMALL_CAP) return cellsOfSmallCap(centre, radius, out);
  const { cells, blocks, members, cellRadius, blockRadius } = cellGrid();
  const x = centre[0]!;
  const y = centre[1]!;
  const z = centre[2]!;
  const blockLimit = Math.cos(Math.min(Math.PI, radius + blockRadius));
  const cellLimit = Math.cos(Math.min(Math.PI, radius + cellRadius));
  let count = 0;
  for (let block = 0; block < BLOCK_COUNT; block++) {
    if (blocks[3 * block]! * x + blocks[3 * block + 1]! * y + blocks[3 * block + 2]! * z < blockLimit) continue;
    const end = (block + 1) * BLOCK * BLOCK;
    for (let m = block * BLOCK * BLOCK; m < end; m++) {
      const cell = members[m]!;
      if (cells[3 * cell]! * x + cells[3 * cell + 1]! * y + cells[3 * cell + 2]! * z >= cellLimit) out[count++] = cell;
    }
  }
  return count;
}
