// Index files for narrow fields: ours and Astrometry.net's, each solved with by both programs; and what of a large set is read.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmbeddedSolver } from '../dist/index.js';
import { UNHURRIED } from '../dist/pace.js';
import { tileDirection } from '../dist/skyindex/healpix-tile.js';
import { presetScale } from '../dist/skyindex/index-quads.js';
import { buildIndex } from '../dist/skyindex/index-writer.js';
import { drawDeepField, drawPatches } from './deep-sky.mjs';
import { quantile, table } from './report.mjs';
import { centreError, drawNonsense, seededRandom } from './sky.mjs';

const PRESETS = [0, 1, 2, 3, 4, 5];
const PATCHES = 12;
const CPU_LIMIT = 30;

/** A FITS file with one table of floating point columns. */
export function fitsTable(columns) {
  const width = { E: 4, D: 8 };
  const rows = columns[0].values.length;
  const rowBytes = columns.reduce((sum, { type }) => sum + width[type], 0);
  const data = Buffer.alloc(Math.ceil((rows * rowBytes) / 2880) * 2880);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const { type, values } of columns) {
      at = type === 'D' ? data.writeDoubleBE(values[row], at) : data.writeFloatBE(values[row], at);
    }
  }
  const card = (key, value) => `${key.padEnd(8)}= ${value}`.padEnd(80);
  const number = (value) => String(value).padStart(20);
  const block = (cards) => [...cards, 'END'.padEnd(80)].join('').padEnd(Math.ceil((cards.length + 1) / 36) * 2880);
  const primary = [card('SIMPLE', number('T')), card('BITPIX', number(8)), card('NAXIS', number(0))];
  const head = [
    card('XTENSION', "'BINTABLE'"),
    ...[
      ['BITPIX', 8],
      ['NAXIS', 2],
      ['NAXIS1', rowBytes],
      ['NAXIS2', rows],
      ['PCOUNT', 0],
      ['GCOUNT', 1],
      ['TFIELDS', columns.length],
    ].map(([key, value]) => card(key, number(value))),
    ...columns.flatMap(({ name, type }, i) => [
      card(`TTYPE${i + 1}`, `'${name.padEnd(8)}'`),
      card(`TFORM${i + 1}`, `'1${type}      '`),
    ]),
  ];
  return Buffer.concat([Buffer.from(block([...primary, card('EXTEND', number('T'))]) + block(head), 'latin1'), data]);
}

async function buildBoth(stars, folder) {
  const list = path.join(folder, 'stars.fits');
  writeFileSync(
    list,
    fitsTable([
      { name: 'RA', type: 'D', values: stars.ra },
      { name: 'DEC', type: 'D', values: stars.dec },
      { name: 'MAG', type: 'E', values: stars.magnitude },
    ]),
  );
  const ours = path.join(folder, 'ours');
  const theirs = path.join(folder, 'theirs');
  mkdirSync(ours);
  mkdirSync(theirs);
  let start = performance.now();
  for (const preset of PRESETS) {
    const built = await buildIndex(stars, { scale: presetScale(preset), id: 9000 + preset }, UNHURRIED);
    writeFileSync(path.join(ours, `index-90${String(preset).padStart(2, '0')}.fits`), Buffer.concat(built.pieces));
  }
  const oursMs = performance.now() - start;
  start = performance.now();
  const build = 'build-astrometry-index';
  for (const preset of spawnSync('which', [build]).status === 0 ? PRESETS : []) {
    const file = path.join(theirs, `index-91${String(preset).padStart(2, '0')}.fits`);
    const args = ['-i', list, '-o', file, '-P', `${preset}`, '-S', 'MAG', '-E', '-M', '-I', `${9100 + preset}`];
    spawnSync(build, args, { stdio: 'ignore' });
  }
  return { ours, theirs, oursMs, theirsMs: performance.now() - start };
}

/** @returns milliseconds, and the distance of the centre from the truth in pixels if there is an answer */
function solveField(indexes, field, folder) {
  const config = path.join(folder, 'solve-field.cfg');
  writeFileSync(config, `add_path ${indexes}\nautoindex\ncpulimit ${CPU_LIMIT}\n`);
  const { sources, truth } = field;
  const list = path.join(folder, 'field.xyls');
  writeFileSync(
    list,
    fitsTable([
      { name: 'X', type: 'E', values: sources.x.map((x) => x + 1) },
      { name: 'Y', type: 'E', values: sources.y.map((y) => y + 1) },
      { name: 'FLUX', type: 'E', values: sources.flux },
    ]),
  );
  const columns = ['--x-column', 'X', '--y-column', 'Y', '--sort-column', 'FLUX'];
  const frame = ['--width', `${sources.width}`, '--height', `${sources.height}`];
  const plain = ['--no-plots', '--overwrite', '--cpulimit', `${CPU_LIMIT}`, '--config', config, '-D', folder];
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn('solve-field', [...plain, ...frame, ...columns, list], { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', () => {
      const match = /Field center: \(RA,Dec\) = \(([\d.-]+), ([\d.-]+)\)/.exec(out);
      const ms = performance.now() - start;
      resolve(match ? { ms, error: centreError({ crval: [Number(match[1]), Number(match[2])] }, truth) } : { ms });
    });
  });
}

async function solveOurs(indexDir, { sources, truth }, hints) {
  const solver = createEmbeddedSolver({ indexDirs: [indexDir] });
  const start = performance.now();
  const outcome = await solver.solve(sources, hints);
  const ms = performance.now() - start;
  if (outcome.status !== 'solved') return { ms };
  const { ra, dec } = outcome.solution.calibration;
  return { ms, error: centreError({ crval: [ra, dec] }, truth) };
}

function hintsFor({ ra, dec, scale }) {
  const arcsec = (scale * 648_000) / Math.PI;
  return {
    scale: { lowArcsec: 0.9 * arcsec, highArcsec: 1.1 * arcsec },
    position: { raDeg: ra + 0.3, decDeg: Math.max(-90, dec - 0.3), radiusDeg: 3 },
  };
}

/** Fields of 0.1 to 0.6 degrees, both programs with both sets. */
async function narrowFields(count, nonsense) {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-index-'));
  try {
    const stars = drawPatches(1, PATCHES);
    const { ours, theirs, oursMs, theirsMs } = await buildBoth(stars, folder);
    const bytes = (dir) => readdirSync(dir).reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0) / 1e6;
    console.log(`\n## Narrow fields: ${count} generated source lists of 0.1 to 0.6 degrees, six scales\n`);
    console.log(
      `${stars.magnitude.length} stars; ours ${bytes(ours).toFixed(0)} MB in ${(oursMs / 1000).toFixed(1)} s, build-astrometry-index ${bytes(theirs).toFixed(0)} MB in ${(theirsMs / 1000).toFixed(1)} s\n`,
    );
    const fields = Array.from({ length: count }, (_, i) =>
      drawDeepField(stars, i + 1, i % PATCHES, 0.1 * 6 ** (i / Math.max(1, count - 1))),
    ).filter((field) => field !== undefined);
    const lines = [];
    for (const [name, dir] of [
      ['ours', ours],
      ['build-astrometry-index', theirs],
    ]) {
      if (readdirSync(dir).length === 0) continue;
      const runs = { solve: [], 'solve, scale and place known': [], 'solve-field': [] };
      for (const field of fields) {
        runs['solve'].push(await solveOurs(dir, field, {}));
        runs['solve, scale and place known'].push(await solveOurs(dir, field, hintsFor(field.truth)));
        const other = await solveField(dir, field, folder);
        if (other) runs['solve-field'].push(other);
      }
      for (const [program, results] of Object.entries(runs)) {
        if (results.length === 0) continue;
        const right = results.filter(({ error }) => error < 3);
        const wrong = results.filter(({ error }) => error >= 3);
        const ms = right.map((result) => result.ms);
        lines.push([
          program,
          name,
          `${right.length} of ${results.length}`,
          wrong.length,
          quantile(ms, 0.5).toFixed(0),
          quantile(ms, 0.9).toFixed(0),
        ]);
      }
    }
    table(['program', 'indexes', 'solved', 'wrong', 'median ms', 'p90 ms'], lines);
    let matched = 0;
    const ms = [];
    for (let seed = 1; seed <= nonsense; seed++) {
      const start = performance.now();
      const outcome = await createEmbeddedSolver({ indexDirs: [ours] }).solve(drawNonsense(seed));
      ms.push(performance.now() - start);
      if (outcome.status === 'solved') matched++;
    }
    console.log(
      `\n${nonsense} lists of nonsense: ${matched} matched, given up after ${(quantile(ms, 0.5) / 1000).toFixed(1)} s (median), ${(quantile(ms, 1) / 1000).toFixed(1)} s at most`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes that this process has read from files. Linux alone tells. */
function bytesRead() {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
}

/** A tile of random stars, `perCell` of them in each cell of the scale. */
function drawTile(number, preset, perCell) {
  const random = seededRandom(number + 77);
  const count = Math.round(perCell * (presetScale(preset).nside / 2) ** 2);
  const vectors = new Float64Array(3 * count);
  const magnitude = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    vectors.set(tileDirection({ nside: 2, number }, random(), random()), 3 * i);
    magnitude[i] = 18 + Math.log10(random() + 1e-6) / 0.35;
  }
  const toRa = (i) => ((Math.atan2(vectors[3 * i + 1], vectors[3 * i]) * 180) / Math.PI + 360) % 360;
  return { vectors, magnitude, toRa, toDec: (i) => (Math.asin(vectors[3 * i + 2]) * 180) / Math.PI };
}

/** What is read of a set of 48 tiles of the whole sky. */
async function largeSet(preset) {
  if (process.platform !== 'linux') return console.log('\nonly Linux tells how many bytes a process has read');
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-index-'));
  try {
    let total = 0;
    const perCell = 5;
    for (let number = 0; number < 48; number++) {
      const plan = { scale: presetScale(preset), tile: { nside: 2, number }, id: 9000 + preset };
      const built = await buildIndex(drawTile(number, preset, perCell), plan, UNHURRIED);
      const file = path.join(
        folder,
        `index-90${String(preset).padStart(2, '0')}-${String(number).padStart(2, '0')}.fits`,
      );
      writeFileSync(file, Buffer.concat(built.pieces));
      total += statSync(file).size;
    }
    console.log(`\n## What is read of a set of 48 tiles, ${(total / 1e9).toFixed(2)} GB\n`);
    const width = (presetScale(preset).lowArcmin / 60) * 2;
    const lines = [];
    for (const number of [0, 7, 21, 30, 47]) {
      const stars = drawTile(number, preset, perCell);
      const at = [stars.toRa(5), stars.toDec(5)];
      const field = drawDeepField({ ...stars, centres: [at] }, number + 1, 0, width);
      const file = path.join(folder, 'field.json');
      writeFileSync(file, JSON.stringify({ field, folder, hints: hintsFor(field.truth) }, plainArrays));
      // A process of its own: nothing is in memory yet.
      const ran = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'read', file], { encoding: 'utf8' });
      const { ms, error, bytes } = JSON.parse(ran.stdout);
      lines.push([
        String(number),
        error < 3 ? 'yes' : 'no',
        (bytes / 1e6).toFixed(1),
        `${((100 * bytes) / total).toFixed(1)} %`,
        ms.toFixed(0),
      ]);
    }
    table(['tile', 'solved', 'MB read', 'of the set', 'ms'], lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Typed arrays as arrays. */
function plainArrays(_key, value) {
  return ArrayBuffer.isView(value) ? [...value] : value;
}

/** One solve in a process of its own; prints what it read. */
async function readOne(file) {
  const { field, folder, hints } = JSON.parse(readFileSync(file, 'utf8'));
  const { sources, truth } = field;
  for (const key of ['x', 'y']) sources[key] = Float64Array.from(sources[key]);
  for (const key of ['flux', 'sigma']) sources[key] = Float32Array.from(sources[key]);
  sources.flags = Uint8Array.from(sources.flags);
  const before = bytesRead();
  const result = await solveOurs(folder, { sources, truth }, hints);
  console.log(JSON.stringify({ ...result, bytes: bytesRead() - before }));
}

/** @param full the set of the last table has a gigabyte, and takes some minutes to make */
export async function indexes(full) {
  await narrowFields(full ? 60 : 30, full ? 40 : 12);
  await largeSet(full ? 4 : 6);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'read') await readOne(process.argv[3]);
  else if (process.argv[2] === 'set') await largeSet(Number(process.argv[3]));
  else await indexes(process.argv.includes('--full'));
}
