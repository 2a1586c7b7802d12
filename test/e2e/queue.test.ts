import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { storm } from '../../bench/queue.mjs';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { NO_REDIS, RedisServer, freePort } from '../helpers/redis-server.ts';
import { API_KEY, startNova } from '../session/set-up.ts';
import { fixture, run, runJson, scratchFolder, start } from './program.ts';
import type { JsonLine, Run } from './program.ts';

const GOOD = fixture('real/pocs_unsolved.fits');
const folder = scratchFolder();

let redis: RedisServer;
beforeAll(async () => {
  if (NO_REDIS === undefined) redis = await RedisServer.start();
});
afterAll(() => redis?.close());

let queues = 0;
/** Options that name a queue of its own. */
const newQueue = (): string[] => ['--redis', redis.url, '--queue', `e2e-${++queues}`];

/** Waits until the program has said something like this. */
async function said({ child }: Run, pattern: RegExp): Promise<void> {
  let text = '';
  for await (const [chunk] of on(child)) if (pattern.test((text += chunk))) return;
}

async function* on(child: Run['child']): AsyncGenerator<[string]> {
  while (child.exitCode === null) yield (await once(child.stderr!, 'data')) as [string];
}

/** A worker as a process. */
async function startWorker(args: readonly string[]): Promise<Run> {
  const worker = start(['worker', '-j', '2', '--engine', 'embedded', ...args]);
  onTestFinished(() => void worker.child.kill('SIGKILL'));
  await said(worker, /at once\n/);
  return worker;
}

/** Without what differs from run to run. */
function timeless(answers: readonly JsonLine[]): unknown[] {
  return answers
    .map(({ elapsedMs, ...answer }) => ({ ...answer, elapsedMs: elapsedMs >= 0 }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

describe.skipIf(NO_REDIS !== undefined)('solve worker and solve submit', () => {
  test('answer like solve: text, JSON, exit code, the order of options, files', async () => {
    const bad = join(folder, 'bad.fits');
    writeFileSync(bad, 'SIMPLE');
    const images = [GOOD, fixture('synthetic/dev01_orion_2p5.fits'), fixture('negative/neg_daylight.fits')];
    const queue = newQueue();
    await startWorker(queue);
    const here = await runJson(images);
    const there = await run(['submit', '--json', ...queue, ...images]);
    const answers = there.out.split('\n').filter((line) => line !== '');
    expect(there.code).toBe(1);
    expect(timeless(answers.map((line) => JSON.parse(line) as JsonLine))).toEqual(timeless(here.answers));
    expect(there.err).toBe('');
    const line = await run(['submit', ...queue, '--wcs', '--out-dir', join(folder, 'out'), GOOD]);
    expect(line.out).toMatch(/pocs_unsolved\.fits: /);
    expect([line.code, line.err]).toEqual([0, '']);
    const wrong = await run(['submit', ...queue, bad]);
    expect(wrong.code).toBe(3);
    expect(wrong.err).toBe((await run([bad])).err);
    expect((await run(['submit', ...queue, '--wcs', '--out-dir', join(folder, 'out'), GOOD])).err).toMatch(
      /there already/,
    );
  });

  test('the sources of an image travel when its file cannot', async () => {
    const queue = newQueue();
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await startWorker([...queue, '--root', empty]);
    const paths = await run(['submit', ...queue, GOOD]);
    expect([paths.code, paths.notes.length]).toEqual([3, 1]);
    expect(paths.err).toMatch(/not in .*empty, all that this worker reads/);
    expect((await run(['submit', ...queue, '--send', 'sources', GOOD])).code).toBe(0);
  });

  test('Ctrl-C ends the wait with 130 and takes back what no worker has', async () => {
    const queue = newQueue();
    const waiting = start(['submit', ...queue, '--json', GOOD, fixture('synthetic')]);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    const key = `bull:${queue.at(-1)}:prioritized`;
    await expect.poll(() => client.zcard(key)).toBeGreaterThan(5);
    waiting.child.kill('SIGINT');
    const { code, out, err } = await waiting.ending;
    expect([code, out]).toEqual([130, '']);
    expect(err).toMatch(/^interrupted: 0 of \d+ images done\n$/);
    expect(await client.zcard(key)).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s lets a worker finish what it is at', async (signal) => {
    const queue = newQueue();
    const worker = await startWorker(queue);
    const submitted = start(['submit', ...queue, '--json', GOOD]);
    await once(submitted.child.stdout!, 'data');
    worker.child.kill(signal);
    const { code, notes } = await worker.ending;
    expect(code).toBe(0);
    expect(notes.slice(1).map((note) => note.replace(/^worker \S+: /, 'worker: '))).toEqual([
      expect.stringMatching(/pocs_unsolved\.fits: /),
      'finishing what runs; press Ctrl-C again to give it back to the queue',
      'worker: images done: 1',
    ]);
    expect((await submitted.ending).code).toBe(0);
  });

  test('a second Ctrl-C gives back what a worker is at, and another takes it at once', async () => {
    const queue = newQueue();
    // Long enough to be interrupted: no sky fits.
    const hard = join(folder, 'hard.fits');
    copyFileSync(fixture('negative/neg_random_points.fits'), hard);
    const first = await startWorker(queue);
    const submitted = start(['submit', ...queue, '--json', hard]);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => client.llen(`bull:${queue.at(-1)}:active`), { interval: 5 }).toBe(1);
    first.child.kill('SIGINT');
    await said(first, /finishing/);
    first.child.kill('SIGINT');
    expect((await first.ending).code).toBe(130);
    await startWorker(queue);
    const { code, out } = await submitted.ending;
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ file: hard, status: 'unsolved' });
  });

  test('a worker asks a server, and who submits sees where', async () => {
    const nova = await startNova();
    solveLikeRecorded(nova);
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, `${API_KEY}\n`, { mode: 0o600 });
    const queue = newQueue();
    const asking = ['--engine', 'nova', '--server', nova.url, '--api-key-file', keyFile, '--poll', '0.05'];
    const worker = await startWorker([...queue, ...asking, '--rate', '600']);
    const copy = join(folder, 'copy.jpg');
    copyFileSync(PICTURE, copy);
    const { code, out } = await run(['submit', '--json', ...queue, PICTURE, copy]);
    expect(code).toBe(0);
    const answers = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonLine);
    expect(new Set(answers.map(({ submission }) => submission))).toEqual(new Set([1, 2]));
    expect(answers[0]).toMatchObject({ status: 'solved', engine: 'nova', server: nova.url });
    worker.child.kill('SIGINT');
    expect((await worker.ending).err).not.toContain(API_KEY);
  });

  test('a worker that takes over waits for the submission that is there', async () => {
    const nova = await startNova();
    solveLikeRecorded(nova, [...Array.from({ length: 6 }, () => 'solving'), 'success']);
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, `${API_KEY}\n`, { mode: 0o600 });
    const queue = newQueue();
    const asking = ['--engine', 'nova', '--server', nova.url, '--api-key-file', keyFile, '--poll', '0.05'];
    const first = await startWorker([...queue, ...asking]);
    const submitted = start(['submit', '--json', ...queue, PICTURE]);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    const data = async (): Promise<string> => {
      const [key] = await client.keys(`bull:${queue.at(-1)}:*-0`);
      return (key === undefined ? null : await client.hget(key, 'data')) ?? '';
    };
    await expect.poll(data, { interval: 5, timeout: 10_000 }).toMatch(/"submitted":\{"server":"http.*"submissionId":1/);
    first.child.kill('SIGINT');
    await said(first, /finishing/);
    first.child.kill('SIGINT');
    expect((await first.ending).code).toBe(130);
    await startWorker([...queue, ...asking]);
    expect(JSON.parse((await submitted.ending).out)).toMatchObject({ status: 'solved', submission: 1, job: 101 });
    expect(nova.uploads.length).toBe(1);
  });

  test('say in one line what is wrong with the address, and never the password', async () => {
    const port = await freePort();
    // Something that listens and never answers.
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    onTestFinished(() => void mute.close());
    const locked = await RedisServer.start({ password: 'open' });
    onTestFinished(() => locked.close());
    const cases = [
      [`redis://:hush@127.0.0.1:${port}`, 5, /connection refused/],
      [`redis://:hush@127.0.0.1:${(mute.address() as AddressInfo).port}`, 5, /no answer/],
      [`redis://:hush@127.0.0.1:${locked.port}`, 5, /another user or password/],
      ['http://:hush@127.0.0.1', 2, /--redis: a URL begins with/],
    ] as const;
    const check = async (url: string, exit: number, message: RegExp, command: readonly string[]): Promise<void> => {
      const { code, out, notes } = await run([...command, '--redis', url]);
      expect([code, out, notes.length], url).toEqual([exit, '', 1]);
      expect(notes[0]).toMatch(message);
      expect(notes[0]).not.toContain('hush');
    };
    await Promise.all(
      cases.flatMap(([url, exit, message]) => [
        check(url, exit, message, ['worker']),
        check(url, exit, message, ['submit', GOOD]),
      ]),
    );
    expect((await run(['submit', GOOD])).err).toMatch(/submit needs --redis URL/);
  });

  test('workers are killed, Redis is killed and comes back: every image has one answer', async () => {
    const lasting = await RedisServer.start({ appendOnly: true });
    onTestFinished(() => lasting.close());
    const figures = await storm({ folder, jobs: 120, workers: 3, killEveryMs: 2500, mostKills: 2, redis: lasting });
    expect(figures).toMatchObject({ lost: 0, twice: 0, kills: 2 });
    expect(Object.keys(figures.statuses)).not.toContain('error');
    expect([0, 1]).toContain(figures.exitCode);
    expect(figures.messages.split('\n')).toEqual([
      `${lasting.url}: the connection is lost; it is tried again until it is back`,
      `${lasting.url}: connected again`,
      '',
    ]);
  });
});
