import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { InvalidSessionError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { Session } from '../../src/session/session.ts';
import type { SessionToken } from '../../src/session/session-token.ts';
import { testFolder } from './folder.ts';
import { startProcess } from './process.ts';
import { API_KEY, JOB, MY_JOBS, hastyClock, sessionOf, startNova } from './set-up.ts';

const DAY_MS = 24 * 3600 * 1000;

/** A clock whose date is set by hand. */
function datedClock(): ReturnType<typeof hastyClock> & { date: number } {
  const clock = { ...hastyClock(), date: Date.UTC(2026, 10, 20), wall: () => clock.date };
  return clock;
}

test('a token is had once, and replaced when it reaches its age', async () => {
  const nova = await startNova();
  const clock = datedClock();
  const session = sessionOf(nova.url, { clock, cache: testFolder() });
  const first = await session.token();
  expect(first).toEqual({ server: nova.url, key: session.key, obtainedAt: clock.date, user: 'novatest@example.org' });
  clock.date += 6 * DAY_MS - 1;
  expect(await session.token()).toBe(first);
  clock.date += 1;
  const [second, again] = await Promise.all([session.token(), session.token()]);
  expect(second).toBe(again);
  expect(second.key).not.toBe(first.key);
  expect(nova.count('login')).toBe(2);
});

test('a request with a session key that has reached its age logs in first, and is not refused', async () => {
  const nova = await startNova();
  const clock = datedClock();
  const session = sessionOf(nova.url, { clock, sessionMaxAgeMs: DAY_MS });
  await new SessionRequest(session, MY_JOBS).send();
  clock.date += DAY_MS;
  nova.forgetSessions();
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['login', 'myjobs', 'login', 'myjobs']);
});

test('a kept token that is too old is not used', async () => {
  const nova = await startNova();
  const [cache, clock] = [testFolder(), datedClock()];
  await sessionOf(nova.url, { clock, cache }).login();
  clock.date += 6 * DAY_MS;
  await sessionOf(nova.url, { clock, cache, sessionMaxAgeMs: null }).login();
  expect(nova.count('login')).toBe(1);
  await sessionOf(nova.url, { clock, cache }).login();
  expect(nova.count('login')).toBe(2);
});

test('with an age limit of null it is only replaced when the server refuses it', async () => {
  const nova = await startNova();
  const clock = datedClock();
  const session = sessionOf(nova.url, { clock, sessionMaxAgeMs: null });
  const first = await session.token();
  clock.date += 1000 * DAY_MS;
  expect(await session.token()).toBe(first);
  expect(session.info().expires).toBeUndefined();
  nova.expireSessions();
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.count('login')).toBe(2);
});

test('info tells what there is to know and no key', async () => {
  const nova = await startNova();
  const clock = datedClock();
  const session = sessionOf(nova.url, { clock });
  const known = { server: nova.url, mode: 'nova', source: { kind: 'argument', name: 'apiKey' }, apiKey: '****bcde' };
  const none = { user: undefined, obtainedAt: undefined, expires: undefined };
  expect(session.info()).toEqual({ ...known, ...none, loggedIn: false });
  const { key } = await session.token();
  const at = new Date(clock.date);
  const expires = new Date(clock.date + 6 * DAY_MS);
  expect(session.info()).toEqual({ ...known, loggedIn: true, user: 'novatest@example.org', obtainedAt: at, expires });
  for (const shown of [
    inspect(session),
    inspect(session.info()),
    JSON.stringify(session),
    inspect(await session.token()),
  ]) {
    expect(shown).not.toContain(API_KEY);
    expect(shown).not.toContain(key);
  }
});

test('a session of a token works without a login, in a thread and in a process', async () => {
  const nova = await startNova();
  const token = await sessionOf(nova.url).token();
  nova.requests.length = 0;
  const session = Session.fromToken(token);
  await new SessionRequest(session, MY_JOBS).send();
  expect(session).toMatchObject({ source: { kind: 'token' }, maskedKey: 'none', loggedIn: true, mode: 'nova' });
  expect(() => session.apiKey).toThrow(expect.objectContaining({ code: 'API_KEY_MISSING' }));

  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage({ ...workerData });
  `;
  const worker = new Worker(program, { eval: true, workerData: token });
  expect(await new Promise((resolve) => worker.once('message', resolve))).toEqual({ ...token });

  const child = await startProcess({ ASTROMETRY_API_KEY: API_KEY });
  await child.do('fromToken', JSON.parse(JSON.stringify(token)));
  await child.do('mine');
  await expect(child.do('apiKey')).rejects.toMatchObject({ code: 'API_KEY_MISSING' });
  expect(await child.do('shown')).not.toContain(token.key);
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['myjobs', 'myjobs']);
});

test('a session of a token never logs in: when the server refuses it, it is over', async () => {
  const nova = await startNova();
  const session = Session.fromToken(await sessionOf(nova.url).token(), { clock: hastyClock() });
  nova.forgetSessions();
  nova.requests.length = 0;
  await expect(new SessionRequest(session, MY_JOBS).send()).rejects.toBeInstanceOf(InvalidSessionError);
  for (const asked of [new SessionRequest(session, MY_JOBS).send(), session.token(), session.login({ force: true })]) {
    await expect(asked).rejects.toMatchObject({
      code: 'SESSION_INVALID',
      message: expect.stringContaining('token') as string,
    });
  }
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['myjobs']);
  nova.solve(19, 19, ['success']);
  expect(await new SessionRequest(session, JOB).send()).toEqual({ status: 'success' });
});

test('a fault that may mean that the session has expired is told as it is when nothing can be done about it', async () => {
  const nova = await startNova();
  const session = Session.fromToken(await sessionOf(nova.url).token(), { clock: hastyClock(), retries: 0 });
  const images = new SessionRequest(session, { ...MY_JOBS, path: '/api/submission_images', expiredStatus: 500 });
  nova.fail('submission_images', { kind: 'status', status: 500 });
  await expect(images.send()).rejects.toMatchObject({ code: 'SERVER_ERROR' });
  expect(session.loggedIn).toBe(true);
});

test.each([
  [undefined],
  ['text'],
  [{}],
  [{ server: 'https://nova.example', key: 'two words', obtainedAt: 0 }],
  [{ server: 'ftp://nova.example', key: 'goodkey', obtainedAt: 0 }],
  [{ server: 'https://nova.example', key: 'goodkey', obtainedAt: '2026' }],
])('%j is no token', (token) => {
  expect(() => Session.fromToken(token as SessionToken)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
});

test.each([0, -1, Number.NaN])('an age limit of %s is refused', (sessionMaxAgeMs) => {
  expect(() => new Session({ apiKey: 'abcdef', sessionMaxAgeMs })).toThrow('sessionMaxAgeMs');
});
