import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Job } from '../../src/nova/job.ts';
import { Submission, SubmissionFailedError } from '../../src/nova/submission.ts';
import { WaitLimitError, type WaitStatus } from '../../src/nova/wait.ts';
import type { NovaServer } from '../helpers/nova-server.ts';
import { type Exchange, recording } from '../helpers/recordings.ts';
import { hastyClock, sessionOf, startNova } from '../session/set-up.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** A clock that moves only by the waits that are asked of it, and each wait is over at once. */
function virtualClock(): ReturnType<typeof hastyClock> {
  const clock = hastyClock();
  let now = 0;
  return {
    ...clock,
    now: () => now,
    async sleep(ms, signal) {
      now += ms;
      await clock.sleep(ms, signal);
    },
  };
}

/** The server answers each path with what was recorded for it, one after the other; the last answer stays. */
async function recordedServer(name: string, pick: (exchange: Exchange) => boolean = () => true): Promise<NovaServer> {
  const nova = await startNova();
  const byPath = new Map<string, unknown[]>();
  for (const exchange of recording(name).filter(pick)) {
    const path = exchange.path.replace(/\/$/, '');
    if (!/^\/api\/(?:submissions|jobs)\/\d+$/.test(path) || !exchange.body.startsWith('{')) continue;
    byPath.set(path, [...(byPath.get(path) ?? []), JSON.parse(exchange.body) as unknown]);
  }
  for (const [path, answers] of byPath) nova.script(path, ...answers);
  return nova;
}

function submissionState(jobs: readonly (number | null)[], more: object = {}): object {
  return {
    user: 1,
    processing_started: '2026-11-20 23:31:29.738690',
    processing_finished: '2026-11-20 23:31:30.791217',
    user_images: jobs.map((_, i) => i + 1),
    images: jobs.map((_, i) => i + 1),
    jobs,
    job_calibrations: [],
    ...more,
  };
}

describe('a submission', () => {
  test('is looked at until its job is known, and then the job alone', async () => {
    const nova = await startNova();
    nova.solve(7, 19, ['processing', 'solving', 'solving', 'success']);
    const clock = virtualClock();
    const seen: WaitStatus[] = [];
    const jobs = await Submission.attach(sessionOf(nova.url, { clock }), 7).until({
      onStatus: (one) => seen.push(one),
    });
    expect(jobs.map(({ id, status, submissionId }) => ({ id, status, submissionId }))).toEqual([
      { id: 19, status: 'success', submissionId: 7 },
    ]);
    expect(nova.requests.map(({ path }) => path)).toEqual([
      ...Array.from({ length: 3 }, () => '/api/submissions/7'),
      ...Array.from({ length: 4 }, () => '/api/jobs/19'),
    ]);
    expect(seen.map(({ phase }) => phase)).toEqual([
      'queued',
      'unpacking',
      'solving',
      'solving',
      'solving',
      'solving',
      'done',
    ]);
  });

  test('is looked at less and less often, and never all at once with others', async () => {
    const nova = await startNova();
    nova.script('/api/submissions/7', submissionState([19]));
    nova.script('/api/jobs/19', { status: 'solving' });
    const clock = virtualClock();
    const waiting = Submission.attach(sessionOf(nova.url, { clock }), 7).until({
      timeoutMs: 600_000,
      intervalMs: 3000,
    });
    await expect(waiting).rejects.toBeInstanceOf(WaitLimitError);
    const { slept } = clock;
    let bound = 3000;
    for (const ms of slept.slice(0, -1)) {
      expect(ms).toBeGreaterThanOrEqual(bound * 0.8);
      expect(ms).toBeLessThanOrEqual(bound * 1.2);
      bound = Math.min(30_000, (bound * 4) / 3);
    }
    expect(new Set(slept).size).toBeGreaterThan(slept.length / 2);
    expect(nova.count('job')).toBeLessThan(40);
  });

  test('that failed before any job ends at once, with the last line of what the server says', async () => {
    const failures = recording('submission_errors').filter(({ body }) => body.includes('error_message'));
    expect(failures.length).toBeGreaterThan(4);
    for (const { path, body } of failures) {
      const nova = await startNova();
      nova.script(path, JSON.parse(body));
      const id = Number(/\d+/.exec(path)![0]);
      const waiting = Submission.attach(sessionOf(nova.url), id).until();
      await expect(waiting).rejects.toBeInstanceOf(SubmissionFailedError);
      await expect(waiting).rejects.toMatchObject({ code: 'SUBMISSION_FAILED', submissionId: id });
      await expect(waiting).rejects.not.toThrow('\n');
      expect(nova.requests).toHaveLength(1);
    }
  });

  test('of an archive gives each job as it ends, those before the unpacking is done too', async () => {
    const nova = await startNova();
    nova.script(
      '/api/submissions/7',
      submissionState([19, null], { processing_finished: 'None' }),
      submissionState([19, 20]),
    );
    nova.script('/api/jobs/19', { status: 'success' });
    nova.script('/api/jobs/20', { status: 'solving' }, { status: 'solving' }, { status: 'failure' });
    const ended: [number, string | undefined][] = [];
    for await (const job of Submission.attach(sessionOf(nova.url, { clock: virtualClock() }), 7).ended()) {
      ended.push([job.id, job.status]);
    }
    expect(ended).toEqual([
      [19, 'success'],
      [20, 'failure'],
    ]);
    // A job that has ended is not asked again.
    expect(nova.requests.filter(({ path }) => path === '/api/jobs/19')).toHaveLength(1);
  });

  test('whose job vanishes as the server restarts is followed to the new one', async () => {
    const nova = await startNova();
    nova.script('/api/submissions/7', submissionState([19]), submissionState([null]), submissionState([23]));
    nova.script('/api/jobs/23', { status: 'success' });
    const [job] = await Submission.attach(sessionOf(nova.url, { clock: virtualClock() }), 7).until();
    expect(job).toMatchObject({ id: 23, status: 'success' });
  });

  test('in which nothing could be read is an error, and no endless wait', async () => {
    const nova = await startNova();
    nova.script('/api/submissions/7', submissionState([]));
    const waiting = Submission.attach(sessionOf(nova.url, { clock: virtualClock() }), 7).until();
    await expect(waiting).rejects.toThrow('submission 7: the server could not use it: it found no image in it');
  });

  test('that the server does not know is an error at once', async () => {
    const nova = await startNova();
    await expect(Submission.attach(sessionOf(nova.url), 404).until()).rejects.toMatchObject({ code: 'NOT_ON_SERVER' });
    expect(nova.requests).toHaveLength(1);
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 60])('has a number that is one: not %s', (id) => {
    expect(() => Submission.attach(sessionOf('http://127.0.0.1:9'), id)).toThrow('is no number of a submission');
  });

  test('ends as the recordings do', async () => {
    const phases = await recordedServer('phases');
    const ids = [
      ...new Set(recording('phases').flatMap(({ path }) => /^\/api\/submissions\/(\d+)/.exec(path)?.[1] ?? [])),
    ];
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) {
      const clock = virtualClock();
      const session = sessionOf(phases.url, { clock });
      const outcome = await Submission.attach(session, Number(id))
        .until({ timeoutMs: 3_600_000 })
        .then(
          (jobs) => jobs.map(({ status }) => status).join(' '),
          (error: unknown) => (error as { code: string }).code,
        );
      expect(outcome).toMatch(/^(?:success|failure|SUBMISSION_FAILED|TIME_LIMIT|NOT_ON_SERVER)/);
    }
  });
});

describe('a wait', () => {
  test('goes on through faults that pass, and tells of them', async () => {
    const nova = await startNova();
    nova.solve(7, 19);
    const faults: (string | undefined)[] = [];
    const session = sessionOf(nova.url, { clock: virtualClock(), retries: 0 });
    const jobs = await Submission.attach(session, 7).until({
      onStatus: ({ fault, phase }) => {
        faults.push((fault as { code?: string } | undefined)?.code);
        if (phase === 'unpacking' && faults.length === 2) {
          nova.fail('any', { kind: 'status', status: 502 });
          nova.fail('any', {
            kind: 'instead',
            body: '<html><title>Maintenance</title></html>',
            contentType: 'text/html',
          });
          nova.fail('any', { kind: 'reset', afterBytes: 0 });
        }
      },
    });
    expect(jobs[0]!.status).toBe('success');
    expect(faults).toEqual([
      undefined,
      undefined,
      'SERVER_ERROR',
      'REPLY_HTML',
      'NETWORK',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('ends at its time limit with the numbers, and another process takes it up', { timeout: 30_000 }, async () => {
    const nova = await startNova();
    nova.script('/api/submissions/7', submissionState([19]));
    nova.script('/api/jobs/19', { status: 'solving' });
    const waiting = Submission.attach(sessionOf(nova.url, { clock: virtualClock() }), 7).until({ timeoutMs: 60_000 });
    const error = await waiting.then(
      () => undefined,
      (error: unknown) => error as WaitLimitError,
    );
    expect(error).toMatchObject({ code: 'TIME_LIMIT', submissionId: 7, jobIds: [19] });
    expect(error!.message).toContain('submission 7 solving, job 19 solving: not done after 60 s; the server goes on');
    nova.script('/api/jobs/19', { status: 'success' });
    const program =
      "import { Session, Submission } from 'starfix';" +
      'const session = new Session({ server: process.argv[1], keyOptional: true });' +
      'const [job] = await Submission.attach(session, Number(process.argv[2])).until();' +
      'console.log(job.id, job.status);';
    const args = ['--input-type=module', '-e', program, nova.url, String(error!.submissionId)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout).toBe('19 success\n');
  });

  test('stops with the reason of its signal, at once', async () => {
    const nova = await startNova();
    nova.script('/api/jobs/19', { status: 'solving' });
    const abort = new AbortController();
    const session = sessionOf(nova.url, { clock: undefined as never });
    const waiting = Job.attach(session, 19).until({
      signal: abort.signal,
      intervalMs: 1e9,
      onStatus: () => setTimeout(() => abort.abort(new Error('enough')), 10),
    });
    await expect(waiting).rejects.toThrow('enough');
  });

  test.each([{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { intervalMs: 0 }])('takes no %o', async (options) => {
    await expect(Job.attach(sessionOf('http://127.0.0.1:9'), 1).until(options)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
    });
  });
});

describe('a job', () => {
  test.each([
    ['success', 'success'],
    ['failure', 'failure'],
    ['?', 'failure'],
  ])('that says %s has ended as %s', async (said, ended) => {
    const nova = await startNova();
    nova.script('/api/jobs/19', { status: 'processing' }, { status: said });
    const job = Job.attach(sessionOf(nova.url, { clock: virtualClock() }), 19);
    expect(job.status).toBeUndefined();
    expect(await job.until()).toBe(ended);
    expect(job.status).toBe(ended);
  });

  test('in a state that is new here is waited for', async () => {
    const nova = await startNova();
    nova.script('/api/jobs/19', { status: 'dreaming' }, { status: 'success' });
    const states: unknown[] = [];
    const job = Job.attach(sessionOf(nova.url, { clock: virtualClock() }), 19);
    await job.until({ onStatus: ({ jobs }) => states.push(jobs[0]!.status) });
    expect(states).toEqual(['unknown', 'success']);
  });
});
