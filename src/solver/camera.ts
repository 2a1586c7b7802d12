/**
 * An undistorted camera whose axis goes through the centre of the image: pixel offsets (dx, dy) from there look in the
 * direction of `centre + scale (dx right + dy up)`. Twelve numbers:
 * `[centre x y z, right x y z, up x y z, scale]`, the first nine an orthonormal frame (left-handed if the parity is -1),
 * scale in radians per pixel at the centre.
 *
 * A pinhole is exact for wide fields as well, where a plane touching the sky somewhere off the axis would not be.
 */
export type Camera = Float64Array;

export function newCamera(): Camera {
  return new Float64Array(10);
}

/** Far more than a convergent search takes. */
const STEPS = 30;

/**
 * The camera that sees two stars at two pixels.
 *
 * @param ax, ay, bx, by offsets of the two pixels from the image centre
 * @param stars unit vectors of the two stars, six numbers from `at` on
 * @param parity sign of det(CD)
 * @returns false if there is none
 */
export function cameraOfPair(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  stars: Float64Array,
  at: number,
  parity: number,
  out: Camera,
): boolean {
  const sax = stars[at]!;
  const say = stars[at + 1]!;
  const saz = stars[at + 2]!;
  const sbx = stars[at + 3]!;
  const sby = stars[at + 4]!;
  const sbz = stars[at + 5]!;
  const chord = Math.sqrt((sax - sbx) ** 2 + (say - sby) ** 2 + (saz - sbz) ** 2);
  const angle = 2 * Math.asin(Math.min(1, chord / 2));
  const pixels = Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2);
  if (!(angle > 0) || !(pixels > 0)) return false;

  // The angle between two pixels grows with the scale, a little slower than in proportion: repeated proportion converges.
  let scale = angle / pixels;
  const cross = ax * by - ay * bx;
  const dot = ax * bx + ay * by;
  for (let step = 0; ; step++) {
    const s2 = scale * scale;
    const seen = Math.atan2(scale * Math.sqrt(pixels * pixels + s2 * cross * cross), 1 + s2 * dot);
    const ratio = angle / seen;
    scale *= ratio;
    if (Math.abs(ratio - 1) < 1e-10) break;
    if (step === STEPS) return false;
  }

  // Triads of both views: first star, normal of the plane of both, and the third. A mirrored view is turned over first.
  const my = parity;
  const f1 = 1 / Math.sqrt(scale * scale * (ax * ax + ay * ay) + 1);
  const c1x = scale * ax * f1;
  const c1y = scale * ay * my * f1;
  const c1z = f1;
  let c3x = scale * my * (ay - by);
  let c3y = scale * (bx - ax);
  let c3z = scale * scale * my * cross;
  const f3 = 1 / Math.sqrt(c3x * c3x + c3y * c3y + c3z * c3z);
  c3x *= f3;
  c3y *= f3;
  c3z *= f3;
  const c2x = c3y * c1z - c3z * c1y;
  const c2y = c3z * c1x - c3x * c1z;
  const c2z = c3x * c1y - c3y * c1x;
  let s3x = say * sbz - saz * sby;
  let s3y = saz * sbx - sax * sbz;
  let s3z = sax * sby - say * sbx;
  const g3 = 1 / Math.sqrt(s3x * s3x + s3y * s3y + s3z * s3z);
  s3x *= g3;
  s3y *= g3;
  s3z *= g3;
  const s2x = s3y * saz - s3z * say;
  const s2y = s3z * sax - s3x * saz;
  const s2z = s3x * say - s3y * sax;

  out[0] = sax * c1z + s2x * c2z + s3x * c3z;
  out[1] = say * c1z + s2y * c2z + s3y * c3z;
  out[2] = saz * c1z + s2z * c2z + s3z * c3z;
  out[3] = sax * c1x + s2x * c2x + s3x * c3x;
  out[4] = say * c1x + s2y * c2x + s3y * c3x;
  out[5] = saz * c1x + s2z * c2x + s3z * c3x;
  out[6] = my * (sax * c1y + s2x * c2y + s3x * c3y);
  out[7] = my * (say * c1y + s2y * c2y + s3y * c3y);
  out[8] = my * (saz * c1y + s2z * c2y + s3z * c3y);
  out[9] = scale;
  return true;
}

/** The direction of a pixel offset, a unit vector. */
export function directionOfPixel(camera: Camera, dx: number, dy: number, out: Float64Array): void {
  const s = camera[9]!;
  const x = camera[0]! + s * (dx * camera[3]! + dy * camera[6]!);
  const y = camera[1]! + s * (dx * camera[4]! + dy * camera[7]!);
  const z = camera[2]! + s * (dx * camera[5]! + dy * camera[8]!);
  const norm = 1 / Math.sqrt(x * x + y * y + z * z);
  out[0] = x * norm;
  out[1] = y * norm;
  out[2] = z * norm;
}

/**
 * Directions of pixel offsets in the frame of a camera: x to the right, y up, z along its axis.
 *
 * @param scale radians per pixel at the centre
 * @returns unit vectors, `[x0, y0, z0, x1, ...]`
 */
export function directionsOfPixels(x: Float64Array, y: Float64Array, scale: number): Float64Array {
  const out = new Float64Array(3 * x.length);
  for (let i = 0; i < x.length; i++) {
    const norm = 1 / Math.sqrt(scale * scale * (x[i]! * x[i]! + y[i]! * y[i]!) + 1);
    out[3 * i] = x[i]! * scale * norm;
    out[3 * i + 1] = y[i]! * scale * norm;
    out[3 * i + 2] = norm;
  }
  return out;
}
