// A night in seconds: writes so many files, a hundred at a time into a folder of their own, deletes it when they were given,
// and tells what the process held after a fifth of them and at the end.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchFolder } from '../../dist/pipeline/folder-watch.js';

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const BATCH = 100;

function holds(given) {
  globalThis.gc();
  globalThis.gc();
  return { heap: process.memoryUsage().heapUsed, files: readdirSync('/proc/self/fd').length, given };
}

function write(from) {
  mkdirSync(join(folder, `${from}`));
  for (let i = from; i < from + BATCH; i++) writeFileSync(join(folder, `${from}`, `frame ${i}.fits`), 'x'.repeat(1000));
}

let given = 0;
let early;
for await (const { kind } of watchFolder(folder, {
  accepts: () => true,
  settleMs: 40,
  rescanMs: 500,
  recursive: true,
})) {
  if (kind === 'ready') write(0);
  if (kind !== 'file') continue;
  given++;
  if (given % BATCH !== 0) continue;
  rmSync(join(folder, `${given - BATCH}`), { recursive: true });
  // Deletions are heard of, and forgotten, a little later.
  await new Promise((resolve) => setTimeout(resolve, 60));
  if (given === count / 5) early = holds(given);
  if (given === count) break;
  write(given);
}
console.log(JSON.stringify({ early, late: holds(given) }));
