import { once } from 'node:events';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testFolder } from './folder.ts';
import { type SessionProcess, startProcess, startProcesses } from './process.ts';
import { API_KEY, startNova } from './set-up.ts';

async function openAll(processes: readonly SessionProcess[], options: object): Promise<void> {
  await Promise.all(processes.map((one) => one.do('open', { apiKey: API_KEY, maxPerSecond: 1000, ...options })));
}

test('eight processes that begin at once make one login, and one more when the server has forgotten the session', async () => {
  const nova = await startNova();
  nova.latencyMs = 20;
  const cache = testFolder();
  const processes = await startProcesses(8);
  await openAll(processes, { server: nova.url, cache });
  await Promise.all(processes.map((one) => one.do('mine')));
  expect(nova.count('login')).toBe(1);
  expect(nova.count('myjobs')).toBe(8);

  for (const end of ['forgetSessions', 'expireSessions'] as const) {
    nova[end]();
    nova.requests.length = 0;
    await Promise.all(processes.map((one) => one.do('mine', 3)));
    expect(nova.count('login')).toBe(1);
  }

  // A process that comes later has nothing to log in for.
  nova.requests.length = 0;
  const late = await startProcess();
  await openAll([late], { server: nova.url, cache });
  await late.do('mine');
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['myjobs']);

  const sessions = join(cache, 'sessions');
  const files = readdirSync(sessions);
  expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.json$/)]);
  expect(readFileSync(join(sessions, files[0]!), 'utf8')).not.toContain(API_KEY);
  expect(statSync(join(sessions, files[0]!)).mode & 0o777).toBe(0o600);
  expect(statSync(sessions).mode & 0o777).toBe(0o700);
  for (const one of [...processes, late]) expect(one.errors()).toBe('');
});

test('a process that is killed in the middle of its login holds nobody up, and one of the others logs in', async () => {
  const nova = await startNova();
  const cache = testFolder();
  const [first, ...others] = await startProcesses(8);
  await openAll([first!, ...others], { server: nova.url, cache });
  // Its login is taken and never answered.
  nova.fail('login', { kind: 'stall', read: true });
  void first!.do('mine');
  await expect.poll(() => nova.count('login')).toBe(1);
  const waiting = others.map((one) => one.do('mine'));
  first!.child.kill('SIGKILL');
  await once(first!.child, 'exit');
  await Promise.all(waiting);
  expect(nova.count('login')).toBe(2);
  expect(nova.count('myjobs')).toBe(7);
  expect(readdirSync(join(cache, 'sessions'))).toEqual([expect.stringMatching(/\.json$/)]);
});

test('when a login fails, those who wait for it fail or succeed by themselves, and not one after the other', async () => {
  const nova = await startNova();
  nova.latencyMs = 30;
  const processes = await startProcesses(4);
  await openAll(processes, { server: nova.url, cache: testFolder(), apiKey: 'nosuchkeynosuchk' });
  const outcomes = await Promise.allSettled(processes.map((one) => one.do('mine')));
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'LOGIN_FAILED', name: 'LoginFailedError' } });
  }
  expect(nova.count('login')).toBeLessThanOrEqual(4);
});

test('two keys are two sessions, and a key is never tried at another server', async () => {
  const [nova, other] = [await startNova(), await startNova()];
  nova.keys.set('anotherkeyanother', 'other@example.org');
  const cache = testFolder();
  const [one, two, three] = await startProcesses(3);
  await one!.do('open', { apiKey: API_KEY, server: nova.url, cache });
  await two!.do('open', { apiKey: 'anotherkeyanother', server: nova.url, cache });
  await three!.do('open', { apiKey: API_KEY, server: other.url, cache });
  for (const each of [one!, two!, three!]) await each.do('mine');
  expect([nova.count('login'), other.count('login')]).toEqual([2, 1]);
  expect(readdirSync(join(cache, 'sessions'))).toHaveLength(3);
});
