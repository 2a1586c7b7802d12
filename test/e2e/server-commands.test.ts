import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { NovaServer } from '../helpers/nova-server.ts';
import { recording } from '../helpers/recordings.ts';
import { CALIBRATION } from '../helpers/solved-job.ts';
import { API_KEY, startNova } from '../session/set-up.ts';
import { type Ending, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();
let home: string;
let count = 0;

beforeEach(() => {
  home = join(scratch, `home ${count++}`);
  mkdirSync(home);
});

/** Runs the program in a folder of its own, without a key unless one is given. */
async function solve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ending> {
  const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };
  const run = start(args, { cwd: home, env: { ...none, HOME: home, XDG_CONFIG_HOME: '', ...env } });
  run.child.stdin?.end();
  const ended = await run.ending;
  expect(ended.out + ended.err).not.toContain(API_KEY);
  return ended;
}

const INFO = JSON.parse(recording('job_results').find(({ path }) => path === '/api/jobs/3/info/')!.body) as Readonly<
  Record<string, unknown>
>;

/** The recorded job 3 with its answers and files. */
async function recordedServer(): Promise<NovaServer> {
  const nova = await startNova();
  nova.script('/api/jobs/3', { status: 'success' });
  nova.script('/api/jobs/3/info', INFO);
  nova.script('/api/jobs/3/calibration', CALIBRATION);
  nova.script('/api/submissions/2', {
    user: 1001,
    processing_started: '2026-11-20 23:31:29.738690',
    processing_finished: '2026-11-20 23:31:30',
    user_images: [2],
    images: [1],
    jobs: [3],
    job_calibrations: [[3, 1]],
  });
  for (const [path, name, contentType, needsReferer] of [
    ['wcs_file', 'wcs_file_3.fits', 'application/fits', false],
    ['corr_file', 'corr_file_3.fits', 'application/fits', true],
    ['annotated_display', 'annotated_display_3.jpg', 'image/jpeg', true],
  ] as const) {
    nova.files.set(`/${path}/3`, { contentType, needsReferer, bytes: product(name) });
  }
  return nova;
}

function product(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/nova/products/${name}`, import.meta.url));
}

describe('solve status', () => {
  test('tells of a submission and its jobs, without a key', async () => {
    const nova = await recordedServer();
    const { code, out, err } = await solve(['status', '2', '--server', nova.url]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      'submission 2: unpacked 2026-11-20 23:31:30 UTC\n' +
        `job 3: solved, ${String(INFO['original_filename'])}: ` +
        'ra 186.96069 dec 56.68818, 168.95 arcsec/px, radius 20.64 deg\n',
    );
    expect(nova.count('login')).toBe(0);
    const json = await solve(['status', '2', '--json', '--server', nova.url]);
    expect(JSON.parse(json.out)).toMatchObject({
      submission: 2,
      finished: '2026-11-20T23:31:30.000Z',
      jobs: [{ id: 3, status: 'success', calibration: { ra: CALIBRATION.ra } }],
    });
  });

  test('waits when told to; exit 1 if a job was not solved', async () => {
    const nova = await startNova();
    nova.solve(7, 8, ['processing', 'failure']);
    nova.script('/api/jobs/8/info', { ...INFO, status: 'failure', calibration: undefined });
    const { code, out } = await solve(['status', '--wait', '--poll', '0.05', '7', '--server', nova.url]);
    expect(code).toBe(1);
    expect(out).toContain('job 8: not solved');
  });

  test('says why a submission failed', async () => {
    const nova = await startNova();
    const failed = recording('submission_errors').find(
      ({ path, body }) => path.startsWith('/api/submissions/') && body.includes('error_message'),
    )!;
    nova.script('/api/submissions/9', JSON.parse(failed.body));
    const { code, out, notes } = await solve(['status', '9', '--server', nova.url]);
    expect(code).toBe(3);
    expect(out).toContain('submission 9: could not be used');
    expect(notes[0]).toMatch(/^solve: submission 9: the server could not use it: .*type is not supported/);
  });

  test('an unknown number, and what is no number', async () => {
    const nova = await startNova();
    expect(await solve(['status', '404', '--server', nova.url])).toMatchObject({ code: 5, out: '' });
    const wrong = await solve(['status', 'm31.fits', '--server', nova.url]);
    expect(wrong.code).toBe(2);
    expect(wrong.notes[0]).toContain("'m31.fits' is no number of a submission");
  });
});

describe('solve jobs', () => {
  test('lists the latest, with what became of them', async () => {
    const nova = await recordedServer();
    nova.script('/api/myjobs', { status: 'success', jobs: [1, 2, 3] });
    const { code, out, notes } = await solve(['jobs', '-n', '1', '--server', nova.url], { AN_API_KEY: API_KEY });
    expect(code).toBe(0);
    expect(out).toBe(`3  success     ${String(INFO['original_filename'])}  186.9607 56.6882\n`);
    expect(notes).toEqual(['and 2 more: -n says how many are shown, --ids lists their numbers']);
    const ids = await solve(['jobs', '--ids', '--server', nova.url], { AN_API_KEY: API_KEY });
    expect(ids.out).toBe('3\n2\n1\n');
  });

  test('needs a key for your own, and none for those with a tag', async () => {
    const nova = await recordedServer();
    expect((await solve(['jobs', '--server', nova.url])).code).toBe(4);
    nova.script('/api/jobs_by_tag', { job_ids: [3, 3] });
    expect((await solve(['jobs', '--ids', '--tag', 'NGC 7000', '--server', nova.url])).out).toBe('3\n');
  });
});

describe('solve fetch', () => {
  test('writes the WCS, or what is named, and says what it wrote', async () => {
    const nova = await recordedServer();
    expect((await solve(['fetch', '3', '--server', nova.url])).out).toBe('3.wcs  11520 bytes\n');
    expect(readFileSync(join(home, '3.wcs'))).toEqual(product('wcs_file_3.fits'));
    const words = ['fetch', '3', 'corr', 'annotated', 'calibration', '--out-dir', 'a folder/deep', '--json'];
    const { code, out } = await solve([...words, '--server', nova.url]);
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { job: 3, product: 'corr', path: 'a folder/deep/3.corr', bytes: 14400 },
      { job: 3, product: 'annotated', path: 'a folder/deep/3.annotated.jpg', bytes: 95696 },
      { job: 3, product: 'calibration', path: 'a folder/deep/3.calibration.json', bytes: expect.any(Number) as number },
    ]);
    expect(readFileSync(join(home, 'a folder/deep/3.annotated.jpg'))).toEqual(product('annotated_display_3.jpg'));
    expect(nova.count('login')).toBe(0);
  });

  test('writes one product to standard output', async () => {
    const nova = await recordedServer();
    const { out } = await solve(['fetch', '3', 'calibration', '--out', '-', '--server', nova.url]);
    expect(JSON.parse(out)).toMatchObject({ ra: CALIBRATION.ra, pixelScale: CALIBRATION.pixscale });
  });

  test('leaves a file alone that is there, unless told otherwise', async () => {
    const nova = await recordedServer();
    writeFileSync(join(home, '3.wcs'), 'mine');
    const kept = await solve(['fetch', '3', '--server', nova.url]);
    expect(kept.code).toBe(3);
    expect(kept.notes[0]).toContain('3.wcs: already there');
    expect(readFileSync(join(home, '3.wcs'), 'utf8')).toBe('mine');
    expect((await solve(['fetch', '3', '--overwrite', '--server', nova.url])).code).toBe(0);
    expect(readFileSync(join(home, '3.wcs'))).toEqual(product('wcs_file_3.fits'));
  });

  test('a job that is not solved, a product that there is not, a page instead of a file', async () => {
    const nova = await recordedServer();
    nova.script('/api/jobs/4', { status: 'failure' });
    const unsolved = await solve(['fetch', '4', '--server', nova.url]);
    expect(unsolved.code).toBe(5);
    expect(unsolved.notes[0]).toContain('job 4: was not solved, so it has no wcs file');
    const unknown = await solve(['fetch', '3', 'wsc', '--server', nova.url]);
    expect(unknown.code).toBe(2);
    expect(unknown.notes[0]).toContain("there is no product 'wsc'");
    nova.files.set('/rdls_file/3', { contentType: 'text/html', bytes: Buffer.from('plot failed: no such file') });
    const page = await solve(['fetch', '3', 'rdls', '--server', nova.url]);
    expect(page.code).toBe(5);
    expect(page.notes[0]).toContain('plot failed: no such file');
    expect(existsSync(join(home, '3.rdls'))).toBe(false);
    expect(readdirSync(home)).toEqual([]);
  });
});
