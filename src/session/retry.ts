import type { Clock } from './clock.ts';

/** Waiting between attempts. */
export interface RetrySchedule {
  /** Attempts after the first one. */
  readonly retries: number;
  /** Upper bound of the first wait, in ms; it doubles with each attempt. */
  readonly firstDelayMs: number;
  /** Upper bound of any wait that the server did not ask for, in ms. */
  readonly longestDelayMs: number;
}

/** Five more attempts within a quarter of a minute. */
export const DEFAULT_SCHEDULE: RetrySchedule = { retries: 5, firstDelayMs: 500, longestDelayMs: 30_000 };

/**
 * The wait before attempt `failures + 1`: doubling, and anywhere in the upper half of the bound, so that many clients
 * that failed together do not come back together.
 *
 * @param failures attempts so far, from 1
 */
export function backoffMs(schedule: RetrySchedule, failures: number, random: () => number): number {
  const bound = Math.min(schedule.longestDelayMs, schedule.firstDelayMs * 2 ** (failures - 1));
  return bound * (0.5 + 0.5 * random());
}

/**
 * What a Retry-After header asks for, in ms from now; undefined if there is none or it says nothing. A date is taken
 * relative to the reply's own Date, since the clocks of the two machines need not agree.
 */
export function retryAfterMs(headers: Headers, clock: Pick<Clock, 'wall'>): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return undefined;
  const sent = Date.parse(headers.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sent) ? clock.wall() : sent));
}
