// A folder as a night leaves it: how long after its last byte a file is given, what watching costs, and what is held after
// very many files. The watch is a process of its own; the camera is this one.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile, table } from './report.mjs';

/** Prints a line for each event. */
const WATCHER = `
import { readdirSync } from 'node:fs';
import { watchFolder } from '${new URL('../dist/pipeline/folder-watch.js', import.meta.url)}';
const [folder, options] = process.argv.slice(1);
let given = 0;
for await (const { kind, file } of watchFolder(folder, { accepts: () => true, ...JSON.parse(options) })) {
  if (kind === 'file') given++;
  let held;
  if (kind === 'ready' || given % 1000 === 0) {
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    held = { heap: heapUsed, rss, files: readdirSync('/proc/self/fd').length, cpuMs: (user + system) / 1000 };
  }
  console.log(JSON.stringify({ kind, path: file?.path, at: Date.now(), given, held }));
}
`;

const PIECE = Buffer.alloc(2 ** 18);

/** One frame of 2 MB in eight pieces over a quarter of a second; when its last byte was written. */
async function expose(file) {
  const handle = openSync(file, 'w');
  for (let i = 0; i < 8; i++) {
    writeSync(handle, PIECE);
    if (i < 7) await pause(35);
  }
  const written = Date.now();
  closeSync(handle);
  return written;
}

/** Calls for each line of a watcher until told that it is enough. */
async function listen(folder, options, onLine) {
  const args = ['--expose-gc', '--input-type=module', '-e', WATCHER, folder, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    if (onLine(JSON.parse(line)) === 'enough') break;
  }
  child.kill();
}

async function delays(folder, frames, options) {
  const written = new Map();
  const late = [];
  const camera = async () => {
    for (let i = 0; i < frames; i++) {
      const next = pause(1000);
      const file = path.join(folder, `frame ${i}.fits`);
      written.set(file, await expose(file));
      await next;
    }
  };
  let work = Promise.resolve();
  await listen(folder, options, ({ kind, path: file, at }) => {
    if (kind === 'ready') work = camera();
    if (!written.has(file)) return undefined;
    late.push(at - written.get(file));
    return late.length === frames ? 'enough' : undefined;
  });
  await work;
  for (const file of written.keys()) unlinkSync(file);
  return late;
}

/** Files come a hundred at a time and are deleted when they were given. */
async function turnover(folder, count) {
  const held = [];
  let next = 0;
  const write = () => {
    for (let i = 0; i < 100; i++) writeFileSync(path.join(folder, `frame ${next++}.fits`), 'x');
  };
  await listen(folder, { settleMs: 40, rescanMs: 1000 }, ({ kind, path: file, given, held: now }) => {
    if (kind === 'ready') write();
    if (kind !== 'file') return undefined;
    unlinkSync(file);
    if (now !== undefined) held.push({ given, ...now });
    if (given === count) return 'enough';
    if (given === next) write();
    return undefined;
  });
  return held;
}

/** @param full ten minutes and 50,000 files instead of one and 10,000 */
export async function watches(full) {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  try {
    const frames = full ? 600 : 60;
    console.log(`\n## From the last byte to the file being given (${frames} frames, one a second, ms)\n`);
    const rows = [];
    for (const [name, there, options] of [
      ['settle 2000', 0, {}],
      ['settle 2000, 5000 frames there already', 5000, { existing: false }],
      ['settle 2000, asked every 1000', 0, { pollMs: 1000 }],
    ]) {
      for (let i = 0; i < there; i++) writeFileSync(path.join(folder, `old ${i}.fits`), 'x');
      const late = await delays(folder, frames, options);
      for (let i = 0; i < there; i++) unlinkSync(path.join(folder, `old ${i}.fits`));
      rows.push([name, ...[0.5, 0.95, 1].map((part) => quantile(late, part))]);
    }
    table(['', 'median', '95 %', 'most'], rows);

    console.log('\n## What a watch holds as files come and go\n');
    const held = (await turnover(folder, full ? 50_000 : 10_000)).filter(
      ({ given }) => given % 5000 === 0 || given === 1000,
    );
    table(
      ['files given', 'heap, MB', 'RSS, MB', 'handles', 'CPU, s'],
      held.map(({ given, heap, rss, files, cpuMs }) => [
        given,
        ...[heap, rss].map((bytes) => (bytes / 2 ** 20).toFixed(1)),
        files,
        (cpuMs / 1000).toFixed(1),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
