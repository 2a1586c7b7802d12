import type { Solution } from '../solution.ts';
import { novaOrientation } from '../wcs/calibration.ts';
import type { Wcs } from '../wcs/wcs.ts';

const BOTTOM_UP = /\.(?:fits?|fts|fz|new|axy|xyls)(?:\.(?:gz|bz2|fz))?$/i;
const TOP_DOWN = /\.(?:jpe?g|png|gif|tiff?|bmp|webp)$/i;

/** Near this, degrees, an orientation and its mirror image are the same. */
const TOO_CLOSE_DEG = 1;

/**
 * Where the first row of an image belongs that was not read here: by its name, or by nova's orientation, which is
 * mirrored for pictures whose rows count downwards (JPEG, PNG, GIF).
 *
 * @param orientation as the server gave it, degrees
 */
export function rowOrderOf(filename: string, wcs: Wcs, orientation: number | undefined): Solution['rowOrder'] {
  if (BOTTOM_UP.test(filename)) return 'bottom-up';
  if (TOP_DOWN.test(filename)) return 'top-down';
  const plain = novaOrientation(wcs);
  const asIs = separation(orientation ?? plain, plain);
  const mirrored = separation(orientation ?? plain, 180 - plain);
  return mirrored + TOO_CLOSE_DEG < asIs ? 'top-down' : 'bottom-up';
}

/** Degrees between two angles, 0 to 180. */
function separation(a: number, b: number): number {
  return Math.abs(((((a - b) % 360) + 540) % 360) - 180);
}
