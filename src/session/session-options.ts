import { join } from 'node:path';
import { SolveError } from '../errors.ts';
import { type Environment, cacheFolder } from '../io/user-folders.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { type WayIn, gateOf } from './gate.ts';
import type { KeySearch } from './key-sources.ts';
import { DEFAULT_SCHEDULE } from './retry.ts';
import { Secrets } from './secrets.ts';
import { Transport } from './transport.ts';

/** What a session is made of. All of it may be left out. */
export interface SessionOptions extends KeySearch {
  /**
   * No key is no fault before one is needed: what a server knows of submissions and jobs it tells everybody. Default: no.
   */
  readonly keyOptional?: boolean;
  /** Address of the server, with a path prefix if it has one. Default: https://nova.astrometry.net */
  readonly server?: string | URL;
  /** The folder in which `credentials.json` and `cache/` of this session stand. Default: the user's own two folders. */
  readonly baseDir?: string;
  /**
   * Where the session key is kept for the processes to come, so that they need no login: `sessions/` in this folder, for
   * the user alone; the API key is never kept there. `false`: nowhere. Default: the user's cache folder.
   */
  readonly cache?: false | string;
  /**
   * The age at which a session key is replaced by a login before the server forgets it, in ms; `null`: never, only when
   * the server refuses it. Default: 6 days; the public site keeps a session for about a week.
   */
  readonly sessionMaxAgeMs?: number | null;
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
  readonly maxParallel?: number;
  /** Requests begun per second to this server, of all sessions of the process. Default: 10. */
  readonly maxPerSecond?: number;
  /** Told what is not a fault and yet should be known. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
  /** Time and chance for the waits between attempts. Default: the platform's. */
  readonly clock?: Clock;
}

/** How the requests of a session are made that needs no API key. */
export type RequestOptions = Omit<
  SessionOptions,
  'apiKey' | 'keyFile' | 'keyOptional' | 'configPath' | 'configFolder' | 'server' | 'cache' | 'sessionMaxAgeMs'
>;

/** Six days: the maintainers of the public site speak of a week. */
const DEFAULT_MAX_AGE_MS = 6 * 24 * 3600 * 1000;

/** The limit of age that the options ask for; undefined: none. */
export function maxAgeOf({ sessionMaxAgeMs = DEFAULT_MAX_AGE_MS }: SessionOptions): number | undefined {
  return sessionMaxAgeMs === null ? undefined : checkNumber('sessionMaxAgeMs', sessionMaxAgeMs);
}

/**
 * The way to a server as the options ask for it.
 *
 * @param gate default: the one of the server in this process, whose limits are then set
 * @throws {SolveError} `BAD_ARGUMENT`
 */
export function transportOf(server: string, options: SessionOptions, gate?: WayIn): Transport {
  const { clock = SYSTEM_CLOCK } = options;
  const retries = checkNumber('retries', options.retries, 0) ?? DEFAULT_SCHEDULE.retries;
  const firstDelayMs = checkNumber('firstDelayMs', options.firstDelayMs, 0) ?? DEFAULT_SCHEDULE.firstDelayMs;
  const stallMs = checkNumber('stallTimeoutMs', options.stallTimeoutMs) ?? 60_000;
  const replyMs = checkNumber('replyTimeoutMs', options.replyTimeoutMs) ?? 120_000;
  const maxParallel = checkNumber('maxParallel', options.maxParallel, 1);
  const maxPerSecond = checkNumber('maxPerSecond', options.maxPerSecond);
  const limits = {
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(maxPerSecond === undefined ? {} : { maxPerSecond }),
  };
  const schedule = { ...DEFAULT_SCHEDULE, retries, firstDelayMs };
  return new Transport(server, new Secrets(), clock, schedule, { stallMs, replyMs }, gate ?? gateOf(server, limits));
}

/** The cache folder that belongs to the options, whether session keys are kept in it or not. */
export function cacheFolderOf({ baseDir, env }: { readonly baseDir?: string; readonly env?: Environment }): string {
  return baseDir === undefined ? cacheFolder(env) : join(baseDir, 'cache');
}

/**
 * A number option: finite and positive, or at least `least`.
 *
 * @throws {SolveError} `BAD_ARGUMENT`
 */
export function checkNumber(name: string, value: number | undefined, least?: number): number | undefined {
  if (value === undefined) return undefined;
  const fits = Number.isFinite(value) && (least === undefined ? value > 0 : value >= least);
  if (!fits) throw new SolveError('BAD_ARGUMENT', `${name}: ${value} is not ${least ?? 'more than 0'} or more`);
  return value;
}

/** Warned once: a program that makes a session for each image is told one time. */
const warned = new Set<string>();

/** A warning of the process, once for each message. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message, 'StarfixWarning');
}
