import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Job } from '../nova/job.ts';
import type { ScaleSetting, UploadSettings } from '../nova/settings.ts';
import { Submission } from '../nova/submission.ts';
import { upload } from '../nova/upload.ts';
import { WaitLimitError, type WaitStatus } from '../nova/wait.ts';
import { readCorr } from '../products/corr.ts';
import type { WcsFile } from '../products/wcs-file.ts';
import { TimeLimitError } from '../session/faults.ts';
import type { Session } from '../session/session.ts';
import type {
  NovaCalibration,
  Outcome,
  RemoteJob,
  Report,
  Solution,
  SolveInput,
  SolveOptions,
  Solver,
} from '../solution.ts';
import { checkSize, foreignSolution } from './foreign-solution.ts';
import { type Parcel, type WhatToSend, packParcel } from './parcel.ts';
import { rowOrderOf } from './row-order.ts';

/** How the engine that asks a nova server works. Everything may be left out. */
export interface NovaEngineOptions {
  /**
   * What goes to the server. `sources`: positions of stars found here, some kilobytes. `image`: the file as it is.
   * Default, `auto`: sources, and the file where it cannot be read here or shows too few of them.
   */
  readonly upload?: WhatToSend;
  /** What else is asked of the server. Position, scale and parity come from the hints. */
  readonly settings?: Omit<UploadSettings, 'scale' | 'position' | 'parity'>;
  /** First pause between two looks at the server, in ms; it grows. Default: 2000. */
  readonly intervalMs?: number;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Bin this many by as many pixels before looking for stars here. Default: chosen by the size of the stars. */
  readonly downsample?: number;
}

/**
 * An engine that uploads to nova.astrometry.net or a server like it, waits, and fetches the solution.
 *
 * Hints in the file are not sent, since the server looks nowhere else and a header may be wrong. Those of the user are.
 */
export function createNovaSolver(session: Session, options: NovaEngineOptions = {}): Solver {
  return {
    name: 'nova',
    server: session.server,
    solve: (input, hints = {}, solveOptions = {}) => solveRemotely(session, input, hints, solveOptions, options),
  };
}

async function solveRemotely(
  session: Session,
  input: SolveInput,
  hints: Hints,
  { signal, timeoutMs = Infinity, onProgress, onSubmitted, submitted, extension, keepSources }: SolveOptions,
  options: NovaEngineOptions,
): Promise<Outcome> {
  signal?.throwIfAborted();
  const end = performance.now() + timeoutMs;
  /** The caller's signal and what is left of the time. */
  const limits = (): { signal?: AbortSignal; timeoutMs?: number } => ({
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === Infinity ? {} : { timeoutMs: Math.max(1, end - performance.now()) }),
  });
  const stages: Record<string, number> = {};
  const timed = async <T>(stage: string, work: Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await work;
    } finally {
      stages[stage] = performance.now() - start;
    }
  };
  const hdu = extension === undefined ? {} : { extension };
  const packing = packParcel(input, { ...options, ...hdu, what: options.upload, signal, onProgress });
  const parcel = await timed('read', packing);
  const notes = [parcel.note];
  let remote: RemoteJob | undefined;
  const report = (): Report => ({
    stages,
    sources: parcel.sources,
    fwhm: parcel.fwhm,
    candidates: 0,
    notes,
    ...(remote === undefined ? {} : { remote }),
  });
  const kept = keepSources === true && parcel.found !== undefined ? { sources: parcel.found } : {};
  const unsolved = (reason: 'exhausted' | 'time-limit', message: string): Outcome => ({
    status: 'unsolved',
    reason,
    message,
    report: report(),
    ...kept,
  });

  const send = async (): Promise<Submission> => {
    const submission = await timed(
      'upload',
      upload(session, parcel.content, {
        settings: { ...options.settings, ...hintSettings(hints) },
        ...(parcel.name === undefined ? {} : { name: parcel.name }),
        ...limits(),
        onProgress: (sent, total) => onProgress?.({ stage: 'upload', fraction: total === 0 ? 1 : sent / total }),
      }),
    );
    remote = { server: session.server, submissionId: submission.id };
    await onSubmitted?.(remote);
    return submission;
  };
  const told: Promise<void>[] = [];
  const waitFor = async (submission: Submission): Promise<readonly Job[]> =>
    submission.until({
      timeoutMs: Infinity,
      ...limits(),
      ...(options.intervalMs === undefined ? {} : { intervalMs: options.intervalMs }),
      onStatus: (status) => {
        const [job] = status.jobs;
        if (job !== undefined && remote?.jobId !== job.id) {
          const known = { server: session.server, submissionId: submission.id, jobId: job.id };
          remote = known;
          const telling = (async () => await onSubmitted?.(known))();
          // Whether it failed is seen when the wait is over.
          telling.catch(() => {});
          told.push(telling);
        }
        onProgress?.({ stage: 'wait', text: waitText(status) });
      },
    });

  try {
    let submission: Submission | undefined;
    let jobs: readonly Job[] | undefined;
    if (submitted?.server === session.server) {
      remote = submitted;
      notes.push(`picked up submission ${submitted.submissionId}`);
      submission = Submission.attach(session, submitted.submissionId);
      jobs = await timed('wait', waitFor(submission)).catch((error: unknown) => {
        if (!(error instanceof SolveError && error.code === 'NOT_ON_SERVER')) throw error;
        notes.push(error.message);
        return undefined;
      });
    }
    if (submission === undefined || jobs === undefined) {
      submission = await send();
      jobs = await timed('wait', waitFor(submission));
    }
    await Promise.all(told);
    const job = jobs.find(({ status }) => status === 'success') ?? jobs[0];
    const where: RemoteJob = {
      server: session.server,
      submissionId: submission.id,
      ...(job === undefined ? {} : { jobId: job.id }),
    };
    remote = where;
    if (job?.status !== 'success') return unsolved('exhausted', explain(where, hints));
    onProgress?.({ stage: 'fetch' });
    const solution = await timed('fetch', fetchSolution(job, parcel, limits(), notes));
    return { status: 'solved', solution, report: report(), ...kept };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof WaitLimitError || (error instanceof TimeLimitError && remote !== undefined)) {
      return unsolved('time-limit', `${error.message}; look at it with solve status ${remote?.submissionId}`);
    }
    throw error;
  }
}

/** What the user knows, as the server wants to be told. It looks nowhere else. */
function hintSettings({ position, scale, fieldWidth, parity }: Hints): UploadSettings {
  if (scale !== undefined && fieldWidth !== undefined) {
    throw new SolveError('BAD_ARGUMENT', 'hints: fieldWidth and scale are both given');
  }
  const setting: ScaleSetting | undefined =
    scale !== undefined
      ? { units: 'arcsecperpix', lower: scale.lowArcsec, upper: scale.highArcsec }
      : fieldWidth !== undefined
        ? { units: 'degwidth', lower: fieldWidth.lowDeg, upper: fieldWidth.highDeg }
        : undefined;
  return { ...(position && { position }), ...(setting && { scale: setting }), ...(parity && { parity }) };
}

async function fetchSolution(
  job: Job,
  parcel: Parcel,
  limits: { signal?: AbortSignal; timeoutMs?: number },
  notes: string[],
): Promise<Solution> {
  const [file, reported, corr] = await Promise.all([
    job.wcs(limits),
    job.calibration(limits),
    job.bytes('corr', limits).then(readCorr, (error: unknown) => {
      limits.signal?.throwIfAborted();
      notes.push(`the stars matched cannot be told: ${(error as Error).message}`);
      return undefined;
    }),
  ]);
  checkSize(`job ${job.id}`, file, parcel);
  const rowOrder = parcel.rowOrder ?? (await unseenRowOrder(job, file, reported, limits));
  const solution = foreignSolution({ engine: 'nova', file, corr, rowOrder });
  return { ...solution, ...(reported === undefined ? {} : { reported }) };
}

async function unseenRowOrder(
  job: Job,
  { wcs }: WcsFile,
  reported: NovaCalibration | undefined,
  limits: { signal?: AbortSignal; timeoutMs?: number },
): Promise<Solution['rowOrder']> {
  const { originalFilename } = await job.info(limits);
  return rowOrderOf(originalFilename, wcs, reported?.orientation);
}

function waitText({ submissionId, phase, jobs, fault }: WaitStatus): string {
  const known = jobs.map(({ id, status }) => `, job ${id} ${status ?? 'new'}`).join('');
  const trouble = fault === undefined ? '' : ` (${fault.message})`;
  return `submission ${submissionId} ${phase}${known}${trouble}`;
}

function explain({ submissionId, jobId }: RemoteJob, hints: Hints): string {
  const where = jobId === undefined ? `submission ${submissionId}` : `job ${jobId}, submission ${submissionId}`;
  const narrowed = [
    ...(hints.position === undefined ? [] : [`within ${hints.position.radiusDeg} deg of the position given`]),
    ...(hints.scale === undefined && hints.fieldWidth === undefined ? [] : ['at the scale given']),
    ...(hints.parity === undefined ? [] : ['with the parity given']),
  ];
  const only = narrowed.length === 0 ? '' : `; it looked only ${narrowed.join(', ')}`;
  return `the server found no place in the sky that fits (${where})${only}`;
}
