// Seeded source lists: pieces of the real sky as a camera would see them, and lists that are no sky at all.
import { openBundledIndex } from '../dist/engines/star-data.js';
import { raDecToVector } from '../dist/math/sphere.js';
import { StarBuffer } from '../dist/skyindex/sky-index.js';

/** Uniform numbers in 0 <= x < 1 from a seed (mulberry32). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function gaussian(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * A source list of a random place: field width log-uniform between two limits (degrees), any rotation, either parity, up to
 * 2.5 % of radial distortion beyond 15 degrees, 12 to 500 of the brightest catalogue stars with 0.35 mag of scatter, up to 30 %
 * of them missing, spurious and invented sources between them, 0.1 to 0.5 pixels of position error.
 *
 * @returns {Promise<{ sources: import('../dist/sources/source-list.js').SourceList, truth: { centre: Float64Array, scale: number, widthDeg: number, stars: number } }>}
 */
export async function drawField(seed, fromDeg = 0.6, toDeg = 50) {
  const random = seededRandom(seed * 7919 + 13);
  const { stars } = await openBundledIndex();
  const near = new StarBuffer();
  for (;;) {
    const widthDeg = fromDeg * (toDeg / fromDeg) ** random();
    const aspect = 1 + 0.6 * random();
    const dec = Math.asin(2 * random() - 1);
    const ra = 2 * Math.PI * random();
    const width = Math.round(1000 + 3000 * random());
    const height = Math.round(width / aspect);
    const turn = 2 * Math.PI * random();
    const parity = random() < 0.5 ? -1 : 1;
    const distortion = widthDeg > 15 ? 0.05 * (random() - 0.5) : 0;
    const wanted = 12 + Math.floor(random() ** 2 * 490);
    const scale = (2 * Math.tan((widthDeg * Math.PI) / 360)) / width;
    const halfDiagonal = Math.hypot(width, height) / 2;
    const centre = raDecToVector(ra, dec);
    const east = [-Math.sin(ra), Math.cos(ra), 0];
    const north = [-Math.sin(dec) * Math.cos(ra), -Math.sin(dec) * Math.sin(ra), Math.cos(dec)];
    const right = east.map((e, k) => e * Math.cos(turn) + north[k] * Math.sin(turn));
    const up = east.map((e, k) => parity * (north[k] * Math.cos(turn) - e * Math.sin(turn)));
    // The smallest radius asks for all layers.
    await stars.open(centre, 0.001);
    stars.collect(centre, Math.min(1.4, Math.atan(halfDiagonal * scale) * 1.1 + 0.001), Infinity, near);
    const seen = [];
    for (let i = 0; i < near.count; i++) {
      const v = near.vectors.subarray(3 * i, 3 * i + 3);
      const along = (axis) => v[0] * axis[0] + v[1] * axis[1] + v[2] * axis[2];
      const depth = along(centre) * scale;
      let x = along(right) / depth;
      let y = along(up) / depth;
      const bend = 1 + distortion * ((x * x + y * y) / halfDiagonal ** 2);
      x *= bend;
      y *= bend;
      if (Math.abs(x) < width / 2 && Math.abs(y) < height / 2) seen.push([x, y, near.magnitude[i]]);
    }
    if (seen.length < 12) continue;
    seen.sort((a, b) => a[2] - b[2]);
    const error = 0.1 + 0.4 * random();
    const blur = ([x, y, magnitude]) => [
      x + error * gaussian(random),
      y + error * gaussian(random),
      magnitude + 0.35 * gaussian(random),
    ];
    const shown = seen.slice(0, wanted).map(blur);
    const missing = 0.3 * random();
    const kept = shown.filter(() => random() > missing);
    const list = kept.length < 12 ? shown : kept;
    const faintest = Math.max(...list.map((source) => source[2]));
    const real = list.length;
    const place = () => [(random() - 0.5) * width, (random() - 0.5) * height];
    const spurious = Math.floor(60 * random() * Math.min(1, real / 40));
    for (let k = 0; k < spurious; k++) list.push([...place(), list[Math.floor(random() * real)][2]]);
    const faint = Math.floor(0.5 * random() * real);
    for (let k = 0; k < faint; k++) list.push([...place(), faintest + random()]);
    return { sources: toSources(list, width, height, error), truth: { centre, scale, widthDeg, stars: real } };
  }
}

/**
 * A source list that shows no piece of the sky: scattered, in clumps, on lines, on a grid.
 *
 * @returns {import('../dist/sources/source-list.js').SourceList}
 */
export function drawNonsense(seed) {
  const random = seededRandom(seed * 104729 + 7);
  const width = 1500;
  const height = 1000;
  const count = 6 + Math.floor(random() ** 2 * 600);
  const clumps = Array.from({ length: 5 }, () => [random() * width, random() * height]);
  const place = [
    () => [random() * width, random() * height],
    (k) => clumps[k % 5].map((c) => c + 40 * gaussian(random)),
    (k) => [random() * width, clumps[k % 5][1] + 0.5 * gaussian(random)],
    (k) => [40 * (k % 37) + gaussian(random), 40 * Math.floor(k / 37) + gaussian(random)],
  ][seed % 4];
  const list = [];
  for (let k = 0; k < count; k++) {
    const [x, y] = place(k);
    if (x > 0 && x < width && y > 0 && y < height) list.push([x - width / 2, y - height / 2, 12 * random()]);
  }
  return toSources(list, width, height, 0.3);
}

export function toSources(list, width, height, sigma) {
  list.sort((a, b) => a[2] - b[2]);
  return {
    width,
    height,
    x: Float64Array.from(list, (source) => source[0] + (width - 1) / 2),
    y: Float64Array.from(list, (source) => source[1] + (height - 1) / 2),
    flux: Float32Array.from(list, (source) => 10 ** (-0.4 * source[2])),
    sigma: new Float32Array(list.length).fill(sigma),
    flags: new Uint8Array(list.length),
    fwhm: 3,
  };
}

/** Pixels between the centre that a WCS gives and the true one. */
export function centreError(wcs, truth) {
  const found = raDecToVector((wcs.crval[0] * Math.PI) / 180, (wcs.crval[1] * Math.PI) / 180);
  const chord = Math.hypot(...found.map((value, k) => value - truth.centre[k]));
  return (2 * Math.asin(Math.min(1, chord / 2))) / truth.scale;
}
