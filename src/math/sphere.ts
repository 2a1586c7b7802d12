/** Radians in one degree: degrees times this are radians, radians divided by it are degrees. */
export const DEGREE: number = Math.PI / 180;

/**
 * Unit vector of a direction: x to RA 0 Dec 0, y to RA 90 Dec 0, z to the north pole.
 *
 * @param ra radians, any range
 * @param dec radians, -pi/2 to pi/2
 * @param out receives `[x, y, z]`; a new array if absent
 * @param at place of x in `out`
 * @returns `out`
 */
export function raDecToVector(
  ra: number,
  dec: number,
  out: Float64Array<ArrayBuffer> = new Float64Array(3),
  at = 0,
): Float64Array<ArrayBuffer> {
  const cosDec = Math.cos(dec);
  out[at] = cosDec * Math.cos(ra);
  out[at + 1] = cosDec * Math.sin(ra);
  out[at + 2] = Math.sin(dec);
  return out;
}

/**
 * Right ascension and declination of a direction.
 *
 * @param vector any length but 0; at a pole without x and y, RA is 0
 * @param at place of x in `vector`
 * @returns `[ra, dec]`, radians, 0 <= ra < 2 pi; as exact near the poles as elsewhere
 */
export function vectorToRaDec(vector: Float64Array, at = 0): [number, number] {
  const x = vector[at]!;
  const y = vector[at + 1]!;
  return [wrap(Math.atan2(y, x), 2 * Math.PI), Math.atan2(vector[at + 2]!, Math.hypot(x, y))];
}

/** {@link vectorToRaDec} in degrees, as the doors of the rooms want it. */
export function vectorToDegrees(vector: Float64Array, at = 0): [number, number] {
  const [ra, dec] = vectorToRaDec(vector, at);
  return [ra / DEGREE, dec / DEGREE];
}

/** `angle` brought into 0 <= angle < `turn` by whole turns. */
export function wrap(angle: number, turn: number): number {
  const rest = angle % turn;
  if (rest >= 0) return rest + 0; // -0 becomes 0
  // A tiny negative angle plus a turn rounds to the turn itself.
  const positive = rest + turn;
  return positive < turn ? positive : 0;
}

/**
 * Angle between two directions, radians, 0 to pi. Keeps its relative precision from the tiniest angles to 180 degrees,
 * where the arc cosine of the dot product loses half the digits.
 *
 * @param a unit vector, length 3
 * @param b unit vector, length 3
 */
export function separation(a: Float64Array, b: Float64Array): number {
  const [ax, ay, az] = [a[0]!, a[1]!, a[2]!];
  const [bx, by, bz] = [b[0]!, b[1]!, b[2]!];
  const cross = Math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx);
  return Math.atan2(cross, ax * bx + ay * by + az * bz);
}

/**
 * Position angle of one direction seen from another: 0 to the north, growing to the east.
 *
 * @param from unit vector; at an exact pole "north" is meant for RA 0
 * @param to unit vector
 * @returns radians, -pi to pi; 0 if both are the same
 */
export function positionAngle(from: Float64Array, to: Float64Array): number {
  const [x, y, z] = [from[0]!, from[1]!, from[2]!];
  const [dx, dy, dz] = [to[0]! - x, to[1]! - y, to[2]! - z];
  const rho = Math.hypot(x, y);
  const cosRa = rho === 0 ? 1 : x / rho;
  const sinRa = rho === 0 ? 0 : y / rho;
  // The difference of the vectors, not `to` itself: nothing cancels when the two are close.
  return Math.atan2(cosRa * dy - sinRa * dx, rho * dz - z * (cosRa * dx + sinRa * dy));
}

/**
 * The direction halfway between two directions.
 *
 * @param a unit vector
 * @param b unit vector
 * @returns unit vector; undefined if the two are opposite
 */
export function midpoint(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> | undefined {
  const x = a[0]! + b[0]!;
  const y = a[1]! + b[1]!;
  const z = a[2]! + b[2]!;
  const length = Math.hypot(x, y, z);
  // Rounding leaves about 1e-16 of opposite unit vectors: no direction is left in it.
  return length < 1e-15 ? undefined : Float64Array.of(x / length, y / length, z / length);
}
