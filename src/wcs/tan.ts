import { SolveError } from '../errors.ts';
import { DEGREE } from '../math/sphere.ts';

/**
 * The tangent point and the axes of its tangent plane: `[centre, east, north]`, three unit vectors, length 9.
 * Made once, it serves any number of points.
 */
export type TangentFrame = Float64Array;

/**
 * Frame of a tangent point given as a vector.
 *
 * @param centre unit vector, length 3; its x and y tell east from north even where they are tiny, near a pole.
 *   At a pole without x and y, RA is taken to be 0: north then points to RA 180 at the north pole, to RA 0 at the south pole.
 */
export function tangentFrame(centre: Float64Array): TangentFrame {
  const x = centre[0]!;
  const y = centre[1]!;
  const z = centre[2]!;
  const rho = Math.hypot(x, y);
  const cosRa = rho === 0 ? 1 : x / rho;
  const sinRa = rho === 0 ? 0 : y / rho;
  return Float64Array.of(x, y, z, -sinRa, cosRa, 0, -z * cosRa, -z * sinRa, rho);
}

/**
 * Frame of a tangent point given by its coordinates; at the poles RA still says where north is.
 *
 * @param raDeg degrees
 * @param decDeg degrees
 */
export function tangentFrameAt(raDeg: number, decDeg: number): TangentFrame {
  const cosRa = Math.cos(raDeg * DEGREE);
  const sinRa = Math.sin(raDeg * DEGREE);
  const cosDec = Math.cos(decDeg * DEGREE);
  const sinDec = Math.sin(decDeg * DEGREE);
  return Float64Array.of(
    cosDec * cosRa,
    cosDec * sinRa,
    sinDec,
    -sinRa,
    cosRa,
    0,
    -sinDec * cosRa,
    -sinDec * sinRa,
    cosDec,
  );
}

/**
 * Gnomonic projection of one direction; for hot loops.
 *
 * @param frame of the tangent point
 * @param out receives xi, eta at `at` and `at + 1`, degrees, east and north positive; NaN for a direction 90 degrees or
 *   more from the tangent point
 * @see Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3
 */
export function projectTanPoint(
  frame: TangentFrame,
  x: number,
  y: number,
  z: number,
  out: Float64Array,
  at: number,
): void {
  const depth = frame[0]! * x + frame[1]! * y + frame[2]! * z;
  const scale = depth > 0 ? 1 / (depth * DEGREE) : NaN;
  out[at] = scale * (frame[3]! * x + frame[4]! * y + frame[5]! * z);
  out[at + 1] = scale * (frame[6]! * x + frame[7]! * y + frame[8]! * z);
}

/**
 * Direction of one point of the tangent plane; for hot loops.
 *
 * @param frame of the tangent point
 * @param xi degrees, east positive
 * @param eta degrees, north positive
 * @param out receives the unit vector from `at` on
 */
export function unprojectTanPoint(frame: TangentFrame, xi: number, eta: number, out: Float64Array, at: number): void {
  const e = xi * DEGREE;
  const n = eta * DEGREE;
  const scale = 1 / Math.sqrt(1 + e * e + n * n);
  out[at] = scale * (frame[0]! + e * frame[3]! + n * frame[6]!);
  out[at + 1] = scale * (frame[1]! + e * frame[4]! + n * frame[7]!);
  out[at + 2] = scale * (frame[2]! + e * frame[5]! + n * frame[8]!);
}

/**
 * Gnomonic (TAN) projection of sky directions about a tangent point.
 *
 * @param directions unit vectors, ICRS, flat `[x0, y0, z0, x1, ...]`, length 3n
 * @param centre tangent point, unit vector, length 3; see {@link tangentFrame} for the poles
 * @param out receives `[xi0, eta0, xi1, ...]`, degrees, east and north positive, length 2n;
 *   NaN for a direction 90 degrees or more from the centre
 * @returns `out`
 * @throws {SolveError} `BAD_ARGUMENT` if the lengths disagree
 * @see Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3
 */
export function projectTan(directions: Float64Array, centre: Float64Array, out: Float64Array): Float64Array {
  const n = checkLengths(directions, centre, out);
  const frame = tangentFrame(centre);
  for (let i = 0; i < n; i++) {
    projectTanPoint(frame, directions[3 * i]!, directions[3 * i + 1]!, directions[3 * i + 2]!, out, 2 * i);
  }
  return out;
}

/**
 * Sky directions of points of a tangent plane: the inverse of {@link projectTan}.
 *
 * @param plane `[xi0, eta0, xi1, ...]`, degrees, east and north positive, length 2n
 * @param centre tangent point, unit vector, length 3
 * @param out receives unit vectors, flat, length 3n
 * @returns `out`
 * @throws {SolveError} `BAD_ARGUMENT` if the lengths disagree
 */
export function unprojectTan(plane: Float64Array, centre: Float64Array, out: Float64Array): Float64Array {
  const n = checkLengths(out, centre, plane);
  const frame = tangentFrame(centre);
  for (let i = 0; i < n; i++) unprojectTanPoint(frame, plane[2 * i]!, plane[2 * i + 1]!, out, 3 * i);
  return out;
}

/** The number of points, if all agree on it. */
function checkLengths(directions: Float64Array, centre: Float64Array, plane: Float64Array): number {
  const n = directions.length / 3;
  if (centre.length !== 3 || !Number.isInteger(n) || plane.length !== 2 * n) {
    throw new SolveError(
      'BAD_ARGUMENT',
      `TAN takes 3n, 3 and 2n numbers: directions have ${directions.length}, the centre ${centre.length}, the plane ${plane.length}`,
    );
  }
  return n;
}
