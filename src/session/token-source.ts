import type { SessionToken } from './session-token.ts';

/** What is wanted of a token. */
export interface TokenNeed {
  /** The last key that the server has refused: not this one again. */
  readonly refused: string | undefined;
  /** By a login now, whatever token there is. */
  readonly force: boolean;
}

/** A token, and how it was had. */
export interface TokenFound {
  readonly token: SessionToken;
  /** By a login just now, by whomever: if the server refuses it, another login will not help. */
  readonly fresh: boolean;
}

/** How a session comes by its token: by logging in, from the process that shares one, or not at all any more. */
export interface TokenSource {
  /** Can it have another one when the server refuses one? */
  readonly renews: boolean;
  /** Limit of the age of a token, in ms; undefined: none. */
  readonly maxAgeMs: number | undefined;
  /**
   * Gets one. Whoever calls sees to it that this runs once at a time.
   *
   * @throws the fault of the login; the signal's reason
   */
  obtain(need: TokenNeed, signal: AbortSignal): Promise<TokenFound>;
}
