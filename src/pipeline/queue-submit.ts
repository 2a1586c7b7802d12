import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, QueueEvents } from 'bullmq';
import { SolveError } from '../errors.ts';
import type { Progress, SolveInput } from '../solution.ts';
import { type QueueConnection, connectRedis } from './queue-connection.ts';
import {
  JOB_NAME,
  type JobData,
  QUEUE_NAME,
  checkQueueName,
  readProgress,
  readResult,
  textToFault,
} from './queue-message.ts';
import { type PackJobOptions, packJob } from './queue-pack.ts';
import type { ManyResult } from './solve-many.ts';

/** How inputs are put into a queue. */
export interface SubmitManyOptions extends PackJobOptions {
  /** Address of the Redis server: `redis://`, `rediss://` or `unix://`. */
  readonly redis: string;
  /** Queue of BullMQ to put jobs into. Default: `starfix`. */
  readonly queue?: string;
  /** 1 is taken first, 2097152 last. Default: 1000. */
  readonly priority?: number;
  /** Attempts at a job that a network or a server fails; files are tried once. Default: 4. */
  readonly attempts?: number;
  /** Jobs of this run in the queue at a time: more workers than this would stand idle. Default: 200. */
  readonly window?: number;
  /** Called as the work on an image goes on. */
  readonly onProgress?: (progress: Progress, index: number) => void;
  /** A line for people: the connection is lost, or is back. */
  readonly onWarning?: (message: string) => void;
  /** Cancels: jobs that no worker has taken are removed. */
  readonly signal?: AbortSignal;
}

const PRIORITY = 1000;
const LEAST_PRIORITY = 2 ** 21;
const ATTEMPTS = 4;
/** Pause before the second attempt, ms; it doubles with each. */
const BACKOFF_MS = 2000;
const WINDOW = 200;
/** Events can be lost: every job is looked at this often, ms. */
const LOOK_INTERVAL_MS = 5000;
/** Jobs of a run that are left in Redis after their result was fetched, for people who look at a dashboard. */
const KEPT_JOBS = 100;
/** Events that Redis keeps; each holds a result. */
const KEPT_EVENTS = 1000;
/** What cannot be put in order within this at the end is left to its age, ms. */
const CLOSE_MS = 2000;
/** A job that is asked for and whose result is not there. */
interface Awaited<T> {
  readonly id: string;
  readonly input: T;
  readonly data: JobData;
  /** Redis has it, as far as is known. */
  isIn: boolean;
}

/**
 * Puts inputs into a queue of BullMQ, and gives the results in the order in which workers are done. The next input is asked
 * for only when there is room for it, here and in Redis; a failure is a result like any other and stops nothing. If Redis
 * restarts, the run goes on when it is back, and puts in again what Redis has forgotten. Every input has one result.
 *
 * Breaking off the loop removes the jobs that no worker has taken.
 *
 * @param inputs what `solve` takes, one after the other
 * @throws {SolveError} `QUEUE_UNREACHABLE` if there is no Redis server at the address, or it refuses a job
 * @throws the signal's reason if cancelled; what `inputs` throws
 * @example
 * ```ts
 * for await (const { input, outcome, error } of submitMany(paths, { redis: 'redis://127.0.0.1:6379' })) {
 *   console.log(input, outcome?.status ?? error.message);
 * }
 * ```
 */
export async function* submitMany<T extends SolveInput>(
  inputs: Iterable<T> | AsyncIterable<T>,
  options: SubmitManyOptions,
): AsyncGenerator<ManyResult<T>, void, undefined> {
  const { queue: queueName = QUEUE_NAME, window = WINDOW, onProgress, signal } = options;
  const settings = jobSettings(options);
  checkQueueName(queueName);
  if (!Number.isInteger(window) || window < 1) throw new SolveError('BAD_ARGUMENT', `window: ${window} is no number`);
  const connection = await connectRedis(options.redis, options);
  const { client, bullmq, asFault } = connection;
  const queue = new bullmq.Queue(queueName, {
    connection: client,
    streams: { events: { maxLen: KEPT_EVENTS } },
  });
  // From the last event on, and not from when the first question for events arrives: a quick worker is faster.
  const [last] = await client.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1).catch((error: unknown) => {
    connection.close();
    throw asFault(error);
  });
  const events = new bullmq.QueueEvents(queueName, { connection: client, lastEventId: last?.[0] ?? '0-0' });
  // What breaks is mended by the connection, which says so; what is refused comes back from the call.
  queue.on('error', () => {});
  events.on('error', () => {});

  const run = randomUUID();
  const awaited = new Map<string, Awaited<T>>();
  const ready: ManyResult<T>[] = [];
  const fetched: string[] = [];
  const adding = new Set<Promise<void>>();
  const stop = new AbortController();
  let fault: { readonly error: unknown } | undefined;
  let ended = false;
  const bell = createBell();

  const fail = (error: unknown): void => {
    if (!stop.signal.aborted) fault ??= { error };
    bell.ring();
  };
  const answer = (result: ManyResult<T>): void => {
    ready.push(result);
    bell.ring();
  };
  const add = (job: Awaited<T>): void => {
    job.isIn = false;
    const added = queue
      .add(JOB_NAME, job.data, { ...settings, jobId: job.id })
      .then(() => void (job.isIn = true))
      .catch((error: unknown) => fail(asFault(error)))
      .finally(() => adding.delete(added));
    adding.add(added);
  };
  /** Looks what has become of a job. Events only say when to look: they can be lost, or come twice. */
  const look = async (job: Awaited<T>): Promise<void> => {
    const found = await client.hmget(
      queue.toKey(job.id),
      'name',
      'finishedOn',
      'processedOn',
      'returnvalue',
      'failedReason',
    );
    if (awaited.get(job.id) !== job || stop.signal.aborted) return;
    const [isThere, finishedOn, processedOn, returned, failed] = found;
    if (isThere === null || isThere === undefined) {
      if (job.isIn) add(job);
      return;
    }
    if (finishedOn === null || finishedOn === undefined) return;
    awaited.delete(job.id);
    answer(resultOf(job, Number(finishedOn) - Number(processedOn ?? finishedOn), returned, failed));
    fetched.push(job.id);
    const oldest = fetched.length > KEPT_JOBS ? fetched.shift() : undefined;
    if (oldest !== undefined) queue.remove(oldest).catch(() => {});
  };
  const lookAt = (job: Awaited<T> | undefined): void => {
    // A connection that breaks meanwhile brings everything here again.
    if (job !== undefined) look(job).catch((error: unknown) => client.status === 'ready' && fail(asFault(error)));
  };
  const lookAtAll = (): void => {
    if (client.status === 'ready') for (const job of awaited.values()) if (job.isIn) lookAt(job);
  };

  const fill = async (): Promise<void> => {
    let index = 0;
    for await (const input of inputs) {
      if (stop.signal.aborted) return;
      const place = index++;
      try {
        const data = await packJob(input, place, run, options, stop.signal);
        const job = { id: `${run}-${place}`, input, data, isIn: false };
        awaited.set(job.id, job);
        add(job);
      } catch (error) {
        stop.signal.throwIfAborted();
        answer({ index: place, input, error: error as Error, elapsedMs: 0 });
      }
      while (awaited.size + ready.length >= window && !stop.signal.aborted) await bell.taken();
      if (stop.signal.aborted) return;
    }
  };

  const abort = (): void => bell.ring();
  signal?.addEventListener('abort', abort);
  client.on('ready', lookAtAll);
  const timer = setInterval(lookAtAll, LOOK_INTERVAL_MS);
  try {
    await events.waitUntilReady();
    events.on('completed', ({ jobId }) => lookAt(awaited.get(jobId)));
    events.on('failed', ({ jobId }) => lookAt(awaited.get(jobId)));
    events.on('progress', ({ jobId, data }) => {
      const job = awaited.get(jobId);
      const progress = job === undefined ? undefined : readProgress(data);
      if (job !== undefined && progress !== undefined) onProgress?.(progress, job.data.index);
    });
    fill().then(
      () => {
        ended = true;
        bell.ring();
      },
      (error: unknown) => fail(error),
    );
    while (true) {
      signal?.throwIfAborted();
      if (fault !== undefined) throw (fault as { error: unknown }).error;
      const result = ready.shift();
      if (result !== undefined) {
        yield result;
        bell.take();
      } else if (ended && awaited.size === 0) {
        return;
      } else {
        await bell.rung();
      }
    }
  } finally {
    stop.abort();
    bell.take();
    clearInterval(timer);
    signal?.removeEventListener('abort', abort);
    await Promise.race([
      leave(connection, queue, events, adding, [...awaited.keys()]),
      sleep(CLOSE_MS, undefined, { ref: false }),
    ]);
    connection.close();
  }
}

/** Removes what no worker has taken, and closes. */
async function leave(
  { client }: QueueConnection,
  queue: Queue,
  events: QueueEvents,
  adding: ReadonlySet<Promise<void>>,
  ids: readonly string[],
): Promise<void> {
  if (client.status === 'ready') {
    await Promise.all(adding);
    await Promise.all(ids.map((id) => queue.remove(id).catch(() => {})));
  }
  await Promise.allSettled([events.close(), queue.close()]);
}

/** Two that wait for each other: one for results, one for room. */
function createBell(): { ring(): void; rung(): Promise<void>; take(): void; taken(): Promise<void> } {
  let results: (() => void) | undefined;
  let room: (() => void) | undefined;
  let isRung = false;
  return {
    ring() {
      isRung = true;
      results?.();
    },
    async rung() {
      if (!isRung) await new Promise<void>((done) => (results = done));
      isRung = false;
    },
    take: () => room?.(),
    taken: () => new Promise<void>((done) => (room = done)),
  };
}

function jobSettings({ priority = PRIORITY, attempts = ATTEMPTS }: SubmitManyOptions): {
  readonly priority: number;
  readonly attempts: number;
  readonly backoff: { readonly type: 'exponential'; readonly delay: number };
} {
  if (!Number.isInteger(priority) || priority < 1 || priority > LEAST_PRIORITY) {
    throw new SolveError('BAD_ARGUMENT', `priority: ${priority} is not from 1 to ${LEAST_PRIORITY}`);
  }
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new SolveError('BAD_ARGUMENT', `attempts: ${attempts} is no number of attempts`);
  }
  return { priority, attempts, backoff: { type: 'exponential', delay: BACKOFF_MS } };
}

function resultOf<T>(
  { input, data: { index } }: Awaited<T>,
  elapsedMs: number,
  returned: string | null | undefined,
  failed: string | null | undefined,
): ManyResult<T> {
  // A job that succeeded later keeps the reason why it failed before.
  if (typeof returned !== 'string') return { index, input, error: textToFault(failed ?? ''), elapsedMs };
  try {
    const result = readResult(JSON.parse(returned));
    return { index, input, outcome: result.outcome, elapsedMs: result.elapsedMs };
  } catch (error) {
    const fault =
      error instanceof SolveError ? error : new SolveError('REPLY_INVALID', 'the result in the queue is no JSON');
    return { index, input, error: fault, elapsedMs };
  }
}
