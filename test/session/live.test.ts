import { expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/session/clock.ts';
import { LoginFailedError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { MY_JOBS, sessionOf, startNova } from './set-up.ts';

// Against our own server always, and against a real one where STARFIX_NOVA_URL and STARFIX_NOVA_KEY name it.
const { STARFIX_NOVA_URL: url, STARFIX_NOVA_KEY: apiKey } = process.env;
const polite = { clock: SYSTEM_CLOCK, maxPerSecond: 10 };

test.each([
  ['our test server', async () => sessionOf((await startNova()).url, polite)],
  ...(url && apiKey ? [['the live server', async () => sessionOf(url, { ...polite, apiKey })] as const] : []),
] as const)('%s lets us in, lists the jobs, and takes calls after a second login', async (_name, make) => {
  const session = await make();
  const { jobs } = await new SessionRequest(session, MY_JOBS).send();
  expect(Array.isArray(jobs)).toBe(true);
  const first = session.key;
  await session.login({ force: true });
  expect(session.key).not.toBe(first);
  expect((await new SessionRequest(session, MY_JOBS).send()).jobs).toEqual(jobs);
});

test.runIf(url && apiKey)('the live server refuses a wrong key', async () => {
  await expect(sessionOf(url ?? '', { ...polite, apiKey: 'nosuchkeynosuchk' }).login()).rejects.toBeInstanceOf(
    LoginFailedError,
  );
});
