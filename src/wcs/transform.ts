import { SolveError } from '../errors.ts';
import { DEGREE, vectorToRaDec, wrap } from '../math/sphere.ts';
import { evaluateSip, evaluateSipSlopes, invertSip } from './sip.ts';
import { projectTanPoint, tangentFrame, tangentFrameAt, unprojectTanPoint } from './tan.ts';
import type { TangentFrame } from './tan.ts';
import type { Wcs } from './wcs.ts';

/**
 * Sky position of a pixel; for many pixels, {@link pixelsToVectors} is faster.
 *
 * @param x pixel, 0-based; may lie outside the image
 * @param y pixel, 0-based, counting stored rows
 * @returns `[ra, dec]`, ICRS degrees, 0 <= ra < 360
 */
export function pixelToSky(wcs: Wcs, x: number, y: number): [number, number] {
  return degrees(pixelsToVectors(wcs, Float64Array.of(x), Float64Array.of(y), new Float64Array(3)));
}

/**
 * Pixel of a sky position; for many, {@link vectorsToPixels} is faster. Exact to 1e-9 pixel against {@link pixelToSky}.
 *
 * @param raDeg ICRS degrees, any range
 * @param decDeg ICRS degrees
 * @returns `[x, y]`, 0-based, wherever the position falls, in the image or not; undefined 90 degrees or more from the
 *   tangent point and where the distortion has no inverse
 */
export function skyToPixel(wcs: Wcs, raDeg: number, decDeg: number): [number, number] | undefined {
  // The first vector of a frame is its centre.
  const vector = tangentFrameAt(raDeg, decDeg).subarray(0, 3);
  const outX = new Float64Array(1);
  const outY = new Float64Array(1);
  vectorsToPixels(wcs, vector, outX, outY);
  const x = outX[0]!;
  return Number.isNaN(x) ? undefined : [x, outY[0]!];
}

/**
 * Sky directions of pixels.
 *
 * @param xs pixels, 0-based, n numbers
 * @param ys pixels, 0-based, n numbers
 * @param out receives unit vectors, ICRS, flat, 3n numbers
 * @returns `out`
 * @throws {SolveError} `BAD_ARGUMENT` if the lengths disagree
 */
export function pixelsToVectors(wcs: Wcs, xs: Float64Array, ys: Float64Array, out: Float64Array): Float64Array {
  checkLengths(out, xs, ys);
  const frame = tangentFrameAt(wcs.crval[0], wcs.crval[1]);
  const { sip } = wcs;
  const [x0, y0] = wcs.crpix;
  const [cd11, cd12, cd21, cd22] = wcs.cd;
  for (let i = 0; i < xs.length; i++) {
    let u = xs[i]! - x0;
    let v = ys[i]! - y0;
    if (sip !== undefined) {
      const a = evaluateSip(sip.a, sip.order, u, v);
      v += evaluateSip(sip.b, sip.order, u, v);
      u += a;
    }
    unprojectTanPoint(frame, cd11 * u + cd12 * v, cd21 * u + cd22 * v, out, 3 * i);
  }
  return out;
}

/**
 * Pixels of sky directions.
 *
 * @param vectors unit vectors, ICRS, flat, 3n numbers
 * @param outX receives n pixels, 0-based; NaN where {@link skyToPixel} has no answer
 * @param outY likewise
 * @throws {SolveError} `BAD_ARGUMENT` if the lengths disagree
 */
export function vectorsToPixels(wcs: Wcs, vectors: Float64Array, outX: Float64Array, outY: Float64Array): void {
  checkLengths(vectors, outX, outY);
  const frame = tangentFrameAt(wcs.crval[0], wcs.crval[1]);
  const { sip } = wcs;
  const [x0, y0] = wcs.crpix;
  const [cd11, cd12, cd21, cd22] = wcs.cd;
  const determinant = cd11 * cd22 - cd12 * cd21;
  const point = new Float64Array(2);
  for (let i = 0; i < outX.length; i++) {
    projectTanPoint(frame, vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!, point, 0);
    let u = (cd22 * point[0]! - cd12 * point[1]!) / determinant;
    let v = (cd11 * point[1]! - cd21 * point[0]!) / determinant;
    if (sip !== undefined) {
      const found = invertSip(sip, u, v, point);
      u = found ? point[0]! : NaN;
      v = found ? point[1]! : NaN;
    }
    outX[i] = x0 + u;
    outY[i] = y0 + v;
  }
}

/**
 * The plain TAN WCS that touches `wcs` at a pixel: tangent point, reference pixel and scale there are true, also with
 * distortion and far from the reference point. Its CD matrix says how the image lies on the sky at that pixel.
 *
 * @param x pixel, 0-based
 * @param y pixel, 0-based
 */
export function tangentWcs(wcs: Wcs, x: number, y: number): Wcs {
  const [a, b] = [new Float64Array(3), new Float64Array(3)];
  const u = x - wcs.crpix[0];
  const v = y - wcs.crpix[1];
  if (wcs.sip !== undefined) {
    evaluateSipSlopes(wcs.sip.a, wcs.sip.order, u, v, a, 0);
    evaluateSipSlopes(wcs.sip.b, wcs.sip.order, u, v, b, 0);
  }
  const [cd11, cd12, cd21, cd22] = wcs.cd;
  const xi = cd11 * (u + a[0]!) + cd12 * (v + b[0]!);
  const eta = cd21 * (u + a[0]!) + cd22 * (v + b[0]!);
  const frame = tangentFrameAt(wcs.crval[0], wcs.crval[1]);
  const centre = new Float64Array(3);
  unprojectTanPoint(frame, xi, eta, centre, 0);
  const here = tangentFrame(centre);
  // The direction is (c + xi e + eta n) / length. What its derivative has along itself does not matter, since `here`'s
  // east and north are perpendicular to it; what remains is (dxi e + deta n) / length.
  const length = Math.hypot(1, xi * DEGREE, eta * DEGREE);
  const [eastByXi, eastByEta] = [dot(here, 3, frame, 3) / length, dot(here, 3, frame, 6) / length];
  const [northByXi, northByEta] = [dot(here, 6, frame, 3) / length, dot(here, 6, frame, 6) / length];
  const xiByX = cd11 * (1 + a[1]!) + cd12 * b[1]!;
  const xiByY = cd11 * a[2]! + cd12 * (1 + b[2]!);
  const etaByX = cd21 * (1 + a[1]!) + cd22 * b[1]!;
  const etaByY = cd21 * a[2]! + cd22 * (1 + b[2]!);
  return {
    crval: degrees(centre),
    crpix: [x, y],
    cd: [
      eastByXi * xiByX + eastByEta * etaByX,
      eastByXi * xiByY + eastByEta * etaByY,
      northByXi * xiByX + northByEta * etaByX,
      northByXi * xiByY + northByEta * etaByY,
    ],
  };
}

/** Dot product of the vectors of two frames that start at `i` and `j`. */
function dot(a: TangentFrame, i: number, b: TangentFrame, j: number): number {
  return a[i]! * b[j]! + a[i + 1]! * b[j + 1]! + a[i + 2]! * b[j + 2]!;
}

/** `[ra, dec]`, degrees, 0 <= ra < 360. */
function degrees(vector: Float64Array): [number, number] {
  const [ra, dec] = vectorToRaDec(vector);
  return [wrap(ra / DEGREE, 360), dec / DEGREE];
}

function checkLengths(vectors: Float64Array, xs: Float64Array, ys: Float64Array): void {
  if (ys.length === xs.length && vectors.length === 3 * xs.length) return;
  throw new SolveError(
    'BAD_ARGUMENT',
    `n pixels take n x, n y and 3n vector numbers: there are ${xs.length}, ${ys.length} and ${vectors.length}`,
  );
}
