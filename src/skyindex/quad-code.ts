/**
 * The code of four points: with A and B the most distant pair, the complex numbers c = (C - A) / (B - A) and d likewise.
 * Exchanging A and B turns z into 1 - z, a mirror turns z into its conjugate; of the eight ways to write one quad the
 * *canonical* one has re c <= re d, re c + re d <= 1, im d >= 0.
 *
 * @see Lang et al. 2010, AJ 139, 1782, section 2.1 (there with A = (0, 0), B = (1, 1))
 */

/** Bits of a form: what was done to a code to get it. */
export const EXCHANGED_AB = 1;
export const CONJUGATED = 2;

/**
 * The forms of a code that are canonical, or would be if each number were off by up to `slack`.
 *
 * @param code `[re c, im c, re d, im d]`
 * @param forms receives four numbers a form; room for 8 forms
 * @param how receives {@link EXCHANGED_AB} and {@link CONJUGATED} of each form
 * @returns the number of forms, at least 1
 */
export function canonicalForms(code: Float64Array, slack: number, forms: Float64Array, how: Uint8Array): number {
  let count = 0;
  for (let exchange = 0; exchange < 2; exchange++) {
    const sign = exchange ? -1 : 1;
    const shift = exchange;
    const re0 = shift + sign * code[0]!;
    const im0 = sign * code[1]!;
    const re1 = shift + sign * code[2]!;
    const im1 = sign * code[3]!;
    if (re0 + re1 > 1 + 2 * slack) continue;
    for (let order = 0; order < 2; order++) {
      const rc = order ? re1 : re0;
      const ic = order ? im1 : im0;
      const rd = order ? re0 : re1;
      const id = order ? im0 : im1;
      if (rc > rd + 2 * slack) continue;
      for (let mirror = 0; mirror < 2; mirror++) {
        const flip = mirror ? -1 : 1;
        if (flip * id < -slack) continue;
        forms[4 * count] = rc;
        forms[4 * count + 1] = flip * ic;
        forms[4 * count + 2] = rd;
        forms[4 * count + 3] = flip * id;
        how[count] = (exchange ? EXCHANGED_AB : 0) | (mirror ? CONJUGATED : 0);
        count++;
      }
    }
  }
  return count;
}

/**
 * The code of four stars, on the plane that touches the sky midway between A and B, x to the east and y to the north.
 *
 * @param out receives `[re c, im c, re d, im d]`
 */
export function quadCode(vectors: Float64Array, a: number, b: number, c: number, d: number, out: Float64Array): void {
  let x = vectors[3 * a]! + vectors[3 * b]!;
  let y = vectors[3 * a + 1]! + vectors[3 * b + 1]!;
  let z = vectors[3 * a + 2]! + vectors[3 * b + 2]!;
  const r = Math.hypot(x, y, z);
  x /= r;
  y /= r;
  z /= r;
  // East and north at (x, y, z); any direction will do for east at the pole itself.
  const s = Math.hypot(x, y);
  const ex = s > 0 ? -y / s : 1;
  const ey = s > 0 ? x / s : 0;
  const flat = (star: number): [number, number] => {
    const vx = vectors[3 * star]!;
    const vy = vectors[3 * star + 1]!;
    const vz = vectors[3 * star + 2]!;
    const along = vx * x + vy * y + vz * z;
    // north = direction x east
    return [(vx * ex + vy * ey) / along, (-z * ey * vx + z * ex * vy + (x * ey - y * ex) * vz) / along];
  };
  const [ax, ay] = flat(a);
  const [bx, by] = flat(b);
  const ux = bx - ax;
  const uy = by - ay;
  const norm = ux * ux + uy * uy;
  [c, d].forEach((star, i) => {
    const [px, py] = flat(star);
    out[2 * i] = ((px - ax) * ux + (py - ay) * uy) / norm;
    out[2 * i + 1] = ((py - ay) * ux - (px - ax) * uy) / norm;
  });
}
