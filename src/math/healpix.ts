/**
 * HEALPix faces with continuous coordinates inside them.
 *
 * The sphere is cut into 12 faces; a place on a face is (x, y), both in 0..1, growing to the north-east and north-west.
 * Equal areas of the unit square are equal areas of the sky, so a grid of n by n squares on each face is the
 * HEALPix tiling with nside n, and integer steps finer than that are positions.
 *
 * @see Górski et al. 2005, ApJ 622, 759, sections 4 and 5
 */

/** Row of each face's southernmost corner, in units of nside. */
const RING = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4] as const;
/** Longitude of each face's corner, in units of pi / 4. */
const LONGITUDE = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7] as const;

/** Keeps a place on its face when rounding pushes it onto the far edge. */
const INSIDE = 1 - 2 ** -40;

/**
 * The face and place of a direction.
 *
 * @param out receives `[face, x, y]`, x and y in 0 <= v < 1
 */
export function directionToFace(x: number, y: number, z: number, out: Float64Array): void {
  let turn = Math.atan2(y, x) / (Math.PI / 2);
  if (turn < 0) turn += 4;
  if (turn >= 4) turn -= 4;
  const height = Math.abs(z);
  let face: number;
  let u: number;
  let v: number;
  if (height <= 2 / 3) {
    const rising = 0.5 + turn - 0.75 * z;
    const falling = 0.5 + turn + 0.75 * z;
    const i = Math.floor(rising);
    const j = Math.floor(falling);
    face = i === j ? (i & 3) + 4 : i < j ? i & 3 : (j & 3) + 8;
    u = falling - j;
    v = 1 - (rising - i);
  } else {
    const quarter = Math.min(3, Math.floor(turn));
    const part = turn - quarter;
    // 1 - |z| loses digits near the pole; x² + y² = (1 - |z|)(1 + |z|) does not.
    const distance = Math.sqrt((3 * (x * x + y * y)) / (1 + height));
    const a = part * distance;
    const b = (1 - part) * distance;
    face = z > 0 ? quarter : quarter + 8;
    u = z > 0 ? 1 - b : a;
    v = z > 0 ? 1 - a : b;
  }
  out[0] = face;
  out[1] = Math.min(Math.max(u, 0), INSIDE);
  out[2] = Math.min(Math.max(v, 0), INSIDE);
}

/**
 * The direction of a place on a face.
 *
 * @param u, v 0..1
 * @param out receives the unit vector at `at`, `at + 1`, `at + 2`
 */
export function faceToDirection(face: number, u: number, v: number, out: Float64Array, at: number = 0): void {
  const ring = RING[face]! - u - v;
  let width = 1;
  let z: number;
  let radius: number;
  if (ring < 1) {
    width = ring;
    z = 1 - (ring * ring) / 3;
    radius = ring * Math.sqrt((2 - (ring * ring) / 3) / 3);
  } else if (ring > 3) {
    width = 4 - ring;
    z = (width * width) / 3 - 1;
    radius = width * Math.sqrt((2 - (width * width) / 3) / 3);
  } else {
    z = ((2 - ring) * 2) / 3;
    radius = Math.sqrt(1 - z * z);
  }
  const longitude = width > 0 ? ((LONGITUDE[face]! * width + u - v) * (Math.PI / 4)) / width : 0;
  out[at] = radius * Math.cos(longitude);
  out[at + 1] = radius * Math.sin(longitude);
  out[at + 2] = z;
}
