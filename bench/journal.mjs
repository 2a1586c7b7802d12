// The journal: lines on the disk in a second, one after the other and many at a time; what a large one takes to open.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openJournal } from '../dist/pipeline/journal.js';
import { quantile, table } from './report.mjs';

const SECONDS = 2;
const ROUNDS = 3;
const MB = 2 ** 20;

const identity = (n) => createHash('sha256').update(`image ${n}`).digest('hex').slice(0, 32);
const place = (n) => {
  const absolutePath = `/data/astronomy/lights/frame_${n}.fits`;
  return { path: absolutePath, absolutePath, size: 50_000_000 + n, mtimeNs: 1n, sha256: 'ab'.repeat(32) };
};

/** Opens a journal and tells how long it took and how much memory it keeps. */
const OPENER = `
import { openJournal } from './dist/pipeline/journal.js';
const weight = () => { gc(); gc(); const m = process.memoryUsage(); return m.heapUsed + m.arrayBuffers; };
const before = weight();
const start = performance.now();
const journal = await openJournal(process.argv[1]);
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, bytes: weight() - before, images: journal.size }));
await journal.close();
`;

/** Lines a second that are told one after the other by each of so many callers. */
async function rate(file, callers) {
  const journal = await openJournal(file);
  let lines = 0;
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const call = async () => {
    while (performance.now() < end) {
      const n = lines++;
      await journal.record(identity(n), { state: 'queued', place: place(n) });
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const perSecond = (lines / (performance.now() - start)) * 1000;
  await journal.close();
  rmSync(file);
  return perSecond;
}

async function fill(file, images) {
  const journal = await openJournal(file);
  let next = 0;
  const call = async () => {
    while (next < images) {
      const n = next++;
      await journal.record(identity(n), { state: 'queued', place: place(n) });
      await journal.record(identity(n), { state: 'running', attempt: 1 });
      await journal.record(identity(n), { state: 'solved', result: { file: place(n).path, status: 'solved', ra: n } });
    }
  };
  await Promise.all(Array.from({ length: 5000 }, call));
  await journal.close();
}

/** Prints both tables. The disk is that of `folder`, which is where the figures come from. */
export async function journals(folder, images = 200_000) {
  const scratch = mkdtempSync(path.join(folder, 'journal-'));
  const file = path.join(scratch, 'night.journal');
  try {
    const rows = [];
    for (const callers of [1, 4, 64]) {
      const rates = [];
      for (let round = 0; round < ROUNDS; round++) rates.push(await rate(file, callers));
      rows.push([callers, Math.min(...rates).toFixed(0), quantile(rates, 0.5).toFixed(0)]);
    }
    console.log(`\n## Journal: lines on the disk in a second (${ROUNDS} runs of ${SECONDS} s)\n`);
    table(['callers', 'min', 'median'], rows);

    await fill(file, images);
    const opened = [];
    for (let round = 0; round < ROUNDS; round++) {
      const args = ['--expose-gc', '--input-type=module', '-e', OPENER, file];
      const cwd = fileURLToPath(new URL('..', import.meta.url));
      opened.push(JSON.parse(spawnSync(process.execPath, args, { cwd, encoding: 'utf8' }).stdout));
    }
    const times = opened.map(({ ms }) => ms);
    console.log(`\n## Journal: opened with what it knows (${ROUNDS} runs)\n`);
    table(
      ['images', 'file MB', 'min ms', 'median ms', 'memory MB'],
      [
        [
          opened[0].images,
          (statSync(file).size / MB).toFixed(0),
          Math.min(...times).toFixed(0),
          quantile(times, 0.5).toFixed(0),
          (
            quantile(
              opened.map(({ bytes }) => bytes),
              0.5,
            ) / MB
          ).toFixed(0),
        ],
      ],
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
