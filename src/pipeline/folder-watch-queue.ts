/**
 * What waits for a consumer, in order. What waits can be taken back by its key, so that a consumer who is slow finds
 * what is so now, and not what was so once.
 */
export class EventQueue<T> {
  readonly #waiting = new Map<string | symbol, T>();
  /** Goes on from where it stands even if entries come and go: to begin anew each time would pass over all that went. */
  #entries = this.#waiting.entries();
  #failure: { readonly reason: unknown } | undefined;
  #wake: () => void = () => {};

  /** @param key what it replaces, if that still waits */
  put(item: T, key: string | symbol = Symbol('event')): void {
    this.#waiting.set(key, item);
    this.#wake();
  }

  /** @returns whether it still waited */
  drop(key: string): boolean {
    return this.#waiting.delete(key);
  }

  /** Keys of what waits. */
  keys(): Iterable<string | symbol> {
    return this.#waiting.keys();
  }

  /** Ends it: whoever takes gets this error. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  /**
   * The next one, when there is one. For one consumer.
   *
   * @throws what it failed with
   */
  async take(): Promise<T> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      let next = this.#entries.next();
      if (next.done === true) {
        // An iterator that has come to an end stays there.
        this.#entries = this.#waiting.entries();
        next = this.#entries.next();
      }
      if (next.done !== true) {
        this.#waiting.delete(next.value[0]);
        return next.value[1];
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
