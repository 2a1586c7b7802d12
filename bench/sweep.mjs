// The sweep of the sky, over worker threads.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { cpus } from 'node:os';
import { openBundledIndex } from '../dist/engines/star-data.js';
import { createPace } from '../dist/pace.js';
import { finish, search } from '../dist/solver/search.js';
import { centreError, drawField, drawNonsense } from './sky.mjs';
import { quantile, table } from './report.mjs';

/** A solution farther from the truth than this part of the frame is false. */
const FALSE_PART = 0.01;

async function solveSeed(seed) {
  const index = await openBundledIndex();
  const nonsense = seed < 0;
  const { sources, truth } = nonsense ? { sources: drawNonsense(-seed) } : await drawField(seed);
  const start = performance.now();
  const finding = await search(sources, [], index, { pace: createPace() });
  const fitted = finding.kind === 'found' ? finish(sources, finding.match, index, 5) : undefined;
  const ms = performance.now() - start;
  const right = fitted && truth && centreError(fitted.wcs, truth) < FALSE_PART * sources.width;
  return {
    seed,
    ms,
    nonsense,
    found: fitted !== undefined,
    right: right === true,
    widthDeg: truth?.widthDeg,
    tried: finding.tried,
  };
}

if (!isMainThread) {
  for (const seed of workerData) parentPort.postMessage(await solveSeed(seed));
}

/** Solves `fields` pieces of sky and `lists` of nonsense; prints a table by field width. */
export async function sweep(fields, lists) {
  const seeds = [
    ...Array.from({ length: fields }, (_, i) => i + 1),
    ...Array.from({ length: lists }, (_, i) => -i - 1),
  ];
  const threads = Math.max(1, Math.min(4, cpus().length));
  const rows = [];
  const shares = Array.from({ length: threads }, (_, t) => seeds.filter((_seed, i) => i % threads === t));
  await Promise.all(
    shares.map(
      (share) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: share });
          worker
            .on('message', (row) => rows.push(row))
            .on('error', reject)
            .on('exit', resolve);
        }),
    ),
  );
  const bands = [0.6, 0.8, 1.2, 2, 4, 8, 16, 30, 50];
  const lines = bands.slice(0, -1).map((from, i) => {
    const to = bands[i + 1];
    const group = rows.filter((row) => !row.nonsense && row.widthDeg >= from && row.widthDeg < to);
    const ms = group.filter((row) => row.right).map((row) => row.ms);
    const wrong = group.filter((row) => row.found && !row.right).length;
    return [
      `${from} to ${to} deg`,
      group.length,
      ms.length,
      wrong,
      quantile(ms, 0.5).toFixed(0),
      quantile(ms, 0.9).toFixed(0),
    ];
  });
  console.log(`\n## Sweep of the sky: ${fields} generated source lists, blind, warm, ${threads} threads\n`);
  table(['field width', 'lists', 'solved', 'false', 'median ms', 'p90 ms'], lines);
  const sky = rows.filter((row) => !row.nonsense);
  const nonsense = rows.filter((row) => row.nonsense);
  const right = sky.filter((row) => row.right).length;
  const wrong = rows.filter((row) => row.found && !row.right).length;
  console.log(
    `\n${right} of ${sky.length} solved, ${wrong} false; ${lists} lists of nonsense: ${nonsense.filter((row) => row.found).length} matched,`,
  );
  console.log(
    `given up after ${quantile(
      nonsense.map((row) => row.ms),
      0.5,
    ).toFixed(0)} ms (median), ${quantile(
      nonsense.map((row) => row.ms),
      1,
    ).toFixed(0)} ms at most`,
  );
}
