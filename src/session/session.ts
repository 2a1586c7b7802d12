import { type InspectOptions, inspect } from 'node:util';
import { SolveError } from '../errors.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { ApiKeyError } from './faults.ts';
import { type FoundKey, type KeySearch, type KeySource, findKey } from './key-sources.ts';
import { perform, timeLimited } from './perform.ts';
import { DEFAULT_SCHEDULE } from './retry.ts';
import { Secrets, maskKey } from './secrets.ts';
import { PUBLIC_SERVER, parseServer } from './server-address.ts';
import { Transport } from './transport.ts';

/** What a session is made of. All of it may be left out. */
export interface SessionOptions extends KeySearch {
  /**
   * No key is no fault before one is needed: what a server knows of submissions and jobs it tells everybody. Default: no.
   */
  readonly keyOptional?: boolean;
  /** Address of the server, with a path prefix if it has one. Default: https://nova.astrometry.net */
  readonly server?: string | URL;
  /** Limit for each request with all its attempts, in ms. Default: none but the limits of attempts and their number. */
  readonly timeoutMs?: number;
  /** Attempts after the first one, where it is safe to try again. Default: 5. */
  readonly retries?: number;
  /** Upper bound of the first wait between attempts, in ms; it doubles each time, up to 30 s. Default: 500. */
  readonly firstDelayMs?: number;
  /** The longest silence on the line, in ms. Default: 60,000. */
  readonly stallTimeoutMs?: number;
  /** The longest time from the end of a request to the end of its JSON reply, in ms. Default: 120,000. */
  readonly replyTimeoutMs?: number;
  /** Requests in flight to this server, of all sessions of the process. Default: 3. */
  readonly maxInFlight?: number;
  /** Requests begun per second to this server, of all sessions of the process. Default: 10. */
  readonly maxPerSecond?: number;
  /** Told what is not a fault and yet should be known. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
  /** Time and chance for the waits between attempts. Default: the platform's. */
  readonly clock?: Clock;
}

/** How a login is run. */
export interface LoginOptions {
  /** Log in even if there is a session. Default: no. */
  readonly force?: boolean;
  /** Stops waiting for it; the login itself goes on while somebody else waits. */
  readonly signal?: AbortSignal;
}

/** A login under way: everybody who needs one waits for the same. */
interface PendingLogin {
  readonly done: Promise<string>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * The key, the server, and the login. Nothing is sent until something must be; then one login serves all callers.
 *
 * Neither the API key nor the session key shows in what is printed of a session or of any error it leads to.
 */
export class Session {
  /** Address of the server, without a slash at the end. */
  readonly server: string;
  /** Where the API key came from. */
  readonly source: KeySource;
  /** Default time limit of a request, in ms; undefined: none. */
  readonly timeoutMs: number | undefined;
  /** Why there is no key. */
  readonly #missing: ApiKeyError | undefined;
  readonly #apiKey: string;
  readonly #transport: Transport;
  #key: string | undefined;
  #user: string | undefined;
  #pending: PendingLogin | undefined;

  /**
   * @param options the API key itself, or options
   * @throws {ApiKeyError} `API_KEY_MISSING`, naming every place that was looked at; `API_KEY_INVALID`
   * @throws {SolveError} `BAD_ARGUMENT`
   */
  constructor(options: SessionOptions | string = {}) {
    const given = typeof options === 'string' ? { apiKey: options } : options;
    const { server = PUBLIC_SERVER, clock = SYSTEM_CLOCK, onWarning = warn } = given;
    this.server = parseServer(server);
    this.timeoutMs = positive('timeoutMs', given.timeoutMs);
    const retries = positive('retries', given.retries, 0) ?? DEFAULT_SCHEDULE.retries;
    const firstDelayMs = positive('firstDelayMs', given.firstDelayMs, 0) ?? DEFAULT_SCHEDULE.firstDelayMs;
    const stallMs = positive('stallTimeoutMs', given.stallTimeoutMs) ?? 60_000;
    const replyMs = positive('replyTimeoutMs', given.replyTimeoutMs) ?? 120_000;
    const maxInFlight = positive('maxInFlight', given.maxInFlight, 1);
    const maxPerSecond = positive('maxPerSecond', given.maxPerSecond);
    const found = search(this.server, { ...given, onWarning }, given.keyOptional === true);
    this.#missing = found.missing;
    this.source = found.source;
    this.#apiKey = found.apiKey;
    // What console.log shows; without it, an inspection of getters would read the keys.
    Object.defineProperty(this, inspect.custom, {
      value: (_depth: number, how: InspectOptions) => `Session ${inspect(this.toJSON(), how)}`,
    });
    const secrets = new Secrets();
    secrets.add(found.apiKey);
    this.#transport = new Transport(
      this.server,
      secrets,
      clock,
      { ...DEFAULT_SCHEDULE, retries, firstDelayMs },
      { stallMs, replyMs },
      {
        ...(maxInFlight === undefined ? {} : { maxInFlight }),
        ...(maxPerSecond === undefined ? {} : { maxPerSecond }),
      },
    );
  }

  /**
   * The API key.
   *
   * @throws {ApiKeyError} `API_KEY_MISSING` if there is none, which `keyOptional` has allowed
   */
  get apiKey(): string {
    if (this.#missing !== undefined) throw this.#missing;
    return this.#apiKey;
  }

  /** The API key, so that its owner knows it again: `****bcde`; `none` if there is none. */
  get maskedKey(): string {
    return this.#missing === undefined ? maskKey(this.#apiKey) : 'none';
  }

  /** The session key; undefined before the first login, and while the server has refused the last one. */
  get key(): string | undefined {
    return this.#key;
  }

  /** Is there a session? The server may have forgotten it since: then the next request logs in again. */
  get loggedIn(): boolean {
    return this.#key !== undefined;
  }

  /** The e-mail address that the server knows the user by; empty if it knows none; undefined before the first login. */
  get user(): string | undefined {
    return this.#user;
  }

  /** @internal The way to the server. */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Logs in unless that was done; who calls while it is being done waits for the same login. Requests do this themselves.
   *
   * @throws {LoginFailedError} the server refuses the key
   * @throws {SolveError} `NETWORK`, `SERVER_ERROR` and their like; the signal's reason
   */
  async login({ force = false, signal }: LoginOptions = {}): Promise<void> {
    if (this.#key === undefined || force) await this.#join(signal);
  }

  /** @internal The session key for a request, after a login if there is none. */
  async sessionKey(signal: AbortSignal): Promise<string> {
    return this.#key ?? (await this.#join(signal));
  }

  /** @internal The server does not know this key any more; whoever needs one logs in, all together once. */
  forget(refused: string | undefined): void {
    if (this.#key === refused) this.#key = undefined;
  }

  /** What JSON shows of it. */
  toJSON(): {
    readonly server: string;
    readonly apiKey: string;
    readonly source: KeySource;
    readonly loggedIn: boolean;
  } {
    return { server: this.server, apiKey: this.maskedKey, source: this.source, loggedIn: this.loggedIn };
  }

  /** What a template string shows of it. */
  toString(): string {
    return `Session(${this.server}, ${this.maskedKey} from ${this.source.name})`;
  }

  /** Waits for the login under way, or begins one. When nobody waits any more it is given up. */
  async #join(signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted();
    const pending = (this.#pending ??= this.#begin());
    pending.waiting++;
    let stop: (() => void) | undefined;
    try {
      if (signal === undefined) return await pending.done;
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason as Error);
        signal.addEventListener('abort', stop, { once: true });
      });
      return await Promise.race([pending.done, stopped]);
    } finally {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
      pending.waiting--;
      if (pending.waiting === 0) pending.abort.abort();
    }
  }

  #begin(): PendingLogin {
    const abort = new AbortController();
    const done = this.#logIn(abort.signal);
    const pending: PendingLogin = { done, abort, waiting: 0 };
    const forget = (): void => {
      if (this.#pending === pending) this.#pending = undefined;
    };
    abort.signal.addEventListener('abort', forget, { once: true });
    done.then(forget, forget);
    return pending;
  }

  async #logIn(signal: AbortSignal): Promise<string> {
    const { apiKey } = this;
    const { LOGIN_REPLY } = await import('./login-reply.ts');
    const spec = { path: '/api/login', json: { apikey: apiKey }, schema: LOGIN_REPLY };
    const { run, end } = timeLimited(`POST ${this.server}/api/login`, signal, this.timeoutMs);
    try {
      const reply = await perform(this.#transport, spec, undefined, false, run);
      this.#transport.secrets.add(reply.session);
      this.#key = reply.session;
      this.#user = /:\s*(.*)$/.exec(reply.message ?? '')?.[1] ?? '';
      return reply.session;
    } finally {
      end();
    }
  }
}

/** The key, or why there is none if that is no fault. A source that is named and wrong is one in any case. */
function search(server: string, where: KeySearch, optional: boolean): FoundKey & { readonly missing?: ApiKeyError } {
  try {
    return findKey(server, where);
  } catch (error) {
    if (!optional || !(error instanceof ApiKeyError) || error.code !== 'API_KEY_MISSING') throw error;
    return { apiKey: '', source: { kind: 'none', name: 'no API key' }, missing: error };
  }
}

/** A number option: finite and positive, or at least `least`. */
function positive(name: string, value: number | undefined, least?: number): number | undefined {
  if (value === undefined) return undefined;
  const fits = Number.isFinite(value) && (least === undefined ? value > 0 : value >= least);
  if (!fits) throw new SolveError('BAD_ARGUMENT', `${name}: ${value} is not ${least ?? 'more than 0'} or more`);
  return value;
}

/** Warned once: a program that makes a session for each image is told one time. */
const warned = new Set<string>();

function warn(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message, 'StarfixWarning');
}
