/** Why a watched attempt was ended. */
export type Overrun = 'stalled' | 'slow';

/** Ends an attempt in which nothing moves for too long, or that takes too long altogether. */
export class Watch {
  /** Aborted when the attempt is over time; the reason is an {@link Overrun}. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #stallMs: number;
  #stall: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;

  /** @param stallMs the longest silence */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
    this.signal = this.#abort.signal;
  }

  /** Something moved: the silence begins anew. */
  touch(): void {
    if (this.#stall === undefined) this.#stall = this.#timer('stalled', this.#stallMs);
    else this.#stall.refresh();
  }

  /** Silence is all right now: it is us who are busy. */
  rest(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
  }

  /** From now on, all must be over within this time. Replaces an earlier limit. */
  limit(ms: number): void {
    clearTimeout(this.#limit);
    this.#limit = this.#timer('slow', ms);
  }

  /** The attempt is over. */
  stop(): void {
    this.rest();
    clearTimeout(this.#limit);
  }

  #timer(overrun: Overrun, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#abort.abort(overrun), ms);
  }
}
