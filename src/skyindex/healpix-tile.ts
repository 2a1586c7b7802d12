import { directionToFace, faceToDirection } from '../math/healpix.ts';
import { separation } from '../math/sphere.ts';

/**
 * A HEALPix tile in Astrometry.net's own numbering, which is neither ring nor nested: face by face, within a face
 * `x * nside + y`, x growing to the north-east and y to the north-west.
 */
export interface HealpixTile {
  /** Tiles along a side of one of the twelve base ones. */
  readonly nside: number;
  /** 0 to 12 nside² - 1: the `HEALPIX` card, and the YY in `index-52XX-YY.fits`. */
  readonly number: number;
}

const place = new Float64Array(3);

/** Number of the tile in which a direction lies. */
export function tileNumber(x: number, y: number, z: number, nside: number): number {
  directionToFace(x, y, z, place);
  return (place[0]! * nside + Math.floor(place[1]! * nside)) * nside + Math.floor(place[2]! * nside);
}

/** The direction of a place in a tile, `u` and `v` 0 to 1; 0.5 for both is its centre. */
export function tileDirection({ nside, number }: HealpixTile, u = 0.5, v = 0.5): Float64Array<ArrayBuffer> {
  const y = number % nside;
  const x = Math.floor(number / nside) % nside;
  const face = Math.floor(number / (nside * nside));
  const out = new Float64Array(3);
  faceToDirection(face, (x + u) / nside, (y + v) / nside, out);
  return out;
}

/** Points a side of a tile on which the distance to its border is measured. */
const BORDER_POINTS = 16;

/**
 * How far a direction is from a tile, radians: 0 inside; outside, the distance to the border, right within 1/16 of a side.
 */
export function distanceToTile(direction: Float64Array, tile: HealpixTile): number {
  if (tileNumber(direction[0]!, direction[1]!, direction[2]!, tile.nside) === tile.number) return 0;
  return distanceToBorder(direction, tile);
}

/** How far a direction is from the border of a tile, radians, inside or outside. */
export function distanceToBorder(direction: Float64Array, tile: HealpixTile): number {
  let least = Infinity;
  for (let i = 0; i <= BORDER_POINTS; i++) {
    const part = i / BORDER_POINTS;
    for (const [u, v] of [
      [part, 0],
      [part, 1],
      [0, part],
      [1, part],
    ] as const) {
      least = Math.min(least, separation(direction, tileDirection(tile, u, v)));
    }
  }
  return least;
}
