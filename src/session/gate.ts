/** How much is asked of one server at a time. */
export interface GateLimits {
  /** Requests in flight. */
  readonly maxParallel: number;
  /** Requests begun per second, on average; as many may begin at once after a pause. */
  readonly maxPerSecond: number;
}

/** The limits if none are given: three uploads at once is what the public site bears. */
export const DEFAULT_LIMITS: GateLimits = { maxParallel: 3, maxPerSecond: 10 };

/** The way in to one server: a {@link Gate} of this process, or that of another one. */
export interface WayIn {
  /**
   * Waits for a place.
   *
   * @returns gives the place back; call it once
   * @throws the signal's reason
   */
  enter(signal: AbortSignal): Promise<() => void>;
  /** The server asked to be left alone: nothing begins for that long, a minute at most. */
  hold(ms: number): void;
}

/** A wait longer than this is for the caller who was told so, not for everybody else. */
const LONGEST_HOLD_MS = 60_000;

/**
 * The way in to one server: so many requests at once, so many per second, first come, first served.
 * Every session of the process that talks to the server goes through the same gate.
 */
export class Gate implements WayIn {
  /** May be changed at any time; the next request obeys. */
  limits: GateLimits;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  /** Requests that may begin now without waiting. */
  #tokens: number;
  #countedAt: number;
  #heldUntil = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: GateLimits) {
    this.limits = limits;
    this.#tokens = limits.maxPerSecond;
    this.#countedAt = performance.now();
  }

  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        const place = this.#waiting.indexOf(go);
        if (place >= 0) this.#waiting.splice(place, 1);
        if (this.#waiting.length === 0) this.#stopTimer();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(go);
      this.#admit();
    });
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#inFlight--;
      this.#admit();
    };
  }

  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, performance.now() + Math.min(ms, LONGEST_HOLD_MS));
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.limits.maxParallel) {
      const delay = this.#delay();
      if (delay > 0) {
        this.#stopTimer();
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#admit();
        }, delay);
        return;
      }
      this.#tokens--;
      this.#inFlight++;
      this.#waiting.shift()?.();
    }
  }

  /** Milliseconds until the next request may begin. */
  #delay(): number {
    const { maxPerSecond } = this.limits;
    const now = performance.now();
    const most = Math.max(1, maxPerSecond);
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#countedAt) / 1000) * maxPerSecond);
    this.#countedAt = now;
    const held = this.#heldUntil - now;
    if (held > 0) return held;
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / maxPerSecond) * 1000;
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const gates = new Map<string, Gate>();

/**
 * The gate of a server: one for the whole process.
 *
 * @param server address as {@link parseServer} gives it
 * @param limits change the ones of the server, for all who use it; what is left out stays as it is
 */
export function gateOf(server: string, limits: Partial<GateLimits>): Gate {
  const { host } = new URL(server);
  let gate = gates.get(host);
  if (gate === undefined) {
    gate = new Gate({ ...DEFAULT_LIMITS, ...limits });
    gates.set(host, gate);
  } else gate.limits = { ...gate.limits, ...limits };
  return gate;
}
