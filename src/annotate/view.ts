import { DEGREE, raDecToVector, separation } from '../math/sphere.ts';
import type { SolvedImage } from '../objects/field-objects.ts';
import type { Solution } from '../solution.ts';
import { calibrate } from '../wcs/calibration.ts';
import { pixelToSky, tangentWcs, vectorsToPixels } from '../wcs/transform.ts';
import type { Wcs } from '../wcs/wcs.ts';
import type { Point } from './svg.ts';

/** A solved image as it is shown. A `Solution` is one. */
export interface ShownImage extends SolvedImage {
  /** Where the first stored row belongs in the picture. */
  readonly rowOrder: Solution['rowOrder'];
}

/** Beyond this from the tangent point a plane shows nothing sensible, radians. */
const HORIZON = 85 * DEGREE;
/** A distortion polynomial is trusted so far outside the field, in radii. */
const TRUSTED = 1.05;

/** From the sky to a picture with its rows as a viewer shows them, and back. Picture places are {@link Point}s. */
export class View {
  readonly image: ShownImage;
  readonly width: number;
  readonly height: number;
  /** Lengths in the drawing are multiples of this: a thousandth of the longer side, more where the result is small. */
  readonly unit: number;
  /** Unit vector of the centre. */
  readonly centre: Float64Array;
  /** Radius of the cone that holds the picture, radians. */
  readonly radius: number;

  /** @param reduction pixels of the image for one of the result, along an edge */
  constructor(image: ShownImage, reduction = 1) {
    const { wcs, width, height, rowOrder } = image;
    this.image = image;
    this.width = width;
    this.height = height;
    this.unit = Math.max(width, height, 850 * reduction) / 1000;
    const { ra, dec, radius } = calibrate(wcs, width, height, rowOrder);
    this.centre = raDecToVector(ra * DEGREE, dec * DEGREE);
    // Edges may bulge beyond the corners where there is distortion.
    this.radius = 1.02 * radius * DEGREE;
  }

  /** The place of a pixel. */
  place(x: number, y: number): Point {
    return [x + 0.5, this.image.rowOrder === 'bottom-up' ? this.height - 0.5 - y : y + 0.5];
  }

  /** The sky at a place, `[ra, dec]`, degrees. */
  sky([x, y]: Point): [number, number] {
    return pixelToSky(this.image.wcs, ...this.#pixel(x, y));
  }

  /**
   * Places of sky directions, flat `[x0, y0, x1, ...]`, NaN for what lies beyond the horizon.
   * Outside the field the distortion is left out: polynomials run wild there, and lines that go outside are cut anyhow.
   */
  project(vectors: Float64Array): Float64Array {
    const count = vectors.length / 3;
    const { wcs } = this.image;
    const [xs, ys] = [new Float64Array(count), new Float64Array(count)];
    vectorsToPixels(wcs, vectors, xs, ys);
    const { crval, crpix, cd } = wcs;
    const plain: Wcs = { crval, crpix, cd };
    const [plainX, plainY] = [new Float64Array(count), new Float64Array(count)];
    if (wcs.sip !== undefined) vectorsToPixels(plain, vectors, plainX, plainY);
    const out = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) {
      const away = separation(this.centre, vectors.subarray(3 * i, 3 * i + 3));
      const inField = wcs.sip === undefined || (away < TRUSTED * this.radius && !Number.isNaN(xs[i]!));
      const [x, y] = this.place(inField ? xs[i]! : plainX[i]!, inField ? ys[i]! : plainY[i]!);
      out[2 * i] = away > HORIZON ? NaN : x;
      out[2 * i + 1] = y;
    }
    return out;
  }

  /** Unit directions of north and east in the picture at a place, and pixels a degree to the right of it. */
  directions([x, y]: Point): { north: Point; east: Point; pixelsPerDegree: number } {
    const [cd11, cd12, cd21, cd22] = tangentWcs(this.image.wcs, ...this.#pixel(x, y)).cd;
    const determinant = cd11 * cd22 - cd12 * cd21;
    const down = this.image.rowOrder === 'bottom-up' ? -1 : 1;
    const unit = (dx: number, dy: number): Point => {
      const length = Math.hypot(dx, dy);
      return [dx / length, (down * dy) / length];
    };
    return {
      north: unit(-cd12 / determinant, cd11 / determinant),
      east: unit(cd22 / determinant, -cd21 / determinant),
      pixelsPerDegree: 1 / Math.hypot(cd11, cd21),
    };
  }

  #pixel(x: number, y: number): [number, number] {
    return [x - 0.5, this.image.rowOrder === 'bottom-up' ? this.height - 0.5 - y : y - 0.5];
  }
}
