import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { CELL_COUNT, cellsOfCap, cellToDirection } from './cell-grid.ts';
import { type SharedBlock, filledBlock, makeBlock } from './shared-block.ts';
import type { StarBuffer, StarStore } from './sky-index.ts';

/**
 * The star file: little-endian; a header of 16 u32 `[magic, version, stars, layers, 0...]`; for each layer and cell the
 * number of its stars, u16; the magnitude of each star, u8; its position in its cell, u32.
 * Stars are numbered layer by layer (bright ones first), cell by cell, by brightness.
 */
export const STAR_FILE_MAGIC = 0x54534653;
export const STAR_FILE_VERSION = 1;
export const STAR_HEADER_BYTES = 64;
/** Faint end of each layer, VT. The last takes everything. */
export const LAYER_LIMITS: readonly number[] = [6, 8, 9.5, 11, Infinity];
const LAYERS = LAYER_LIMITS.length;

/** Magnitudes are stored in steps of 0.06 from -2. */
export function packMagnitude(vt: number): number {
  return Math.min(255, Math.max(0, Math.round((vt + 2) / 0.06)));
}

/** Stars of the whole sky down to each layer, per square radian; for a guess of how deep to look. */
const SKY_AREA = 4 * Math.PI;
/** A fit of a rich field uses up to so many stars. */
const ENOUGH = 1500;

/** Where the stars that were decoded stand: shared, threads of one process hold them once. */
export interface StarMemory {
  readonly vectors: SharedArrayBuffer;
  readonly decoded: SharedArrayBuffer;
  /** What was read of each layer. */
  readonly layers: readonly SharedBlock[];
}

/** The bundled catalogue: Tycho-2, read layer by layer as it is needed, decoded cell by cell. */
export class BundledStars implements StarStore {
  /** Number of stars. */
  readonly count: number;
  readonly #source: ByteSource;
  /** First star of each cell of each layer, and the total at the end. */
  readonly #first: Uint32Array;
  readonly #magnitudes: Uint8Array[] = [];
  readonly #positions: Uint32Array[] = [];
  /** Unit vectors, filled in as cells are first seen: pages that nobody touches cost nothing. */
  readonly #vectors: Float32Array;
  readonly #decoded: Uint8Array;
  readonly #layerMemory: readonly SharedBlock[] | undefined;
  readonly #cells: Uint16Array = new Uint16Array(CELL_COUNT);
  readonly #scratch: Float64Array = new Float64Array(3);
  readonly #histogram: Uint32Array = new Uint32Array(256);
  #loading: Promise<void> = Promise.resolve();

  private constructor(source: ByteSource, first: Uint32Array, memory: StarMemory | undefined) {
    this.#source = source;
    this.#first = first;
    this.count = first[first.length - 1]!;
    this.#layerMemory = memory?.layers;
    this.#vectors = memory ? new Float32Array(memory.vectors) : new Float32Array(3 * this.count);
    this.#decoded = memory ? new Uint8Array(memory.decoded) : new Uint8Array(LAYERS * CELL_COUNT);
  }

  /**
   * @param memory of `makeMemory` for this file
   * @throws {SolveError} `INDEX_CORRUPT` if the file is not a whole star file of this version
   */
  static async open(source: ByteSource, memory?: StarMemory): Promise<BundledStars> {
    const headLength = STAR_HEADER_BYTES + 2 * LAYERS * CELL_COUNT;
    const bytes = await source.read(0, headLength);
    const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < headLength || head.getUint32(0, true) !== STAR_FILE_MAGIC) {
      throw new SolveError('INDEX_CORRUPT', `${source.name}: not a star file`);
    }
    const version = head.getUint32(4, true);
    if (version !== STAR_FILE_VERSION || head.getUint32(12, true) !== LAYERS) {
      throw new SolveError(
        'INDEX_CORRUPT',
        `${source.name}: star file version ${version}, expected ${STAR_FILE_VERSION}`,
      );
    }
    const first = new Uint32Array(LAYERS * CELL_COUNT + 1);
    let total = 0;
    for (let i = 0; i < LAYERS * CELL_COUNT; i++) {
      first[i] = total;
      total += bytes[STAR_HEADER_BYTES + 2 * i]! | (bytes[STAR_HEADER_BYTES + 2 * i + 1]! << 8);
    }
    first[LAYERS * CELL_COUNT] = total;
    const expected = headLength + 5 * total;
    if (head.getUint32(8, true) !== total || source.size !== expected) {
      throw new SolveError('INDEX_CORRUPT', `${source.name}: ${source.size} bytes, expected ${expected}`);
    }
    return new BundledStars(source, first, memory);
  }

  /** Room for all stars. */
  makeMemory(): StarMemory {
    return {
      vectors: new SharedArrayBuffer(3 * Float32Array.BYTES_PER_ELEMENT * this.count),
      decoded: new SharedArrayBuffer(LAYERS * CELL_COUNT),
      layers: Array.from({ length: LAYERS }, (_, layer) => makeBlock(5 * this.#starsOf(layer))),
    };
  }

  #starsOf(layer: number): number {
    return this.#first[(layer + 1) * CELL_COUNT]! - this.#first[layer * CELL_COUNT]!;
  }

  /** Layers in memory. */
  get layers(): number {
    return this.#positions.length;
  }

  /** Reads the layers that are not in memory yet, through layer `last`. */
  load(last: number): Promise<void> {
    this.#loading = this.#loading.then(async () => {
      const base = STAR_HEADER_BYTES + 2 * LAYERS * CELL_COUNT;
      for (let layer = this.layers; layer <= last && layer < LAYERS; layer++) {
        const from = this.#first[layer * CELL_COUNT]!;
        const count = this.#starsOf(layer);
        const bytes = await filledBlock(this.#layerMemory?.[layer], 5 * count, async (room) => {
          const read = await Promise.all([
            this.#source.readInto(room.subarray(0, 4 * count), base + this.count + 4 * from),
            this.#source.readInto(room.subarray(4 * count), base + from),
          ]);
          if (read[0] + read[1] < 5 * count) {
            throw new SolveError('INDEX_CORRUPT', `${this.#source.name}: cut short while reading`);
          }
        });
        this.#positions.push(wordsOf(bytes.subarray(0, 4 * count)));
        this.#magnitudes.push(bytes.subarray(4 * count));
      }
    });
    return this.#loading;
  }

  async open(_centre: Float64Array, radius: number): Promise<void> {
    const area = 2 * Math.PI * (1 - Math.cos(Math.min(radius, Math.PI)));
    let layer = 0;
    while (layer < LAYERS - 1 && (this.#first[(layer + 1) * CELL_COUNT]! * area) / SKY_AREA < ENOUGH) layer++;
    await this.load(layer);
  }

  /** The unit vector of a star of a layer in memory, into `out` at `at`. */
  direction(star: number, out: Float64Array, at: number): void {
    const first = this.#first;
    let low = 0;
    let high = LAYERS * CELL_COUNT;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (first[middle]! <= star) low = middle;
      else high = middle;
    }
    const layer = Math.floor(low / CELL_COUNT);
    const packed = this.#positions[layer]![star - first[layer * CELL_COUNT]!]!;
    cellToDirection(low - layer * CELL_COUNT, packed, out, at);
  }

  collect(centre: Float64Array, radius: number, limit: number, out: StarBuffer): void {
    out.clear();
    const cells = this.#cells;
    const cellCount = cellsOfCap(centre, radius, cells);
    const x = centre[0]!;
    const y = centre[1]!;
    const z = centre[2]!;
    const cosine = Math.cos(radius);
    const first = this.#first;
    const vectors = this.#vectors;
    for (let layer = 0; layer < this.layers && out.count < 0.6 * limit; layer++) {
      const base = first[layer * CELL_COUNT]!;
      const magnitudes = this.#magnitudes[layer]!;
      // Many cells: an even share for each, so that one rich cloud does not take all. Few cells: everything, sorted out by layers.
      const share = cellCount > 40 ? Math.ceil((1.3 * (limit - out.count)) / cellCount) : Infinity;
      for (let c = 0; c < cellCount; c++) {
        const slot = layer * CELL_COUNT + cells[c]!;
        const end = first[slot + 1]!;
        if (Atomics.load(this.#decoded, slot) === 0) this.#decode(slot);
        let taken = 0;
        for (let star = first[slot]!; star < end && taken < share; star++) {
          const vx = vectors[3 * star]!;
          const vy = vectors[3 * star + 1]!;
          const vz = vectors[3 * star + 2]!;
          if (vx * x + vy * y + vz * z < cosine) continue;
          const place = out.grow();
          out.vectors[3 * place] = vx;
          out.vectors[3 * place + 1] = vy;
          out.vectors[3 * place + 2] = vz;
          out.magnitude[place] = magnitudes[star - base]! * 0.06 - 2;
          taken++;
        }
      }
    }
    if (out.count > 1.3 * limit) this.#keepBrightest(out, limit);
  }

  /** Drops the faintest stars: where a cap is wide and few are wanted, a star from every cell is too many. */
  #keepBrightest(out: StarBuffer, limit: number): void {
    const { vectors, magnitude } = out;
    const histogram = this.#histogram.fill(0);
    for (let i = 0; i < out.count; i++) histogram[packMagnitude(magnitude[i]!)]!++;
    let faintest = 0;
    let total = histogram[0]!;
    while (faintest < 255 && total + histogram[faintest + 1]! <= limit) total += histogram[++faintest]!;
    let kept = 0;
    for (let i = 0; i < out.count; i++) {
      if (packMagnitude(magnitude[i]!) > faintest) continue;
      magnitude[kept] = magnitude[i]!;
      vectors[3 * kept] = vectors[3 * i]!;
      vectors[3 * kept + 1] = vectors[3 * i + 1]!;
      vectors[3 * kept + 2] = vectors[3 * i + 2]!;
      kept++;
    }
    out.count = kept;
  }

  #decode(slot: number): void {
    const layer = Math.floor(slot / CELL_COUNT);
    const base = this.#first[layer * CELL_COUNT]!;
    const positions = this.#positions[layer]!;
    const scratch = this.#scratch;
    const end = this.#first[slot + 1]!;
    for (let star = this.#first[slot]!; star < end; star++) {
      cellToDirection(slot - layer * CELL_COUNT, positions[star - base]!, scratch, 0);
      this.#vectors[3 * star] = scratch[0]!;
      this.#vectors[3 * star + 1] = scratch[1]!;
      this.#vectors[3 * star + 2] = scratch[2]!;
    }
    // Threads that decode the same cell write the same numbers; whoever sees this sees them.
    Atomics.store(this.#decoded, slot, 1);
  }
}

/** Bytes as little-endian 32-bit words, without a copy where the platform allows. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
}
