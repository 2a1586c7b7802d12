import { toDegrees, toRadians, wrap360 } from './angle.ts';

/**
 * Mean place of an epoch to the mean place of J2000.0, by precession alone (IAU 1976).
 *
 * Good to an arcsecond between 1850 and 2150; nutation and aberration (some 20 arcsec) and the E-terms of
 * the B1950 catalogues are left out: this serves pointings, which are rougher.
 *
 * @param raDeg right ascension at the epoch, degrees
 * @param decDeg declination at the epoch, degrees
 * @param epoch Julian year, such as 2025.4
 * @returns J2000 degrees
 * @see Lieske, Lederle, Fricke & Morando 1977, A&A 58, 1, with the starting epoch J2000.0, run backwards
 */
export function precessToJ2000(raDeg: number, decDeg: number, epoch: number): { raDeg: number; decDeg: number } {
  const t = (epoch - 2000) / 100;
  const arcsec = (linear: number, square: number, cube: number): number =>
    toRadians((((cube * t + square) * t + linear) * t) / 3600);
  const zeta = arcsec(2306.2181, 0.30188, 0.017998);
  const z = arcsec(2306.2181, 1.09468, 0.018203);
  const theta = arcsec(2004.3109, -0.42665, -0.041833);

  const ra = toRadians(raDeg) - z;
  const dec = toRadians(decDeg);
  const x = Math.cos(dec) * Math.cos(ra);
  const y = Math.cos(dec) * Math.sin(ra);
  const up = Math.sin(dec);
  const tilted = Math.cos(theta) * x + Math.sin(theta) * up;
  const height = -Math.sin(theta) * x + Math.cos(theta) * up;
  return {
    raDeg: wrap360(toDegrees(Math.atan2(y, tilted) - zeta)),
    decDeg: toDegrees(Math.atan2(height, Math.hypot(tilted, y))),
  };
}
