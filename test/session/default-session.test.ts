import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createEmbeddedSolver } from '../../src/engines/embedded.ts';
import { myJobs } from '../../src/nova/account.ts';
import { Job } from '../../src/nova/job.ts';
import { Submission } from '../../src/nova/submission.ts';
import { upload } from '../../src/nova/upload.ts';
import {
  type InitOptions,
  defaultSession,
  getInstance,
  init,
  isActive,
  reset,
  withSession,
} from '../../src/session/default-session.ts';
import { ApiKeyError, UnsupportedInModeError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { testFolder } from './folder.ts';
import { API_KEY, JOB, MY_JOBS, hastyClock, startNova } from './set-up.ts';

afterEach(reset);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SERVER = 'http://127.0.0.1:9';

/** A folder with a stored key and a key file. */
function keys(): { readonly configFolder: string; readonly keyFile: string; readonly configPath: string } {
  const configFolder = testFolder();
  const configPath = join(configFolder, 'credentials.json');
  writeFileSync(configPath, JSON.stringify({ keys: { [SERVER]: 'storedkeystoredk' } }), { mode: 0o600 });
  const keyFile = join(configFolder, 'key');
  writeFileSync(keyFile, 'filekeyfilekeyfi\n', { mode: 0o600 });
  return { configFolder, keyFile, configPath };
}

const ENV = { ASTROMETRY_API_KEY: 'envkeyenvkeyenvk' };

/** What is given, and the mode and the source of the key that it leads to. */
const ORDER: readonly (readonly [string, (given: ReturnType<typeof keys>) => InitOptions, string, string])[] = [
  ['forceLocal', (given) => ({ ...given, apiKey: API_KEY, env: ENV, forceLocal: true }), 'local', 'none'],
  ['apiKey', (given) => ({ ...given, apiKey: API_KEY, env: ENV }), 'nova', 'argument'],
  ['keyFile', (given) => ({ ...given, env: ENV }), 'nova', 'file'],
  ['environment', ({ configFolder }) => ({ configFolder, env: ENV }), 'nova', 'environment'],
  ['config folder', ({ configFolder }) => ({ configFolder }), 'nova', 'config'],
  ['config path', ({ configPath }) => ({ configPath }), 'nova', 'config'],
  ['nothing', () => ({}), 'anonymous', 'none'],
  ['allowLocal alone', () => ({ allowAnonymous: false }), 'local', 'none'],
];

test.each(ORDER)('%s decides', async (_, options, mode, kind) => {
  const session = await init({ server: SERVER, configFolder: testFolder(), env: {}, ...options(keys()) });
  expect(session).toMatchObject({ mode, source: { kind }, server: SERVER });
  expect(session.info()).toMatchObject({ mode, loggedIn: false });
});

test('without a key and without leave to do without one, the error names every way to give one', async () => {
  const none = { configFolder: testFolder(), env: {}, allowAnonymous: false, allowLocal: false };
  await expect(init(none)).rejects.toMatchObject({
    code: 'API_KEY_MISSING',
    message: expect.stringMatching(/apiKey or keyFile .*ASTROMETRY_API_KEY, AN_API_KEY .*solve login/) as string,
  });
  expect(isActive()).toBe(false);
  // It is not remembered: the next try counts.
  expect(await init({ ...none, apiKey: API_KEY })).toMatchObject({ mode: 'nova' });
});

test.each([
  ['a bad key', { apiKey: 'two words' }],
  ['a key file that is not there', { keyFile: '/nonexistent/key' }],
  ['a config that is not there', { configPath: '/nonexistent/credentials.json' }],
  ['a bad key in the environment', { env: { AN_API_KEY: 'two words' } }],
])('%s is an error, and no reason to go on without one', async (_, options) => {
  await expect(init({ configFolder: testFolder(), env: {}, ...options })).rejects.toBeInstanceOf(ApiKeyError);
});

test('no person is asked where there is no terminal', async () => {
  const session = await init({ configFolder: testFolder(), env: {}, prompt: () => expect.fail('asked') });
  expect(session.mode).toBe('anonymous');
});

test('at a terminal a person is asked if no key was found, and what is typed is checked', async () => {
  // A terminal of its own for the process.
  const terminal = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
  const program = `
    import { init } from 'starfix';
    const typed = process.argv[1] === '' ? undefined : process.argv[1];
    const prompt = async (question) => (console.log(question), typed);
    const shown = ({ mode, source, maskedKey }) => [mode, source.kind, maskedKey].join(' ');
    console.log(await init({ prompt }).then(shown, ({ code, message }) => code + ' ' + message));
  `;
  const env = { ...process.env, ASTROMETRY_API_KEY: '', AN_API_KEY: '', XDG_CONFIG_HOME: testFolder() };
  for (const [typed, shown] of [
    [' typedkeytypedkey ', 'nova prompt ****dkey'],
    ['two words', 'API_KEY_INVALID what was typed: holds 2 words, a key is one'],
    ['', 'anonymous none none'],
  ] as const) {
    const words = ['-c', terminal, process.execPath, '--input-type=module', '-e', program, typed];
    const { stdout } = await promisify(execFile)('python3', words, { env, cwd: ROOT });
    expect(stdout.trim().split(/[\r\n]+/)).toEqual(['API key for https://nova.astrometry.net: ', shown]);
  }
});

test('init decides once, and again when it is told to', async () => {
  expect([isActive(), getInstance()]).toEqual([false, undefined]);
  const [first, second] = await Promise.all([init({ apiKey: API_KEY }), init({ forceLocal: true })]);
  expect(second).toBe(first);
  expect([isActive(), getInstance(), defaultSession()]).toEqual([true, first, first]);
  const third = await init({ forceLocal: true, reinit: true });
  expect(third).not.toBe(first);
  expect(defaultSession()).toBe(third);
  reset();
  expect([isActive(), getInstance()]).toEqual([false, undefined]);
});

test('without init the default session is local, says so once, and sends nothing', async () => {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const session = defaultSession(warn);
  expect(defaultSession(warn)).toBe(session);
  expect(warnings).toEqual([expect.stringContaining('init() was not called')]);
  expect(session.mode).toBe('local');
  expect([isActive(), getInstance()]).toEqual([false, undefined]);
  // It does not stand in the way of the real one.
  const real = await init({ apiKey: API_KEY });
  expect(defaultSession(warn)).toBe(real);
});

test('nothing goes over the wire in local mode, whatever is asked', async () => {
  const nova = await startNova();
  const session = await init({ server: nova.url, forceLocal: true, apiKey: API_KEY, clock: hastyClock() });
  const asked = [
    session.login(),
    session.token(),
    new SessionRequest(session, JOB).send(),
    new SessionRequest(session, MY_JOBS).send(),
    upload(session, new Uint8Array(8)),
    myJobs(session),
    Job.attach(7).refresh(),
    Job.attach(7).until(),
    Submission.attach(7).refresh(),
    Submission.attach(7).until(),
    Job.attach(7).bytes('wcs'),
  ];
  for (const one of asked) {
    await expect(one).rejects.toBeInstanceOf(UnsupportedInModeError);
    await expect(one).rejects.toMatchObject({
      code: 'UNSUPPORTED_IN_MODE',
      mode: 'local',
      message: `a session of mode local asks nothing of ${nova.url} (forceLocal was asked for)`,
      remedy: expect.stringContaining('call init() again') as string,
    });
  }
  expect(nova.requests).toEqual([]);
  expect(() => session.apiKey).toThrow(ApiKeyError);
  await expect(session.share()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  // What needs no server works.
  expect(createEmbeddedSolver().name).toBe('embedded');
});

test('anonymously, what is open to everybody can be read, and nothing else is sent', async () => {
  const nova = await startNova();
  nova.solve(7, 7, ['success']);
  const session = await init({ server: nova.url, configFolder: testFolder(), env: {}, clock: hastyClock() });
  expect(await Job.attach(7).refresh()).toBe('success');
  expect((await Submission.attach(7).refresh()).started).toBeUndefined();
  nova.requests.length = 0;
  for (const one of [
    upload(session, new Uint8Array(8)),
    myJobs(session),
    Submission.attach(7).images(),
    session.login(),
  ]) {
    await expect(one).rejects.toMatchObject({ code: 'UNSUPPORTED_IN_MODE', mode: 'anonymous' });
  }
  expect(nova.requests).toEqual([]);
});

test('withSession closes what was opened, even when it fails', async () => {
  const baseDir = testFolder();
  const options = { apiKey: API_KEY, server: SERVER, baseDir };
  expect(await withSession(options, async (session) => (await session.share('night')).name)).toBe('night');
  const failed = withSession(options, async (session) => {
    await session.share('night');
    throw new Error('in the middle');
  });
  await expect(failed).rejects.toThrow('in the middle');
  await withSession(options, async (session) => await session.share('night'));
});
