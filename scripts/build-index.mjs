// Builds data/tycho2-stars.bin and data/tycho2-quads.bin: `npm run build:index [-- INDEX_FILE]`, about five minutes.
// The stars are those of an Astrometry.net index file of Tycho-2, by default the one in Debian's package
// astrometry-data-tycho2-07-littleendian (BSD-2-Clause, see data/README.md).
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openFile } from '../dist/io/file-source.js';
import { openAstrometryIndex } from '../dist/skyindex/astrometry-index.js';
import { buildQuads } from '../dist/skyindex/quad-builder.js';
import { StarBuffer } from '../dist/skyindex/sky-index.js';
import { buildStars } from '../dist/skyindex/star-builder.js';

const source = process.argv[2] ?? '/usr/share/astrometry/index-tycho2-07.littleendian.fits';
const data = new URL('../data/', import.meta.url);

/** Quads from `lowDeg` to the square root of two times that, or to `highDeg`. */
const level = (lowDeg, starsPerTile, quadsPerTile, highDeg = lowDeg * Math.SQRT2) => ({
  lowDeg,
  highDeg,
  starsPerTile,
  quadsPerTile,
});
const half = Math.SQRT2;

// Small quads are many: as few of each tile as solve a sweep of the sky (npm run bench -- sweep), within 40 MB in all.
// Large ones cost nothing, and pictures of a few bright stars need many of them.
const plans = [
  { binsPerUnit: 28, levels: [level(0.1 * half, 12, 1, 0.2), level(0.2, 12, 1)] },
  { binsPerUnit: 28, levels: [level(0.2 * half, 12, 2), level(0.4, 8, 2)] },
  { binsPerUnit: 24, levels: [level(0.4 * half, 8, 2), level(0.8, 8, 3), level(0.8 * half, 8, 4)] },
  {
    binsPerUnit: 16,
    levels: [
      level(1.6, 8, 5),
      level(1.6 * half, 8, 7),
      level(3.2, 8, 9),
      level(3.2 * half, 8, 12),
      level(6.4, 10, 20),
      level(6.4 * half, 10, 30),
      level(12.8, 12, 40),
      level(12.8 * half, 12, 60),
      level(25.6, 14, 100),
      level(25.6 * half, 14, 100),
    ],
  },
];

const file = await openFile(source);
const index = await openAstrometryIndex(file);
const everywhere = new Float64Array([0, 0, 1]);
await index.stars.open(everywhere, Math.PI);
const found = new StarBuffer();
index.stars.collect(everywhere, Math.PI, Infinity, found);
await file.close();
console.log(`${found.count} stars in ${source}`);

const stars = buildStars(found.vectors.subarray(0, 3 * found.count), found.magnitude.subarray(0, found.count));
mkdirSync(data, { recursive: true });
writeFileSync(new URL('tycho2-stars.bin', data), stars.bytes);
let total = 0;
const quads = buildQuads(stars, plans, (plan, count) => {
  total += count;
  console.log(`${plan.lowDeg.toFixed(3)} to ${plan.highDeg.toFixed(3)} degrees: ${count} quads`);
});
writeFileSync(new URL('tycho2-quads.bin', data), quads);
const megabytes = (stars.bytes.length + quads.length) / 1e6;
console.log(`${total} quads; ${megabytes.toFixed(1)} MB in ${fileURLToPath(data)}`);
