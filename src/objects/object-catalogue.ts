import { faceToDirection } from '../math/healpix.ts';
import { DEGREE, raDecToVector } from '../math/sphere.ts';
import { CELLS_PER_SIDE, CELL_COUNT, LARGE_ARCMIN, NO_ANGLE, NO_MAGNITUDE } from './object-file.ts';
import { readObjectFile, unpackDec, unpackRa } from './object-file.ts';
import type { ObjectFile } from './object-file.ts';
import { OBJECT_TYPES } from './sky-object.ts';
import type { ObjectType, SkyObject } from './sky-object.ts';

/** Which objects are wanted. */
export interface ObjectFilter {
  /** None fainter than this. Objects whose magnitude is not known stay: most nebulae have none. */
  readonly maxMag?: number | undefined;
  /** These alone; all if absent. */
  readonly types?: readonly ObjectType[] | undefined;
  /** None whose longer axis is shorter, arcmin. Stars, and what has no known size, go out too. */
  readonly minSizeArcmin?: number | undefined;
}

/** No corner of a cell is farther from its centre, radians: 0.2513 over 300,000 random directions. */
const CELL_RADIUS = 0.26;

const TEXT = new TextDecoder();

/** Designations people use. Others, and those of stars, give way to names. */
const USUAL = /^(?:M|NGC|IC|B) \d/;

/** Stars and deep-sky objects of the whole sky, found by place. Names are decoded for what is found alone. */
export class ObjectCatalogue {
  readonly #file: ObjectFile;
  readonly #cells: Float64Array = new Float64Array(3 * CELL_COUNT);

  /**
   * @param name what errors call the bytes
   * @throws {SolveError} `INDEX_CORRUPT`
   */
  constructor(bytes: Uint8Array, name: string) {
    this.#file = readObjectFile(bytes, name);
    for (let cell = 0; cell < CELL_COUNT; cell++) {
      const column = cell % CELLS_PER_SIDE;
      const rows = (cell - column) / CELLS_PER_SIDE;
      const row = rows % CELLS_PER_SIDE;
      const face = (rows - row) / CELLS_PER_SIDE;
      faceToDirection(face, (column + 0.5) / CELLS_PER_SIDE, (row + 0.5) / CELLS_PER_SIDE, this.#cells, 3 * cell);
    }
  }

  /** Number of objects. */
  get count(): number {
    return this.#file.count;
  }

  /**
   * Objects in a cone, brightest first: their centres, or their outlines taken as circles, lie in it.
   *
   * @param raDeg centre, ICRS degrees
   * @param radiusDeg 0 to 180 degrees
   */
  within(raDeg: number, decDeg: number, radiusDeg: number, filter: ObjectFilter = {}): SkyObject[] {
    const { first } = this.#file;
    const centre = raDecToVector(raDeg * DEGREE, decDeg * DEGREE);
    const reach = radiusDeg * DEGREE + CELL_RADIUS + (LARGE_ARCMIN / 120) * DEGREE;
    const limit = Math.cos(Math.min(Math.PI, reach));
    const found: SkyObject[] = [];
    for (let cell = 0; cell <= CELL_COUNT; cell++) {
      const near = cell === CELL_COUNT || dot(this.#cells, 3 * cell, centre) >= limit;
      if (near) this.#collect(first[cell]!, first[cell + 1]!, centre, radiusDeg, filter, found);
    }
    return found.sort((a, b) => (a.magnitude ?? Infinity) - (b.magnitude ?? Infinity) || compareNames(a, b));
  }

  #collect(
    from: number,
    to: number,
    centre: Float64Array,
    radiusDeg: number,
    filter: ObjectFilter,
    out: SkyObject[],
  ): void {
    const { ra, dec, magnitude, major, type } = this.#file;
    const { maxMag = Infinity, minSizeArcmin = 0, types } = filter;
    const vector = new Float64Array(3);
    const decDeg = Math.asin(Math.max(-1, Math.min(1, centre[2]!))) / DEGREE;
    for (let i = from; i < to; i++) {
      const reach = Math.min(180, radiusDeg + major[i]! / 12000);
      // Most are out by their declination alone: cheaper than sines.
      if (Math.abs(unpackDec(dec[i]!) - decDeg) > reach + 1e-6) continue;
      const known = magnitude[i] !== NO_MAGNITUDE;
      if ((known && magnitude[i]! > 100 * maxMag) || major[i]! < 100 * minSizeArcmin) continue;
      if (types !== undefined && !types.includes(OBJECT_TYPES[type[i]!] ?? 'other')) continue;
      raDecToVector(unpackRa(ra[i]!) * DEGREE, unpackDec(dec[i]!) * DEGREE, vector);
      if (dot(vector, 0, centre) >= Math.cos(reach * DEGREE)) out.push(this.#object(i));
    }
  }

  #object(i: number): SkyObject {
    const { ra, dec, nameAt, magnitude, major, minor, type, angle, names } = this.#file;
    const [first = '', second = ''] = TEXT.decode(names.subarray(nameAt[i], nameAt[i + 1])).split('\t');
    const designations = first.split('|');
    const commonNames = second === '' ? [] : second.split('|');
    const kind = OBJECT_TYPES[type[i]!] ?? 'other';
    return {
      name: (USUAL.test(first) ? undefined : commonNames[0]) ?? designations[0] ?? '',
      designations,
      commonNames,
      type: kind,
      ra: unpackRa(ra[i]!),
      dec: unpackDec(dec[i]!),
      ...(magnitude[i] === NO_MAGNITUDE ? {} : { magnitude: magnitude[i]! / 100 }),
      ...(major[i] === 0 ? {} : { majorArcmin: major[i]! / 100, minorArcmin: minor[i]! / 100 }),
      ...(angle[i] === NO_ANGLE ? {} : { positionAngle: angle[i]! }),
    };
  }
}

function compareNames(a: SkyObject, b: SkyObject): number {
  return a.name < b.name ? -1 : 1;
}

function dot(vectors: Float64Array, at: number, other: Float64Array): number {
  return vectors[at]! * other[0]! + vectors[at + 1]! * other[1]! + vectors[at + 2]! * other[2]!;
}
