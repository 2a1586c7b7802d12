import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEmbeddedSolver } from '../../src/engines/embedded.ts';
import { findSources } from '../../src/engines/field-sources.ts';
import { solve } from '../../src/engines/solve.ts';
import { SolveError } from '../../src/errors.ts';
import { connectRedis, parseRedis } from '../../src/pipeline/queue-connection.ts';
import { waitForTurn } from '../../src/pipeline/queue-rate.ts';
import { type SubmitManyOptions, submitMany } from '../../src/pipeline/queue-submit.ts';
import { type QueueWorkerOptions, createQueueWorker } from '../../src/pipeline/queue-worker.ts';
import type { ManyResult } from '../../src/pipeline/solve-many.ts';
import type { SolveInput, Solver } from '../../src/solution.ts';
import { NO_REDIS, RedisServer, freePort } from '../helpers/redis-server.ts';

const ORION = resolve('fixtures/synthetic/dev01_orion_2p5.fits');
const NOISE = resolve('fixtures/negative/neg_daylight.fits');

let redis: RedisServer;
let folder: string;
beforeAll(async () => {
  if (NO_REDIS === undefined) redis = await RedisServer.start();
  folder = mkdtempSync(join(tmpdir(), 'starfix-queue-'));
});
afterAll(async () => {
  await redis?.close();
  rmSync(folder, { recursive: true, force: true });
});

let queues = 0;
/** A queue that no other test uses. */
const newQueue = (): string => `test-${++queues}`;

/** What a dashboard sees. */
function dashboard(queue: string): Queue {
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  onTestFinished(() => connection.disconnect());
  return new Queue(queue, { connection });
}

function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** A worker in this process, on this thread. */
async function startWorker(options: Partial<QueueWorkerOptions>): ReturnType<typeof createQueueWorker> {
  const worker = await createQueueWorker({
    redis: redis.url,
    concurrency: 2,
    engines: async (job) => [createEmbeddedSolver(job)],
    ...options,
  });
  onTestFinished(() => worker.close());
  return worker;
}

async function submitted<T extends SolveInput>(
  inputs: Iterable<T> | AsyncIterable<T>,
  options: Omit<SubmitManyOptions, 'redis'>,
): Promise<ManyResult<T>[]> {
  const results: ManyResult<T>[] = [];
  for await (const result of submitMany(inputs, { redis: redis.url, ...options })) results.push(result);
  return results.sort((a, b) => a.index - b.index);
}

describe('the address of a Redis server', () => {
  test.each([
    ['redis://127.0.0.1', { host: '127.0.0.1', port: 6379, db: 0 }, 'redis://127.0.0.1:6379'],
    [
      'rediss://me:p%40ss@queue.example:6380/2',
      {
        host: 'queue.example',
        port: 6380,
        db: 2,
        username: 'me',
        password: 'p@ss',
        tls: { servername: 'queue.example' },
      },
      'rediss://queue.example:6380/2',
    ],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }, 'redis://[::1]:7000'],
    ['unix:///run/redis.sock?db=3', { path: '/run/redis.sock', db: 3 }, 'unix:///run/redis.sock'],
    ['/run/redis.sock', { path: '/run/redis.sock', db: 0 }, 'unix:///run/redis.sock'],
  ])('%s', (text, options, shown) => expect(parseRedis(text)).toEqual({ options, shown }));

  test.each([
    'localhost',
    'http://u:secret@host',
    'redis://',
    'redis://u:secret@host/x',
    'redis://:secret%zz@host',
    '',
  ])('%s is none, and is not repeated', (text) => {
    expect(() => parseRedis(text)).toThrow(SolveError);
    expect(() => parseRedis(text)).toThrow(/^redis: (?!.*secret)/);
  });
});

describe.skipIf(NO_REDIS !== undefined)('a queue', () => {
  test('gives the same results as solving here, from paths and from sources', async () => {
    const queue = newQueue();
    await startWorker({ queue });
    const here = await solve(ORION);
    const [byPath, noise] = await submitted([ORION, NOISE], { queue });
    expect(here.status).toBe('solved');
    expect(byPath?.outcome).toEqual({ ...here, report: expect.anything() });
    expect(noise?.outcome).toMatchObject({
      status: 'unsolved',
      reason: 'too-few-sources',
      message: expect.any(String),
    });
    const [bySources] = await submitted([ORION], { queue, send: 'sources' });
    if (bySources?.outcome?.status !== 'solved' || here.status !== 'solved') throw new Error('not solved');
    expect(bySources.outcome.solution.calibration.ra).toBeCloseTo(here.solution.calibration.ra, 4);
    expect(bySources.outcome.solution.calibration.dec).toBeCloseTo(here.solution.calibration.dec, 4);
    expect(bySources.outcome.solution).toMatchObject({ rowOrder: here.solution.rowOrder });
  });

  test('keeps a picture the right way up when only its sources are sent', async () => {
    const queue = newQueue();
    await startWorker({ queue });
    const picture = resolve('fixtures/real/cedar_orion2.jpg');
    const here = await solve(picture);
    const [there] = await submitted([picture], { queue, send: 'sources' });
    if (there?.outcome?.status !== 'solved' || here.status !== 'solved') throw new Error('not solved');
    const { positionAngle, mirrored } = there.outcome.solution.calibration;
    expect(mirrored).toBe(here.solution.calibration.mirrored);
    expect(positionAngle).toBeCloseTo(here.solution.calibration.positionAngle, 1);
  });

  test('takes sources and bytes that are in memory', async () => {
    const queue = newQueue();
    await startWorker({ queue });
    const sources = await findSources(ORION);
    const results = await submitted<SolveInput>([sources, new URL(`file://${ORION}`)], { queue });
    expect(results.map(({ outcome }) => outcome?.status)).toEqual(['solved', 'solved']);
  });

  test('tells what is wrong with a file, once, with its code and for dashboards too', async () => {
    const queue = newQueue();
    await startWorker({ queue });
    const bad = join(folder, 'bad.fits');
    writeFileSync(bad, 'SIMPLE');
    const results = await submitted([bad, join(folder, 'none.fits')], { queue });
    expect(results.map(({ error }) => (error as SolveError).code)).toEqual(['FORMAT_UNKNOWN', 'FILE_NOT_FOUND']);
    expect(results[1]?.error?.message).toMatch(/none\.fits.*\(on .+\)$/);
    const board = dashboard(queue);
    const failed = await board.getFailed();
    expect(failed.map((job) => [job.name, job.attemptsMade])).toEqual([
      ['solve', 1],
      ['solve', 1],
    ]);
    expect(failed.map((job) => job.failedReason).sort()[0]).toMatch(/^FILE_NOT_FOUND: .*none\.fits/);
  });

  test('shows dashboards plain JSON: what was asked, and what came of it', async () => {
    const queue = newQueue();
    await startWorker({ queue });
    await submitted([ORION], { queue, priority: 7 });
    const board = dashboard(queue);
    const [job] = await board.getCompleted();
    expect(job).toMatchObject({
      name: 'solve',
      priority: 7,
      data: { version: 1, index: 0, name: ORION, input: { kind: 'path', path: ORION } },
      returnvalue: {
        outcome: { status: 'solved', solution: { calibration: { ra: expect.any(Number) } } },
        worker: expect.stringMatching(/:\d+$/),
      },
    });
    expect(await board.getWorkersCount()).toBe(1);
  });

  test.each([
    [{ version: 1 }],
    [{ version: 1, run: 'r', index: 0, name: 'x', input: { kind: 'path', path: 'relative' }, hints: {}, options: {} }],
    [{ version: 1, run: 'r', index: 0, name: 'x', input: { kind: 'code', code: '1' }, hints: {}, options: {} }],
    [
      {
        version: 1,
        run: 'r',
        index: 0,
        name: 'x',
        input: { kind: 'path', path: ORION },
        hints: {},
        options: {},
        engine: 'nova',
      },
    ],
    [
      {
        version: 1,
        run: 'r',
        index: 0,
        name: 'x',
        input: {
          kind: 'sources',
          rowOrder: 'bottom-up',
          sources: { width: 1, height: 1, x: [1], y: [], flux: [], sigma: [], flags: [], fwhm: 1 },
        },
        hints: {},
        options: {},
      },
    ],
  ])('refuses a job that is none: %j', async (data) => {
    const queue = newQueue();
    const board = dashboard(queue);
    const job = await board.add('solve', data, { attempts: 5 });
    const ended = deferred<SolveError | undefined>();
    await startWorker({ queue, onEnded: ({ error }) => ended.resolve(error) });
    expect(await ended.promise).toMatchObject({ code: 'BAD_ARGUMENT' });
    await expect.poll(async () => await board.getJobState(job.id!)).toBe('failed');
  });

  test('reads nothing outside the root of a worker, wherever links lead', async () => {
    const queue = newQueue();
    const root = join(folder, 'root');
    mkdirSync(root);
    symlinkSync(ORION, join(root, 'out.fits'));
    symlinkSync(root, join(folder, 'link'));
    writeFileSync(join(root, 'in.fits'), 'x');
    await startWorker({ queue, root: join(folder, 'link') });
    const paths = [
      join(folder, 'link/in.fits'),
      join(root, 'out.fits'),
      ORION,
      join(root, '../none'),
      join(root, 'none'),
    ];
    const results = await submitted(paths, { queue });
    expect(results.map(({ error }) => (error as SolveError).code)).toEqual([
      'FORMAT_UNKNOWN',
      'FILE_UNREADABLE',
      'FILE_UNREADABLE',
      'FILE_UNREADABLE',
      'FILE_NOT_FOUND',
    ]);
  });

  test('repeats what a network fails, and not for ever', async () => {
    const queue = newQueue();
    const attempts = { flaky: 0, dead: 0 };
    const engine: Solver = {
      name: 'elsewhere',
      async solve(input, hints, options) {
        const kind = input === ORION ? 'flaky' : 'dead';
        if (++attempts[kind] === 1 || kind === 'dead') throw new SolveError('NETWORK', 'no way there');
        return await createEmbeddedSolver().solve(input, hints, options);
      },
    };
    await startWorker({ queue, engines: [engine] });
    const results = await submitted([ORION, NOISE], { queue, attempts: 2 });
    expect(results[0]?.outcome?.status).toBe('solved');
    expect(results[1]?.error).toMatchObject({ code: 'NETWORK', message: 'no way there' });
    expect(attempts).toEqual({ flaky: 2, dead: 2 });
  });

  test('holds a bounded number of jobs, and asks for inputs only when there is room', async () => {
    const queue = newQueue();
    let asked = 0;
    let most = 0;
    const inputs = function* (): Generator<string> {
      for (; asked < 60; asked++) yield join(folder, `${asked}.fits`);
    };
    await startWorker({ queue });
    let seen = 0;
    for await (const _ of submitMany(inputs(), { redis: redis.url, queue, window: 5 })) {
      seen++;
      most = Math.max(most, asked - seen);
    }
    expect(seen).toBe(60);
    expect(most).toBeLessThanOrEqual(5);
  });

  test('takes the more urgent first', async () => {
    const queue = newQueue();
    const order: string[] = [];
    const late = submitted([join(folder, 'late')], { queue, priority: 2000 });
    const urgent = submitted([join(folder, 'urgent')], { queue, priority: 1 });
    const board = dashboard(queue);
    await expect.poll(async () => await board.getPrioritizedCount()).toBe(2);
    await startWorker({ queue, concurrency: 1, onEnded: ({ name }) => order.push(name) });
    await Promise.all([late, urgent]);
    expect(order).toEqual([join(folder, 'urgent'), join(folder, 'late')]);
  });

  test('forgets the jobs of a loop that is broken off', async () => {
    const queue = newQueue();
    const controller = new AbortController();
    const results = submitMany(
      Array.from({ length: 20 }, (_, i) => `/none/${i}`),
      { redis: redis.url, queue, signal: controller.signal },
    );
    const next = results.next();
    const board = dashboard(queue);
    await expect.poll(async () => await board.getPrioritizedCount()).toBe(20);
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(await board.getPrioritizedCount()).toBe(0);
  });

  test('passes on what the inputs throw', async () => {
    const inputs = async function* (): AsyncGenerator<string> {
      yield '/none';
      throw new Error('disk gone');
    };
    await expect(submitted(inputs(), { queue: newQueue() })).rejects.toThrow('disk gone');
  });

  test('a worker that is closed gives back what it is at, and another takes it at once', async () => {
    const queue = newQueue();
    const begun = deferred<void>();
    const stuck: Solver = {
      name: 'stuck',
      solve: (_, __, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          begun.resolve(undefined);
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const first = await startWorker({ queue, engines: [stuck] });
    const results = submitted([ORION], { queue });
    await begun.promise;
    await first.close();
    await startWorker({ queue });
    expect((await results)[0]?.outcome?.status).toBe('solved');
  });

  test('a worker that drains finishes what it is at and takes nothing new', async () => {
    const queue = newQueue();
    const begun = deferred<void>();
    const goOn = deferred<void>();
    const slow: Solver = {
      name: 'slow',
      async solve(...args) {
        begun.resolve(undefined);
        await goOn.promise;
        return await createEmbeddedSolver().solve(...args);
      },
    };
    const ended: string[] = [];
    const worker = await startWorker({
      queue,
      concurrency: 1,
      engines: [slow],
      onEnded: ({ name }) => ended.push(name),
    });
    const results = submitMany([ORION, NOISE], { redis: redis.url, queue });
    const first = results.next();
    await begun.promise;
    const drained = worker.drain();
    goOn.resolve(undefined);
    await drained;
    await worker.ended;
    expect(ended).toEqual([ORION]);
    expect(((await first).value as ManyResult<string>).outcome?.status).toBe('solved');
    await results.return();
  });

  test('asks for turns at a server one after the other, whoever asks', async () => {
    const [one, other] = await Promise.all([connectRedis(redis.url), connectRedis(`unix://${redis.folder}/socket`)]);
    onTestFinished(() => [one, other].forEach((connection) => connection.close()));
    const start = performance.now();
    const turns = [one, other, one, other].map(async (connection) => {
      await waitForTurn(connection, 'https://server.test', 1200, undefined);
      return performance.now() - start;
    });
    const times = (await Promise.all(turns)).sort((a, b) => a - b);
    for (const [i, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(50 * i - 2);
  });
});

describe.skipIf(NO_REDIS !== undefined)('a Redis server', () => {
  test('that is not there', async () => {
    const port = await freePort();
    const message = `redis://127.0.0.1:${port}: connection refused`;
    await expect(connectRedis(`redis://:secret@127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
      message,
    });
    await expect(createQueueWorker({ redis: `redis://127.0.0.1:${port}` })).rejects.toMatchObject({ message });
    const none = submitMany(['x'], { redis: `redis://127.0.0.1:${port}` });
    await expect(none.next()).rejects.toMatchObject({ message });
  });

  test('that wants another password', async () => {
    const locked = await RedisServer.start({ password: 'open sesame' });
    onTestFinished(() => locked.close());
    const address = (password: string): string => `redis://${password}127.0.0.1:${locked.port}`;
    for (const password of [':wrong@', '', 'nobody:open@']) {
      await expect(connectRedis(address(password))).rejects.toMatchObject({
        code: 'QUEUE_UNREACHABLE',
        message: expect.stringMatching(/: the server wants another user or password \((?:WRONGPASS|NOAUTH)\)$/),
      });
    }
    (await connectRedis(address(':open%20sesame@'))).close();
  });

  test('that refuses what is asked of it', async () => {
    const strict = await RedisServer.start();
    onTestFinished(() => strict.close());
    const client = new Redis(strict.url);
    onTestFinished(() => client.disconnect());
    await client.call('ACL', 'SETUSER', 'guest', 'on', '>guest', '~*', '&*', '+@all', '-evalsha', '-eval');
    const address = `redis://guest:guest@127.0.0.1:${strict.port}`;
    const message = expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+: NOPERM /) as string;
    await expect(submitMany(['x'], { redis: address }).next()).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
      message,
    });
    const warned = deferred<string>();
    await startWorker({ redis: address, onWarning: warned.resolve });
    expect(await warned.promise).toEqual(message);
  });

  test('that restarts and has forgotten everything is told again', async () => {
    const forgetful = await RedisServer.start();
    onTestFinished(() => forgetful.close());
    const warnings: string[] = [];
    const paths = [ORION, NOISE, join(folder, 'none.fits')];
    const results: Promise<ManyResult<string>[]> = (async () => {
      const all = [];
      const options = { redis: forgetful.url, onWarning: (text: string) => warnings.push(text) };
      for await (const result of submitMany(paths, options)) all.push(result);
      return all;
    })();
    const board = new Redis(forgetful.url);
    onTestFinished(() => board.disconnect());
    board.on('error', () => {});
    await expect.poll(async () => await board.zcard('bull:starfix:prioritized')).toBe(3);
    await forgetful.stop('SIGKILL');
    await forgetful.start();
    await startWorker({ redis: forgetful.url });
    const all = await results;
    expect(all.length).toBe(3);
    expect(new Set(all.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
    expect(warnings).toEqual([
      `${forgetful.url}: the connection is lost; it is tried again until it is back`,
      `${forgetful.url}: connected again`,
    ]);
  });
});
