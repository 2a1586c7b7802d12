import { SolveError } from '../errors.ts';
import type { AskOptions, Job } from '../nova/job.ts';
import type { JobStatus } from '../nova/wire.ts';
import type { NovaCalibration } from '../solution.ts';

/** What is told of a job. */
export interface SeenJob {
  /** Its number. */
  readonly job: number;
  /** `gone`: the server does not know the number (any more). */
  readonly status: JobStatus | 'gone';
  /** Name of the image as it was sent, which may be anything; absent of a job that is gone. */
  readonly file?: string;
  /** nova's own numbers. */
  readonly calibration?: NovaCalibration;
}

/** Did the server say that there is no such number? */
export function isUnknown(error: unknown): boolean {
  return error instanceof SolveError && error.code === 'NOT_ON_SERVER';
}

/** Looks once at each job, as many at a time as the session allows. */
export async function lookAtJobs(jobs: readonly Job[], ask: () => AskOptions): Promise<SeenJob[]> {
  return await Promise.all(jobs.map(async (job) => await lookAtJob(job, ask())));
}

/** Looks once at a job: one request. */
export async function lookAtJob(job: Job, options: AskOptions): Promise<SeenJob> {
  try {
    const { status, originalFilename: file, calibration } = await job.info(options);
    return { job: job.id, status, file, ...(calibration === undefined ? {} : { calibration }) };
  } catch (error) {
    if (isUnknown(error)) return { job: job.id, status: 'gone' };
    throw error;
  }
}
