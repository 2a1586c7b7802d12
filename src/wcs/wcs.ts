/**
 * A gnomonic (TAN) world coordinate system with optional SIP distortion.
 * Pixels are 0-based with integers at pixel centres, y counting stored rows; sky is ICRS degrees.
 * Forward: (u, v) = pixel - crpix; (U, V) = (u + A(u, v), v + B(u, v)); (xi, eta) = CD (U, V), degrees; then TAN about crval.
 *
 * @see Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3; Shupe et al. 2005, ADASS XIV
 */
export interface Wcs {
  /** Tangent point, [ra, dec], degrees. */
  readonly crval: readonly [number, number];
  /** Reference pixel, 0-based. */
  readonly crpix: readonly [number, number];
  /** CD matrix, degrees per pixel: [CD1_1, CD1_2, CD2_1, CD2_2]. */
  readonly cd: readonly [number, number, number, number];
  /** Distortion; absent for plain TAN. */
  readonly sip?: Sip;
}

/**
 * SIP polynomials of one order: A_p_q multiplies u^p v^q, 0 <= p + q <= order.
 * Coefficients lie in rows of constant p: p = 0 (q = 0..order), p = 1 (q = 0..order-1), ...: (order + 1)(order + 2) / 2 numbers.
 */
export interface Sip {
  /** Order of `a` and `b`. */
  readonly order: number;
  /** What is added to u, pixels. */
  readonly a: Float64Array;
  /** What is added to v, pixels. */
  readonly b: Float64Array;
  /** Inverse polynomials (AP, BP) in (U, V), same layout; a start for the exact inverse, and written to headers. */
  readonly inverseOrder: number;
  /** What is added to U on the way back. */
  readonly ap: Float64Array;
  /** What is added to V on the way back. */
  readonly bp: Float64Array;
}

/** Determinant of the CD matrix, square degrees per square pixel: negative for a usual FITS image, positive for a mirrored one. */
export function determinant(wcs: Wcs): number {
  const [cd11, cd12, cd21, cd22] = wcs.cd;
  return cd11 * cd22 - cd12 * cd21;
}
