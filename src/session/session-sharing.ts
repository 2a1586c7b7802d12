import type { Socket } from 'node:net';
import { SolveError } from '../errors.ts';
import { DEFAULT_LIMITS, Gate } from './gate.ts';
import { type LocalServer, listenAlone } from './local-socket.ts';
import type { Session } from './session.ts';
import { DEFAULT_NAME, faultLine, listenTo, say, sharingAddress } from './sharing-wire.ts';

/** How a session is shared. */
export interface SharingOptions {
  /** What the others ask for: up to 64 letters, digits, `_`, `-` and `.`. Default: `default`. */
  readonly name?: string;
}

/**
 * A session that other processes of the same user work with: one login and one limit for all of them, and none of them
 * sees the API key. It keeps its process alive until it is closed.
 *
 * @example
 * ```ts
 * // the process that has the key
 * await using sharing = await session.share('observatory');
 * // any other process of the same user
 * const session = await collectSharedSession('observatory');
 * const submission = await upload(session, 'm31.fits');
 * ```
 */
export class SessionSharing implements AsyncDisposable {
  /** What the others ask for. */
  readonly name: string;
  readonly #session: Session;
  #server: LocalServer | undefined;

  /** @throws {SolveError} `BAD_ARGUMENT` if the session has no API key, and so cannot log in for the others */
  constructor(session: Session, { name = DEFAULT_NAME }: SharingOptions = {}) {
    if (!session.renews || session.maskedKey === 'none') {
      throw new SolveError('BAD_ARGUMENT', 'share: a session without an API key cannot log in for others');
    }
    this.#session = session;
    this.name = name;
  }

  /**
   * From now on others find it. What a process that died has left under this name is replaced.
   *
   * @throws {SolveError} `SESSION_SHARED_ALREADY` if a process that lives shares under this name; `BAD_ARGUMENT` for a
   *   name that is none; `FILE_UNWRITABLE` if there can be no socket
   */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const address = await sharingAddress(this.#session.cacheFolder, this.name);
    let server: LocalServer | undefined;
    try {
      server = await listenAlone(address, (socket) => this.#serve(socket));
    } catch (error) {
      throw new SolveError('FILE_UNWRITABLE', `${address}: ${(error as Error).message}`, { cause: error });
    }
    if (server === undefined) {
      throw new SolveError('SESSION_SHARED_ALREADY', `${this.name}: another process shares a session under this name`);
    }
    this.#server = server;
    this.#session.atClose.add(this.#close);
  }

  /** Nobody finds it any more, and who has found it is on their own. */
  async close(): Promise<void> {
    await this.#close();
  }

  /** The same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  readonly #close = async (): Promise<void> => {
    this.#session.atClose.delete(this.#close);
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  };

  /** Serves one process. When its connection ends, all is given back that it has and nothing done that it wants. */
  #serve(socket: Socket): void {
    const { transport, server, maxAgeMs = null } = this.#session;
    const { gate } = transport;
    const wanted = new Map<number, AbortController>();
    const places = new Map<number, () => void>();
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const abort of wanted.values()) abort.abort(new Error('the process that asked is gone'));
      for (const leave of places.values()) leave();
      places.clear();
    });
    const run = async (id: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
      const abort = new AbortController();
      wanted.set(id, abort);
      try {
        await work(abort.signal);
      } catch (error) {
        if (!abort.signal.aborted) say(socket, faultLine(id, error));
      } finally {
        wanted.delete(id);
      }
    };
    listenTo(socket, ({ id, ask, refused, force, ms }) => {
      if (typeof id !== 'number') return;
      switch (ask) {
        case 'token':
          void run(id, async (signal) => {
            const known = typeof refused === 'string' ? refused : undefined;
            const { token, fresh } = await this.#session.tokenFor(known, force === true, signal);
            say(socket, { id, token, fresh });
          });
          return;
        case 'enter':
          void run(id, async (signal) => {
            const leave = await gate.enter(signal);
            if (socket.destroyed || signal.aborted) {
              leave();
              return;
            }
            places.set(id, leave);
            say(socket, { id, entered: true });
          });
          return;
        case 'leave':
          wanted.get(id)?.abort(new Error('not wanted any more'));
          places.get(id)?.();
          places.delete(id);
          return;
        case 'hold':
          if (typeof ms === 'number' && ms > 0) gate.hold(ms);
          return;
        default:
          socket.destroy();
      }
    });
    const limits = gate instanceof Gate ? gate.limits : DEFAULT_LIMITS;
    say(socket, { sharing: 1, server, maxAgeMs, ...limits });
  }
}
