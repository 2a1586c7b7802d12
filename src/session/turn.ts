import type { Socket } from 'node:net';
import { SYSTEM_CLOCK } from './clock.ts';
import { type LocalServer, connectLocal, listenAlone } from './local-socket.ts';

/** What the one whose turn it is tells those who wait, if it has failed. */
const FAILED = 'failed';

/** Somebody whose turn lasts longer is not waited for: it hangs. */
const LONGEST_TURN_MS = 120_000;

/** Between tries to reach somebody who is overrun by those who wait. */
const PAUSE_MS = 20;

/**
 * Does something unless another process of the user has done it meanwhile; never two at a time.
 *
 * Whose turn it is listens at the address. The others are connected to it, and so learn from the system that it is over,
 * even if the process was killed. When it has failed, each of them tries for itself: what failed slowly for one must
 * not fail slowly for all in a row.
 *
 * @param address see `localAddress`; undefined: there is none, and no turns
 * @param look gives what another one has done; undefined if nobody has
 * @throws what `work` throws; the signal's reason
 */
export async function inTurn<T>(
  address: string | undefined,
  signal: AbortSignal,
  look: () => Promise<T | undefined>,
  work: () => Promise<T>,
): Promise<T> {
  if (address === undefined) return await work();
  for (let alone = true; alone;) {
    signal.throwIfAborted();
    const waiting = new Set<Socket>();
    let turn: LocalServer | undefined;
    try {
      turn = await listenAlone(address, (socket) => {
        waiting.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => waiting.delete(socket));
        socket.resume();
      });
    } catch {
      // The folder is on a disk that has no sockets.
      break;
    }
    if (turn === undefined) {
      alone = (await waitForTurn(address, signal)) === 'over';
      const found = await look();
      if (found !== undefined) return found;
      continue;
    }
    try {
      return (await look()) ?? (await work());
    } catch (error) {
      if (!signal.aborted) for (const socket of waiting) socket.write(FAILED);
      throw error;
    } finally {
      await turn.close();
    }
  }
  return await work();
}

/** Waits until the turn of another one is over: well, or because it is gone; or it has failed, or is not to be had. */
async function waitForTurn(address: string, signal: AbortSignal): Promise<'over' | 'failed'> {
  let socket: Socket | undefined;
  try {
    socket = await connectLocal(address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return 'failed';
    await SYSTEM_CLOCK.sleep(PAUSE_MS, signal);
  }
  if (socket === undefined) return 'over';
  const other = socket;
  return await new Promise<'over' | 'failed'>((resolve, reject) => {
    let said = '';
    const end = (how: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      other.destroy();
      how();
    };
    const stop = (): void => end(() => reject(signal.reason as Error));
    const timer = setTimeout(() => end(() => resolve('failed')), LONGEST_TURN_MS);
    signal.addEventListener('abort', stop, { once: true });
    other.setEncoding('utf8').on('data', (text: string) => (said += text));
    other.on('error', () => {});
    other.on('close', () => end(() => resolve(said === FAILED ? 'failed' : 'over')));
    if (signal.aborted) stop();
  });
}
