import { SolveError } from '../errors.ts';
import { defaultSession } from '../session/default-session.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import { type AskOptions, Job } from './job.ts';
import { Wait, type WaitOptions, type WaitStatus, checkId, isGone } from './wait.ts';
import type { SubmissionState } from './wire.ts';

/** The server could not make an image of what was sent, so there will be no job. */
export class SubmissionFailedError extends SolveError {
  /** Always `SubmissionFailedError`. */
  override readonly name: string = 'SubmissionFailedError';
  /** The submission that failed. */
  readonly submissionId: number;
  /** What the server says: the end of a Python traceback; the last line tells most. */
  readonly serverMessage: string;

  constructor(submissionId: number, serverMessage: string) {
    const last = serverMessage.trim().split('\n').at(-1)?.trim() ?? '';
    super('SUBMISSION_FAILED', `submission ${submissionId}: the server could not use it: ${last}`);
    this.submissionId = submissionId;
    this.serverMessage = serverMessage;
  }
}

/** What an upload is known to be, from its reply. */
export interface SubmissionOrigin {
  /** SHA-1 of what was sent. */
  readonly sha1: string | undefined;
  /** The names under which files were sent. */
  readonly files: readonly string[];
}

/** One upload on the server: an image, or an archive of several. */
export class Submission {
  /** Its number. */
  readonly id: number;
  /** SHA-1 of what was sent, lower-case hex; undefined for a URL, and if it was attached to by its number. */
  readonly sha1: string | undefined;
  /**
   * The names under which files were sent, those in an archive as well. A job tells its own in `info`; the server skips in
   * silence what it cannot read in an archive.
   */
  readonly files: readonly string[];
  readonly #session: Session;
  /** Made just now: the server cannot have begun. */
  #fresh: boolean;
  #jobs: Job[] = [];

  /** @internal Use {@link upload} or {@link Submission.attach}. */
  constructor(session: Session, id: number, origin?: SubmissionOrigin) {
    this.#session = session;
    this.id = checkId('submission', id);
    this.sha1 = origin?.sha1;
    this.files = origin?.files ?? [];
    this.#fresh = origin !== undefined;
  }

  /** A submission by its number, as another process may have left it. Nothing is asked of the server yet. */
  static attach(session: Session, id: number): Submission;
  /** The same with the default session, see {@link init}: reading needs no API key. */
  static attach(id: number): Submission;
  static attach(session: Session | number, id?: number): Submission {
    return typeof session === 'number'
      ? new Submission(defaultSession(), session)
      : new Submission(session, id ?? Number.NaN);
  }

  /** Its jobs as far as they are known, in the order of the images. */
  get jobs(): readonly Job[] {
    return this.#jobs;
  }

  /** Looks once. */
  async refresh(options: AskOptions = {}): Promise<SubmissionState> {
    const { submissionCall } = await import('./calls.ts');
    const state = await new SessionRequest(this.#session, submissionCall(this.id)).send(options);
    this.#see(state);
    return state;
  }

  /** Numbers of the user images. Needs a login, unlike all else here. */
  async images(options: AskOptions = {}): Promise<readonly number[]> {
    const { submissionImagesCall } = await import('./calls.ts');
    return await new SessionRequest(this.#session, submissionImagesCall(this.id)).send(options);
  }

  /**
   * Waits until every job has ended. Images that were not solved are no errors: `job.status` tells.
   *
   * @returns its jobs, in the order of the images
   * @throws {SubmissionFailedError} {@link WaitLimitError}
   * @throws {ServerError} `NOT_ON_SERVER`; the signal's reason
   */
  async until(options: WaitOptions = {}): Promise<readonly Job[]> {
    for await (const _ of this.ended(options));
    return this.#jobs;
  }

  /**
   * Waits, and gives each job as it ends: of an archive, the first ones are there long before the last.
   * The submission is looked at until its jobs are known, and then only those jobs that have not ended.
   */
  async *ended(options: WaitOptions = {}): AsyncGenerator<Job, void, undefined> {
    const { jobCall } = await import('./calls.ts');
    const wait = new Wait(this.#session, options, this.#status('queued'), this.#fresh || this.#jobs.length > 0);
    const given = new Set<Job>();
    if (this.#fresh) await wait.pause();
    this.#fresh = false;
    for (let known = false; ;) {
      if (!known) {
        await this.#findJobs(wait);
        known = true;
      }
      for (const job of this.#jobs) {
        if (!isEnded(job)) {
          try {
            const status = await wait.look(jobCall(job.id));
            if (status === undefined) break;
            job.see(status);
          } catch (error) {
            if (!isGone(error)) throw error;
            // The server was restarted and makes the job anew: the submission will tell its number.
            known = false;
            break;
          }
          wait.report(this.#status(this.#jobs.every(isEnded) ? 'done' : 'solving'));
        }
        if (isEnded(job) && !given.has(job)) {
          given.add(job);
          yield job;
        }
      }
      if (known && this.#jobs.every(isEnded)) return;
      await wait.pause();
    }
  }

  /** What JSON shows of it. */
  toJSON(): { readonly id: number; readonly jobs: readonly Job[] } {
    return { id: this.id, jobs: this.#jobs };
  }

  /** Looks at the submission until it has a job for each image. */
  async #findJobs(wait: Wait): Promise<void> {
    const { submissionCall } = await import('./calls.ts');
    for (let empty = 0; ;) {
      const state = await wait.look(submissionCall(this.id));
      if (state !== undefined) {
        this.#see(state);
        const phase = phaseOf(state);
        wait.report(this.#status(phase));
        if (state.error !== undefined) throw new SubmissionFailedError(this.id, state.error);
        if (phase === 'solving') return;
        // Unpacked, no reason given, and no image: an archive in which nothing could be read.
        if (state.finished !== undefined && state.userImages.length === 0 && ++empty === 2) {
          throw new SubmissionFailedError(this.id, 'it found no image in it');
        }
      }
      await wait.pause();
    }
  }

  /** Takes the numbers of the jobs over; a job that is known already stays the same object. */
  #see(state: SubmissionState): void {
    const known = new Map(this.#jobs.map((job) => [job.id, job]));
    this.#jobs = state.jobs
      .filter((id) => id !== null)
      .map((id) => known.get(id) ?? new Job(this.#session, id, this.id));
  }

  #status(phase: WaitStatus['phase']): WaitStatus {
    return { submissionId: this.id, phase, jobs: this.#jobs.map(({ id, status }) => ({ id, status })) };
  }
}

/** How far the server is with it. Unpacked, and a job for each image: only then no more will come. */
export function phaseOf({ started, finished, jobs, userImages }: SubmissionState): WaitStatus['phase'] {
  if (started === undefined) return 'queued';
  const complete =
    finished !== undefined && jobs.length > 0 && jobs.length >= userImages.length && !jobs.includes(null);
  return complete ? 'solving' : 'unpacking';
}

function isEnded({ status }: Job): boolean {
  return status === 'success' || status === 'failure';
}
