import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { type BundledStars, wordsOf } from './bundled-stars.ts';
import { canonicalForms, CONJUGATED, EXCHANGED_AB } from './quad-code.ts';
import { type SharedBlock, filledBlock, makeBlock } from './shared-block.ts';
import type { IndexBand, OpenBand, QuadHits } from './sky-index.ts';

/**
 * The quad file: little-endian; a header of 16 u32 `[magic, version, bands, stars of the star file, 0...]`; per band 8 words
 * `[low f32, high f32, quads, bins per unit, deepest layer, offset of the bin counts, offset of the quads, 0]`;
 * then per band the number of quads in each bin, u8, and the quads, two words each:
 *
 *     word 0: star A (21 bits) | re c (5) | im c (5) | 1 if the canonical form is the conjugate
 *     word 1: star B (21 bits) | re d (5) | im d (5)
 *
 * Bins are the four-dimensional grid over canonical codes; the 5-bit parts say where in the bin a code lies. C and D are not
 * stored: A and B fix the place, and the code says where C and D were.
 */
export const QUAD_FILE_MAGIC = 0x44514653;
export const QUAD_FILE_VERSION = 1;
export const QUAD_HEADER_BYTES = 64;
export const BAND_HEADER_BYTES = 32;
/** Parts of a bin that a stored code tells apart, per number. */
export const PARTS = 32;

/** Extent of the grid: bins in re c (0..0.5), im c (-0.875..0.875), re d (0..1), im d (0..0.875). */
export interface CodeGrid {
  readonly perUnit: number;
  readonly sizes: readonly [number, number, number, number];
  readonly bins: number;
}

/** Half-height of the lens in which C and D lie is sqrt(3) / 2; a little more for the grid. */
export const LENS = 0.875;

export function codeGrid(perUnit: number): CodeGrid {
  const half = Math.ceil(LENS * perUnit);
  const sizes = [Math.ceil(0.5 * perUnit) + 1, 2 * half, perUnit + 1, half] as const;
  return { perUnit, sizes, bins: sizes[0] * sizes[1] * sizes[2] * sizes[3] };
}

/** Where the tables of a band stand: shared, threads of one process hold them once. */
export interface BandMemory {
  readonly words: SharedBlock;
  readonly starts: SharedBlock;
}

/** A band of a quad file. */
export interface BundledIndexBand extends IndexBand {
  /** Room for its tables. */
  makeMemory(): BandMemory;
}

/**
 * The bands of a quad file.
 *
 * @param stars the star file it was made with
 * @param memory of `makeMemory` of the same bands, in the same order
 */
export async function openBundledBands(
  source: ByteSource,
  stars: BundledStars,
  memory: readonly BandMemory[] = [],
): Promise<BundledIndexBand[]> {
  const bytes = await source.read(0, Math.min(source.size, QUAD_HEADER_BYTES + 64 * BAND_HEADER_BYTES));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < QUAD_HEADER_BYTES || view.getUint32(0, true) !== QUAD_FILE_MAGIC) {
    throw new SolveError('INDEX_CORRUPT', `${source.name}: not a quad file`);
  }
  const version = view.getUint32(4, true);
  const count = view.getUint32(8, true);
  if (version !== QUAD_FILE_VERSION || count > 64) {
    throw new SolveError(
      'INDEX_CORRUPT',
      `${source.name}: quad file version ${version}, expected ${QUAD_FILE_VERSION}`,
    );
  }
  if (view.getUint32(12, true) !== stars.count) {
    throw new SolveError('INDEX_CORRUPT', `${source.name}: made for another star file`);
  }
  const bands: BundledIndexBand[] = [];
  for (let i = 0; i < count; i++) {
    const at = QUAD_HEADER_BYTES + i * BAND_HEADER_BYTES;
    const quads = view.getUint32(at + 8, true);
    const grid = codeGrid(view.getUint32(at + 12, true));
    const layer = view.getUint32(at + 16, true);
    const binsAt = view.getUint32(at + 20, true);
    const quadsAt = view.getUint32(at + 24, true);
    if (binsAt + grid.bins > quadsAt || quadsAt + 8 * quads > source.size) {
      throw new SolveError(
        'INDEX_CORRUPT',
        `${source.name}: ${source.size} bytes, expected at least ${quadsAt + 8 * quads}`,
      );
    }
    const low = view.getFloat32(at, true);
    const high = view.getFloat32(at + 4, true);
    let opened: Promise<OpenBand> | undefined;
    bands.push({
      name: `tycho2-${((low * 180) / Math.PI).toFixed(2)}`,
      quadLow: low,
      quadHigh: high,
      quads,
      makeMemory: () => ({ words: makeBlock(8 * quads), starts: makeBlock(4 * (grid.bins + 1)) }),
      open: () =>
        (opened ??= (async () => {
          await stars.load(layer);
          const words = await filledBlock(memory[i]?.words, 8 * quads, async (room) => {
            if ((await source.readInto(room, quadsAt)) === room.length) return;
            throw new SolveError('INDEX_CORRUPT', `${source.name}: cut short while reading`);
          });
          const starts = await filledBlock(memory[i]?.starts, 4 * (grid.bins + 1), async (room) => {
            const total = addUp(await source.read(binsAt, grid.bins), wordsOf(room));
            if (total === quads) return;
            throw new SolveError('INDEX_CORRUPT', `${source.name}: ${total} quads counted, ${quads} promised`);
          });
          return new BundledBand(grid, wordsOf(starts), wordsOf(words), stars);
        })()),
    });
  }
  return bands;
}

/** Where each bin begins, and the sum at the end. */
function addUp(counts: Uint8Array, starts: Uint32Array): number {
  let total = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    starts[bin] = total;
    total += counts[bin]!;
  }
  starts[counts.length] = total;
  return total;
}

/** Quads in bins of their code. */
class BundledBand implements OpenBand {
  readonly #grid: CodeGrid;
  readonly #starts: Uint32Array;
  readonly #words: Uint32Array;
  readonly #stars: BundledStars;
  readonly #forms: Float64Array = new Float64Array(32);
  readonly #how: Uint8Array = new Uint8Array(8);

  constructor(grid: CodeGrid, starts: Uint32Array, words: Uint32Array, stars: BundledStars) {
    this.#grid = grid;
    this.#starts = starts;
    this.#words = words;
    this.#stars = stars;
  }

  search(code: Float64Array, tolerance: number, hits: QuadHits): void {
    const count = canonicalForms(code, tolerance, this.#forms, this.#how);
    for (let form = 0; form < count; form++) this.#searchForm(form, tolerance, hits);
  }

  #searchForm(form: number, tolerance: number, hits: QuadHits): void {
    const { perUnit, sizes } = this.#grid;
    const [n0, n1, n2, n3] = sizes;
    const starts = this.#starts;
    const words = this.#words;
    const at = 4 * form;
    // Codes in bins.
    const v0 = this.#forms[at]! * perUnit;
    const v1 = (this.#forms[at + 1]! + LENS) * perUnit;
    const v2 = this.#forms[at + 2]! * perUnit;
    const v3 = this.#forms[at + 3]! * perUnit;
    // A stored code is known to half a part.
    const t = tolerance * perUnit + 0.5 / PARTS;
    const low0 = Math.max(0, Math.floor(v0 - t));
    const low1 = Math.max(0, Math.floor(v1 - t));
    const low2 = Math.max(0, Math.floor(v2 - t));
    const low3 = Math.max(0, Math.floor(v3 - t));
    const high0 = Math.min(n0 - 1, Math.floor(v0 + t));
    const high1 = Math.min(n1 - 1, Math.floor(v1 + t));
    const high2 = Math.min(n2 - 1, Math.floor(v2 + t));
    const high3 = Math.min(n3 - 1, Math.floor(v3 + t));
    for (let b0 = low0; b0 <= high0; b0++) {
      // Which parts of this bin lie within the tolerance.
      const from0 = (v0 - t - b0) * PARTS - 0.5;
      const to0 = (v0 + t - b0) * PARTS - 0.5;
      for (let b1 = low1; b1 <= high1; b1++) {
        const from1 = (v1 - t - b1) * PARTS - 0.5;
        const to1 = (v1 + t - b1) * PARTS - 0.5;
        for (let b2 = low2; b2 <= high2; b2++) {
          const from2 = (v2 - t - b2) * PARTS - 0.5;
          const to2 = (v2 + t - b2) * PARTS - 0.5;
          const row = ((b0 * n1 + b1) * n2 + b2) * n3;
          for (let b3 = low3; b3 <= high3; b3++) {
            const end = starts[row + b3 + 1]!;
            let quad = starts[row + b3]!;
            if (quad === end) continue;
            const from3 = (v3 - t - b3) * PARTS - 0.5;
            const to3 = (v3 + t - b3) * PARTS - 0.5;
            for (; quad < end; quad++) {
              const word0 = words[2 * quad]!;
              const p0 = (word0 >>> 6) & 31;
              if (p0 < from0 || p0 > to0) continue;
              const p1 = (word0 >>> 1) & 31;
              if (p1 < from1 || p1 > to1) continue;
              const word1 = words[2 * quad + 1]!;
              const p2 = (word1 >>> 6) & 31;
              if (p2 < from2 || p2 > to2) continue;
              const p3 = (word1 >>> 1) & 31;
              if (p3 < from3 || p3 > to3) continue;
              this.#hit(word0, word1, this.#how[form]!, hits);
            }
          }
        }
      }
    }
  }

  #hit(word0: number, word1: number, how: number, hits: QuadHits): void {
    const place = hits.grow();
    const a = 6 * place + (how & EXCHANGED_AB ? 3 : 0);
    const b = 6 * place + (how & EXCHANGED_AB ? 0 : 3);
    this.#stars.direction(word0 >>> 11, hits.vectors, a);
    this.#stars.direction(word1 >>> 11, hits.vectors, b);
    const skyConjugated = word0 & 1;
    const fieldConjugated = how & CONJUGATED ? 1 : 0;
    hits.parity[place] = skyConjugated === fieldConjugated ? 1 : -1;
  }
}
