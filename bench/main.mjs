// `npm run bench [-- PART...] [-- --images DIR] [-- --full]`: every figure of the README, from scratch.
// Parts: start, images, solve-field, hints, large, sweep, upload, queue, journal, batch, kill, night, index; all of them if none is named. Each image
// is a fresh process.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pixelToSky } from '../dist/index.js';
import { headerToWcs } from '../dist/wcs/header.js';
import { drawField, seededRandom } from './sky.mjs';
import { quantile, table } from './report.mjs';
import { sweep } from './sweep.mjs';
import { queue } from './queue.mjs';
import { uploads } from './upload.mjs';
import { indexes } from './index.mjs';
import { journals } from './journal.mjs';
import { batches } from './batch.mjs';
import { kills } from './kill.mjs';
import { nights } from './night.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = path.join(root, 'dist/cli/main.js');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { images: { type: 'string' }, full: { type: 'boolean', default: false } },
});
const images = path.resolve(values.images ?? path.join(root, 'fixtures'));
const truth = JSON.parse(readFileSync(path.join(images, 'truth.json'), 'utf8')).images;
const wants = (part) => positionals.length === 0 || positionals.includes(part);

/** Runs a program to its end: wall time, output, peak memory where /usr/bin/time tells it. */
function run(program, args, cwd) {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', () => resolve({ ms: performance.now() - start, out, err }));
  });
}
const solve = (args) => run(process.execPath, [bin, '--json', '--verbose', ...args]);
const installed = (program) => spawnSync('which', [program]).status === 0;
const ms = (value) => (Number.isFinite(value) ? value.toFixed(0) : '-');

async function start() {
  const bare = [];
  const version = [];
  for (let i = 0; i < 15; i++) {
    bare.push((await run(process.execPath, ['-e', '0'])).ms);
    version.push((await run(process.execPath, [bin, '--version'])).ms);
  }
  console.log('\n## Start (15 runs in turn)\n');
  table(
    ['command', 'min ms', 'median ms'],
    [
      ['`node -e 0`', ms(Math.min(...bare)), ms(quantile(bare, 0.5))],
      ['`solve --version`', ms(Math.min(...version)), ms(quantile(version, 0.5))],
    ],
  );
}

const STAGES = ['read', 'background', 'detect', 'match', 'fit'];

async function eachImage() {
  const rows = [];
  for (const image of truth) {
    const ran = await solve(['--no-hints', path.join(images, image.file)]);
    const answer = JSON.parse(ran.out.trim().split('\n').pop());
    const stages = Object.fromEntries([...ran.err.matchAll(/(\w+) (\d+) ms/g)].map((m) => [m[1], Number(m[2])]));
    rows.push({ image, answer, stages, ms: ran.ms, rms: gridError(image, answer) });
  }
  console.log('\n## Images, blind (--no-hints), a fresh process each\n');
  table(
    ['image', 'answer', ...STAGES.map((stage) => `${stage} ms`), 'process ms', 'rms px'],
    rows.map(({ image, answer, stages, ms: wall, rms }) => [
      image.file,
      answer.status === 'solved' ? 'solved' : (answer.reasonCode ?? answer.error?.code),
      ...STAGES.map((stage) => stages[stage] ?? '-'),
      ms(wall),
      rms === undefined ? '-' : rms.toFixed(3),
    ]),
  );
  const solvable = rows.filter(({ image }) => image.solvable);
  const solved = solvable.filter(({ answer }) => answer.status === 'solved');
  const walls = solved.map((row) => row.ms);
  const accuracy = rows.flatMap(({ rms }) => (rms === undefined ? [] : [rms]));
  const refused = rows
    .filter(({ image, answer }) => image.solvable === false && answer.status === 'unsolved')
    .map((row) => row.ms);
  console.log(
    `\n${solved.length} of ${solvable.length} solved; process: median ${ms(quantile(walls, 0.5))} ms, p90 ${ms(quantile(walls, 0.9))} ms`,
  );
  console.log(
    `rms over the frame, synthetic ones: median ${quantile(accuracy, 0.5).toFixed(3)} px, p90 ${quantile(accuracy, 0.9).toFixed(3)} px`,
  );
  console.log(
    `no solution: given up after ${ms(quantile(refused, 0.5))} ms (median), ${ms(quantile(refused, 1))} ms at most`,
  );
}

/** Root mean square error over the grid of a synthetic image, pixels. */
function gridError(image, answer) {
  if (!image.grid || answer.status !== 'solved') return undefined;
  const wcs = headerToWcs((key) => answer.wcs[key]);
  let sum = 0;
  for (const [x, y, ra, dec] of image.grid) {
    const [foundRa, foundDec] = pixelToSky(wcs, x - 1, y - 1);
    const east = (((foundRa - ra + 540) % 360) - 180) * Math.cos((dec * Math.PI) / 180);
    sum += ((east * 3600) / image.pixscale) ** 2 + (((foundDec - dec) * 3600) / image.pixscale) ** 2;
  }
  return Math.sqrt(sum / image.grid.length);
}

async function besideSolveField() {
  console.log('\n## Beside solve-field and image2xy (defaults, Tycho-2 indexes; in turn, whole processes)\n');
  if (!installed('solve-field')) return console.log('solve-field is not installed: nothing to compare with');
  const pick = truth.filter((image) => image.solvable).filter((_, i) => values.full || i % 3 === 0);
  const rows = [];
  for (const image of pick) {
    const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
    const file = path.join(images, image.file);
    const ours = await run(process.execPath, [bin, '--json', file]);
    const theirs = await run('solve-field', ['--no-plots', '--overwrite', '--cpulimit', '60', '-D', folder, file]);
    const extraction = /\.fits?$/.test(file)
      ? await run('image2xy', ['-O', '-o', path.join(folder, 'x.xy'), file])
      : undefined;
    rmSync(folder, { recursive: true, force: true });
    rows.push({
      image,
      ours: ours.ms,
      theirs: theirs.ms,
      solved: /Field center/.test(theirs.out),
      image2xy: extraction?.ms,
    });
  }
  table(
    ['image', 'solve ms', 'solve-field ms', 'ratio', 'image2xy ms'],
    rows.map((row) => [
      row.image.file,
      ms(row.ours),
      ms(row.theirs) + (row.solved ? '' : ' (no solution)'),
      (row.ours / row.theirs).toFixed(3),
      ms(row.image2xy),
    ]),
  );
  console.log(
    `\nmedian of solve: ${ms(
      quantile(
        rows.map((row) => row.ours),
        0.5,
      ),
    )} ms, of solve-field: ${ms(
      quantile(
        rows.map((row) => row.theirs),
        0.5,
      ),
    )} ms, of the ratios: ${quantile(
      rows.map((row) => row.ours / row.theirs),
      0.5,
    ).toFixed(3)}`,
  );
}

async function withHints() {
  const rows = [];
  for (const image of truth.filter(({ solvable }) => solvable)) {
    const file = path.join(images, image.file);
    const hints = [
      '--ra',
      image.ra,
      '--dec',
      image.dec,
      '--radius',
      2,
      '--scale-low',
      0.95 * image.pixscale,
      '--scale-high',
      1.05 * image.pixscale,
    ];
    const blind = await solve(['--no-hints', file]);
    const hinted = await solve(['--no-hints', ...hints.map(String), '--scale-units', 'app', file]);
    const match = ({ err }) => Number(/match (\d+) ms/.exec(err)?.[1]);
    rows.push({ blind: blind.ms, hinted: hinted.ms, blindMatch: match(blind), hintedMatch: match(hinted) });
  }
  console.log('\n## With right hints (position within 2 degrees, scale within 5 %)\n');
  const column = (key) => rows.map((row) => row[key]);
  table(
    ['', 'blind, median ms', 'hinted, median ms', 'blind, p90 ms', 'hinted, p90 ms'],
    [
      ['search', 'blindMatch', 'hintedMatch'],
      ['whole process', 'blind', 'hinted'],
    ].map(([name, a, b]) => [
      name,
      ...[0.5, 0.9].flatMap((part) => [ms(quantile(column(a), part)), ms(quantile(column(b), part))]),
    ]),
  );
}

/** 24 megapixels of 16 bits: stars of a drawn field over noise. */
async function large() {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  const file = path.join(folder, 'large.fits');
  let drawn = await drawField(1, 2, 4);
  for (let seed = 2; drawn.truth.stars < 200; seed++) drawn = await drawField(seed, 2, 4);
  const { sources, truth: field } = drawn;
  writeLarge(file, 6000, 4000, sources);
  const timed = spawnSync('/usr/bin/time', ['-v', 'true']).status === 0;
  const walls = [];
  let peak;
  for (let i = 0; i < 5; i++) {
    const ran = timed ? await run('/usr/bin/time', ['-v', process.execPath, bin, '--json', file]) : await solve([file]);
    const answer = JSON.parse(ran.out.trim().split('\n').pop());
    if (answer.status !== 'solved') throw new Error(`the large frame was not solved: ${ran.out}`);
    walls.push(ran.ms);
    peak = /Maximum resident set size \(kbytes\): (\d+)/.exec(ran.err)?.[1];
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`\n## 24 megapixels, 16-bit FITS, ${field.widthDeg.toFixed(1)} degrees, blind (5 runs)\n`);
  const memory =
    peak === undefined
      ? 'peak memory unknown: /usr/bin/time is not installed'
      : `peak memory ${ms(Number(peak) / 1024)} MB`;
  console.log(`process: min ${ms(Math.min(...walls))} ms, median ${ms(quantile(walls, 0.5))} ms; ${memory}`);
}

function writeLarge(file, width, height, sources) {
  const random = seededRandom(24);
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 1000 + 50 * (random() + random() + random() - 1.5);
  const enlarged = width / sources.width;
  const zero = sources.flux[Math.min(sources.flux.length - 1, 300)];
  sources.flux.forEach((flux, k) => {
    const [x, y] = [(sources.x[k] + 0.5) * enlarged - 0.5, (sources.y[k] + 0.5) * enlarged - 0.5];
    const peak = (800 * flux) / zero;
    for (let j = Math.max(0, Math.ceil(y - 12)); j <= Math.min(height - 1, y + 12); j++) {
      for (let i = Math.max(0, Math.ceil(x - 12)); i <= Math.min(width - 1, x + 12); i++) {
        pixels[j * width + i] += peak * Math.exp(-((i - x) ** 2 + (j - y) ** 2) / 4.5);
      }
    }
  });
  const cards = [
    'SIMPLE  =                    T',
    'BITPIX  =                   16',
    'NAXIS   =                    2',
    `NAXIS1  = ${String(width).padStart(20)}`,
    `NAXIS2  = ${String(height).padStart(20)}`,
    'BZERO   =              32768.0',
    'BSCALE  =                  1.0',
    'END',
  ];
  const bytes = Buffer.alloc(2880 + Math.ceil((2 * pixels.length) / 2880) * 2880, 0);
  bytes.write(
    cards
      .map((card) => card.padEnd(80))
      .join('')
      .padEnd(2880),
    0,
    'ascii',
  );
  for (let i = 0; i < pixels.length; i++)
    bytes.writeInt16BE(Math.max(0, Math.min(65535, Math.round(pixels[i]))) - 32768, 2880 + 2 * i);
  const handle = openSync(file, 'w');
  writeSync(handle, bytes);
  closeSync(handle);
}

console.log(
  `${cpus()[0].model}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}; ${new Date().toISOString().slice(0, 10)}`,
);
if (wants('start')) await start();
if (wants('images')) await eachImage();
if (wants('hints')) await withHints();
if (wants('large')) await large();
if (wants('sweep')) await sweep(values.full ? 500 : 200, values.full ? 200 : 60);
if (wants('solve-field')) await besideSolveField();
if (wants('upload')) {
  await uploads(truth.filter(({ solvable }) => solvable).map(({ file }) => [file, path.join(images, file)]));
}
if (wants('queue')) await queue();
if (wants('index')) await indexes(values.full);
if (wants('journal')) await journals(tmpdir());
if (wants('batch')) await batches({ frames: values.full ? 2000 : 600 });
if (wants('kill')) await kills(values.full ? {} : { frames: 60, kills: 10 });
if (wants('night')) await nights(values.full ? {} : { seconds: 60, frames: 300 });
