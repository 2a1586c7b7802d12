import { ApiKeyError, InvalidSessionError, type SessionMode } from './faults.ts';
import type { WayIn } from './gate.ts';
import { type KeySearch, type KeySource, findKey } from './key-sources.ts';
import type { SessionToken } from './session-token.ts';
import type { TokenSource } from './token-source.ts';

/** What a session is given in place of looking for an API key. */
export interface Grant {
  readonly mode: SessionMode;
  readonly source: KeySource;
  /** The API key, or why there is none. */
  readonly apiKey: string | ApiKeyError;
  /** Default: logging in with the API key. */
  readonly tokens?: TokenSource;
  /** What it begins with. */
  readonly token?: SessionToken;
  /** Default: the one of the server in this process. */
  readonly gate?: WayIn;
  /** What is to be done when the session is closed. */
  readonly close?: () => Promise<void>;
}

/**
 * The key that is found, or why there is none if that is no fault. A source that is named and wrong is one in any case.
 *
 * @throws {ApiKeyError}
 */
export function grantByKey(server: string, where: KeySearch, optional: boolean): Grant {
  try {
    return { mode: 'nova', ...findKey(server, where) };
  } catch (error) {
    if (!optional || !(error instanceof ApiKeyError) || error.code !== 'API_KEY_MISSING') throw error;
    return { mode: 'anonymous', apiKey: error, source: { kind: 'none', name: 'no API key' } };
  }
}

/** A token, and no other after it. */
export function grantOfToken(token: SessionToken): Grant {
  const fact = `${token.server}: this session was made from a token and cannot log in`;
  return {
    mode: 'nova',
    source: { kind: 'token', name: 'a token' },
    apiKey: new ApiKeyError('API_KEY_MISSING', `${fact}: it has no API key`),
    token,
    tokens: {
      renews: false,
      maxAgeMs: undefined,
      obtain: async () => {
        throw new InvalidSessionError(`${fact}; make one from a new token`);
      },
    },
  };
}
