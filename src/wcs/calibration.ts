import { DEGREE, separation, wrap } from '../math/sphere.ts';
import type { Calibration } from '../solution.ts';
import { pixelsToVectors, pixelToSky, tangentWcs } from './transform.ts';
import { determinant } from './wcs.ts';
import type { Wcs } from './wcs.ts';

/**
 * The numbers people ask of a WCS. `docs/orientation.md` defines the angles and has test vectors.
 *
 * @param width of the image, pixels; its outer edges lie at -0.5 and width - 0.5
 * @param height of the image, pixels
 * @param rowOrder how the picture is shown: y upwards (`bottom-up`, FITS) or downwards (`top-down`)
 */
export function calibrate(wcs: Wcs, width: number, height: number, rowOrder: 'bottom-up' | 'top-down'): Calibration {
  const x = (width - 1) / 2;
  const y = (height - 1) / 2;
  const centre = tangentWcs(wcs, x, y);
  const [, cd12, , cd22] = centre.cd;
  const orientation = Math.atan2(cd12, cd22) / DEGREE;
  const parity = signOfDeterminant(wcs);
  const [left, right, bottom, top] = [-0.5, width - 0.5, -0.5, height - 0.5];
  const vectors = pixelsToVectors(
    wcs,
    Float64Array.of(x, left, right, x, x, left, right, right, left),
    Float64Array.of(y, y, y, bottom, top, bottom, bottom, top, top),
    new Float64Array(27),
  );
  const angle = (i: number, j: number): number =>
    separation(vectors.subarray(3 * i, 3 * i + 3), vectors.subarray(3 * j, 3 * j + 3)) / DEGREE;
  return {
    ra: centre.crval[0],
    dec: centre.crval[1],
    radius: Math.max(angle(0, 5), angle(0, 6), angle(0, 7), angle(0, 8)),
    pixelScale: 3600 * Math.sqrt(Math.abs(determinant(centre))),
    orientation,
    parity,
    positionAngle: wrap(rowOrder === 'bottom-up' ? orientation : orientation + 180, 360),
    mirrored: rowOrder === 'bottom-up' ? parity === 1 : parity === -1,
    fieldWidth: angle(1, 2),
    fieldHeight: angle(3, 4),
  };
}

/**
 * Sky positions of the outer corners of the four corner pixels.
 *
 * @returns four times `[ra, dec]`, degrees: at (-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5) and
 *   (-0.5, height - 0.5)
 */
export function corners(wcs: Wcs, width: number, height: number): [number, number][] {
  const right = width - 0.5;
  const top = height - 0.5;
  return [
    pixelToSky(wcs, -0.5, -0.5),
    pixelToSky(wcs, right, -0.5),
    pixelToSky(wcs, right, top),
    pixelToSky(wcs, -0.5, top),
  ];
}

/**
 * The `orientation` that nova.astrometry.net computes from a WCS file: the position angle of the +y axis, degrees east of
 * north, -180 to 180, from the CD matrix alone. It differs from {@link Calibration.orientation}, which is that of the image
 * centre on the true sky, if there is distortion or the reference pixel is not the centre. For JPEG, PNG and GIF uploads
 * nova's replies hold 180 minus this instead.
 */
export function novaOrientation(wcs: Wcs): number {
  const parity = signOfDeterminant(wcs);
  const [cd11, cd12, cd21, cd22] = wcs.cd;
  return -Math.atan2(parity * cd21 - cd12, parity * cd11 + cd22) / DEGREE;
}

function signOfDeterminant(wcs: Wcs): 1 | -1 {
  return determinant(wcs) >= 0 ? 1 : -1;
}
