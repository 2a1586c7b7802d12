import { DEGREE, positionAngle, raDecToVector, separation, vectorToDegrees, wrap } from '../math/sphere.ts';
import { pixelToSky, pixelsToVectors, skyToPixel, tangentWcs, vectorsToPixels } from '../wcs/transform.ts';
import type { Wcs } from '../wcs/wcs.ts';
import type { ObjectCatalogue, ObjectFilter } from './object-catalogue.ts';
import type { SkyObject } from './sky-object.ts';

/** An image and where it lies: a `Solution` is one. */
export interface SolvedImage {
  /** Where its pixels are in the sky. */
  readonly wcs: Wcs;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** An object of the catalogue and where it lies in an image. */
export interface FieldObject extends SkyObject {
  /** Pixel of its centre along the rows, 0-based; may lie outside the image. */
  readonly x: number;
  /** Pixel of its centre across the rows, counting stored rows. */
  readonly y: number;
  /** Whether its centre lies in the image; if not, its outline reaches in. */
  readonly centreInside: boolean;
  /** Length of the longer axis, pixels. */
  readonly majorPx?: number;
  /** Length of the shorter axis, pixels. */
  readonly minorPx?: number;
  /** Direction of the longer axis in pixels: degrees from +x towards +y, 0 to 180. */
  readonly anglePx?: number;
}

/** Points of an outline: a big circle drawn by them is nowhere 0.2 % of its radius off. */
const OUTLINE_POINTS = 72;
/** Points along each edge when the farthest from the centre is looked for: with distortion it need not be a corner. */
const EDGE_POINTS = 9;

/**
 * Objects in an image, brightest first: centres and outlines that reach in.
 *
 * @param image a plain TAN or SIP image; nothing is said of its quality
 */
export function fieldObjects(catalogue: ObjectCatalogue, image: SolvedImage, filter: ObjectFilter = {}): FieldObject[] {
  const { wcs } = image;
  const { centre, radius } = coneOf(image);
  const [ra, dec] = vectorToDegrees(centre);
  const found: FieldObject[] = [];
  for (const object of catalogue.within(ra, dec, radius / DEGREE, filter)) {
    const pixel = skyToPixel(wcs, object.ra, object.dec);
    if (pixel === undefined) continue;
    const [x, y] = pixel;
    // Far outside, a distortion polynomial may fold the sky back into the image: only what comes back the same counts.
    const away = separation(vectorOf(...pixelToSky(wcs, x, y)), vectorOf(object.ra, object.dec));
    if (away > 1e-6) continue;
    const centreInside = contains(image, x, y);
    if (!centreInside && !reachesIn(image, object)) continue;
    found.push({ ...object, x, y, centreInside, ...axesInPixels(wcs, object, x, y) });
  }
  return found;
}

/**
 * The outline of an object on the sky, closed: the ellipse of its axes and position angle.
 *
 * @returns unit vectors, flat; undefined if its size is not known
 */
export function outlineOf(object: SkyObject): Float64Array | undefined {
  const { majorArcmin: major, minorArcmin: minor = major, positionAngle: angle = 0 } = object;
  if (major === undefined || minor === undefined) return undefined;
  const [a, b] = [(major / 120) * DEGREE, (minor / 120) * DEGREE];
  const outline = new Float64Array(3 * (OUTLINE_POINTS + 1));
  for (let i = 0; i <= OUTLINE_POINTS; i++) {
    const t = ((i % OUTLINE_POINTS) * 2 * Math.PI) / OUTLINE_POINTS;
    const [along, across] = [a * Math.cos(t), b * Math.sin(t)];
    moveOnSky(object, Math.hypot(along, across), angle * DEGREE + Math.atan2(across, along), outline, 3 * i);
  }
  return outline;
}

/** The direction that lies `distance` from an object towards the position angle `angle`, radians both. */
function moveOnSky(from: SkyObject, distance: number, angle: number, out: Float64Array, at: number): void {
  const [ra, dec] = [from.ra * DEGREE, from.dec * DEGREE];
  const [north, east] = [Math.sin(distance) * Math.cos(angle), Math.sin(distance) * Math.sin(angle)];
  const straight = Math.cos(distance);
  const level = straight * Math.cos(dec) - north * Math.sin(dec);
  out[at] = level * Math.cos(ra) - east * Math.sin(ra);
  out[at + 1] = level * Math.sin(ra) + east * Math.cos(ra);
  out[at + 2] = straight * Math.sin(dec) + north * Math.cos(dec);
}

/** Whether a pixel lies within the outer edges of the image. */
function contains({ width, height }: SolvedImage, x: number, y: number): boolean {
  return x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5;
}

/** Whether the outline of an object whose centre lies outside crosses the image or holds it. */
function reachesIn(image: SolvedImage, object: SkyObject): boolean {
  const outline = outlineOf(object);
  if (outline === undefined) return false;
  const count = outline.length / 3;
  const [xs, ys] = [new Float64Array(count), new Float64Array(count)];
  vectorsToPixels(image.wcs, outline, xs, ys);
  for (let i = 0; i < count; i++) if (contains(image, xs[i]!, ys[i]!)) return true;
  const middle = pixelToSky(image.wcs, (image.width - 1) / 2, (image.height - 1) / 2);
  return holds(object, vectorOf(...middle));
}

/** Whether a direction lies inside the ellipse of an object. */
function holds(object: SkyObject, direction: Float64Array): boolean {
  const { majorArcmin: major = 0, minorArcmin: minor = major, positionAngle: angle = 0 } = object;
  const centre = vectorOf(object.ra, object.dec);
  const distance = separation(centre, direction) / DEGREE;
  const turn = positionAngle(centre, direction) - angle * DEGREE;
  return Math.hypot((distance * Math.cos(turn)) / (major / 120), (distance * Math.sin(turn)) / (minor / 120)) <= 1;
}

/** Axes of the outline, by the scale and direction that the image has at its centre. */
function axesInPixels(
  wcs: Wcs,
  object: SkyObject,
  x: number,
  y: number,
): Pick<FieldObject, 'majorPx' | 'minorPx' | 'anglePx'> {
  const { majorArcmin: major, minorArcmin: minor = major, positionAngle: angle = 0 } = object;
  if (major === undefined || minor === undefined) return {};
  const [cd11, cd12, cd21, cd22] = tangentWcs(wcs, x, y).cd;
  const determinant = cd11 * cd22 - cd12 * cd21;
  const [xi, eta] = [Math.sin(angle * DEGREE), Math.cos(angle * DEGREE)];
  const [dx, dy] = [(cd22 * xi - cd12 * eta) / determinant, (cd11 * eta - cd21 * xi) / determinant];
  const scale = Math.sqrt(Math.abs(determinant));
  return {
    majorPx: (major / 60) * Math.hypot(dx, dy),
    minorPx: minor / 60 / scale,
    anglePx: wrap(Math.atan2(dy, dx) / DEGREE, 180),
  };
}

/** The cone that holds the whole image. */
function coneOf({ wcs, width, height }: SolvedImage): { centre: Float64Array; radius: number } {
  const centre = vectorOf(...pixelToSky(wcs, (width - 1) / 2, (height - 1) / 2));
  const xs: number[] = [];
  const ys: number[] = [];
  for (let i = 0; i < EDGE_POINTS; i++) {
    const [x, y] = [(width * i) / (EDGE_POINTS - 1) - 0.5, (height * i) / (EDGE_POINTS - 1) - 0.5];
    xs.push(x, x, -0.5, width - 0.5);
    ys.push(-0.5, height - 0.5, y, y);
  }
  const edge = new Float64Array(3 * xs.length);
  pixelsToVectors(wcs, Float64Array.from(xs), Float64Array.from(ys), edge);
  let radius = 0;
  for (let i = 0; i < edge.length; i += 3) radius = Math.max(radius, separation(centre, edge.subarray(i, i + 3)));
  return { centre, radius };
}

function vectorOf(raDeg: number, decDeg: number): Float64Array {
  return raDecToVector(raDeg * DEGREE, decDeg * DEGREE);
}
