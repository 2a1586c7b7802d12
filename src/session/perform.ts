import { TimeLimitError, UploadUncertainError } from './faults.ts';
import { SolveError } from '../errors.ts';
import { type ReplyContext, SessionRefused, checkStatus, readJson } from './reply.ts';
import type { JsonRequest, OutgoingBody, StreamRequest } from './request-spec.ts';
import { backoffMs } from './retry.ts';
import { type Attempt, AttemptFailure, type RawReply, type Transport } from './transport.ts';

/** One sending of a request: all attempts under one time limit. */
export interface Run {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told of each attempt that failed, so that a time limit can name it. */
  readonly onFault?: (fault: Error) => void;
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** Who has the session key: a {@link Session}. */
export interface KeyHolder {
  /** The key, if there is a good one now. */
  readonly key: string | undefined;
  /** The key, after a login if there is none. */
  sessionKey(signal: AbortSignal): Promise<string>;
}

/** A server that asks for more than this is not waited for: whoever called wants to know. */
const LONGEST_OBEYED_MS = 600_000;

/**
 * Sends a request as often as is safe and useful, and gives what was made of the reply.
 *
 * @param holder whose session key to put into the request; undefined: none
 * @param expires may a reply that this key has led to mean that the session has expired? Then it is {@link SessionRefused}
 * @throws {SolveError} the last fault; {@link SessionRefused}; the signal's reason
 */
export async function perform<T>(
  transport: Transport,
  spec: JsonRequest<T> | StreamRequest<T>,
  holder: KeyHolder | undefined,
  expires: (key: string | undefined) => boolean,
  run: Run,
): Promise<T> {
  const { clock, schedule, secrets } = transport;
  let key: string | undefined;
  const attempt: Attempt = {
    path: spec.path,
    prepare: async () => {
      key = await holder?.sessionKey(run.signal);
    },
    // While it waited, the server may have forgotten the session: an upload is too dear to find that out.
    isPrepared: () => holder === undefined || holder.key === key,
    makeBody: spec.json === undefined && holder === undefined ? undefined : () => makeBody(spec, key),
    repeat: spec.repeat ?? 'safe',
    signal: run.signal,
    onProgress: run.onProgress,
  };
  const context: ReplyContext = {
    where: transport.where(attempt.path, attempt.makeBody !== undefined),
    login: spec.path === '/api/login',
    get expiredStatus() {
      return expires(key) ? spec.expiredStatus : undefined;
    },
    secrets,
    clock,
  };
  const { default: pRetry } = await import('p-retry');
  let failures = 0;
  try {
    return await pRetry(async () => await transport.exchange(attempt, (reply) => read(reply, spec, attempt, context)), {
      retries: spec.retries ?? schedule.retries,
      // We wait ourselves: the server may have said for how long, and everybody else is to wait as well.
      minTimeout: 0,
      shouldRetry: ({ error }) => error instanceof AttemptFailure && error.again,
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (!(error instanceof AttemptFailure)) return;
        failures++;
        run.onFault?.(error.fault);
        const { afterMs } = error;
        if (afterMs !== undefined) transport.gate.hold(afterMs);
        if (!error.again || retriesLeft === 0 || (afterMs !== undefined && afterMs > LONGEST_OBEYED_MS)) {
          throw error.fault;
        }
        await clock.sleep(
          Math.max(
            afterMs ?? 0,
            backoffMs(schedule, failures, () => clock.random()),
          ),
          run.signal,
        );
      },
    });
  } catch (error) {
    if (error instanceof SessionRefused) error.key = key;
    throw error instanceof AttemptFailure ? error.fault : error;
  }
}

/** Judges a reply and makes of it what the request is for. */
async function read<T>(
  reply: RawReply,
  spec: JsonRequest<T> | StreamRequest<T>,
  attempt: Attempt,
  context: ReplyContext,
): Promise<T> {
  try {
    await checkStatus(reply, context);
    if ('schema' in spec) return await readJson(reply, spec.schema, context);
  } catch (error) {
    if (error instanceof AttemptFailure && attempt.repeat === 'unless-received') {
      throw uncertain(error, reply, context);
    }
    throw error;
  }
  reply.allowLong();
  const { status, headers, body } = reply;
  const length = headers.get('content-length');
  return await spec.consume(
    {
      status,
      contentType: (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase(),
      length: length === null || headers.has('content-encoding') ? undefined : Number(length),
      body,
    },
    attempt.signal,
  );
}

/**
 * What a bad answer means for a request that must not be made twice. A front end that has lost the server behind it, or
 * an answer nobody can read, leaves open whether the request counted.
 */
function uncertain(failure: AttemptFailure, reply: RawReply, { where }: ReplyContext): AttemptFailure {
  const { fault, afterMs } = failure;
  const { status, trace } = reply;
  // Answered before all of it had come: the server behind cannot have it.
  if (trace === undefined || trace.sentBytes < trace.totalBytes) return failure;
  // An exception of the application: it is not stored, and the same again will fail again.
  if (status === 500) return new AttemptFailure(fault, false);
  // "Come back later" is said instead of doing the work.
  if (status === 429 || (status === 503 && afterMs !== undefined)) return failure;
  const unreadable = fault instanceof SolveError && fault.code === 'REPLY_INVALID';
  if (status < 500 && !unreadable) return new AttemptFailure(fault, false);
  return new AttemptFailure(
    new UploadUncertainError(`${where}: all was sent, and the answer does not tell whether it counted`, trace, {
      cause: fault,
    }),
    false,
  );
}

/** Makes the body of an attempt. The session is put in here and nowhere else. */
function makeBody<T>(
  { json, makeBody: make = formBody }: JsonRequest<T> | StreamRequest<T>,
  session: string | undefined,
): OutgoingBody | Promise<OutgoingBody> {
  return make(JSON.stringify(session === undefined ? json : { ...json, session }));
}

function formBody(requestJson: string): OutgoingBody {
  const content = new TextEncoder().encode(new URLSearchParams({ 'request-json': requestJson }).toString());
  return { contentType: 'application/x-www-form-urlencoded', length: content.length, content };
}

/** The signal of a sending: the caller's, and a time limit that names the last fault. */
export function timeLimited(
  where: string,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): { readonly run: Run; readonly end: () => void } {
  let last: Error | undefined;
  const onFault = (fault: Error): void => {
    last = fault;
  };
  if (timeoutMs === undefined) {
    return { run: { signal: signal ?? new AbortController().signal, onFault }, end: () => {} };
  }
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const cause = last === undefined ? {} : { cause: last };
    const met = last === undefined ? '' : `; last: ${last.message.replace(`${where}: `, '')}`;
    limit.abort(new TimeLimitError(`${where}: not done after ${timeoutMs / 1000} s${met}`, cause));
  }, timeoutMs);
  return {
    run: { signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]), onFault },
    end: () => clearTimeout(timer),
  };
}
