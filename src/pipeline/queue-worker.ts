import { realpath } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Job } from 'bullmq';
import { solve } from '../engines/solve.ts';
import { SolveError } from '../errors.ts';
import type { FaultCode } from '../errors.ts';
import type { Hints } from '../hints.ts';
import { PUBLIC_SERVER } from '../session/server-address.ts';
import type { Outcome, Progress, SolveInput, SolveOptions, Solver } from '../solution.ts';
import { calibrate } from '../wcs/calibration.ts';
import { type QueueConnection, connectRedis } from './queue-connection.ts';
import {
  type JobData,
  type JobOptions,
  QUEUE_NAME,
  checkQueueName,
  faultToText,
  jsonToSources,
  readJob,
  resultToJson,
} from './queue-message.ts';
import { waitForTurn } from './queue-rate.ts';
import { placeOf } from './frame-solver.ts';
import { type SolverThreads, openSolverThreads } from './solver-threads.ts';

/** How a worker works. */
export interface QueueWorkerOptions {
  /** Address of the Redis server: `redis://`, `rediss://` or `unix://`. */
  readonly redis: string;
  /** Queue of BullMQ to take jobs from. Default: `starfix`. */
  readonly queue?: string;
  /** Images at once. Default: as many as the machine has cores. */
  readonly concurrency?: number;
  /**
   * Who is asked, one after the other until one finds the place; or who is asked for a job with such options. Default: the
   * solver of this package alone. What a job says has no influence on the choice.
   */
  readonly engines?: EngineList | ((options: JobOptions) => Promise<EngineList>);
  /** Limit for each image, in ms; a job can only ask for less. */
  readonly timeoutMs?: number;
  /** Only files in this folder are read, wherever links lead. Default: every file that the process can read. */
  readonly root?: string;
  /**
   * Images a minute that go to a server, counted over all workers of this Redis server. Default: 20 to the public one,
   * others as often as anybody likes.
   */
  readonly rate?: number;
  /** Gives back at once what runs: other workers take it. */
  readonly signal?: AbortSignal;
  /** Called when a job has ended here. */
  readonly onEnded?: (ended: EndedJob) => void;
  /** A line for people: the connection is lost, or is back. */
  readonly onWarning?: (message: string) => void;
}

/** Engines in the order in which they are asked. */
export type EngineList = readonly ('embedded' | Solver)[];

/** What a worker did with a job. */
export interface EndedJob {
  /** What its submitter calls it. */
  readonly name: string;
  /** Absent: it failed, and `error` says why. */
  readonly outcome?: Outcome;
  /** Absent: there is an outcome. */
  readonly error?: SolveError;
  /** From the start of the work to its end. */
  readonly elapsedMs: number;
}

/** A worker at a queue. */
export interface QueueWorker extends AsyncDisposable {
  /** Host and process. */
  readonly name: string;
  /** Fulfilled when it has ended, however that came about. */
  readonly ended: Promise<void>;
  /** Finishes what runs and takes nothing new. */
  drain(): Promise<void>;
  /** Ends at once; other workers take what runs. */
  close(): Promise<void>;
}

/** A job whose worker is silent for this long is another's, ms; the lock is renewed twice as often. */
const LOCK_MS = 15_000;
/** How often it is looked for such jobs, ms. */
const STALLED_INTERVAL_MS = 5000;
/** A job that ended so many workers is at fault itself. */
const MOST_STALLS = 10;
/** Pause before the queue is asked again after the connection broke, ms. */
const RETRY_MS = 500;
/** Least time between two words of progress, ms: a quick job says nothing. */
const PROGRESS_MS = 500;
/** Results wait so long for whoever asked for them, seconds. */
const KEEP_SECONDS = 24 * 3600;
/** What the public server can be asked to bear, images a minute. */
const PUBLIC_RATE = 20;
/** What cannot be given back to the queue within this is taken over later, ms. */
const CLOSE_MS = 2000;

/** Faults that may be gone when the job is tried again. */
const WORTH_REPEATING: ReadonlySet<FaultCode> = new Set([
  'NETWORK',
  'SERVER_ERROR',
  'SERVER_BUSY',
] satisfies FaultCode[]);

/**
 * Takes jobs from a queue of BullMQ and solves them until it is told to stop. Start as many as there are machines.
 *
 * @throws {SolveError} `QUEUE_UNREACHABLE` if there is no Redis server at the address
 * @example
 * ```ts
 * const worker = await createQueueWorker({ redis: 'redis://127.0.0.1:6379', root: '/data' });
 * process.once('SIGTERM', () => worker.drain());
 * await worker.ended;
 * ```
 */
export async function createQueueWorker(options: QueueWorkerOptions): Promise<QueueWorker> {
  const { queue = QUEUE_NAME, concurrency = availableParallelism(), signal } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new SolveError('BAD_ARGUMENT', `concurrency: ${concurrency} is no number of images`);
  }
  checkQueueName(queue);
  const root = options.root === undefined ? undefined : await realFolder(options.root);
  const connection = await connectRedis(options.redis, { onWarning: options.onWarning, signal });
  // On threads even if there is one image at a time: a lock is renewed while it is solved.
  const threads = await openSolverThreads(concurrency);
  const stop = new AbortController();
  const shop: Shop = {
    ...options,
    root,
    connection,
    threads,
    name: `${hostname()}:${process.pid}`,
    stop: stop.signal,
    previous: undefined,
  };
  const { Worker: BullWorker } = connection.bullmq;
  const worker = new BullWorker(queue, (job, token, cancelled) => work(shop, job, token, cancelled), {
    connection: connection.client,
    name: shop.name,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: MOST_STALLS,
    runRetryDelay: RETRY_MS,
    removeOnComplete: { age: KEEP_SECONDS },
    removeOnFail: { age: KEEP_SECONDS },
  });
  const told = new Set<string>();
  worker.on('error', (error) => {
    // A break is told by the connection; a lock that is lost is another worker's by now. What Redis refuses stays refused.
    if (error.name !== 'ReplyError' || error.message.startsWith('LOADING') || told.has(error.message)) return;
    told.add(error.message);
    options.onWarning?.(connection.asFault(error).message);
  });
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id);
  });

  let ending: Promise<void> | undefined;
  let hasEnded: () => void = () => {};
  const ended = new Promise<void>((done) => (hasEnded = done));
  const end = async (): Promise<void> => {
    await worker.close();
    signal?.removeEventListener('abort', abort);
    await threads.close();
    connection.close();
    hasEnded();
  };
  const drain = (): Promise<void> => (ending ??= end());
  const close = async (): Promise<void> => {
    stop.abort();
    await Promise.race([drain(), afterwards(CLOSE_MS)]);
    connection.close();
    hasEnded();
  };
  const abort = (): void => void close();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  return { name: shop.name, ended, drain, close, [Symbol.asyncDispose]: close };
}

/** What all jobs of a worker share. */
interface Shop extends Omit<QueueWorkerOptions, 'root' | 'signal'> {
  /** As the system names it, without links. */
  readonly root: string | undefined;
  readonly connection: QueueConnection;
  readonly threads: SolverThreads;
  readonly name: string;
  readonly stop: AbortSignal;
  /** Where the last image of a run points. */
  previous: { readonly run: string; readonly place: NonNullable<Hints['previous']> } | undefined;
}

async function work(shop: Shop, job: Job, token: string | undefined, cancelled?: AbortSignal): Promise<unknown> {
  const { stop, onEnded, connection } = shop;
  const signal = cancelled === undefined ? stop : AbortSignal.any([stop, cancelled]);
  const start = performance.now();
  let name = String(job.id);
  try {
    const data = readJob(job.data);
    ({ name } = data);
    const outcome = await solveJob(shop, data, {
      signal,
      onProgress: progressTo(job),
      // Whoever takes the job over finds there that it was sent.
      onSubmitted: (submitted) => job.updateData({ ...data, submitted }),
    });
    const elapsedMs = performance.now() - start;
    onEnded?.({ name, outcome, elapsedMs });
    return resultToJson({ outcome, elapsedMs, worker: shop.name });
  } catch (error) {
    if (stop.aborted) {
      await job.moveToWait(token);
      throw new connection.bullmq.WaitingError();
    }
    const fault = faultHere(error);
    const text = faultToText(fault);
    const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    if (WORTH_REPEATING.has(fault.code) && !isLast) throw new Error(text, { cause: error });
    if (!signal.aborted) onEnded?.({ name, error: fault, elapsedMs: performance.now() - start });
    throw new connection.bullmq.UnrecoverableError(text);
  }
}

/** What went wrong, and where if that matters: another machine may see other files. */
function faultHere(error: unknown): SolveError {
  if (!(error instanceof SolveError)) {
    return new SolveError('INTERNAL', `unexpected failure: ${String(error)}`, { cause: error });
  }
  if (!error.code.startsWith('FILE_')) return error;
  return new SolveError(error.code, `${error.message} (on ${hostname()})`, { cause: error });
}

async function solveJob(
  shop: Shop,
  data: JobData,
  watch: Pick<SolveOptions, 'signal' | 'onProgress' | 'onSubmitted'>,
): Promise<Outcome> {
  const { sequence = true, timeoutMs: asked = Infinity, ...image } = data.options;
  const timeoutMs = Math.min(asked, shop.timeoutMs ?? Infinity);
  const { engines = ['embedded'] } = shop;
  const input = await openInput(shop, data.input);
  const known = sequence && shop.previous?.run === data.run ? { previous: shop.previous.place } : {};
  const list = typeof engines === 'function' ? await engines(data.options) : engines;
  const outcome = await solve(input, {
    ...image,
    ...(timeoutMs === Infinity ? {} : { timeoutMs }),
    hints: { ...known, ...data.hints },
    engines: list.map((engine) => engineFor(shop, engine, data)),
    ...watch,
    ...(data.submitted === undefined ? {} : { submitted: data.submitted }),
  });
  if (outcome.status !== 'solved') return outcome;
  shop.previous = { run: data.run, place: placeOf(outcome.solution) };
  if (data.input.kind !== 'sources') return outcome;
  // A source list does not know which way up its picture is.
  const { wcs, width, height } = outcome.solution;
  const { rowOrder } = data.input;
  return {
    ...outcome,
    solution: { ...outcome.solution, rowOrder, calibration: calibrate(wcs, width, height, rowOrder) },
  };
}

function engineFor({ threads, rate, connection }: Shop, engine: 'embedded' | Solver, data: JobData): Solver {
  if (engine === 'embedded') {
    const solver = threads.solverWith(data.options);
    const found = data.input.kind === 'sources' ? data.input.headerHints : undefined;
    if (found === undefined) return solver;
    return { ...solver, solve: (input, hints, options) => solver.solve(input, { ...found, ...hints }, options) };
  }
  const { server } = engine;
  if (server === undefined) return engine;
  const perMinute = rate ?? (server === PUBLIC_SERVER ? PUBLIC_RATE : Infinity);
  return {
    ...engine,
    async solve(input, hints, options) {
      if (options?.submitted === undefined) await waitForTurn(connection, server, perMinute, options?.signal);
      return await engine.solve(input, hints, options);
    },
  };
}

async function openInput({ root }: Shop, input: JobData['input']): Promise<SolveInput> {
  if (input.kind === 'sources') return jsonToSources(input.sources);
  if (input.kind === 'url') return new URL(input.url);
  const { path } = input;
  if (!isAbsolute(path)) throw new SolveError('BAD_ARGUMENT', `${path}: the path in a job is absolute`);
  if (root === undefined) return path;
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    // Opening it tells what is wrong, unless that tells what lies elsewhere.
    real = resolve(path);
  }
  const below = relative(root, real);
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) {
    throw new SolveError('FILE_UNREADABLE', `${path}: not in ${root}, all that this worker reads`);
  }
  return real;
}

/** Progress for whoever watches the queue, not more often than they can read. */
function progressTo(job: Job): (progress: Progress) => void {
  let last = performance.now();
  return (progress) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    job.updateProgress({ ...progress }).catch(() => {});
  };
}

async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw new SolveError('FILE_NOT_FOUND', `${folder}: no such folder`, { cause: error });
  }
}

async function afterwards(ms: number): Promise<void> {
  await new Promise<void>((done) => setTimeout(done, ms).unref());
}
