import { inTurn } from './turn.ts';
import type { ApiKeyError } from './faults.ts';
import { type Run, perform, timeLimited } from './perform.ts';
import type { SessionCache } from './session-cache.ts';
import { type SessionToken, makeToken } from './session-token.ts';
import type { TokenFound, TokenNeed, TokenSource } from './token-source.ts';
import type { Transport } from './transport.ts';

/** What a login is made with. */
export interface LoginMeans {
  readonly transport: Transport;
  /** The API key, or why there is none. */
  readonly apiKey: string | ApiKeyError;
  /** Where the token is kept for other processes; undefined: nowhere. */
  readonly cache: SessionCache | undefined;
  readonly maxAgeMs: number | undefined;
  readonly timeoutMs: number | undefined;
}

/** Tokens by logging in with an API key: once for all processes of the user, who find the token in the cache. */
export class Login implements TokenSource {
  readonly renews = true;
  readonly #means: LoginMeans;

  constructor(means: LoginMeans) {
    this.#means = means;
  }

  get maxAgeMs(): number | undefined {
    return this.#means.maxAgeMs;
  }

  async obtain({ refused, force }: TokenNeed, signal: AbortSignal): Promise<TokenFound> {
    const { transport, cache, maxAgeMs = Infinity, timeoutMs, apiKey } = this.#means;
    if (typeof apiKey !== 'string') throw apiKey;
    const kept = async (): Promise<SessionToken | undefined> => {
      const token = force ? undefined : await cache?.read();
      const good = token !== undefined && token.key !== refused && transport.clock.wall() - token.obtainedAt < maxAgeMs;
      return good ? token : undefined;
    };
    const found = await kept();
    if (found !== undefined) return { token: found, fresh: false };
    const { run, end } = timeLimited(`POST ${transport.server}/api/login`, signal, timeoutMs);
    try {
      const token = await inTurn(await cache?.meetingPlace(), run.signal, kept, async () => {
        const made = await this.#logIn(apiKey, run);
        await cache?.write(made);
        return made;
      });
      return { token, fresh: true };
    } finally {
      end();
    }
  }

  async #logIn(apiKey: string, run: Run): Promise<SessionToken> {
    const { transport } = this.#means;
    const { LOGIN_REPLY } = await import('./login-reply.ts');
    const spec = { path: '/api/login', json: { apikey: apiKey }, schema: LOGIN_REPLY };
    const { session, message = '' } = await perform(transport, spec, undefined, () => false, run);
    const user = /:\s*(.*)$/.exec(message)?.[1] ?? '';
    return makeToken({ server: transport.server, key: session, obtainedAt: transport.clock.wall(), user });
  }
}
