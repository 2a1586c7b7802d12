import { SolveError } from '../errors.ts';
import { ApiKeyError } from './faults.ts';
import { Session } from './session.ts';
import { type RequestOptions, cacheFolderOf } from './session-options.ts';
import { SharedGate } from './shared-gate.ts';
import { readToken } from './session-token.ts';
import { Sharer } from './sharer.ts';
import { DEFAULT_NAME, sharingAddress } from './sharing-wire.ts';

/** How a shared session is found, and how requests are made with it. The limits are those of the one that shares. */
export type SharedSessionOptions = Omit<RequestOptions, 'maxParallel' | 'maxPerSecond'>;

/**
 * A session that another process of the same user shares: it is used like any other, and never sees the API key. Logins,
 * and the limits of requests at a time and per second, are left to the one that shares.
 *
 * If that one ends, what was begun goes on with the session key that is known, within limits of this process alone; when the
 * server refuses that key it is `SESSION_NOT_SHARED`. If another one shares under the name by then, it is used.
 *
 * @param name as it is shared
 * @throws {SolveError} `SESSION_NOT_SHARED` if nobody shares a session under this name
 */
export async function collectSharedSession(
  name: string = DEFAULT_NAME,
  options: SharedSessionOptions = {},
): Promise<Session> {
  const sharer = new Sharer(name, await sharingAddress(cacheFolderOf(options), name));
  const { server, maxAgeMs } = await sharer.greeting();
  const missing = new ApiKeyError('API_KEY_MISSING', `${server}: the session '${name}' is shared, its API key is not`);
  return new Session(
    { ...options, server },
    {
      mode: 'nova',
      source: { kind: 'sharing', name: `the session '${name}' of another process` },
      apiKey: missing,
      gate: new SharedGate(sharer, server),
      close: () => sharer.close(),
      tokens: {
        renews: true,
        maxAgeMs: maxAgeMs ?? undefined,
        obtain: async ({ refused, force }, signal) => {
          const ask = {
            ask: 'token',
            ...(refused === undefined ? {} : { refused }),
            ...(force ? { force } : {}),
          } as const;
          const { answer } = await sharer.ask(ask, signal);
          const token = readToken(answer['token']);
          if (token === undefined) throw new SolveError('REPLY_INVALID', `${name}: what is shared is no session`);
          return { token, fresh: answer['fresh'] === true };
        },
      },
    },
  );
}
