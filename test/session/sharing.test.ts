import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SessionRequest } from '../../src/session/session-request.ts';
import { Session } from '../../src/session/session.ts';
import type { SessionOptions } from '../../src/session/session-options.ts';
import { SessionSharing } from '../../src/session/session-sharing.ts';
import { collectSharedSession } from '../../src/session/shared-session.ts';
import { testFolder } from './folder.ts';
import { startProcess, startProcesses } from './process.ts';
import { API_KEY, JOB, MY_JOBS, hastyClock, sessionOf, startNova } from './set-up.ts';

/** A session whose sharing stands in a folder of its own. */
function sharedAt(server: string, baseDir: string, options: SessionOptions = {}): Session {
  const session = sessionOf(server, { baseDir, ...options });
  onTestFinished(() => session.close());
  return session;
}

test('processes that share a session make one login, never see the API key, and one more login when it is forgotten', async () => {
  const nova = await startNova();
  nova.latencyMs = 5;
  const baseDir = testFolder();
  const session = sharedAt(nova.url, baseDir);
  await using sharing = await session.share('night');
  expect(sharing.name).toBe('night');
  const processes = await startProcesses(4, { ASTROMETRY_API_KEY: '' });
  await Promise.all(processes.map((one) => one.do('collect', 'night', { baseDir })));
  await Promise.all(processes.map((one) => one.do('mine', 3)));
  expect(nova.count('login')).toBe(1);
  expect(nova.count('myjobs')).toBe(12);

  nova.requests.length = 0;
  nova.expireSessions();
  await Promise.all([...processes.map((one) => one.do('mine', 3)), new SessionRequest(session, MY_JOBS).send()]);
  expect(nova.count('login')).toBe(1);
  for (const [i, one] of processes.entries()) {
    expect(await one.do('upload', `image ${i}`)).toEqual(expect.any(Number));
    await expect(one.do('apiKey')).rejects.toMatchObject({ code: 'API_KEY_MISSING' });
    expect(await one.do('info')).toMatchObject({
      source: { kind: 'sharing' },
      mode: 'nova',
      apiKey: 'none',
      user: 'novatest@example.org',
    });
    const shown = await one.do('shown');
    expect(shown).not.toContain(API_KEY);
    expect(shown).not.toContain(session.key);
  }
  expect(nova.uploads).toHaveLength(4);
});

test('all of them together keep the limit of requests at a time, and of requests per second', async () => {
  const nova = await startNova();
  nova.latencyMs = 10;
  const baseDir = testFolder();
  const session = sharedAt(nova.url, baseDir, { maxParallel: 2, maxPerSecond: 20 });
  await using _ = await session.share();
  const processes = await startProcesses(3);
  await Promise.all(processes.map((one) => one.do('collect', 'default', { baseDir })));
  await session.login();
  nova.requests.length = 0;
  const began = performance.now();
  await Promise.all(processes.map((one) => one.do('mine', 15)));
  expect(nova.count('myjobs')).toBe(45);
  expect(nova.mostAtOnce).toBe(2);
  // Twenty may begin at once after a pause, the other 25 at 20 per second. A slow machine takes longer, never less.
  expect(performance.now() - began).toBeGreaterThan(1000);
});

test('a process that dies gives its places back', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  const session = sharedAt(nova.url, baseDir, { maxParallel: 1 });
  await using _ = await session.share();
  await session.login();
  const child = await startProcess();
  await child.do('collect', 'default', { baseDir });
  nova.fail('myjobs', { kind: 'stall', read: true });
  void child.do('mine', 2);
  await expect.poll(() => nova.count('myjobs')).toBe(1);
  const own = new SessionRequest(session, MY_JOBS).send();
  child.child.kill('SIGKILL');
  await own;
  expect(nova.count('myjobs')).toBe(2);
});

test('when the one that shares is gone, the key is used until it is refused, and another one may take its place', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  const options = { apiKey: API_KEY, server: nova.url, baseDir };
  const sharer = await startProcess();
  await sharer.do('open', options);
  await sharer.do('share', 'night');
  const session = await collectSharedSession('night', { baseDir, clock: hastyClock() });
  onTestFinished(() => session.close());
  await new SessionRequest(session, MY_JOBS).send();
  sharer.child.kill('SIGKILL');
  await once(sharer.child, 'exit');
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.count('login')).toBe(1);

  nova.forgetSessions();
  await expect(new SessionRequest(session, MY_JOBS).send()).rejects.toMatchObject({
    code: 'SESSION_NOT_SHARED',
    message: 'night: nobody shares this session any more',
  });
  nova.solve(19, 19, ['success']);
  expect(await new SessionRequest(session, JOB).send()).toEqual({ status: 'success' });
  await expect(collectSharedSession('night', { baseDir })).rejects.toMatchObject({ code: 'SESSION_NOT_SHARED' });

  const next = await startProcess();
  await next.do('open', options);
  await next.do('share', 'night');
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.count('login')).toBe(2);
});

test('a name is shared by one process at a time, and is free when that one closes', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  const session = sharedAt(nova.url, baseDir);
  const sharing = new SessionSharing(session, { name: 'night' });
  await sharing.start();
  await sharing.start();
  await expect(session.share('night')).rejects.toMatchObject({ code: 'SESSION_SHARED_ALREADY' });
  await using other = await session.share('day');
  expect(other.name).toBe('day');
  await sharing.close();
  await sharing.close();
  await expect(collectSharedSession('night', { baseDir })).rejects.toMatchObject({
    code: 'SESSION_NOT_SHARED',
    message: 'night: nobody shares a session under this name',
  });
  await session.share('night');
  await session.close();
  await expect(collectSharedSession('night', { baseDir })).rejects.toMatchObject({ code: 'SESSION_NOT_SHARED' });
});

test.each(['', '../up', 'a/b', '.hidden', 'x'.repeat(65), 'two words'])('%j is no name', async (name) => {
  const baseDir = testFolder();
  await expect(collectSharedSession(name, { baseDir })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  await expect(sessionOf('http://127.0.0.1:9', { baseDir }).share(name)).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  });
});

test('only a session that has an API key can be shared', async () => {
  const baseDir = testFolder();
  const keyless = new Session({ server: 'http://127.0.0.1:9', baseDir, env: {}, keyOptional: true });
  const token = Session.fromToken({ server: 'http://127.0.0.1:9', key: 'somekey', obtainedAt: 0 });
  for (const session of [keyless, token]) {
    await expect(session.share()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  }
});

test('only the same user can come near, and nonsense is not answered', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  await using _ = await sharedAt(nova.url, baseDir).share('night');
  const folder = join(baseDir, 'cache', 'shared');
  const [name] = readdirSync(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o600);
  for (const words of ['not json\n', '{"id":1,"ask":"keys"}\n', 'x'.repeat(100_000)]) {
    const socket = createConnection(join(folder, name!));
    let said = '';
    socket.on('error', () => {});
    socket.on('data', (piece) => (said += piece.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(words);
    await closed;
    expect(said.trimEnd().split('\n').length).toBeLessThanOrEqual(1);
    expect(said).not.toContain(API_KEY);
  }
  // A folder that others could enter is closed again.
  chmodSync(folder, 0o777);
  const session = await collectSharedSession('night', { baseDir });
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  await session.close();
});

test('the faults of a login come to those who asked for it as what they are', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  await using _ = await sharedAt(nova.url, baseDir, { apiKey: 'nosuchkeynosuchk', retries: 0 }).share();
  const session = await collectSharedSession(undefined, { baseDir });
  onTestFinished(() => session.close());
  await expect(session.login()).rejects.toMatchObject({ code: 'LOGIN_FAILED', name: 'LoginFailedError' });
  nova.fail('login', { kind: 'status', status: 503 });
  await expect(session.login()).rejects.toMatchObject({ code: 'SERVER_ERROR', name: 'ServerError' });
  nova.fail('login', { kind: 'stall', read: true });
  const given = new AbortController();
  const asked = session.login({ signal: given.signal });
  await expect.poll(() => nova.count('login')).toBe(3);
  given.abort(new Error('changed my mind'));
  await expect(asked).rejects.toThrow('changed my mind');
});

test('a process that uses a shared session ends by itself, and one that shares goes on until it is told', async () => {
  const nova = await startNova();
  const baseDir = testFolder();
  const [sharer, user] = await startProcesses(2);
  await sharer!.do('open', { apiKey: API_KEY, server: nova.url, baseDir });
  await sharer!.do('share', 'night');
  await user!.do('collect', 'night', { baseDir });
  await user!.do('mine');
  const ended = once(user!.child, 'exit');
  void user!.do('end');
  expect(await ended).toEqual([0, null]);
  expect(sharer!.child.exitCode).toBeNull();
  await sharer!.do('unshare');
  const over = once(sharer!.child, 'exit');
  void sharer!.do('end');
  expect(await over).toEqual([0, null]);
});
