// A night with solve watch: how long after its last byte a frame is answered, and what is held after many frames.
// node bench/night.mjs [--short] [--day]
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFrame } from './frames.mjs';
import { quantile, table } from './report.mjs';

const bin = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** The default of the program. */
const SETTLE_MS = 2000;
/** Frames that are drawn beforehand; a number in the padding of each makes them differ. */
const DRAWN = 60;

/** Memory, MB, and open files of a process. Linux alone tells. */
function heldBy(pid) {
  try {
    const resident = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    return { resident, files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return { resident: NaN, files: NaN };
  }
}

async function startWatch(night, state, args) {
  const env = { ...process.env, XDG_STATE_HOME: state, ASTROMETRY_API_KEY: '', AN_API_KEY: '' };
  const words = [bin, 'watch', '--json', '--engine', 'embedded', ...args, night];
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const answered = new Map();
  let ready;
  const isReady = new Promise((resolve) => (ready = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { event, file, status } = JSON.parse(line);
    if (event === 'ready') ready();
    if (event === undefined) answered.set(path.basename(file), { at: Date.now(), status });
  });
  const gone = new Promise((resolve) => child.on('close', resolve));
  await Promise.race([isReady, gone]);
  return {
    answered,
    pid: child.pid,
    async end() {
      child.kill('SIGINT');
      await gone;
    },
  };
}

async function drawFrames(folder) {
  const drawn = [];
  for (let i = 0; i < DRAWN; i++) {
    const file = path.join(folder, 'drawn.fits');
    await writeFrame(file, i);
    drawn.push(readFileSync(file));
  }
  return drawn;
}

/** Writes a frame as a camera does, in pieces; when its last byte was written. */
function expose(file, bytes, number) {
  // Behind the pixels stand zeros up to the end of the block: there is room for a number.
  bytes.writeUInt32BE(number, bytes.length - 4);
  const handle = openSync(file, 'w');
  for (let at = 0; at < bytes.length; at += 65_536) writeSync(handle, bytes, at, Math.min(65_536, bytes.length - at));
  closeSync(handle);
  return Date.now();
}

async function waitFor(answered, count) {
  const patience = Date.now() + 60_000;
  while (answered.size < count && Date.now() < patience) await sleep(50);
}

/** One frame a second. */
async function oneASecond(folder, drawn, seconds) {
  const night = path.join(folder, 'night');
  mkdirSync(night);
  const watch = await startWatch(night, path.join(folder, 'state'), []);
  const written = new Map();
  const start = Date.now();
  for (let i = 0; i < seconds; i++) {
    const name = `${String(i).padStart(5, '0')}.fits`;
    written.set(name, expose(path.join(night, name), drawn[i % DRAWN], i));
    await sleep(Math.max(0, start + 1000 * (i + 1) - Date.now()));
  }
  await waitFor(watch.answered, seconds);
  await watch.end();
  const over = [...watch.answered].map(([name, { at }]) => at - written.get(name) - SETTLE_MS);
  return { frames: seconds, answered: watch.answered.size, over };
}

/** Many frames, written, answered and deleted as fast as that goes: what a day would leave behind. */
async function day(folder, drawn, frames) {
  const night = path.join(folder, 'day');
  mkdirSync(night);
  const watch = await startWatch(night, path.join(folder, 'state'), ['--settle', '0.2', '-j', '2']);
  const looks = [];
  const look = () => looks.push({ frames: watch.answered.size, ...heldBy(watch.pid) });
  const LOTS = 20;
  for (let i = 0; i < frames; i += LOTS) {
    const names = Array.from({ length: Math.min(LOTS, frames - i) }, (_, k) => `${i + k}.fits`);
    names.forEach((name, k) => expose(path.join(night, name), drawn[(i + k) % DRAWN], 1_000_000 + i + k));
    await waitFor(watch.answered, i + names.length);
    for (const name of names) unlinkSync(path.join(night, name));
    look();
  }
  await watch.end();
  return { frames, answered: watch.answered.size, looks };
}

/** The measurements of the README. */
export async function nights({ seconds = 600, frames = 2880 } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  try {
    const drawn = await drawFrames(folder);
    const load = () => `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}`;
    if (seconds > 0) {
      console.log(`\n## solve watch, a frame a second for ${seconds} s (${load()})\n`);
      const { over, ...told } = await oneASecond(folder, drawn, seconds);
      table(
        ['frames', 'answered', 'median ms', 'p90 ms', 'most ms'],
        [[told.frames, told.answered, quantile(over, 0.5), quantile(over, 0.9), quantile(over, 1)]],
      );
      console.log('\nFrom the last byte of a frame to its answer, less the settle time of 2 s.');
    }
    if (frames > 0) {
      console.log(`\n## solve watch, ${frames} frames written, solved and deleted (${load()})\n`);
      const { answered, looks } = await day(folder, drawn, frames);
      // What a process holds at one moment goes up and down.
      table(
        ['frames', 'MB', 'most MB', 'open files'],
        [0, 1, 2].map((part) => {
          const some = looks.slice((part * looks.length) / 3, ((part + 1) * looks.length) / 3);
          const resident = some.map((one) => one.resident);
          return [
            `to ${some.at(-1).frames}`,
            quantile(resident, 0.5).toFixed(0),
            quantile(resident, 1).toFixed(0),
            quantile(
              some.map(({ files }) => files),
              0.5,
            ),
          ];
        }),
      );
      console.log(`\n${answered} of ${frames} answered`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { short: { type: 'boolean' }, day: { type: 'boolean' } } });
  await nights({ seconds: values.day ? 0 : values.short ? 60 : 600, frames: values.short ? 300 : 2880 });
}
