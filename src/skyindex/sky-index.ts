/**
 * Stars and quads of the sky, as the solver asks for them. Directions are unit vectors, ICRS.
 *
 * A *quad* is four stars, A and B being its most distant pair. Its *code* is where C and D lie in the complex plane
 * in which A is 0 and B is 1 (four numbers): it does not change under shift, rotation and scale, and is conjugated by a
 * mirror. After Lang et al. 2010, AJ 139, 1782, section 2.1, with another normalisation.
 */
export interface SkyIndex {
  /** For the answer: which index matched. */
  readonly name: string;
  /** Widest quads first. */
  readonly bands: readonly IndexBand[];
  /** Stars for verification and fitting. */
  readonly stars: StarStore;
}

/** The quads of one range of sizes. */
export interface IndexBand {
  readonly name: string;
  /** Range of the distance A to B, radians. */
  readonly quadLow: number;
  readonly quadHigh: number;
  readonly quads: number;
  /** Stars of one quad; 4 if absent. Quads of three stars are searched by {@link OpenBand.searchTriple}. */
  readonly stars?: 3 | 4;
  /** Makes the quads searchable; reads them on the first call. */
  open(): Promise<OpenBand>;
}

/** Quads that are in memory. */
export interface OpenBand {
  /**
   * Finds quads like a field quad.
   *
   * @param code `[re C, im C, re D, im D]` of the field quad, any order of A and B, C and D
   * @param tolerance largest difference in each of the four numbers
   * @param hits receives what is found, after what it holds already
   */
  search(code: Float64Array, tolerance: number, hits: QuadHits): void;
  /**
   * Finds quads of three stars like three field stars; only in bands that say `stars: 3`.
   *
   * @param code `[re C, im C]` of the field stars, any order of A and B
   * @param tolerance largest difference in each of the two numbers
   * @param hits receives what is found, after what it holds already
   */
  searchTriple?(code: Float64Array, tolerance: number, hits: QuadHits): void;
  /**
   * How many of up to `most` quads, evenly taken, have a code other than their stars give: 0 in a file that is whole. Bands
   * that do not store codes beside all stars have it not.
   */
  wrongCodes?(most: number): number;
}

/** Results of code searches; grows as needed, reused between calls. */
export class QuadHits {
  /** Number of hits. */
  count: number = 0;
  /** Six numbers a hit: unit vectors of the stars that A and B of the field quad would be. */
  vectors: Float64Array = new Float64Array(6 * 64);
  /**
   * Of each hit: sign of det(CD) of the field. +1 if the codes agree as they stand (the sky's on the tangent plane, x to the
   * east and y to the north), -1 if the field's is the conjugate.
   */
  parity: Int8Array = new Int8Array(64);

  clear(): void {
    this.count = 0;
  }

  /** Makes room for one more hit; returns its place. */
  grow(): number {
    if (this.count === this.parity.length) {
      const vectors = new Float64Array(this.vectors.length * 2);
      vectors.set(this.vectors);
      this.vectors = vectors;
      const parity = new Int8Array(this.parity.length * 2);
      parity.set(this.parity);
      this.parity = parity;
    }
    return this.count++;
  }
}

/** The stars of the sky by place and brightness. */
export interface StarStore {
  /** Makes the stars in a cap searchable down to what the store has; reads them if need be. */
  open(centre: Float64Array, radius: number): Promise<void>;
  /**
   * Collects the brightest stars of a cap, spread evenly over it. The cap must have been opened.
   *
   * @param centre unit vector
   * @param radius radians
   * @param limit about how many are wanted; a few more may come
   * @param out receives them, replacing what it holds
   */
  collect(centre: Float64Array, radius: number, limit: number, out: StarBuffer): void;
}

/** Stars side by side; grows as needed, reused between calls. */
export class StarBuffer {
  count: number = 0;
  /** Unit vectors, `[x0, y0, z0, x1, ...]`. */
  vectors: Float64Array = new Float64Array(3 * 256);
  /** Magnitude (VT for the bundled stars); NaN if unknown. */
  magnitude: Float32Array = new Float32Array(256);

  clear(): void {
    this.count = 0;
  }

  /** Makes room for one more star; returns its place. */
  grow(): number {
    if (this.count === this.magnitude.length) {
      const vectors = new Float64Array(this.vectors.length * 2);
      vectors.set(this.vectors);
      this.vectors = vectors;
      const magnitude = new Float32Array(this.magnitude.length * 2);
      magnitude.set(this.magnitude);
      this.magnitude = magnitude;
    }
    return this.count++;
  }
}
