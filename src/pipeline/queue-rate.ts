import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueConnection } from './queue-connection.ts';

/** Gives the next free moment and takes it: the clock is that of Redis, since those of machines differ. */
const TAKE_TURN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local after = turn + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', string.format('%.0f', after - now))
return turn - now`;

/**
 * Waits until a server may be asked again. Whoever asks gets the next free moment, so that nothing is asked in bursts;
 * a moment that its worker does not live to see passes unused.
 *
 * @param server its address: all workers of a Redis server share what it bears
 * @param perMinute images a minute; infinity: as often as anybody likes
 * @throws the signal's reason if cancelled
 */
export async function waitForTurn(
  { client }: QueueConnection,
  server: string,
  perMinute: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (perMinute === Infinity) return;
  const wait = await client.eval(TAKE_TURN, 1, `starfix:turn:${server}`, 60_000 / perMinute);
  await sleep(Number(wait), undefined, { signal });
  signal?.throwIfAborted();
}
