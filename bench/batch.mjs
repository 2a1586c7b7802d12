// Many small frames through the command line: what threads bring, and whether memory stays flat.
// node bench/batch.mjs [--frames 2000]
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFrame } from './frames.mjs';
import { quantile, table } from './report.mjs';

const bin = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Answers after which memory is looked at. */
const FIRST_LOOK = 200;

/** Memory of a process, MB. Linux alone tells. */
function residentMb(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

async function batch(night, state, jobs, frames) {
  const start = performance.now();
  const env = { ...process.env, XDG_STATE_HOME: state, ASTROMETRY_API_KEY: '', AN_API_KEY: '' };
  const args = [bin, '--json', '--engine', 'embedded', '-j', String(jobs), night];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const looks = [];
  const elapsed = [];
  let solved = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { status, elapsedMs } = JSON.parse(line);
    elapsed.push(elapsedMs);
    if (status === 'solved') solved++;
    // What was allocated lately goes up and down: the mean of many looks tells.
    looks.push(residentMb(child.pid));
  });
  await new Promise((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - start) / 1000;
  const around = (from, to) => looks.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
  return {
    jobs,
    solved,
    seconds,
    perSecond: frames / seconds,
    median: quantile(elapsed, 0.5),
    early: around(FIRST_LOOK - 50, FIRST_LOOK + 50),
    late: around(frames - 100, frames),
    looks,
  };
}

/** The measurement of the README. */
export async function batches({ frames = 2000, different = frames } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  const night = path.join(folder, 'night');
  mkdirSync(night);
  try {
    const name = (i) => path.join(night, `${String(i).padStart(5, '0')}.fits`);
    for (let i = 0; i < frames; i++) {
      if (i < different) await writeFrame(name(i), i);
      else copyFileSync(name(i % different), name(i));
    }
    const cores = availableParallelism();
    console.log(`\n## ${frames} small frames, -j 1 and -j 4 (${cores} cores, load ${loadavg()[0].toFixed(1)})\n`);
    const rows = [];
    for (const jobs of [1, 4]) rows.push(await batch(night, path.join(folder, `state ${jobs}`), jobs, frames));
    table(
      ['-j', 'solved', 's', 'frames/s', 'median ms', `MB after ${FIRST_LOOK}`, `MB after ${frames}`, 'grown'],
      rows.map(({ jobs, solved, seconds, perSecond, median, early, late }) => [
        jobs,
        solved,
        seconds.toFixed(1),
        perSecond.toFixed(1),
        median.toFixed(0),
        early.toFixed(0),
        late.toFixed(0),
        `${((late / early - 1) * 100).toFixed(0)} %`,
      ]),
    );
    const [one, four] = rows;
    console.log(`\n-j 4 is ${(four.perSecond / one.perSecond).toFixed(2)} times as fast as -j 1`);
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { frames: { type: 'string' } } });
  await batches({ frames: Number(values.frames ?? 2000) });
}
