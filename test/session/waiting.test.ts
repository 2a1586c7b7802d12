import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/session/clock.ts';
import { Gate } from '../../src/session/gate.ts';
import { DEFAULT_SCHEDULE, backoffMs, retryAfterMs } from '../../src/session/retry.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { JOB, hastyClock, sessionOf, startNova } from './set-up.ts';

const NEVER = new AbortController().signal;

test('waits double up to a bound, and lie in the upper half of it', () => {
  const waits = (random: number): number[] =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(DEFAULT_SCHEDULE, failures, () => random));
  expect(waits(0)).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  expect(waits(1)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test.each([
  [{}, undefined],
  [{ 'retry-after': '' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-5' }, 0],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': ' 120 ' }, 120_000],
  [{ 'retry-after': '1.5' }, 1500],
  [{ 'retry-after': 'Fri, 20 Nov 2026 23:31:00 GMT' }, 40_000],
  // By the clock of the server, whatever ours says.
  [{ 'retry-after': 'Fri, 20 Nov 2026 23:31:00 GMT', date: 'Fri, 20 Nov 2026 23:30:50 GMT' }, 10_000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 23:30:00 GMT', date: 'Fri, 20 Nov 2026 23:30:50 GMT' }, 0],
])('of %j it is to wait %s ms', (headers, ms) => {
  const wall = (): number => Date.parse('Fri, 20 Nov 2026 23:30:20 GMT');
  const got = retryAfterMs(new Headers(headers), { wall });
  // "-5" is no number of seconds; Date.parse makes a day long ago of it, which is no wait either.
  expect(got).toBe(ms);
});

test('what the server asks to wait is waited, and by the others too', async () => {
  const nova = await startNova();
  nova.solve(19, 19);
  nova.fail('job', { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
  const session = sessionOf(nova.url, { clock: SYSTEM_CLOCK });
  const begin = performance.now();
  const first = new SessionRequest(session, JOB).send();
  await sleep(300);
  const second = new SessionRequest(session, JOB).send();
  await Promise.all([first, second]);
  const times = nova.requests.map(({ at }) => at - begin);
  expect(times).toHaveLength(3);
  for (const time of times.slice(1)) expect(time).toBeGreaterThanOrEqual(990);
});

test('a server that asks for an hour is not waited for', async () => {
  const nova = await startNova();
  nova.fail('job', { kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
  const clock = hastyClock();
  await expect(new SessionRequest(sessionOf(nova.url, { clock }), JOB).send()).rejects.toMatchObject({
    code: 'SERVER_BUSY',
    message: expect.stringContaining('HTTP 429 (429 Fault), wait 3600 s'),
  });
  expect(clock.slept).toEqual([]);
});

test('a wall clock that jumps changes nothing: no limit and no wait is counted by it', async () => {
  const nova = await startNova();
  nova.solve(19, 19);
  let wall = Date.parse('2026-11-20');
  const clock = { ...hastyClock(), wall: () => (wall += 1e10 * (Math.random() - 0.5)) };
  const session = sessionOf(nova.url, { clock });
  nova.fail('job', { kind: 'status', status: 503 }, 3);
  const later = new Date(Date.now() + 2000).toUTCString();
  nova.fail('job', { kind: 'status', status: 429, headers: { 'retry-after': later } });
  const { status } = await new SessionRequest(session, JOB).send({ timeoutMs: 30_000 });
  expect(status).toBe('processing');
  for (const ms of clock.slept) expect(ms).toBeLessThanOrEqual(8000);
});

test('the gate lets so many in at once, in their order', async () => {
  const gate = new Gate({ maxParallel: 2, maxPerSecond: 1000 });
  const order: number[] = [];
  const leaves: (() => void)[] = [];
  const enter = async (i: number): Promise<void> => {
    leaves.push(await gate.enter(NEVER));
    order.push(i);
  };
  const all = Promise.all([1, 2, 3, 4].map(enter));
  await sleep(5);
  expect(order).toEqual([1, 2]);
  leaves[0]!();
  leaves[0]!();
  await sleep(5);
  expect(order).toEqual([1, 2, 3]);
  leaves[1]!();
  await all;
  expect(order).toEqual([1, 2, 3, 4]);
});

test('the gate lets so many in per second', async () => {
  const gate = new Gate({ maxParallel: 100, maxPerSecond: 20 });
  const begin = performance.now();
  await Promise.all(Array.from({ length: 30 }, async () => (await gate.enter(NEVER))()));
  const elapsed = performance.now() - begin;
  expect(elapsed).toBeGreaterThan(450);
  expect(elapsed).toBeLessThan(1500);
});

test('who leaves the queue is not waited for, and takes no place', async () => {
  const gate = new Gate({ maxParallel: 1, maxPerSecond: 1000 });
  const leave = await gate.enter(NEVER);
  const impatient = new AbortController();
  const given = gate.enter(impatient.signal);
  const next = gate.enter(NEVER);
  impatient.abort(new Error('too long'));
  await expect(given).rejects.toThrow('too long');
  await expect(gate.enter(impatient.signal)).rejects.toThrow('too long');
  leave();
  (await next)();
});
