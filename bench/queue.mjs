// Workers that are killed and a Redis server that restarts, while a run of images is solved: what is lost, what comes twice?
// node bench/queue.mjs [--jobs 1000] [--workers 4]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFrame } from './frames.mjs';
import { quantile, table } from './report.mjs';

const bin = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** Frames that differ; the others are copies of them. */
const FRAMES = 100;

/**
 * Solves frames by workers of which one is killed every few seconds and replaced, while the Redis server is killed once and
 * comes back.
 *
 * @param {{ folder: string, jobs: number, workers: number, killEveryMs: number, mostKills?: number,
 *   redis: { url: string, stop(signal: NodeJS.Signals): Promise<void>, start(): Promise<void> } }} options
 * @returns figures: lines that came for each file, exit code, messages of the submitter
 */
export async function storm({ folder, jobs, workers, killEveryMs, mostKills = Infinity, redis }) {
  const night = path.join(folder, 'night');
  mkdirSync(night);
  for (let i = 0; i < jobs; i++) {
    const file = path.join(night, `${String(i).padStart(5, '0')}.fits`);
    if (i < FRAMES) await writeFrame(file, i);
    else copyFileSync(path.join(night, `${String(i % FRAMES).padStart(5, '0')}.fits`), file);
  }
  const counts = new Map();
  const statuses = {};
  const elapsed = [];
  let ended = 0;
  let messages = '';
  const running = [];
  const addWorker = () => {
    const worker = spawn(process.execPath, [bin, 'worker', '--redis', redis.url, '-j', '1', '--engine', 'embedded']);
    createInterface({ input: worker.stderr }).on('line', (line) => (ended += line.startsWith(night) ? 1 : 0));
    running.push(worker);
  };
  for (let i = 0; i < workers; i++) addWorker();
  const start = performance.now();
  const submit = spawn(process.execPath, [bin, 'submit', '--redis', redis.url, '--json', night]);
  submit.stderr.setEncoding('utf8').on('data', (text) => (messages += text));
  const reading = createInterface({ input: submit.stdout }).on('line', (line) => {
    const { file, status, elapsedMs } = JSON.parse(line);
    counts.set(file, (counts.get(file) ?? 0) + 1);
    statuses[status] = (statuses[status] ?? 0) + 1;
    elapsed.push(elapsedMs);
  });
  const closed = Promise.all([once(submit, 'close'), once(reading, 'close')]);
  let kills = 0;
  const timer = setInterval(() => {
    if (kills >= mostKills) return;
    kills++;
    running.shift().kill('SIGKILL');
    addWorker();
  }, killEveryMs);
  while (counts.size < jobs / 3 && submit.exitCode === null) await sleep(50);
  await redis.stop('SIGKILL');
  await sleep(1000);
  await redis.start();
  const [[exitCode]] = await closed;
  const seconds = (performance.now() - start) / 1000;
  clearInterval(timer);
  await Promise.all(
    running.map(async (worker) => {
      if (worker.exitCode !== null) return;
      const gone = once(worker, 'close');
      worker.kill('SIGKILL');
      await gone;
    }),
  );
  const twice = [...counts.values()].filter((count) => count > 1).length;
  return { jobs, lost: jobs - counts.size, twice, statuses, exitCode, kills, seconds, ended, elapsed, messages };
}

/** A Redis server with an append-only file, on a free port. */
async function redisServer(folder) {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  let child;
  const cli = (...args) => spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' }).stdout.trim();
  const server = {
    url: `redis://127.0.0.1:${port}`,
    cli,
    async start() {
      const args = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'yes',
        '--dir',
        folder,
      ];
      child = spawn('redis-server', args, { stdio: 'ignore' });
      while (cli('ping') !== 'PONG') await sleep(25);
    },
    async stop(signal) {
      const gone = once(child, 'close');
      child.kill(signal);
      await gone;
    },
  };
  await server.start();
  return server;
}

/** The measurement of the README. */
export async function queue({ jobs = 1000, workers = 4 } = {}) {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.log('\nredis-server is not installed: the queue is not measured');
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  const redis = await redisServer(folder);
  try {
    const found = await storm({ folder, jobs, workers, killEveryMs: 5000, redis });
    const memory = /used_memory_peak_human:(\S+)/.exec(redis.cli('info', 'memory'))?.[1];
    console.log(
      `\n## Queue: ${jobs} jobs, ${workers} workers, one killed every 5 s, Redis killed once (${cpus().length} cores)\n`,
    );
    table(
      [
        'lost',
        'twice',
        'solved',
        'solved again after a kill',
        'workers killed',
        'seconds',
        'median ms',
        'peak of Redis',
      ],
      [
        [
          found.lost,
          found.twice,
          found.statuses.solved ?? 0,
          Math.max(0, found.ended - jobs),
          found.kills,
          found.seconds.toFixed(1),
          quantile(found.elapsed, 0.5).toFixed(0),
          memory,
        ].map(String),
      ],
    );
    if (found.messages !== '') console.log(`\n${found.messages.trimEnd()}`);
  } finally {
    await redis.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { jobs: { type: 'string' }, workers: { type: 'string' } } });
  await queue({ jobs: Number(values.jobs ?? 1000), workers: Number(values.workers ?? 4) });
}
