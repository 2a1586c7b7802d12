// A sky that goes deeper than the bundled catalogue: seeded stars in patches, and fields of it as a narrow camera would see them.
import { raDecToVector } from '../dist/math/sphere.js';
import { gaussian, seededRandom, toSources } from './sky.mjs';

/**
 * Patches of stars, 500 to 6,000 a square degree, with as many more for each magnitude as the real sky has.
 *
 * @returns {{ vectors: Float64Array, magnitude: Float32Array, ra: Float64Array, dec: Float64Array, centres: [number, number][] }}
 */
export function drawPatches(seed, patches, radiusDeg = 1) {
  const random = seededRandom(seed);
  const ra = [];
  const dec = [];
  const magnitude = [];
  const centres = [];
  for (let patch = 0; patch < patches; patch++) {
    // The first ones lie where things go wrong: RA 0, the poles.
    const special = [
      [0, 5],
      [120, 89.7],
      [300, -89.8],
    ][patch];
    const ra0 = special?.[0] ?? 360 * random();
    const dec0 = special?.[1] ?? (Math.asin(2 * random() - 1) * 180) / Math.PI;
    centres.push([ra0, dec0]);
    const density = 500 * 12 ** random();
    const count = Math.round(density * Math.PI * radiusDeg ** 2);
    for (let i = 0; i < count; i++) {
      const r = radiusDeg * Math.sqrt(random());
      const angle = 2 * Math.PI * random();
      const [a, d] = offset(ra0, dec0, r, angle);
      ra.push(a);
      dec.push(d);
      magnitude.push(18 + Math.log10(random() + 1e-6) / 0.35);
    }
  }
  const vectors = new Float64Array(3 * ra.length);
  ra.forEach((a, i) => raDecToVector((a * Math.PI) / 180, (dec[i] * Math.PI) / 180, vectors, 3 * i));
  return {
    vectors,
    magnitude: Float32Array.from(magnitude),
    ra: Float64Array.from(ra),
    dec: Float64Array.from(dec),
    centres,
  };
}

/** The place `r` degrees from another, at a position angle. */
function offset(ra, dec, r, angle) {
  const rad = Math.PI / 180;
  const sinDec = Math.sin(dec * rad) * Math.cos(r * rad) + Math.cos(dec * rad) * Math.sin(r * rad) * Math.cos(angle);
  const east = Math.atan2(
    Math.sin(angle) * Math.sin(r * rad) * Math.cos(dec * rad),
    Math.cos(r * rad) - Math.sin(dec * rad) * sinDec,
  );
  return [(ra + east / rad + 720) % 360, Math.asin(Math.max(-1, Math.min(1, sinDec))) / rad];
}

/**
 * A source list of a piece of a patch: any rotation, either parity, 0.1 to 0.5 pixels of error, 0.3 mag of scatter, up to a
 * quarter of the stars missing, up to a quarter as many spurious ones.
 *
 * @returns {{ sources: import('../dist/sources/source-list.js').SourceList, truth: { centre: Float64Array, scale: number, widthDeg: number, stars: number, ra: number, dec: number } } | undefined} undefined if the patch has no place with a dozen stars
 */
export function drawDeepField(stars, seed, patch, widthDeg) {
  const random = seededRandom(seed * 6007 + 5);
  const [ra0, dec0] = stars.centres[patch];
  for (;;) {
    const [ra, dec] = offset(ra0, dec0, 0.5 * Math.sqrt(random()), 2 * Math.PI * random());
    const width = Math.round(1200 + 2800 * random());
    const height = Math.round(width / (1 + 0.5 * random()));
    const turn = 2 * Math.PI * random();
    const parity = random() < 0.5 ? -1 : 1;
    const scale = (2 * Math.tan((widthDeg * Math.PI) / 360)) / width;
    const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180];
    const centre = raDecToVector(a, d);
    const east = [-Math.sin(a), Math.cos(a), 0];
    const north = [-Math.sin(d) * Math.cos(a), -Math.sin(d) * Math.sin(a), Math.cos(d)];
    const right = east.map((e, k) => e * Math.cos(turn) + north[k] * Math.sin(turn));
    const up = east.map((e, k) => parity * (north[k] * Math.cos(turn) - e * Math.sin(turn)));
    const error = 0.1 + 0.4 * random();
    const seen = [];
    for (let i = 0; i < stars.magnitude.length; i++) {
      const v = stars.vectors.subarray(3 * i, 3 * i + 3);
      const along = (axis) => v[0] * axis[0] + v[1] * axis[1] + v[2] * axis[2];
      const depth = along(centre);
      if (depth < 0.999) continue;
      const x = along(right) / depth / scale;
      const y = along(up) / depth / scale;
      if (Math.abs(x) < width / 2 && Math.abs(y) < height / 2) seen.push([x, y, stars.magnitude[i]]);
    }
    const missing = 0.25 * random();
    const list = seen
      .filter(() => random() > missing)
      .map(([x, y, m]) => [x + error * gaussian(random), y + error * gaussian(random), m + 0.3 * gaussian(random)]);
    if (list.length < 12) {
      if (random() < 0.02) return undefined;
      continue;
    }
    list.sort((p, q) => p[2] - q[2]);
    list.length = Math.min(list.length, 300);
    const real = list.length;
    for (let k = Math.floor(0.25 * random() * real); k > 0; k--) {
      list.push([(random() - 0.5) * width, (random() - 0.5) * height, list[Math.floor(random() * real)][2]]);
    }
    return { sources: toSources(list, width, height, error), truth: { centre, scale, widthDeg, stars: real, ra, dec } };
  }
}
