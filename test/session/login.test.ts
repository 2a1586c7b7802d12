import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InvalidSessionError, LoginFailedError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { Session } from '../../src/session/session.ts';
import { API_KEY, JOB, MY_JOBS, sessionOf, startNova, uploadOf } from './set-up.ts';

const FILE = Buffer.alloc(300_000, 'starlight');

test('nothing is sent until something must be, and a call without a session needs no login', async () => {
  const nova = await startNova('/some/prefix');
  const session = sessionOf(nova.url);
  expect(session).toMatchObject({ loggedIn: false, key: undefined, user: undefined, apiKey: API_KEY });
  expect(nova.requests).toHaveLength(0);
  nova.solve(19, 19);
  expect(await new SessionRequest(session, JOB).send()).toEqual({ status: 'processing' });
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['job']);
  expect(session.loggedIn).toBe(false);
});

test('fifty first calls at once make one login, and never more than three requests at a time', async () => {
  const nova = await startNova();
  nova.latencyMs = 3;
  const session = sessionOf(nova.url);
  await Promise.all(Array.from({ length: 50 }, () => new SessionRequest(session, MY_JOBS).send()));
  expect(nova.count('login')).toBe(1);
  expect(nova.count('myjobs')).toBe(50);
  expect(nova.mostAtOnce).toBe(3);
  expect(session).toMatchObject({ loggedIn: true, user: 'novatest@example.org' });
  expect(nova.sessions.has(session.key!)).toBe(true);
});

test('two sessions share the limit of their server', async () => {
  const nova = await startNova();
  nova.latencyMs = 3;
  const sessions = [sessionOf(nova.url, { maxParallel: 2 }), sessionOf(nova.url)];
  await Promise.all(Array.from({ length: 20 }, (_, i) => new SessionRequest(sessions[i % 2]!, MY_JOBS).send()));
  expect(nova.mostAtOnce).toBe(2);
});

test('the session goes into the JSON, and a Referer with every request', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  await new SessionRequest(session, MY_JOBS).send();
  const [login, jobs] = nova.requests;
  expect(JSON.parse(login!.json!)).toEqual({ apikey: API_KEY });
  expect(JSON.parse(jobs!.json!)).toEqual({ session: session.key });
  for (const { headers, method } of nova.requests) {
    expect(method).toBe('POST');
    expect(headers.referer).toBe(`${nova.url}/`);
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers.cookie).toBeUndefined();
  }
});

test.each(['expireSessions', 'forgetSessions'] as const)(
  'fifty uploads in whose middle the session ends (%s) make one more login, and every file arrives whole',
  async (end) => {
    const nova = await startNova();
    nova.latencyMs = 2;
    const session = sessionOf(nova.url);
    let bodies = 0;
    const uploads = Array.from({ length: 50 }, async () => {
      const reply = await new SessionRequest(
        session,
        uploadOf(FILE, () => bodies++),
      ).send();
      if (reply.subid === 20) nova[end]();
      return reply;
    });
    await Promise.all(uploads);
    expect(nova.count('login')).toBe(2);
    expect(nova.uploads).toHaveLength(50);
    for (const { bytes } of nova.uploads) expect(FILE.equals(bytes!)).toBe(true);
    // Only those that were under way with the old session are sent twice.
    expect(bodies).toBeLessThanOrEqual(50 + 2 * 3);
  },
);

test('a session that is refused right after a login is an error, and the next call logs in again', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  nova.script('/api/myjobs', { status: 'error', errormessage: 'user is not authenticated.' });
  await expect(new SessionRequest(session, MY_JOBS).send()).rejects.toBeInstanceOf(InvalidSessionError);
  expect(nova.count('login')).toBe(2);
  expect(session.loggedIn).toBe(false);
  nova.answers.clear();
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.count('login')).toBe(3);
});

test('a call that fails in place of saying that the session has expired is made again after one login', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url, { retries: 0 });
  const images = new SessionRequest(session, { ...MY_JOBS, path: '/api/submission_images', expiredStatus: 500 });
  await session.login();
  nova.expireSessions();
  // Our schema asks for jobs: that it is the schema that fails tells that the second request was answered.
  await expect(images.send()).rejects.toMatchObject({ code: 'REPLY_INVALID' });
  expect(nova.count('login')).toBe(2);
  nova.fail('submission_images', { kind: 'status', status: 500 }, 5);
  await expect(images.send()).rejects.toMatchObject({ code: 'SERVER_ERROR', status: 500 });
  expect(nova.count('login')).toBe(3);
});

test('a wrong key is refused once for all who wait, without another try', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url, { apiKey: 'nosuchkeynosuchk' });
  const calls = Array.from({ length: 10 }, () => new SessionRequest(session, MY_JOBS).send());
  for (const call of calls) {
    await expect(call).rejects.toBeInstanceOf(LoginFailedError);
    await expect(call).rejects.toMatchObject({ code: 'LOGIN_FAILED', message: expect.stringContaining('bad apikey') });
  }
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['login']);
});

test('login does nothing when there is a session, and something when it is forced', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  await session.login();
  const first = session.key;
  await session.login();
  expect(session.key).toBe(first);
  await session.login({ force: true });
  expect(session.key).not.toBe(first);
  expect(nova.count('login')).toBe(2);
});

test('who gives up waiting for a login does not stop the others; the last one does', async () => {
  const nova = await startNova();
  nova.latencyMs = 50;
  const session = sessionOf(nova.url);
  const first = new AbortController();
  const given = session.login({ signal: first.signal });
  const kept = new SessionRequest(session, MY_JOBS).send();
  await sleep(20);
  first.abort(new Error('changed my mind'));
  await expect(given).rejects.toThrow('changed my mind');
  await kept;
  expect(nova.count('login')).toBe(1);

  const other = sessionOf(nova.url);
  const only = new AbortController();
  const alone = other.login({ signal: only.signal });
  await sleep(20);
  only.abort('a reason that is no error');
  await expect(alone).rejects.toBe('a reason that is no error');
  await sleep(60);
  expect(other.loggedIn).toBe(false);
  await other.login();
  expect(other.loggedIn).toBe(true);
});

test('the constructor takes a key alone, and refuses what makes no sense', () => {
  expect(new Session(' abcdef ').apiKey).toBe('abcdef');
  expect(new Session('abcdef').server).toBe('https://nova.astrometry.net');
  const wrong = [
    { timeoutMs: 0 },
    { retries: -1 },
    { maxParallel: 0.5 },
    { maxPerSecond: NaN },
    { stallTimeoutMs: Infinity },
  ];
  for (const options of wrong) {
    expect(() => new Session({ apiKey: 'abcdef', ...options })).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', message: expect.stringContaining(Object.keys(options)[0]!) }),
    );
  }
});
