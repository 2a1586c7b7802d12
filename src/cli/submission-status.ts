import { SolveError } from '../errors.ts';
import type { AskOptions } from '../nova/job.ts';
import type { WaitOptions } from '../nova/wait.ts';
import type { SubmissionState } from '../nova/wire.ts';
import type { Session } from '../session/session.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { readNumber } from './option-value.ts';
import { type SeenJob, isUnknown, lookAtJobs } from './seen-job.ts';
import { type ServiceChoice, openSession, readServiceOptions, withinLimit } from './service.ts';
import type { Terminal } from './terminal.ts';

/**
 * Tells how a submission is doing.
 *
 * @param id of the submission
 * @returns the exit code
 * @throws {SolveError}
 */
export async function submissionStatus(id: number, values: OptionValues, terminal: Terminal): Promise<number> {
  const choice = await readServiceOptions(values);
  const wait = values.has('wait') ? waitOptions(choice, values, terminal) : undefined;
  const [session, { Submission, SubmissionFailedError, phaseOf }] = await Promise.all([
    openSession(choice, terminal, true),
    import('../nova/submission.ts'),
  ]);
  const submission = Submission.attach(session, id);
  // Who has waited to the end wants to see it.
  const ask = withinLimit(wait === undefined ? choice : { ...choice, timeoutMs: undefined }, terminal.signal);
  let state: SubmissionState;
  try {
    if (wait !== undefined) await submission.until(wait).catch(unless(SubmissionFailedError));
    state = await submission.refresh(ask());
  } catch (error) {
    if (isUnknown(error)) await explainJob(session, id, ask());
    throw error;
  } finally {
    terminal.progress('');
  }
  const seen = await lookAtJobs(submission.jobs, ask);
  if (choice.json) {
    const phase =
      state.error !== undefined ? 'failed' : seen.length > 0 && seen.every(hasEnded) ? 'done' : phaseOf(state);
    terminal.out(`${JSON.stringify(record(id, phase, state, seen))}\n`);
  } else for (const line of lines(id, state, seen)) terminal.out(`${escapeControls(line)}\n`);
  if (state.error !== undefined) {
    if (values.has('verbose')) for (const line of state.error.trim().split('\n')) terminal.note(line);
    throw new SubmissionFailedError(id, state.error);
  }
  return seen.some(({ status }) => status === 'failure') ? 1 : 0;
}

function waitOptions({ timeoutMs }: ServiceChoice, values: OptionValues, terminal: Terminal): WaitOptions {
  const poll = values.get('poll');
  return {
    signal: terminal.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(typeof poll === 'string'
      ? { intervalMs: 1000 * readNumber('--poll', poll, { low: 0, above: true, high: 3600 }) }
      : {}),
    onStatus: ({ submissionId, phase, jobs, fault }) => {
      const known = jobs.map((job) => `, job ${job.id} ${job.status ?? 'waits'}`).join('');
      terminal.progress(
        `submission ${submissionId} ${phase}${known}${fault === undefined ? '' : `; ${fault.message}`}`,
      );
    },
  };
}

/** Lets one kind of error pass. */
function unless(kind: new (...args: never[]) => Error): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof kind)) throw error;
  };
}

/** @throws {SolveError} if the number is that of a job */
async function explainJob(session: Session, id: number, options: AskOptions): Promise<void> {
  const { Job } = await import('../nova/job.ts');
  try {
    await Job.attach(session, id).refresh(options);
  } catch {
    // The first error tells.
    return;
  }
  const fact = `${id} is no submission, but there is a job of this number: solve fetch ${id} info --out - tells of it`;
  throw new SolveError('NOT_ON_SERVER', fact);
}

function hasEnded({ status }: SeenJob): boolean {
  return status === 'success' || status === 'failure';
}

function record(
  id: number,
  phase: string,
  { started, finished, error, images, userImages }: SubmissionState,
  jobs: readonly SeenJob[],
): Record<string, unknown> {
  return {
    submission: id,
    phase,
    started,
    finished,
    images,
    userImages,
    ...(error === undefined ? {} : { error }),
    jobs: jobs.map(({ job, ...seen }) => ({ id: job, ...seen })),
  };
}

function lines(id: number, state: SubmissionState, jobs: readonly SeenJob[]): string[] {
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
    ...jobs.map(({ job, status, file, calibration }) => {
      const place =
        calibration === undefined
          ? ''
          : `: ra ${calibration.ra.toFixed(5)} dec ${calibration.dec.toFixed(5)}, ` +
            `${calibration.pixelScale.toPrecision(5)} arcsec/px, radius ${calibration.radius.toPrecision(4)} deg`;
      return `job ${job}: ${WORDS[status]}${file === undefined ? '' : `, ${file}`}${place}`;
    }),
    ...(missing > 0 ? [`${missing} ${missing === 1 ? 'image waits' : 'images wait'} for a job`] : []),
  ];
}

const WORDS: Readonly<Record<SeenJob['status'], string>> = {
  processing: 'waits for its turn',
  solving: 'is being solved',
  success: 'solved',
  failure: 'not solved',
  unknown: 'in a state that is not known here',
  gone: 'is not there any more: the server makes it anew under another number',
};

function time(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
