import type * as BullMq from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { SolveError } from '../errors.ts';

/** Where a Redis server is. */
export interface RedisAddress {
  /** For people: without user and password. */
  readonly shown: string;
  /** For the driver. */
  readonly options: RedisOptions;
}

/** A connection that stays: what breaks is mended until it is closed. */
export interface QueueConnection {
  /** The address for people: without user and password. */
  readonly shown: string;
  readonly client: Redis;
  /** The library, loaded with the first connection. */
  readonly bullmq: typeof BullMq;
  /** An error of Redis or of the way there as one that names the server. */
  asFault(error: unknown): Error;
  /** Ends it at once. */
  close(): void;
}

/** How a connection is made. */
export interface ConnectOptions {
  /** Told once when the connection breaks, and once when it is back. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
}

/** At the start a server must answer within this. */
const START_MS = 5000;
/** Longest pause between two attempts to connect again. */
const RETRY_MS = 2000;

/**
 * Reads the address of a Redis server: `redis://`, `rediss://` (TLS), each with user, password, port and number of the
 * database if needed; or a socket, `unix:///run/redis.sock` or its path.
 *
 * @throws {SolveError} `BAD_ARGUMENT`; it never repeats what may be a password
 */
export function parseRedis(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : text.startsWith('/') ? new URL(`unix://${text}`) : undefined;
  if (url === undefined) throw new SolveError('BAD_ARGUMENT', 'redis: no URL such as redis://127.0.0.1:6379');
  const isSocket = url.protocol === 'unix:';
  if (!isSocket && url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new SolveError('BAD_ARGUMENT', 'redis: a URL begins with redis://, rediss:// or unix://');
  }
  if (isSocket ? url.pathname === '' || url.host !== '' : url.hostname === '') {
    throw new SolveError('BAD_ARGUMENT', `redis: the URL names no ${isSocket ? 'path' : 'host'}`);
  }
  const number = isSocket ? (url.searchParams.get('db') ?? '') : url.pathname.replace(/^\//, '');
  if (!/^\d{0,6}$/.test(number)) throw new SolveError('BAD_ARGUMENT', 'redis: the database is no number');
  const db = Number(number);
  const login = {
    ...(url.username === '' ? {} : { username: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    db,
  };
  if (isSocket) return { shown: `unix://${url.pathname}`, options: { ...login, path: decoded(url.pathname) } };
  // Of [::1] the driver wants what is between the brackets.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 6379 : Number(url.port);
  return {
    shown: `${url.protocol}//${url.hostname}:${port}${db === 0 ? '' : `/${db}`}`,
    options: { ...login, host, port, ...(url.protocol === 'rediss:' ? { tls: { servername: host } } : {}) },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new SolveError('BAD_ARGUMENT', 'redis: a % in the URL that begins no character');
  }
}

/**
 * Connects to a Redis server. The first time it must answer within seconds; later breaks are mended for as long as it takes.
 *
 * @throws {SolveError} `BAD_ARGUMENT` for the address, `QUEUE_UNREACHABLE`
 * @throws the signal's reason if cancelled
 */
export async function connectRedis(
  address: string,
  { onWarning, signal }: ConnectOptions = {},
): Promise<QueueConnection> {
  signal?.throwIfAborted();
  const { shown, options } = parseRedis(address);
  const [{ Redis }, bullmq] = await Promise.all([import('ioredis'), import('bullmq')]);
  let started = false;
  let fault: unknown;
  const all: RedisOptions & { replyMapping: 'legacy' } = {
    ...options,
    // What BullMQ is made for, and what servers and proxies of any age speak.
    protocol: 2,
    replyMapping: 'legacy',
    lazyConnect: true,
    connectTimeout: START_MS,
    // Commands wait until the connection is back.
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => (started ? Math.min(100 * times, RETRY_MS) : null),
  };
  const client = new Redis(all);
  client.on('error', (error: unknown) => (fault = error));
  const asFault = (error: unknown): Error => {
    if (error instanceof SolveError) return error;
    return new SolveError('QUEUE_UNREACHABLE', `${shown}: ${reasonOf(error)}`, { cause: error });
  };
  let closed = false;
  const close = (): void => {
    closed = true;
    client.disconnect();
  };
  const limit = AbortSignal.timeout(START_MS);
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let giveUp: () => void = () => {};
  try {
    const stopped = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error('no answer'));
      stop.addEventListener('abort', giveUp, { once: true });
    });
    await Promise.race([client.connect().then(() => client.ping()), stopped]);
  } catch (error) {
    close();
    signal?.throwIfAborted();
    throw asFault(fault ?? error);
  } finally {
    stop.removeEventListener('abort', giveUp);
  }
  started = true;
  let broken = false;
  client.on('close', () => {
    if (!broken && !closed) onWarning?.(`${shown}: the connection is lost; it is tried again until it is back`);
    broken = true;
  });
  client.on('ready', () => {
    if (broken) onWarning?.(`${shown}: connected again`);
    broken = false;
  });
  return { shown, client, bullmq, asFault, close };
}

/** Why, in words for people. What Redis says never holds the password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host is not known';
  if (code === 'ENOENT') return 'no such socket';
  if (/^(?:WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/.test(message)) {
    return `the server wants another user or password (${message.split(' ', 1)[0]})`;
  }
  return message === '' ? (code ?? 'no connection') : message;
}
