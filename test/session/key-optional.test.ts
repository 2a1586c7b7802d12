import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ApiKeyError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { Session } from '../../src/session/session.ts';
import { testFolder } from './folder.ts';
import { API_KEY, JOB, MY_JOBS, hastyClock, startNova } from './set-up.ts';

/** A session that may be without a key, and is, unless the environment has one. */
function keyless(server: string, env: NodeJS.ProcessEnv = {}): Session {
  return new Session({ server, env, configFolder: testFolder(), keyOptional: true, cache: false, clock: hastyClock() });
}

test('without a key, what is open to everybody can be asked', async () => {
  const nova = await startNova();
  nova.solve(19, 19, ['success']);
  const session = keyless(nova.url);
  expect(await new SessionRequest(session, JOB).send()).toEqual({ status: 'success' });
  expect(nova.count('login')).toBe(0);
});

test('without a key, the first need of a login is the error that names every way to give one, and nothing is sent', async () => {
  const nova = await startNova();
  const session = keyless(nova.url);
  for (const asked of [new SessionRequest(session, MY_JOBS).send(), session.login(), session.login({ force: true })]) {
    await expect(asked).rejects.toBeInstanceOf(ApiKeyError);
    await expect(asked).rejects.toMatchObject({
      code: 'API_KEY_MISSING',
      message: expect.stringMatching(/apiKey or keyFile .*ASTROMETRY_API_KEY, AN_API_KEY .*solve login/) as string,
    });
  }
  expect(() => session.apiKey).toThrow(expect.objectContaining({ code: 'API_KEY_MISSING' }));
  expect(nova.requests).toEqual([]);
});

test('it can be shown without a key', () => {
  const session = keyless('https://nova.example');
  expect(session).toMatchObject({ source: { kind: 'none' }, maskedKey: 'none', loggedIn: false, key: undefined });
  for (const shown of [inspect(session), JSON.stringify(session), String(session)]) expect(shown).toContain('none');
});

test('a key that is there is used, and one that is wrong is an error at once', async () => {
  const nova = await startNova();
  const session = keyless(nova.url, { AN_API_KEY: API_KEY });
  await session.login();
  expect(session).toMatchObject({ loggedIn: true, source: { kind: 'environment', name: 'AN_API_KEY' } });
  expect(() => keyless(nova.url, { AN_API_KEY: 'two words' })).toThrow(
    expect.objectContaining({ code: 'API_KEY_INVALID' }),
  );
});
