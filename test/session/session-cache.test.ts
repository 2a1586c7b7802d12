import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SessionCache, forgetToken, tokenPath } from '../../src/session/session-cache.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { Session } from '../../src/session/session.ts';
import { testFolder } from './folder.ts';
import { API_KEY, MY_JOBS, sessionOf, startNova } from './set-up.ts';

test('the next session needs no login, and knows the user', async () => {
  const nova = await startNova();
  const cache = testFolder();
  const first = sessionOf(nova.url, { cache });
  await new SessionRequest(first, MY_JOBS).send();
  const second = sessionOf(nova.url, { cache });
  expect(second.loggedIn).toBe(false);
  await new SessionRequest(second, MY_JOBS).send();
  expect(nova.count('login')).toBe(1);
  expect(second).toMatchObject({ key: first.key, user: 'novatest@example.org', loggedIn: true });
});

test('nothing is read or made before a session key is needed', async () => {
  const base = join(testFolder(), 'none');
  const session = new Session({ apiKey: API_KEY, baseDir: base, server: 'http://127.0.0.1:9' });
  session.info();
  expect(() => readdirSync(base)).toThrow('ENOENT');
});

test('baseDir holds keys and cache, and the environment says where they are otherwise', async () => {
  const nova = await startNova();
  const base = testFolder();
  writeFileSync(join(base, 'credentials.json'), JSON.stringify({ keys: { [nova.url]: API_KEY } }), { mode: 0o600 });
  const session = new Session({ server: nova.url, baseDir: base, env: {} });
  expect(session.source).toEqual({ kind: 'config', name: join(base, 'credentials.json') });
  await session.login();
  expect(readdirSync(join(base, 'cache', 'sessions'))).toHaveLength(1);

  const home = testFolder();
  await new Session({ apiKey: API_KEY, server: nova.url, env: { XDG_CACHE_HOME: home } }).login();
  expect(readdirSync(join(home, 'starfix', 'sessions'))).toHaveLength(1);
});

test('a login that is forced tries the key, and leaves what it got to the others', async () => {
  const nova = await startNova();
  const cache = testFolder();
  await sessionOf(nova.url, { cache }).login();
  const forced = sessionOf(nova.url, { cache });
  await forced.login({ force: true });
  expect(nova.count('login')).toBe(2);
  const next = sessionOf(nova.url, { cache });
  await next.login();
  expect(next.key).toBe(forced.key);
});

test('a kept session that the server has forgotten is replaced by one login, even if a newer one is kept as well', async () => {
  const nova = await startNova();
  const cache = testFolder();
  const session = sessionOf(nova.url, { cache });
  await session.login();
  await sessionOf(nova.url, { cache }).login({ force: true });
  nova.forgetSessions();
  nova.requests.length = 0;
  await new SessionRequest(session, MY_JOBS).send();
  expect(nova.requests.map(({ kind }) => kind)).toEqual(['myjobs', 'myjobs', 'login', 'myjobs']);
});

/** Ways in which what is kept is not to be trusted: what is done to the file, and what the warning says. */
const UNTRUSTED: readonly (readonly [string, (path: string) => void, string])[] = [
  ['everybody can read', (path) => chmodSync(path, 0o644), 'others than its owner can read or write it'],
  ['others can write', (path) => chmodSync(path, 0o620), 'others than its owner can read or write it'],
  ['is cut short', (path) => writeFileSync(path, readFileSync(path).subarray(0, 40)), 'is damaged'],
  ['is empty', (path) => writeFileSync(path, ''), 'is damaged'],
  ['is far too long', (path) => writeFileSync(path, ' '.repeat(100_000)), 'has 100000 bytes'],
  ['is for another server', (path) => edit(path, 'server', 'https://other.example'), 'is damaged'],
  ['holds no session key', (path) => edit(path, 'key', 'two words'), 'is damaged'],
  ['has no time', (path) => edit(path, 'obtainedAt', 'yesterday'), 'is damaged'],
  [
    'is a link',
    (path) => {
      renameSync(path, `${path}.moved`);
      symlinkSync(`${path}.moved`, path);
    },
    'is a link',
  ],
  [
    'is a folder',
    (path) => {
      renameSync(path, `${path}.moved`);
      mkdirSync(path);
    },
    'is no regular file',
  ],
];

function edit(path: string, name: string, value: unknown): void {
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), [name]: value }));
}

test.each(UNTRUSTED)('a kept session whose file %s is not used, with one warning', async (_, spoil, fact) => {
  const nova = await startNova();
  const cache = testFolder();
  const first = sessionOf(nova.url, { cache });
  await first.login();
  const path = tokenPath(cache, nova.url, API_KEY);
  spoil(path);
  const warnings: string[] = [];
  const second = sessionOf(nova.url, { cache, onWarning: (message) => warnings.push(message) });
  await new SessionRequest(second, MY_JOBS).send();
  expect(nova.count('login')).toBe(2);
  expect(warnings[0]).toBe(`${path}: ${fact}; the session kept there is not used`);
  expect(warnings.join(' ')).not.toContain(first.key);
  // A folder cannot be replaced by a file: that is told as well. All else is as it should be from now on.
  if (statSync(path).isDirectory()) expect(warnings).toHaveLength(2);
  else {
    expect(warnings).toHaveLength(1);
    expect(await new SessionCache(cache, nova.url, API_KEY, expect.fail).read()).toMatchObject({ key: second.key });
  }
});

test.skipIf(process.getuid?.() !== 0)('a kept session that belongs to another user is not used', async () => {
  const { chownSync } = await import('node:fs');
  const nova = await startNova();
  const cache = testFolder();
  await sessionOf(nova.url, { cache }).login();
  chownSync(tokenPath(cache, nova.url, API_KEY), 12_345, 12_345);
  const warnings: string[] = [];
  await sessionOf(nova.url, { cache, onWarning: (message) => warnings.push(message) }).login();
  expect(warnings).toEqual([expect.stringContaining('belongs to another user (12345)')]);
  expect(nova.count('login')).toBe(2);
});

test('where nothing can be kept, sessions work all the same, with one warning each', async () => {
  const nova = await startNova();
  const file = join(testFolder(), 'file');
  writeFileSync(file, '');
  const elsewhere = join(testFolder(), 'link');
  mkdirSync(join(elsewhere, '..', 'there'));
  symlinkSync(join(elsewhere, '..', 'there'), elsewhere);
  const linked = testFolder();
  symlinkSync(elsewhere, join(linked, 'sessions'));
  for (const cache of [file, linked]) {
    nova.requests.length = 0;
    const warnings: string[] = [];
    const session = sessionOf(nova.url, { cache, onWarning: (message) => warnings.push(message) });
    await new SessionRequest(session, MY_JOBS).send();
    nova.forgetSessions();
    await new SessionRequest(session, MY_JOBS).send();
    expect(nova.count('login')).toBe(2);
    expect(warnings).toEqual([expect.stringContaining(join(cache, 'sessions'))]);
  }
  expect(readdirSync(join(elsewhere, '..', 'there'))).toEqual([]);
});

test('what is kept can be forgotten, once', async () => {
  const nova = await startNova();
  const cache = testFolder();
  await sessionOf(nova.url, { cache }).login();
  await forgetToken(cache, nova.url, API_KEY);
  expect(readdirSync(join(cache, 'sessions'))).toEqual([]);
  await forgetToken(cache, nova.url, API_KEY);
});
