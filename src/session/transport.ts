import type { Clock } from './clock.ts';
import { NetworkError, ServerError, TimeLimitError, UploadUncertainError, type UploadTrace } from './faults.ts';
import type { WayIn } from './gate.ts';
import { Outgoing } from './outgoing.ts';
import type { OutgoingBody, Repeat } from './request-spec.ts';
import type { RetrySchedule } from './retry.ts';
import type { Secrets } from './secrets.ts';
import { Watch } from './watch.ts';

/** Time limits of one attempt. */
export interface AttemptLimits {
  /** The longest silence on the line, in ms. */
  readonly stallMs: number;
  /** The longest time from the end of the request to the end of a JSON reply, in ms. */
  readonly replyMs: number;
}

/** A body, either way, may take this long: a bound for lines that drip and never stall. */
const LONGEST_BODY_MS = 6 * 3600 * 1000;

/** One attempt. */
export interface Attempt {
  /** Path with a slash in front. */
  readonly path: string;
  /** Gets ready what is needed, before there is a place at the gate: a login needs a place of its own. */
  readonly prepare: () => Promise<void>;
  /** Is what was got ready still good? If not it is got ready again. */
  readonly isPrepared: () => boolean;
  /** Makes the body; absent: a GET. */
  readonly makeBody: (() => OutgoingBody | Promise<OutgoingBody>) | undefined;
  readonly repeat: Repeat;
  /** Ends it, with a {@link TimeLimitError} as reason or one of the caller's own. */
  readonly signal: AbortSignal;
  readonly onProgress: ((sentBytes: number, totalBytes: number) => void) | undefined;
}

/** A reply as it begins. */
export interface RawReply {
  readonly status: number;
  readonly headers: Headers;
  /** How much of the request had gone out when the reply came; undefined for a GET. */
  readonly trace: UploadTrace | undefined;
  /** The bytes, watched for silence while they are waited for. Iterate once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Says that the body may take as long as a download takes. Otherwise the limit for replies holds. */
  allowLong(): void;
}

/** An attempt failed; `again` says whether another one is allowed. Never leaves this room. */
export class AttemptFailure extends Error {
  override readonly name: string = 'AttemptFailure';
  readonly fault: Error;
  readonly again: boolean;
  /** What the server asked to wait, in ms. */
  readonly afterMs: number | undefined;

  constructor(fault: Error, again: boolean, afterMs?: number) {
    super(fault.message);
    this.fault = fault;
    this.again = again;
    this.afterMs = afterMs;
  }
}

/** Faults of the system before anything was sent. */
const NOT_CONNECTED: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'the name of the server is unknown'],
  ['EAI_AGAIN', 'the name of the server could not be looked up'],
  ['ECONNREFUSED', 'the connection was refused'],
  ['ENETUNREACH', 'the network cannot be reached'],
  ['EHOSTUNREACH', 'the server cannot be reached'],
  ['EHOSTDOWN', 'the server cannot be reached'],
  ['EADDRNOTAVAIL', 'no local address is left'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the server did not take the connection in time'],
]);

const BROKEN: ReadonlyMap<string, string> = new Map([
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the server closed the connection'],
  ['ETIMEDOUT', 'the connection went dead'],
  ['UND_ERR_SOCKET', 'the server closed the connection'],
]);

/** The certificate or the protocol is wrong: trying again cannot help. */
const HOPELESS = /CERT|TLS|SSL|SELF_SIGNED|EPROTO|VERIFY_LEAF|UND_ERR_INVALID_ARG/;

/** The way to one server, for one session: every request passes here. */
export class Transport {
  /** Address as `parseServer` gives it. */
  readonly server: string;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly schedule: RetrySchedule;
  readonly gate: WayIn;
  readonly #limits: AttemptLimits;

  constructor(
    server: string,
    secrets: Secrets,
    clock: Clock,
    schedule: RetrySchedule,
    limits: AttemptLimits,
    gate: WayIn,
  ) {
    this.server = server;
    this.secrets = secrets;
    this.clock = clock;
    this.schedule = schedule;
    this.#limits = limits;
    this.gate = gate;
  }

  /**
   * Makes one attempt: waits at the gate, sends, and lets `read` make something of the reply. When this returns the
   * connection, the place at the gate and the source of the body are free.
   *
   * @throws {AttemptFailure} no reply, or one that broke off; what `read` and `makeBody` throw; the signal's reason
   */
  async exchange<T>(attempt: Attempt, read: (reply: RawReply) => Promise<T>): Promise<T> {
    const leave = await this.#enter(attempt);
    const watch = new Watch(this.#limits.stallMs);
    let outgoing: Outgoing | undefined;
    let incoming: ReadableStream<Uint8Array> | null = null;
    try {
      const body = await attempt.makeBody?.();
      attempt.signal.throwIfAborted();
      watch.touch();
      if (body === undefined) watch.limit(this.#limits.replyMs);
      else {
        watch.limit(LONGEST_BODY_MS);
        outgoing = new Outgoing(body, (sentBytes) => {
          watch.touch();
          if (sentBytes >= body.length) watch.limit(this.#limits.replyMs);
          attempt.onProgress?.(sentBytes, body.length);
        });
      }
      const signal = AbortSignal.any([attempt.signal, watch.signal]);
      const response = await orAborted(this.#send(attempt.path, body?.contentType, outgoing, signal), signal);
      watch.touch();
      incoming = response.body;
      return await read({
        status: response.status,
        headers: response.headers,
        trace: outgoing?.trace(),
        body: watched(incoming, watch, signal),
        allowLong: () => watch.limit(LONGEST_BODY_MS),
      });
    } catch (error) {
      throw this.#explain(error, attempt, outgoing, watch);
    } finally {
      watch.stop();
      await outgoing?.close();
      if (incoming?.locked === false) incoming.cancel().catch(() => {});
      leave();
    }
  }

  /** What an error of this transport says first. */
  where(path: string, withBody: boolean): string {
    return this.secrets.clean(`${withBody ? 'POST' : 'GET'} ${this.server}${path}`);
  }

  async #enter({ prepare, isPrepared, signal }: Attempt): Promise<() => void> {
    for (;;) {
      await prepare();
      const leave = await this.gate.enter(signal);
      if (isPrepared()) return leave;
      leave();
    }
  }

  async #send(
    path: string,
    contentType: string | undefined,
    outgoing: Outgoing | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    // Loaded when the first request is made: most runs of the program make none.
    const { default: ky } = await import('ky');
    return await ky(`${this.server}${path}`, {
      method: outgoing === undefined ? 'GET' : 'POST',
      // Without a Referer most product files are a page that asks whether one is human.
      headers: { accept: '*/*', referer: `${this.server}/`, 'user-agent': 'starfix' },
      // A redirect turns a POST into a GET, or carries a key elsewhere: it is for us to judge.
      redirect: 'manual',
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
      signal,
      // The body enters here, behind ky: ky keeps a copy of each request, and a copy of a stream is kept in memory.
      fetch: async (request) => {
        if (!(request instanceof Request) || outgoing === undefined) return await fetch(request);
        const headers = new Headers(request.headers);
        if (contentType !== undefined) headers.set('content-type', contentType);
        headers.set('content-length', String(outgoing.totalBytes));
        return await fetch(request.url, {
          method: request.method,
          headers,
          body: outgoing.stream(),
          duplex: 'half',
          // Any other combination makes fetch keep all of the body, so that it could repeat the request. The price: of
          // a redirect no more is known than that it was one.
          ...(outgoing.short ? { redirect: 'manual' } : { redirect: 'error', window: null }),
          signal: request.signal,
        });
      },
    });
  }

  /** Makes of whatever was thrown what the caller has to know. */
  #explain(error: unknown, attempt: Attempt, outgoing: Outgoing | undefined, watch: Watch): unknown {
    // `read` has judged already, and what the source of the body met is not about the network.
    if (error instanceof AttemptFailure && !attempt.signal.aborted) return error;
    if (outgoing?.failure !== undefined) return outgoing.failure;
    const where = this.where(attempt.path, attempt.makeBody !== undefined);
    if (isRedirect(error)) {
      const fact = 'the server points to another address, where a body is not sent a second time';
      return new AttemptFailure(new ServerError('SERVER_REDIRECT', `${where}: ${fact}`, 0), false);
    }
    const reason = attempt.signal.aborted ? (attempt.signal.reason as unknown) : undefined;
    if (reason !== undefined && !(reason instanceof TimeLimitError)) return reason;
    const fault = reason ?? this.#networkFault(error, where, watch, outgoing);
    if (fault === undefined) return error;
    const known = fault instanceof NetworkError && NOT_CONNECTED.has(fault.reason ?? '');
    if (attempt.repeat === 'unless-received' && outgoing !== undefined && outgoing.complete && !known) {
      const trace = outgoing.trace();
      const fact = `all ${trace.totalBytes} bytes were sent and no answer came; the server may have them`;
      return new AttemptFailure(new UploadUncertainError(`${where}: ${fact}`, trace, { cause: fault }), false);
    }
    if (!(fault instanceof NetworkError)) return fault;
    return new AttemptFailure(fault, !HOPELESS.test(fault.reason ?? ''));
  }

  /** The error as a fault of the network; undefined if it is none. */
  #networkFault(error: unknown, where: string, watch: Watch, outgoing: Outgoing | undefined): NetworkError | undefined {
    if (error instanceof NetworkError) return error;
    // A front end that finds an upload too large answers, and closes while we still write: then the size is the clue.
    const partly = outgoing !== undefined && outgoing.sentBytes > 0 && !outgoing.complete;
    const progress = partly ? ` after ${outgoing.sentBytes} of ${outgoing.totalBytes} bytes` : '';
    if (watch.signal.aborted) {
      return watch.signal.reason === 'stalled'
        ? new NetworkError(`${where}: nothing moved for ${this.#limits.stallMs / 1000} s${progress}`, 'STALLED')
        : new NetworkError(`${where}: the reply was not complete in time`, 'SLOW');
    }
    // fetch says "fetch failed" or "terminated", and why in the cause.
    if (!(error instanceof TypeError) || !('cause' in error)) return undefined;
    const inner = innermost(error);
    const code = (inner as { code?: unknown }).code;
    const name = typeof code === 'string' ? code : undefined;
    const fact = NOT_CONNECTED.get(name ?? '') ?? BROKEN.get(name ?? '') ?? this.secrets.clean(inner.message);
    const shown = name === undefined ? fact : `${fact} (${name})`;
    return new NetworkError(`${where}: ${shown}${progress}`, name, { cause: this.secrets.cause(error) });
  }
}

/** What fetch makes of a redirect that it was told not to follow. */
function isRedirect(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error && error.cause.message === 'unexpected redirect';
}

/** The first cause; of several addresses that were tried, that of the last one. */
function innermost(error: Error): Error {
  let inner = error;
  for (let depth = 0; depth < 8; depth++) {
    const next = inner instanceof AggregateError ? (inner.errors.at(-1) as unknown) : inner.cause;
    if (!(next instanceof Error)) break;
    inner = next;
  }
  return inner;
}

async function* watched(
  body: ReadableStream<Uint8Array> | null,
  watch: Watch,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      watch.touch();
      const { value, done } = await orAborted(reader.read(), signal);
      watch.rest();
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: of a connection that hangs, this may not come back.
    reader.cancel().catch(() => {});
  }
}

/** The promise, or the signal's reason if that is earlier. fetch forgets its signal now and then, once memory is cleared. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
