import { SolveError } from '../errors.ts';
import type { Job } from '../nova/job.ts';
import type { JobInfo, SubmissionState } from '../nova/wire.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, openSession, readId, readServiceOptions } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve status SUBID`. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'tell how a submission is doing',
  usage: 'status [options] SUBID',
  about: [
    'Tells what a server knows of a submission and of its jobs. Needs no API key: a server shows this to everybody.',
    'Exit codes: 0 every job solved or still at work, 1 a job was not solved, 3 the server could not use what was sent.',
  ],
  options: [
    ...SERVICE_OPTIONS,
    { name: 'wait', group: 'Asking', text: 'wait until every job has ended' },
    { name: 'poll', value: 'S', group: 'Asking', text: 'first interval between two looks with --wait; 2 s, growing' },
  ],
  examples: [
    ['solve status 12345', 'look once'],
    ['solve status --wait --timeout 600 12345', 'pick up the wait of an upload that was interrupted'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const id = readId('status', 'submission', operands);
  if (operands.length > 1) throw new SolveError('BAD_OPTION', 'status takes the number of one submission');
  const choice = await readServiceOptions(values);
  const [session, { Submission }] = await Promise.all([
    openSession(choice, terminal, true),
    import('../nova/submission.ts'),
  ]);
  const { signal } = terminal;
  const submission = Submission.attach(session, id);
  if (values.has('wait')) {
    const poll = values.get('poll');
    const { readNumber } = await import('./option-value.ts');
    await submission.until({
      signal,
      ...(choice.timeoutMs === undefined ? {} : { timeoutMs: choice.timeoutMs }),
      ...(typeof poll === 'string'
        ? { intervalMs: 1000 * readNumber('--poll', poll, { low: 0, above: true, high: 3600 }) }
        : {}),
      onStatus: ({ phase, jobs }) =>
        terminal.progress(
          `submission ${id} ${phase}${jobs.map((job) => `, job ${job.id} ${job.status ?? ''}`).join('')}`,
        ),
    });
    terminal.progress('');
  }
  const state = await submission.refresh({ signal });
  const jobs = await Promise.all(
    submission.jobs.map(async (job): Promise<[Job, JobInfo]> => [job, await job.info({ signal })]),
  );
  if (choice.json) terminal.out(`${JSON.stringify(record(id, state, jobs))}\n`);
  else for (const line of lines(id, state, jobs)) terminal.out(`${line}\n`);
  if (state.error !== undefined) {
    const { SubmissionFailedError } = await import('../nova/submission.ts');
    throw new SubmissionFailedError(id, state.error);
  }
  return jobs.some(([, { status }]) => status === 'failure') ? 1 : 0;
}

function record(id: number, state: SubmissionState, jobs: readonly [Job, JobInfo][]): Record<string, unknown> {
  const { started, finished, error, images, userImages } = state;
  return {
    submission: id,
    started,
    finished,
    images,
    userImages,
    ...(error === undefined ? {} : { error }),
    jobs: jobs.map(([job, { status, originalFilename, calibration }]) => ({
      id: job.id,
      status,
      file: originalFilename,
      ...(calibration === undefined ? {} : { calibration }),
    })),
  };
}

function lines(id: number, state: SubmissionState, jobs: readonly [Job, JobInfo][]): string[] {
  const { started, finished, jobs: numbers, userImages } = state;
  const phase =
    state.error !== undefined
      ? 'could not be used'
      : started === undefined
        ? 'waits for its turn'
        : finished === undefined
          ? `being unpacked since ${time(started)}`
          : `unpacked ${time(finished)}`;
  const missing = Math.max(userImages.length, numbers.length) - jobs.length;
  return [
    `submission ${id}: ${phase}`,
    ...jobs.map(([job, { status, originalFilename, calibration }]) => {
      const place =
        calibration === undefined
          ? ''
          : `: ra ${calibration.ra.toFixed(5)} dec ${calibration.dec.toFixed(5)}, ` +
            `${calibration.pixelScale.toPrecision(5)} arcsec/px, radius ${calibration.radius.toPrecision(4)} deg`;
      return `job ${job.id}: ${WORDS[status]}, ${originalFilename}${place}`;
    }),
    ...(missing > 0 ? [`${missing} ${missing === 1 ? 'image waits' : 'images wait'} for a job`] : []),
  ];
}

const WORDS: Readonly<Record<JobInfo['status'], string>> = {
  processing: 'waits for its turn',
  solving: 'is being solved',
  success: 'solved',
  failure: 'not solved',
  unknown: 'in a state that is not known here',
};

function time(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
