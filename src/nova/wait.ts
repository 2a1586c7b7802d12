import { SolveError } from '../errors.ts';
import { ServerError, TimeLimitError } from '../session/faults.ts';
import type { JsonRequest } from '../session/request-spec.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import type { JobStatus } from './wire.ts';

/** How a submission or a job is waited for. */
export interface WaitOptions {
  /** Stops the waiting: the promise rejects with the signal's reason. The server goes on. */
  readonly signal?: AbortSignal;
  /** Stop waiting after this, in ms: {@link WaitLimitError}. Default: half an hour. `Infinity`: never. */
  readonly timeoutMs?: number;
  /** First pause between two looks, in ms; it grows by a third each time, up to 30 s. Default: 2000. */
  readonly intervalMs?: number;
  /** Told after each look. */
  readonly onStatus?: (status: WaitStatus) => void;
}

/** What was seen at the last look. */
export interface WaitStatus {
  /** Undefined if only the job is known. */
  readonly submissionId: number | undefined;
  /**
   * `queued`: the server has not begun. `unpacking`: it fetches or unpacks what was sent, and makes the jobs. `solving`:
   * all jobs are known. `done`: all have ended.
   */
  readonly phase: 'queued' | 'unpacking' | 'solving' | 'done';
  /** The jobs that are known, and what they were at the last look. */
  readonly jobs: readonly { readonly id: number; readonly status: JobStatus | undefined }[];
  /** Why this look saw nothing new; the waiting goes on. */
  readonly fault?: Error;
}

/** The time limit of a wait is over. The server goes on: whoever has the numbers can wait on, in another process too. */
export class WaitLimitError extends TimeLimitError {
  /** Always `WaitLimitError`. */
  override readonly name: string = 'WaitLimitError';
  /** For `Submission.attach`; undefined if only the job is known. */
  readonly submissionId: number | undefined;
  /** For `Job.attach`: the jobs known so far. */
  readonly jobIds: readonly number[];

  constructor(message: string, last: WaitStatus, options?: ErrorOptions) {
    super(message, options);
    this.submissionId = last.submissionId;
    this.jobIds = last.jobs.map(({ id }) => id);
  }
}

const DEFAULT_TIMEOUT_MS = 30 * 60 * 1000;

/** The server looks for new work every five seconds: to ask more often gains nothing. */
const DEFAULT_INTERVAL_MS = 2000;

const LONGEST_INTERVAL_MS = 30_000;

const GROWTH = 4 / 3;

/** Pauses differ by up to this part either way, so that many who wait do not ask all at once. */
const JITTER = 0.2;

/** One wait: its pauses, its time limit, and what to do about looks that fail. */
export class Wait {
  readonly #session: Session;
  readonly #signal: AbortSignal | undefined;
  readonly #onStatus: WaitOptions['onStatus'];
  readonly #timeoutMs: number;
  readonly #end: number;
  #intervalMs: number;
  #last: WaitStatus;
  /** The server has answered sensibly once: what comes now is a passing fault. */
  #trusted: boolean;

  /**
   * @param status what is known at the start
   * @param trusted has the server answered about this before?
   * @throws {SolveError} `BAD_ARGUMENT`
   */
  constructor(session: Session, options: WaitOptions, status: WaitStatus, trusted: boolean) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, intervalMs = DEFAULT_INTERVAL_MS } = options;
    if (!(timeoutMs > 0)) throw new SolveError('BAD_ARGUMENT', `timeoutMs: ${timeoutMs} is not more than 0`);
    if (!(intervalMs > 0)) throw new SolveError('BAD_ARGUMENT', `intervalMs: ${intervalMs} is not more than 0`);
    this.#session = session;
    this.#signal = options.signal;
    this.#onStatus = options.onStatus;
    this.#timeoutMs = timeoutMs;
    this.#intervalMs = intervalMs;
    this.#end = session.transport.clock.now() + timeoutMs;
    this.#last = status;
    this.#trusted = trusted;
  }

  /** What was seen is told. */
  report(status: WaitStatus): void {
    this.#last = status;
    this.#onStatus?.(status);
  }

  /**
   * Asks the server once.
   *
   * @returns undefined if there was a fault that may pass: a network that is down, a server that is being restarted
   * @throws {WaitLimitError}
   * @throws {ServerError} `NOT_ON_SERVER`; any fault if the server has never answered sensibly; the signal's reason
   */
  async look<T>(call: JsonRequest<T>): Promise<T | undefined> {
    const left = this.#end - this.#session.transport.clock.now();
    if (left <= 0) throw this.#limit();
    const timeoutMs = Math.min(left, this.#session.timeoutMs ?? Infinity);
    try {
      const reply = await new SessionRequest(this.#session, call).send({
        ...(this.#signal === undefined ? {} : { signal: this.#signal }),
        ...(timeoutMs === Infinity ? {} : { timeoutMs }),
      });
      this.#trusted = true;
      return reply;
    } catch (error) {
      if (error instanceof TimeLimitError && this.#session.transport.clock.now() >= this.#end) throw this.#limit(error);
      if (!this.#trusted || !mayPass(error)) throw error;
      this.report({ ...this.#last, fault: error });
      return undefined;
    }
  }

  /**
   * Waits for the time of the next look.
   *
   * @throws {WaitLimitError} the signal's reason
   */
  async pause(): Promise<void> {
    const { clock } = this.#session.transport;
    const wait = this.#intervalMs * (1 + JITTER * (2 * clock.random() - 1));
    this.#intervalMs = Math.max(this.#intervalMs, Math.min(LONGEST_INTERVAL_MS, this.#intervalMs * GROWTH));
    const left = this.#end - clock.now();
    await clock.sleep(Math.min(wait, Math.max(0, left)), this.#signal);
    if (wait >= left) throw this.#limit();
  }

  #limit(cause: Error | undefined = this.#last.fault): WaitLimitError {
    const { submissionId, jobs, phase } = this.#last;
    const known = jobs.map(({ id, status }) => `job ${id} ${status ?? 'not looked at'}`);
    const facts = [...(submissionId === undefined ? [] : [`submission ${submissionId} ${phase}`]), ...known];
    return new WaitLimitError(
      `${facts.join(', ')}: not done after ${this.#timeoutMs / 1000} s; the server goes on`,
      this.#last,
      cause === undefined ? {} : { cause },
    );
  }
}

/** A number of a submission or a job. The server takes more for one than it should, so it is checked here. */
export function checkId(what: string, id: number): number {
  if (!Number.isSafeInteger(id) || id < 0) throw new SolveError('BAD_ARGUMENT', `${id} is no number of a ${what}`);
  return id;
}

/** Is it over in a while? Whatever is asked for here was there once. */
function mayPass(error: unknown): error is SolveError {
  if (!(error instanceof SolveError)) return false;
  switch (error.code) {
    case 'NETWORK':
    case 'SERVER_BUSY':
    case 'SERVER_ERROR':
    case 'REPLY_HTML':
    case 'REPLY_INVALID':
    case 'TIME_LIMIT':
      return true;
    default:
      return false;
  }
}

/** Did the server say that it does not know what was asked for? */
export function isGone(error: unknown): boolean {
  return error instanceof ServerError && error.code === 'NOT_ON_SERVER';
}
