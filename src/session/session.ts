import { type InspectOptions, inspect } from 'node:util';
import { SolveError } from '../errors.ts';
import type { ApiKeyError, SessionMode } from './faults.ts';
import { type Grant, grantByKey, grantOfToken } from './grant.ts';
import type { KeySource } from './key-sources.ts';
import { Login } from './login.ts';
import { maskKey } from './secrets.ts';
import { PUBLIC_SERVER, parseServer } from './server-address.ts';
import { type SessionClients, makeClient } from './session-clients.ts';
import {
  type RequestOptions,
  type SessionOptions,
  cacheFolderOf,
  checkNumber,
  maxAgeOf,
  transportOf,
  warnOnce,
} from './session-options.ts';
import type { SessionSharing } from './session-sharing.ts';
import { SessionCache } from './session-cache.ts';
import { type SessionToken, readToken } from './session-token.ts';
import { SingleFlight } from './single-flight.ts';
import type { TokenFound, TokenSource } from './token-source.ts';
import type { Transport } from './transport.ts';

/** How a login is run. */
export interface LoginOptions {
  /** Log in even if there is a session. Default: no. */
  readonly force?: boolean;
  /** Stops waiting for it; the login itself goes on while somebody else waits. */
  readonly signal?: AbortSignal;
}

/** What there is to know of a session: no key stands in it. */
export interface SessionInfo {
  /** Address of the server. */
  readonly server: string;
  /** What it can do. */
  readonly mode: SessionMode;
  /** Where the API key is from, or what the session has in its place. */
  readonly source: KeySource;
  /** The API key, so that its owner knows it again: `****bcde`; `none` if there is none. */
  readonly apiKey: string;
  /** Is there a session key? */
  readonly loggedIn: boolean;
  /** The e-mail address that the server knows the user by. */
  readonly user: string | undefined;
  /** When the session key was had. */
  readonly obtainedAt: Date | undefined;
  /** When it will be replaced; undefined if there is none, or it will not be. */
  readonly expires: Date | undefined;
}

/**
 * The key, the server, and the login. Nothing is sent until something must be; then one login serves all callers, and by
 * way of the cache the user's other processes too, now and later.
 *
 * Neither the API key nor the session key shows in what is printed of a session or of any error it leads to.
 *
 * @example
 * ```ts
 * const session = new Session({ apiKey: '…', baseDir: '/data/observatory', maxParallel: 2 });
 * const submission = await session.client('uploads').upload('m31.fits');
 * console.log(session.info());
 * ```
 */
export class Session implements AsyncDisposable {
  /** Address of the server, without a slash at the end. */
  readonly server: string;
  /** What it can do. */
  readonly mode: SessionMode;
  /** Where the API key came from. */
  readonly source: KeySource;
  /** Default time limit of a request, in ms; undefined: none. */
  readonly timeoutMs: number | undefined;
  /** @internal The way to the server. */
  readonly transport: Transport;
  /** Folder of the sockets over which it is shared. */
  readonly #cacheFolder: string;
  /** The API key, or why there is none. */
  readonly #apiKey: string | ApiKeyError;
  readonly #tokens: TokenSource;
  readonly #flight: SingleFlight<SessionToken>;
  #token: SessionToken | undefined;
  #refused: string | undefined;
  /** The last key that was had by a login. */
  #fresh: string | undefined;
  #user: string | undefined;
  readonly #atClose = new Set<() => Promise<void>>();

  /**
   * @param options the API key itself, or options
   * @throws {ApiKeyError} `API_KEY_MISSING`, naming every place that was looked at; `API_KEY_INVALID`
   * @throws {SolveError} `BAD_ARGUMENT`
   */
  constructor(options?: SessionOptions | string);
  /** @internal A session that looks for no API key. */
  constructor(options: SessionOptions, grant: Grant | undefined);
  constructor(options: SessionOptions | string = {}, grant?: Grant) {
    const given = typeof options === 'string' ? { apiKey: options } : options;
    const { server = PUBLIC_SERVER, onWarning = warnOnce, baseDir } = given;
    this.server = parseServer(server);
    this.timeoutMs = checkNumber('timeoutMs', given.timeoutMs);
    const maxAgeMs = maxAgeOf(given);
    const folder = baseDir === undefined ? {} : { configFolder: baseDir };
    const where = { ...folder, ...given, onWarning };
    const found = grant ?? grantByKey(this.server, where, given.keyOptional === true);
    this.mode = found.mode;
    this.source = found.source;
    this.#apiKey = found.apiKey;
    this.#cacheFolder = cacheFolderOf(given);
    this.transport = transportOf(this.server, given, grant?.gate);
    let cache: SessionCache | undefined;
    if (typeof this.#apiKey === 'string') {
      this.transport.secrets.add(this.#apiKey);
      const { cache: cacheAt = this.#cacheFolder } = given;
      if (cacheAt !== false) cache = new SessionCache(cacheAt, this.server, this.#apiKey, onWarning);
    }
    this.#tokens =
      grant?.tokens ??
      new Login({ transport: this.transport, apiKey: this.#apiKey, cache, maxAgeMs, timeoutMs: this.timeoutMs });
    if (grant?.token !== undefined) this.#take(grant.token);
    if (grant?.close !== undefined) this.#atClose.add(grant.close);
    this.#flight = new SingleFlight(async (force, signal) => {
      const { token, fresh } = await this.#tokens.obtain({ refused: this.#refused, force }, signal);
      if (fresh) this.#fresh = token.key;
      return this.#take(token);
    });
    // What console.log shows; without it, an inspection of getters would read the keys.
    Object.defineProperty(this, inspect.custom, {
      value: (_depth: number, how: InspectOptions) => `Session ${inspect(this.toJSON(), how)}`,
    });
  }

  /**
   * A session of a token, for a worker that must not have the API key. It never logs in: when the server does not know
   * the token any longer, or asks for one after that, it is {@link InvalidSessionError}.
   *
   * @param token what {@link Session.token} gave, in whatever process
   * @param options how requests are made; the server is that of the token
   * @throws {SolveError} `BAD_ARGUMENT` if it is no token
   *
   * @example
   * ```ts
   * const worker = new Worker('./worker.js', { workerData: await session.token() });
   * // in worker.js
   * const session = Session.fromToken(workerData);
   * ```
   */
  static fromToken(token: SessionToken, options: RequestOptions = {}): Session {
    const good = readToken(token);
    if (good === undefined) throw new SolveError('BAD_ARGUMENT', 'fromToken: not a token as session.token() gives it');
    return new Session({ ...options, server: good.server }, grantOfToken(good));
  }

  /**
   * The API key.
   *
   * @throws {ApiKeyError} `API_KEY_MISSING` if there is none, which `keyOptional` has allowed
   */
  get apiKey(): string {
    if (typeof this.#apiKey !== 'string') throw this.#apiKey;
    return this.#apiKey;
  }

  /** The API key, so that its owner knows it again: `****bcde`; `none` if there is none. */
  get maskedKey(): string {
    return typeof this.#apiKey === 'string' ? maskKey(this.#apiKey) : 'none';
  }

  /**
   * The session key as it is known now; undefined before the first request that needs one, and while the server has
   * refused the last one.
   */
  get key(): string | undefined {
    return this.#token?.key;
  }

  /** Is there a session key? The server may have forgotten it since: then the next request logs in again. */
  get loggedIn(): boolean {
    return this.#token !== undefined;
  }

  /**
   * The e-mail address that the server knows the user by; empty if it knows none; undefined before there is a session
   * key.
   */
  get user(): string | undefined {
    return this.#user;
  }

  /**
   * Sees to it that there is a session key: of this session, in the cache, or by a login. Requests do this themselves.
   * Who calls while it is being done waits for the same. Only with `force` is the API key tried for certain.
   *
   * @throws {LoginFailedError} the server refuses the key
   * @throws {SolveError} `NETWORK`, `SERVER_ERROR` and their like; the signal's reason
   */
  async login({ force = false, signal }: LoginOptions = {}): Promise<void> {
    if (force) await this.#flight.join(true, signal);
    else await this.token(signal === undefined ? {} : { signal });
  }

  /**
   * A token that is good as far as is known: one that has reached its age limit is replaced first, by one login for all
   * who need it. A method and no property, since it may ask the server.
   *
   * @throws what {@link login} throws; {@link InvalidSessionError} if it was made from a token that was refused
   */
  async token({ signal }: { readonly signal?: AbortSignal } = {}): Promise<SessionToken> {
    signal?.throwIfAborted();
    const token = this.#token;
    const { maxAgeMs = Infinity } = this.#tokens;
    const good = token !== undefined && this.transport.clock.wall() - token.obtainedAt < maxAgeMs;
    if (good) return token;
    try {
      return await this.#flight.join(false, signal);
    } catch (error) {
      // Old, and with nobody left who could replace it: it is for the server to say that it is too old.
      if (token !== undefined && error instanceof SolveError && error.code === 'SESSION_NOT_SHARED') return token;
      throw error;
    }
  }

  /** What there is to know of it; asks nobody. */
  info(): SessionInfo {
    const { maxAgeMs } = this.#tokens;
    const at = this.#token?.obtainedAt;
    return {
      server: this.server,
      mode: this.mode,
      source: this.source,
      apiKey: this.maskedKey,
      loggedIn: this.loggedIn,
      user: this.#user,
      obtainedAt: at === undefined ? undefined : new Date(at),
      expires: at === undefined || maxAgeMs === undefined ? undefined : new Date(at + maxAgeMs),
    };
  }

  /**
   * One of the server's APIs, bound to this session: `uploads`, `submissions`, `jobs`, `products`.
   *
   * @throws {SolveError} `BAD_ARGUMENT` for another name
   */
  client<Name extends keyof SessionClients>(name: Name): SessionClients[Name] {
    return makeClient(this, name);
  }

  /**
   * Shares it with other processes of the same user: they get by `collectSharedSession(name)` what this one logs in for,
   * never see the API key, and keep the same limits. Ends with {@link SessionSharing.close}, with this session, or with
   * the process, which it keeps alive.
   *
   * @param name what the others ask for
   * @throws {SolveError} `SESSION_SHARED_ALREADY`; `BAD_ARGUMENT` if it cannot log in by itself
   */
  async share(name?: string): Promise<SessionSharing> {
    const { SessionSharing } = await import('./session-sharing.ts');
    const sharing = new SessionSharing(this, name === undefined ? {} : { name });
    await sharing.start();
    return sharing;
  }

  /** Ends what it shares, and its connection to whoever shares it. It can be used again: it opens what it needs. */
  async close(): Promise<void> {
    await Promise.all([...this.#atClose].map((close) => close()));
  }

  /** The same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The session key for a request, after a login if there is none. */
  async sessionKey(signal: AbortSignal): Promise<string> {
    return (await this.token({ signal })).key;
  }

  /** @internal The server does not know this key any more; whoever needs one logs in, all together once. */
  forget(refused: string | undefined): void {
    if (refused === undefined || this.#token?.key !== refused) return;
    this.#token = undefined;
    this.#refused = refused;
  }

  /** @internal Can it have another session key when the server refuses one? */
  get renews(): boolean {
    return this.#tokens.renews;
  }

  /** @internal Is it the key of the last login? When that is refused, another login will not help. */
  isFresh(key: string | undefined): boolean {
    return key === this.#fresh;
  }

  /** @internal A token for another process, which knows one that was refused. */
  async tokenFor(refused: string | undefined, force: boolean, signal: AbortSignal): Promise<TokenFound> {
    this.forget(refused);
    const had = this.key;
    const token = force ? await this.#flight.join(true, signal) : await this.token({ signal });
    return { token, fresh: token.key !== had && this.isFresh(token.key) };
  }

  /** @internal The age at which a session key is replaced, in ms. */
  get maxAgeMs(): number | undefined {
    return this.#tokens.maxAgeMs;
  }

  /** @internal Where others look for what it shares. */
  get cacheFolder(): string {
    return this.#cacheFolder;
  }

  /** @internal Something to be closed along with it. */
  get atClose(): Set<() => Promise<void>> {
    return this.#atClose;
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

  #take(token: SessionToken): SessionToken {
    this.transport.secrets.add(token.key);
    this.#token = token;
    if (token.user !== undefined) this.#user = token.user;
    return token;
  }
}
