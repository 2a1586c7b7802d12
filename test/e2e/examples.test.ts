import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { API_KEY, startNova } from '../session/set-up.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });

test('the example that solves one picture says where it points', () => {
  const out = run('examples/solve-one.mjs', 'fixtures/real/cedar_orion_belt.jpg');
  expect(out).toMatch(/^84\.01\d -0\.7[67]\d, 71\.\d\d arcsec\/pixel, 10\.1\d degrees wide\n$/);
});

test('the example that solves many goes on behind a broken one', () => {
  const out = run(
    'examples/solve-many.mjs',
    'fixtures/negative/neg_text.fits',
    'fixtures/synthetic/dev01_orion_2p5.fits',
  );
  expect(out.trim().split('\n').toSorted()).toEqual([
    expect.stringMatching(/neg_text\.fits: FORMAT_UNKNOWN\. /) as string,
    expect.stringMatching(/dev01_orion_2p5\.fits: solved, \d{2,} stars$/) as string,
  ]);
});

test('the example with a pipeline solves once, and knows the answers when it is called again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'starfix-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const images = ['fixtures/synthetic/dev01_orion_2p5.fits', 'fixtures/negative/neg_one_star.fits'];
  const call = (): string[] => {
    const out = run('examples/pipeline.mjs', join(folder, 'journal'), ...images, 'fixtures/no-such.fits');
    return out.trimEnd().split('\n').toSorted();
  };
  const lines = (known: string): unknown[] => [
    `${images[1]}: unsolved${known}`,
    'fixtures/no-such.fits: FILE_NOT_FOUND',
    `${images[0]}: solved${known}`,
  ];
  expect(new Set(call())).toEqual(new Set(lines('')));
  expect(new Set(call())).toEqual(new Set(lines(', known')));
});

const SERVICE = join(root, 'examples/starfix-watch.service');

test('the service calls the program with options that it knows', () => {
  const call = /^ExecStart=\/usr\/bin\/env solve (.*)$/m.exec(readFileSync(SERVICE, 'utf8'))![1]!;
  const folder = join(tmpdir(), 'starfix-no-such-folder');
  const words = call.replace('/data/tonight', folder).split(' ');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...words], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: expect.stringContaining(`${folder}: no such folder`) as string,
  });
});

const [ANALYZE] = ['systemd-analyze'] as const;
const analyze = spawnSync(ANALYZE, ['--version']).status === 0;
if (!analyze) console.warn('SKIPPED: systemd-analyze is not installed, so nobody looks at the service');

test.skipIf(!analyze)('systemd has nothing to say against the service', () => {
  const { status, stdout, stderr } = spawnSync(ANALYZE, ['verify', SERVICE], { encoding: 'utf8' });
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
});

/** Runs an example while the server in this process answers. */
async function runWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, ...env } })).stdout;
}

test(
  'the examples that ask a server do so, pick up what was left, and keep the files',
  { timeout: 60_000 },
  async () => {
    const nova = await startNova();
    solveLikeRecorded(nova, ['success']);
    const folder = mkdtempSync(join(tmpdir(), 'starfix-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const env = { NOVA_SERVER: nova.url, ASTROMETRY_API_KEY: API_KEY };
    expect(await runWith(env, 'examples/upload-sources.mjs', PICTURE)).toMatch(
      /^\d{4} sources are submission 1\njob 101: 186\.961 56\.688\n$/,
    );
    expect(await runWith({ NOVA_SERVER: nova.url }, 'examples/attach-and-fetch.mjs', '1', folder)).toBe(
      `${folder}/101.wcs: 11520 bytes\n${folder}/101.corr.fits: 14400 bytes\n`,
    );
    expect(statSync(join(folder, '101.wcs')).size).toBe(11520);
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, API_KEY, { mode: 0o600 });
    expect(await runWith({}, 'examples/own-server.mjs', nova.url, keyFile, PICTURE)).toMatch(
      /^embedded: 187\.\d+ 56\.\d+\n$/,
    );
    // What is not solved here goes to the server, whose recorded answer is about another picture.
    const star = 'fixtures/negative/neg_one_star.fits';
    await expect(runWith({}, 'examples/own-server.mjs', nova.url, keyFile, star)).rejects.toThrow(/640 x|pixels/);
  },
);
