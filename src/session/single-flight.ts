/** Work under way, and who waits for it. */
interface Flight<T> {
  readonly done: Promise<T>;
  readonly abort: AbortController;
  readonly forced: boolean;
  waiting: number;
}

/** Work that many ask for at once and that is done once for all of them. When nobody waits any more it is given up. */
export class SingleFlight<T> {
  readonly #work: (force: boolean, signal: AbortSignal) => Promise<T>;
  #flight: Flight<T> | undefined;

  /** @param work is given whether it must be done even if that seems not needed */
  constructor(work: (force: boolean, signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /**
   * Waits for the work under way, or begins it.
   *
   * @throws what the work throws; the reason of this signal, while the others go on waiting
   */
  async join(force: boolean, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const current = this.#flight;
    const flight = current === undefined || (force && !current.forced) ? this.#begin(force) : current;
    flight.waiting++;
    let stop: (() => void) | undefined;
    try {
      if (signal === undefined) return await flight.done;
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason as Error);
        signal.addEventListener('abort', stop, { once: true });
      });
      return await Promise.race([flight.done, stopped]);
    } finally {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
      flight.waiting--;
      if (flight.waiting === 0) flight.abort.abort();
    }
  }

  #begin(forced: boolean): Flight<T> {
    const abort = new AbortController();
    const done = this.#work(forced, abort.signal);
    const flight: Flight<T> = { done, abort, forced, waiting: 0 };
    const forget = (): void => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    abort.signal.addEventListener('abort', forget, { once: true });
    done.then(forget, forget);
    this.#flight = flight;
    return flight;
  }
}
