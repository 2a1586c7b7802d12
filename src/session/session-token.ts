import { inspect } from 'node:util';
import { SolveError } from '../errors.ts';
import { maskKey } from './secrets.ts';
import { parseServer } from './server-address.ts';

/**
 * What a server gave for a login. Plain data, so that it can be handed to a worker or another process: whoever has it can
 * act for the user until the server forgets it. console.log shows it without the key.
 */
export interface SessionToken {
  /** Address of the server that it is for. */
  readonly server: string;
  /** The session key. */
  readonly key: string;
  /** When it was had, in ms since 1970. */
  readonly obtainedAt: number;
  /** The e-mail address that the server knows the user by; empty if it knows none; absent if it is not known here. */
  readonly user?: string;
}

/** What a session key looks like. */
export const SESSION_KEY: RegExp = /^[!-~]{1,200}$/;

/** A token that does not show its key by mistake. */
export function makeToken({ server, key, obtainedAt, user }: SessionToken): SessionToken {
  const token = { server, key, obtainedAt, ...(user === undefined ? {} : { user }) };
  // Not enumerable: copies, JSON and messages to workers are as if it were not there.
  Object.defineProperty(token, inspect.custom, {
    value: () => `SessionToken ${inspect({ ...token, key: maskKey(key) })}`,
  });
  return token;
}

/** A token from outside; undefined if it is none. */
export function readToken(value: unknown): SessionToken | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { server, key, obtainedAt, user } = value as Record<string, unknown>;
  if (typeof server !== 'string' || typeof key !== 'string' || !SESSION_KEY.test(key)) return undefined;
  if (typeof obtainedAt !== 'number' || !Number.isFinite(obtainedAt)) return undefined;
  if (user !== undefined && typeof user !== 'string') return undefined;
  try {
    return makeToken({ server: parseServer(server), key, obtainedAt, ...(user === undefined ? {} : { user }) });
  } catch (error) {
    if (error instanceof SolveError) return undefined;
    throw error;
  }
}
