import { SolveError } from '../errors.ts';
import type { AstrometryStars } from './astrometry-stars.ts';
import { leavesInBox } from './kd-search.ts';
import { quadCode } from './quad-code.ts';
import type { KdTree } from './kd-tree-file.ts';
import type { OpenBand, QuadHits } from './sky-index.ts';

/**
 * What the code tree's header promises of every code.
 *
 * Its codes have A at (0, 0) and B at (1, 1) on the plane tangent to the sky halfway between them, x to the west and y to
 * the north; ours times 1 + i, and conjugated if ours was taken with x to the east.
 */
export interface CodeRules {
  /** `CXDX`: cx <= dx. */
  readonly ordered: boolean;
  /** `CXDXLT1`: the mean of cx and dx (of three stars: cx) is at most 1/2. */
  readonly nearA: boolean;
  /** `CIRCLE`: C and D lie in the circle whose diameter is AB. */
  readonly circle: boolean;
}

/** Codes are stored in steps of 2e-5, and stars to microarcseconds: what differs more is damaged. */
const CODE_ERROR = 1e-3;

/** The quads of an Astrometry.net file, in memory. */
export class AstrometryCodes implements OpenBand {
  readonly #name: string;
  readonly #tree: KdTree;
  readonly #rules: CodeRules;
  /** Star numbers, `#size` a quad. */
  readonly #quads: Uint32Array;
  readonly #size: 3 | 4;
  readonly #stars: AstrometryStars;
  readonly #leaves: Uint32Array;
  readonly #centre: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  constructor(name: string, tree: KdTree, rules: CodeRules, quads: Uint32Array, size: 3 | 4, stars: AstrometryStars) {
    this.#name = name;
    this.#tree = tree;
    this.#rules = rules;
    this.#quads = quads;
    this.#size = size;
    this.#stars = stars;
    this.#leaves = new Uint32Array(tree.inner + 1);
    this.#centre = new Float64Array(tree.dimensions);
    this.#low = new Float64Array(tree.dimensions);
    this.#high = new Float64Array(tree.dimensions);
  }

  /** @throws {SolveError} `BAD_ARGUMENT` if the quads of this band have three stars */
  search(code: Float64Array, tolerance: number, hits: QuadHits): void {
    if (this.#size !== 4) throw new SolveError('BAD_ARGUMENT', `${this.#name}: its quads have three stars`);
    const { ordered, nearA, circle } = this.#rules;
    const [reC, imC, reD, imD] = [code[0]!, code[1]!, code[2]!, code[3]!];
    if (circle && (outside(reC, imC, tolerance) || outside(reD, imD, tolerance))) return;
    const cx = reC - imC;
    const cy = reC + imC;
    const dx = reD - imD;
    const dy = reD + imD;
    // A stored coordinate x is re - im: off by up to twice the tolerance, sums and differences of two by four times.
    const slack = 4 * tolerance;
    // The eight ways the field's quad may stand in the file: x and y exchanged for a mirror, A and B, C and D.
    for (let mirror = -1; mirror <= 1; mirror += 2) {
      for (let exchange = 0; exchange < 2; exchange++) {
        const shift = exchange;
        const sign = exchange ? -1 : 1;
        const x0 = shift + sign * (mirror < 0 ? cy : cx);
        const y0 = shift + sign * (mirror < 0 ? cx : cy);
        const x1 = shift + sign * (mirror < 0 ? dy : dx);
        const y1 = shift + sign * (mirror < 0 ? dx : dy);
        if (nearA && x0 + x1 > 1 + slack) continue;
        if (!ordered || x0 - x1 <= slack) this.#searchFour(x0, y0, x1, y1, tolerance, exchange, mirror, hits);
        if (!ordered || x1 - x0 <= slack) this.#searchFour(x1, y1, x0, y0, tolerance, exchange, mirror, hits);
      }
    }
  }

  /** @throws {SolveError} `BAD_ARGUMENT` if the quads of this band have four stars */
  searchTriple(code: Float64Array, tolerance: number, hits: QuadHits): void {
    if (this.#size !== 3) throw new SolveError('BAD_ARGUMENT', `${this.#name}: its quads have four stars`);
    const { nearA, circle } = this.#rules;
    const [re, im] = [code[0]!, code[1]!];
    if (circle && outside(re, im, tolerance)) return;
    for (let mirror = -1; mirror <= 1; mirror += 2) {
      for (let exchange = 0; exchange < 2; exchange++) {
        const shift = exchange;
        const sign = exchange ? -1 : 1;
        const x = shift + sign * (mirror < 0 ? re + im : re - im);
        const y = shift + sign * (mirror < 0 ? re - im : re + im);
        if (nearA && x > 0.5 + 2 * tolerance) continue;
        this.#searchThree(x, y, tolerance, exchange, mirror, hits);
      }
    }
  }

  /** Compares codes with the stars that they belong to: up to so many, evenly taken. */
  wrongCodes(most: number): number {
    const { data, dataLow, dataScale, original, points } = this.#tree;
    const vectors = new Float64Array(12);
    const code = new Float64Array(4);
    const step = Math.max(1, Math.floor(points / most));
    let wrong = 0;
    for (let point = 0; point < points; point += step) {
      const quad = this.#size * (original ? original[point]! : point);
      for (let i = 0; i < this.#size; i++) this.#stars.direction(this.#quads[quad + i]!, vectors, 3 * i);
      quadCode(vectors, 0, 1, 2, this.#size === 4 ? 3 : 2, code);
      // As the file has it: times 1 + i, x to the west.
      for (let c = 0; c < this.#size - 2; c++) {
        const [re, im] = [code[2 * c]!, code[2 * c + 1]!];
        const at = (this.#size - 2) * 2 * point + 2 * c;
        const x = dataLow[2 * c]! + data[at]! / dataScale - (re + im);
        const y = dataLow[2 * c + 1]! + data[at + 1]! / dataScale - (re - im);
        // NaN is wrong too.
        if (!(Math.hypot(x, y) < CODE_ERROR)) {
          wrong++;
          break;
        }
      }
    }
    return wrong;
  }

  #searchFour(
    cx: number,
    cy: number,
    dx: number,
    dy: number,
    tolerance: number,
    exchange: number,
    mirror: number,
    hits: QuadHits,
  ): void {
    const centre = this.#centre;
    centre[0] = cx;
    centre[1] = cy;
    centre[2] = dx;
    centre[3] = dy;
    const found = this.#leavesAround(tolerance);
    const { data, dataLow, dataScale } = this.#tree;
    const u0 = (cx - dataLow[0]!) * dataScale;
    const v0 = (cy - dataLow[1]!) * dataScale;
    const u1 = (dx - dataLow[2]!) * dataScale;
    const v1 = (dy - dataLow[3]!) * dataScale;
    const reach = 2 * tolerance * dataScale;
    for (let i = 0; i < found; i++) {
      const leaf = this.#leaves[i]!;
      const end = this.#end(leaf);
      for (let point = this.#start(leaf); point < end; point++) {
        const at = 4 * point;
        const x0 = data[at]! - u0;
        const y0 = data[at + 1]! - v0;
        // Twice the differences of the real and of the imaginary parts.
        if (Math.abs(x0 + y0) > reach || Math.abs(y0 - x0) > reach) continue;
        const x1 = data[at + 2]! - u1;
        const y1 = data[at + 3]! - v1;
        if (Math.abs(x1 + y1) > reach || Math.abs(y1 - x1) > reach) continue;
        this.#hit(point, exchange, mirror, hits);
      }
    }
  }

  #searchThree(x: number, y: number, tolerance: number, exchange: number, mirror: number, hits: QuadHits): void {
    const centre = this.#centre;
    centre[0] = x;
    centre[1] = y;
    const found = this.#leavesAround(tolerance);
    const { data, dataLow, dataScale } = this.#tree;
    const u = (x - dataLow[0]!) * dataScale;
    const v = (y - dataLow[1]!) * dataScale;
    const reach = 2 * tolerance * dataScale;
    for (let i = 0; i < found; i++) {
      const leaf = this.#leaves[i]!;
      const end = this.#end(leaf);
      for (let point = this.#start(leaf); point < end; point++) {
        const dx = data[2 * point]! - u;
        const dy = data[2 * point + 1]! - v;
        if (Math.abs(dx + dy) > reach || Math.abs(dy - dx) > reach) continue;
        this.#hit(point, exchange, mirror, hits);
      }
    }
  }

  /** Leaves with codes near `#centre`, into `#leaves`. A square of ours, turned by 45 degrees, fits into one twice as wide. */
  #leavesAround(tolerance: number): number {
    const low = this.#low;
    const high = this.#high;
    const centre = this.#centre;
    for (let d = 0; d < centre.length; d++) {
      low[d] = centre[d]! - 2 * tolerance;
      high[d] = centre[d]! + 2 * tolerance;
    }
    return leavesInBox(this.#tree, low, high, this.#leaves);
  }

  #start(leaf: number): number {
    return leaf === 0 ? 0 : (this.#tree.last[leaf - 1]! + 1) >>> 0;
  }

  #end(leaf: number): number {
    return (this.#tree.last[leaf]! + 1) >>> 0;
  }

  #hit(point: number, exchange: number, mirror: number, hits: QuadHits): void {
    const original = this.#tree.original;
    const quad = this.#size * (original ? original[point]! : point);
    const place = hits.grow();
    this.#stars.direction(this.#quads[quad + exchange]!, hits.vectors, 6 * place);
    this.#stars.direction(this.#quads[quad + 1 - exchange]!, hits.vectors, 6 * place + 3);
    hits.parity[place] = -mirror;
  }
}

/** Whether a point is farther outside the circle over AB than a match allows. */
function outside(re: number, im: number, tolerance: number): boolean {
  return Math.hypot(re - 0.5, im) > 0.5 + 1.5 * tolerance;
}
