// node bench/annotate.mjs (after npm run build): what objects and annotations cost.
// Queries, each first one in a fresh process; and a 16-bit FITS image of 24 megapixels solved with and without --annotate.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, table } from './report.mjs';
import { drawField, seededRandom } from './sky.mjs';

const bin = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const data = fileURLToPath(new URL('../data/objects.bin', import.meta.url));
const ms = (value) => value.toFixed(value < 10 ? 2 : 0);
const [WIDTH, HEIGHT] = [6000, 4000];

/** A child that reads the catalogue and asks it: its first answer is cold. */
const CHILD = `
  import { readFileSync } from 'node:fs';
  import { ObjectCatalogue } from ${JSON.stringify(new URL('../dist/objects/object-catalogue.js', import.meta.url).href)};
  const times = [];
  const clock = (work) => { const from = performance.now(); const found = work(); times.push(performance.now() - from); return found; };
  const bytes = clock(() => readFileSync(${JSON.stringify(data)}));
  const catalogue = clock(() => new ObjectCatalogue(bytes, 'objects.bin'));
  const [ra, dec, radius] = process.argv.slice(1).map(Number);
  const found = clock(() => catalogue.within(ra, dec, radius));
  for (let i = 0; i < 20; i++) clock(() => catalogue.within((ra + 17 * i) % 360, dec, radius));
  console.log(JSON.stringify({ found: found.length, times }));
`;

function queries() {
  const rows = [];
  for (const [name, ra, dec, radius] of [
    ['Orion, 1.5 degrees', 84, -4, 1.5],
    ['Virgo, 3 degrees', 187.5, 12.5, 3],
    ['the north pole, 5 degrees', 0, 90, 5],
    ['Sagittarius, 30 degrees', 270, -30, 30],
  ]) {
    const runs = Array.from({ length: 9 }, () => {
      const args = ['--input-type=module', '-e', CHILD, '--', ...[ra, dec, radius].map(String)];
      return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
    });
    const median = (i) =>
      ms(
        quantile(
          runs.map(({ times }) => times[i]),
          0.5,
        ),
      );
    const later = quantile(
      runs.flatMap(({ times }) => times.slice(3)),
      0.5,
    );
    rows.push([name, runs[0].found, median(0), median(1), median(2), ms(later)]);
  }
  console.log('\n## Cone queries (medians of 9 fresh processes)\n');
  table(['cone', 'objects', 'read ms', 'set up ms', 'first query ms', 'later ms'], rows);
}

/** Stars of the real sky over noise. */
async function writeLarge(file) {
  let drawn = await drawField(1, 2, 4);
  for (let seed = 2; drawn.truth.stars < 200; seed++) drawn = await drawField(seed, 2, 4);
  const { sources } = drawn;
  const random = seededRandom(24);
  const pixels = Float32Array.from(
    { length: WIDTH * HEIGHT },
    () => 1000 + 50 * (random() + random() + random() - 1.5),
  );
  const enlarged = WIDTH / sources.width;
  const unit = sources.flux[Math.min(sources.flux.length - 1, 300)];
  sources.flux.forEach((flux, k) => {
    const [x, y] = [sources.x[k] * enlarged, sources.y[k] * enlarged];
    for (let j = Math.max(0, Math.ceil(y - 12)); j <= Math.min(HEIGHT - 1, y + 12); j++) {
      for (let i = Math.max(0, Math.ceil(x - 12)); i <= Math.min(WIDTH - 1, x + 12); i++) {
        pixels[j * WIDTH + i] += ((800 * flux) / unit) * Math.exp(-((i - x) ** 2 + (j - y) ** 2) / 4.5);
      }
    }
  });
  const cards = [
    'SIMPLE  =                    T',
    'BITPIX  =                   16',
    'NAXIS   =                    2',
    `NAXIS1  = ${String(WIDTH).padStart(20)}`,
    `NAXIS2  = ${String(HEIGHT).padStart(20)}`,
    'BZERO   =              32768.0',
    'END',
  ];
  const header = cards
    .map((card) => card.padEnd(80))
    .join('')
    .padEnd(2880);
  const body = Buffer.alloc(Math.ceil((2 * pixels.length) / 2880) * 2880);
  for (let i = 0; i < pixels.length; i++) body.writeInt16BE(Math.min(65_535, Math.round(pixels[i])) - 32_768, 2 * i);
  writeFileSync(file, Buffer.concat([Buffer.from(header, 'latin1'), body]));
}

async function large() {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  const file = path.join(folder, 'large.fits');
  await writeLarge(file);
  const rows = [];
  for (const { name, options } of [
    { name: 'solve', options: [] },
    { name: 'solve --annotate', options: ['--annotate', '--overwrite'] },
    { name: 'solve --annotate a.svg', options: ['--annotate', path.join(folder, 'a.svg'), '--overwrite'] },
    { name: 'solve --objects', options: ['--objects'] },
  ]) {
    const runs = Array.from({ length: 5 }, () => {
      const from = performance.now();
      const ended = spawnSync('/usr/bin/time', ['-v', process.execPath, bin, ...options, file], { encoding: 'utf8' });
      if (ended.status !== 0) throw new Error(`${name}: ${ended.stderr}`);
      const peak = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(ended.stderr)[1]) / 1024;
      return { wall: performance.now() - from, peak };
    });
    const walls = runs.map(({ wall }) => wall);
    const peak = Math.max(...runs.map((run) => run.peak));
    rows.push([name, ms(Math.min(...walls)), ms(quantile(walls, 0.5)), ms(peak)]);
  }
  const megabytes = statSync(path.join(folder, 'large.annotated.png')).size / 1e6;
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `\n## ${WIDTH} x ${HEIGHT} pixels, 16-bit FITS, whole processes (5 runs; the PNG has ${ms(megabytes)} MB)\n`,
  );
  table(['command', 'min ms', 'median ms', 'peak memory MB'], rows);
}

console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`);
queries();
await large();
