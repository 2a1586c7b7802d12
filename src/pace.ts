/**
 * Keeps long pure loops interruptible without teaching them about clocks or timers.
 *
 * A loop asks {@link Pace.due} often (it is cheap) and, when it is true, awaits {@link Pace.breathe},
 * which lets timers and signals run. After that it looks at {@link Pace.expired} and winds up if it is set.
 * Work between two questions should stay under some 5 ms, so that a cancel is obeyed within 100 ms.
 */
export interface Pace {
  /** True if it is time to breathe. */
  due(): boolean;
  /** Yields to the event loop. Rejects with the signal's reason if the work was cancelled. */
  breathe(): Promise<void>;
  /** True once the time limit is over: stop and tell what is known. */
  readonly expired: boolean;
}

/** Breathe this often: a cancel is noticed within the sum of this and one step of work. */
const BREATH_MS = 20;

/**
 * A pace on the platform's own clock.
 *
 * @param signal cancels: `breathe` rejects with its reason
 * @param timeoutMs time limit from now on; absent: none
 */
export function createPace(signal?: AbortSignal, timeoutMs?: number): Pace {
  const end = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
  let next = performance.now() + BREATH_MS;
  let expired = false;
  return {
    due: () => performance.now() >= next,
    async breathe() {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
      const now = performance.now();
      expired = now >= end;
      next = now + BREATH_MS;
    },
    get expired() {
      return expired;
    },
  };
}

/** A pace that never asks for a breath: for short work and for tests of pure functions. */
export const UNHURRIED: Pace = { due: () => false, breathe: async () => {}, expired: false };
