import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { NovaServer } from '../helpers/nova-server.ts';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { API_KEY, startNova } from '../session/set-up.ts';
import { type Ending, type JsonLine, fixture, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();
let home: string;
let keyFile: string;
let count = 0;

beforeEach(() => {
  home = join(scratch, `home ${count++}`);
  mkdirSync(home);
  keyFile = join(home, 'key');
  writeFileSync(keyFile, `${API_KEY}\n`, { mode: 0o600 });
});

interface Options {
  readonly stdin?: Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs the program as a user with a home folder of their own and no key in the environment. */
async function solve(args: readonly string[], { stdin = new Uint8Array(0), env = {} }: Options = {}): Promise<Ending> {
  const { child, ending } = startSolve(args, env);
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const ended = await ending;
  expect(ended.out + ended.err).not.toContain(API_KEY);
  return ended;
}

function startSolve(args: readonly string[], env: NodeJS.ProcessEnv): ReturnType<typeof start> {
  const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };
  return start(args, { env: { ...none, HOME: home, XDG_CONFIG_HOME: '', ...env } });
}

function answers({ out }: Ending): JsonLine[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonLine);
}

async function recordedServer(statuses: readonly string[] = ['success']): Promise<NovaServer> {
  const nova = await startNova();
  solveLikeRecorded(nova, statuses);
  return nova;
}

/** The options for asking this server, in a hurry. */
function asking(nova: NovaServer): string[] {
  return ['--engine', 'nova', '--server', nova.url, '--api-key-file', keyFile, '--poll', '0.05'];
}

describe('solve --engine nova', () => {
  test('prints what the engine here would print, and where it was done', { timeout: 30_000 }, async () => {
    const nova = await recordedServer();
    const [remote, local] = await Promise.all([
      solve([...asking(nova), '--json', PICTURE]),
      solve(['--json', PICTURE]),
    ]);
    expect({ code: remote.code, err: remote.err }).toEqual({ code: 0, err: '' });
    const [answer] = answers(remote);
    expect(answer).toMatchObject({ status: 'solved', engine: 'nova', server: nova.url, submission: 1, job: 101 });
    expect(Object.keys(answer!).filter((key) => !['server', 'submission', 'job'].includes(key))).toEqual(
      Object.keys(answers(local)[0]!),
    );
    expect(nova.uploads[0]!.options).toMatchObject({ publicly_visible: 'n' });
  });

  test('sends what the options say', { timeout: 30_000 }, async () => {
    const nova = await recordedServer();
    const { code } = await solve([
      ...asking(nova),
      '--upload',
      'image',
      '--public',
      '--ra=12:28:00',
      '--dec=56.7',
      '--radius=9',
      '--fov=34',
      '--parity=neg',
      '--tweak-order=0',
      '--downsample=4',
      PICTURE,
    ]);
    expect(code).toBe(0);
    const [{ options, bytes, filename }] = nova.uploads as [NovaServer['uploads'][number]];
    expect(bytes).toEqual(readFileSync(PICTURE));
    expect(filename).toBe('image_1.bin');
    expect(options).toMatchObject({
      publicly_visible: 'y',
      center_ra: 187,
      center_dec: 56.7,
      radius: 9,
      scale_units: 'degwidth',
      parity: 1,
      tweak_order: 0,
      downsample_factor: 4,
    });
  });

  test('takes standard input, and the address of an image on the web', { timeout: 30_000 }, async () => {
    const nova = await recordedServer();
    const ended = await solve([...asking(nova), '--json', '-', 'http://example.org/night/dipper.jpg'], {
      stdin: readFileSync(PICTURE),
    });
    expect(ended.code).toBe(0);
    expect(answers(ended).map(({ file, status }) => [file, status])).toEqual(
      expect.arrayContaining([
        ['-', 'solved'],
        ['http://example.org/night/dipper.jpg', 'solved'],
      ]),
    );
    expect(nova.count('url_upload')).toBe(1);
  });

  test('logs in once for many images and lets none wait for another', { timeout: 60_000 }, async () => {
    const nova = await recordedServer();
    const images = Array.from({ length: 6 }, (_, i) => {
      const path = join(home, `frame ${i}.jpg`);
      // The same bytes would be the same image: what stands behind the picture makes them differ.
      writeFileSync(path, Buffer.concat([readFileSync(PICTURE), Buffer.from(`${i}`)]));
      return path;
    });
    const ended = await solve([...asking(nova), '--json', '-j', '6', ...images]);
    expect(ended.code).toBe(0);
    expect(new Set(answers(ended).map(({ submission }) => submission)).size).toBe(6);
    expect(nova.count('login')).toBe(1);
    expect(nova.count('upload')).toBe(6);
    expect(nova.mostAtOnce).toBeLessThanOrEqual(3);
  });

  test('exit 1: the server has found nothing', { timeout: 30_000 }, async () => {
    const nova = await recordedServer(['failure']);
    const ended = await solve([...asking(nova), '--json', PICTURE]);
    expect(ended.code).toBe(1);
    expect(answers(ended)[0]).toMatchObject({
      status: 'unsolved',
      reasonCode: 'exhausted',
      submission: 1,
      job: 101,
    });
  });

  test('exit 1: not in time, and how to pick it up', { timeout: 30_000 }, async () => {
    const nova = await recordedServer(['solving']);
    const ended = await solve([...asking(nova), '--timeout', '2', PICTURE]);
    expect(ended.code).toBe(1);
    expect(ended.out).toMatch(/unsolved: submission 1 .*job 101 solving.*solve status 1/);
  });

  test('exit 3: the server could not use what was sent', { timeout: 30_000 }, async () => {
    const nova = await startNova();
    nova.onUpload = ({ subid }) =>
      nova.script(`/api/submissions/${subid}`, {
        user: 1,
        processing_started: '2026-11-20 23:31:29',
        processing_finished: '2026-11-20 23:31:29',
        user_images: [],
        images: [],
        jobs: [],
        job_calibrations: [],
        error_message: "...Traceback\nValueError: This file's type is not supported",
      });
    const { code, notes } = await solve([...asking(nova), PICTURE]);
    expect(code).toBe(3);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(
      "submission 1: the server could not use it: ValueError: This file's type is not supported",
    );
  });

  test('exit 4: no key, before anything else; a key that is refused', { timeout: 30_000 }, async () => {
    const nova = await recordedServer();
    const none = await solve(['--engine', 'nova', '--server', nova.url, PICTURE]);
    expect(none).toMatchObject({ code: 4, out: '' });
    expect(none.notes[0]).toContain('no API key for');
    expect(nova.requests).toEqual([]);
    writeFileSync(keyFile, 'nosuchkeynosuchk');
    const refused = await solve([...asking(nova), PICTURE]);
    expect(refused.code).toBe(4);
    expect(refused.err).not.toContain('nosuchkey');
    expect(nova.count('login')).toBe(1);
  });

  test('exit 5: nobody is there', { timeout: 60_000 }, async () => {
    const args = ['--engine', 'nova', '--server', 'http://127.0.0.1:9', '--api-key-file', keyFile, '--timeout', '3'];
    const { code, notes } = await solve([...args, PICTURE]);
    expect(code).toBe(5);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('127.0.0.1:9');
  });

  test('exit 2: an address on the web, and no server to fetch it', async () => {
    const ended = await solve(['--json', 'https://example.org/m31.fits']);
    expect(ended.code).toBe(2);
    expect(answers(ended)[0]!.error!.code).toBe('URL_NOT_TAKEN');
  });

  test('Ctrl-C leaves at once and says what goes on at the server', { timeout: 30_000 }, async () => {
    const nova = await recordedServer(['solving']);
    const { child, ending } = startSolve([...asking(nova), PICTURE], {});
    while (nova.count('job') === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    const { code, notes } = await ending;
    expect(code).toBe(130);
    expect(notes).toEqual([
      'interrupted: 0 of 1 images done',
      'submission 1 goes on at the server: solve status 1 looks at it',
    ]);
  });
});

describe('the default order', () => {
  test('sends nothing for an image that is solved here', { timeout: 30_000 }, async () => {
    const nova = await recordedServer();
    const ended = await solve(['--json', '--server', nova.url, PICTURE], { env: { AN_API_KEY: API_KEY } });
    expect(answers(ended)[0]).toMatchObject({ status: 'solved', engine: 'embedded' });
    expect(nova.requests).toEqual([]);
  });

  test('asks a server for what is not solved here, where a key is configured', { timeout: 60_000 }, async () => {
    const nova = await recordedServer(['failure']);
    const args = ['--json', '--server', nova.url, '--poll', '0.05', fixture('negative/neg_one_star.fits')];
    const ended = await solve(args, { env: { AN_API_KEY: API_KEY } });
    expect(answers(ended)[0]).toMatchObject({ status: 'unsolved', submission: 1 });
    const nobody = await solve(args);
    expect(answers(nobody)[0]).toMatchObject({ status: 'unsolved', reasonCode: 'too-few-sources' });
    expect(nova.uploads).toHaveLength(1);
  });

  test('a bad key is no fault where none is needed, and one where it is', { timeout: 60_000 }, async () => {
    const env = { ASTROMETRY_API_KEY_FILE: join(home, 'no such file') };
    expect((await solve([PICTURE], { env })).code).toBe(0);
    const { code, notes } = await solve([fixture('negative/neg_one_star.fits')], { env });
    expect(code).toBe(4);
    expect(notes[0]).toContain('no such file');
  });
});
