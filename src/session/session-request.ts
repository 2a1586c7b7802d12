import { InvalidSessionError } from './faults.ts';
import { type Run, perform, timeLimited } from './perform.ts';
import { SessionRefused } from './reply.ts';
import type { JsonRequest, SendOptions, StreamRequest } from './request-spec.ts';
import type { Session } from './session.ts';

/** The key that was known, one that was kept, and one of a login. */
const MOST_REFUSALS = 2;

/**
 * A request to the session's server. If it needs a session it logs in just before, and once more when the server does
 * not know the session any longer; then the body is made anew from its start.
 */
export class SessionRequest<T> {
  readonly #session: Session;
  readonly #spec: JsonRequest<T> | StreamRequest<T>;

  constructor(session: Session, spec: JsonRequest<T> | StreamRequest<T>) {
    this.#session = session;
    this.#spec = spec;
  }

  /**
   * Sends it: logs in, waits for a place, tries again where that is safe, checks the reply. May be called again.
   *
   * @throws {LoginFailedError} the server refuses the API key
   * @throws {InvalidSessionError} the server refused the session, and that of a fresh login as well
   * @throws {UploadUncertainError} the server may have acted on it, and trying again is not safe
   * @throws {TimeLimitError} after `timeoutMs`
   * @throws {NetworkError} {@link ServerError} {@link HtmlReplyError}
   * @throws what `makeBody` and `consume` throw; the signal's reason
   */
  async send({ signal, timeoutMs = this.#session.timeoutMs, onProgress }: SendOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    const { transport } = this.#session;
    const where = transport.where(this.#spec.path, this.#spec.json !== undefined || this.#spec.session === true);
    const { run, end } = timeLimited(where, signal, timeoutMs);
    try {
      return await this.#inSession(onProgress === undefined ? run : { ...run, onProgress }, where);
    } catch (error) {
      // p-retry makes an error of a reason that is none.
      if (signal?.aborted === true) throw signal.reason;
      throw error;
    } finally {
      end();
    }
  }

  async #inSession(run: Run, where: string): Promise<T> {
    const session = this.#session;
    const { transport } = session;
    const holder = this.#spec.session === true ? session : undefined;
    for (let refusals = 0; ; refusals++) {
      // A key that was known may be refused, and one that another process has left; not one of a fresh login.
      const expires = (key: string | undefined): boolean =>
        holder?.renews === true && refusals < MOST_REFUSALS && (refusals === 0 || !holder.isFresh(key));
      try {
        return await perform(transport, this.#spec, holder, expires, run);
      } catch (error) {
        if (!(error instanceof SessionRefused)) throw error;
        const again = expires(error.key);
        holder?.forget(error.key);
        if (again) continue;
        throw new InvalidSessionError(`${where}: ${factOf(holder)}`);
      }
    }
  }
}

function factOf(holder: Session | undefined): string {
  if (holder === undefined) return 'the server wants a session for this';
  if (holder.renews) return 'the server refused a fresh session';
  return 'the server does not know the session any longer, and there is no API key to log in with';
}
