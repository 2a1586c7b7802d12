import { expect, describe, test } from 'vitest';
import { INFO, recordedServer } from '../helpers/recorded-server.ts';
import { recording } from '../helpers/recordings.ts';
import { CALIBRATION } from '../helpers/solved-job.ts';
import { API_KEY, startNova } from '../session/set-up.ts';
import { newUser } from './user.ts';

const { begin, solve } = newUser();

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
      phase: 'done',
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

  test.each([[], ['--wait']])('says why a submission failed %s', async (...words: string[]) => {
    const nova = await startNova();
    const failed = recording('submission_errors').find(
      ({ path, body }) => path.startsWith('/api/submissions/') && body.includes('error_message'),
    )!;
    nova.script('/api/submissions/9', JSON.parse(failed.body));
    const { code, out, notes } = await solve(['status', '9', ...words, '--server', nova.url]);
    expect(code).toBe(3);
    expect(out).toContain('submission 9: could not be used');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^solve: submission 9: the server could not use it: .*type is not supported/);
    const all = await solve(['status', '9', '--json', '-v', ...words, '--server', nova.url]);
    expect(JSON.parse(all.out)).toMatchObject({
      phase: 'failed',
      error: expect.stringContaining('raise Exception') as string,
    });
    expect(all.notes.length).toBeGreaterThan(2);
  });

  test('tells of one that has just begun, of jobs that are gone, and escapes names of files', async () => {
    const nova = await startNova();
    nova.solve(7, 8);
    expect(await solve(['status', '7', '--server', nova.url])).toMatchObject({
      code: 0,
      out: 'submission 7: waits for its turn\n',
    });
    expect((await solve(['status', '7', '--server', nova.url])).out).toContain('1 image waits for a job');
    const gone = await solve(['status', '7', '--server', nova.url]);
    expect(gone).toMatchObject({ code: 0, out: expect.stringContaining('job 8: is not there any more') as string });
    nova.script('/api/jobs/8/info', {
      ...INFO,
      status: 'solving',
      original_filename: 'a\u001b[2J\nb',
      calibration: undefined,
    });
    const escaped = await solve(['status', '7', '--server', nova.url]);
    expect(escaped.out).toContain('job 8: is being solved, a\\x1b[2J\\nb\n');
  });

  test('the end of the time to wait is told with the numbers, and Ctrl-C ends the wait', async () => {
    const nova = await startNova();
    nova.solve(7, 8, ['solving']);
    const words = ['status', '7', '--wait', '--poll', '0.05', '--server', nova.url];
    const late = await solve([...words, '--timeout', '1']);
    expect(late).toMatchObject({ code: 5, out: '' });
    expect(late.notes).toEqual([
      expect.stringContaining('submission 7 solving, job 8 solving: not done after 1 s; the server goes on') as string,
    ]);
    const before = nova.count('job');
    const { child, ending } = begin(words);
    await expect.poll(() => nova.count('job'), { timeout: 10_000 }).toBeGreaterThan(before);
    child.kill('SIGINT');
    expect(await ending).toMatchObject({ code: 130, out: '', err: '' });
  });

  test('an unknown number, and what is no number', async () => {
    const nova = await startNova();
    expect(await solve(['status', '404', '--server', nova.url])).toMatchObject({ code: 5, out: '' });
    const wrong = await solve(['status', 'm31.fits', '--server', nova.url]);
    expect(wrong.code).toBe(2);
    expect(wrong.notes[0]).toContain("'m31.fits' is no number of a submission");
    nova.script('/api/jobs/19', { status: 'success' });
    const job = await solve(['status', '19', '--server', nova.url]);
    expect(job.code).toBe(5);
    expect(job.notes[0]).toContain('19 is no submission, but there is a job of this number');
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

  test('asks for ten and no more, unless told otherwise', async () => {
    const nova = await startNova();
    const jobs = Array.from({ length: 25 }, (_, i) => i + 1);
    nova.script('/api/myjobs', { status: 'success', jobs });
    for (const id of jobs) nova.script(`/api/jobs/${id}/info`, { ...INFO, status: 'failure', calibration: undefined });
    const env = { AN_API_KEY: API_KEY };
    const { out } = await solve(['jobs', '--json', '--server', nova.url], env);
    const listed = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(listed).toEqual(
      jobs
        .slice(-10)
        .toReversed()
        .map((job) => ({ job, status: 'failure', file: INFO['original_filename'] })),
    );
    expect(nova.requests.filter(({ path }) => path.endsWith('/info/'))).toHaveLength(10);
    nova.requests.length = 0;
    expect((await solve(['jobs', '--ids', '-n', '2', '--server', nova.url], env)).out).toBe('25\n24\n');
    // The session of the run before is used again.
    expect(nova.requests.map(({ kind }) => kind)).toEqual(['myjobs']);
  });

  test('no jobs, a key that is refused, a server that echoes the key, a reader that goes away', async () => {
    const nova = await startNova();
    nova.script('/api/myjobs', { status: 'success', jobs: [] });
    const env = { AN_API_KEY: API_KEY };
    expect(await solve(['jobs', '--server', nova.url], env)).toMatchObject({
      code: 0,
      out: '',
      err: 'there are no jobs\n',
    });
    const refused = await solve(['jobs', '--server', nova.url], { AN_API_KEY: 'x'.repeat(16) });
    expect(refused.code).toBe(4);
    nova.script('/api/myjobs', `<html><title>Error: apikey ${API_KEY}</title></html>`);
    const echoed = await solve(['jobs', '--server', nova.url], env);
    expect(echoed).toMatchObject({ code: 5, out: '' });
    expect(echoed.notes[0]).toContain('****');
    nova.script('/api/myjobs', { status: 'success', jobs: [3, 2, 1] });
    const { child, ending } = begin(['jobs', '--ids', '--server', nova.url], env);
    child.stdout!.destroy();
    expect(await ending).toMatchObject({ err: '', signal: null });
  });

  test('--exact without --tag, and a word beside the options, are wrong usage', async () => {
    expect((await solve(['jobs', '--exact'])).notes[0]).toContain('--exact needs --tag');
    expect((await solve(['jobs', '5'])).code).toBe(2);
    expect((await solve(['jobs', '-n', '0'])).code).toBe(2);
  });
});
