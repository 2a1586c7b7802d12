import type { ApiKeyError, SessionMode } from './faults.ts';
import type { WayIn } from './gate.ts';
import type { KeySource } from './key-sources.ts';
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
