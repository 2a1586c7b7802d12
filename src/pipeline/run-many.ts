/** How {@link runMany} works. */
export interface RunManyOptions {
  /** Inputs worked on at a time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** What happens while inputs are worked on. */
type Event<T, R> =
  | { readonly kind: 'input'; readonly next: IteratorResult<T> }
  | { readonly kind: 'result'; readonly work: object; readonly result: R }
  | { readonly kind: 'fault'; readonly error: unknown };

/**
 * Works on many inputs, several at once, and gives the results in the order in which they are done. The next input is
 * asked for only when there is room for it, so that a million take no more memory than ten. Breaking off the loop cancels
 * what is running: `work` is given a signal.
 *
 * @param work must not reject unless everything is to end
 * @throws the signal's reason if cancelled; what `inputs` and `work` throw
 */
export async function* runMany<T, R>(
  inputs: Iterable<T> | AsyncIterable<T>,
  work: (input: T, index: number, signal: AbortSignal) => Promise<R>,
  { concurrency, signal }: RunManyOptions,
): AsyncGenerator<R, void, undefined> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const running = AbortSignal.any([signal, stop.signal]);
  const source = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  const atWork = new Map<object, Promise<void>>();
  // A race of promises would keep every result for as long as the slowest of them lives.
  const events: Event<T, R>[] = [];
  let wake = (): void => {};
  const tell = (event: Event<T, R>): void => {
    events.push(event);
    wake();
  };
  const fail = (error: unknown): void => tell({ kind: 'fault', error });
  const abort = (): void => fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let pulling = false;
  let ended = false;
  let count = 0;
  const pull = async (): Promise<void> => {
    try {
      tell({ kind: 'input', next: await source.next() });
    } catch (error) {
      fail(error);
    }
  };
  const begin = (input: T): void => {
    const key = {};
    const index = count++;
    const toEnd = async (): Promise<void> => {
      try {
        tell({ kind: 'result', work: key, result: await work(input, index, running) });
      } catch (error) {
        fail(error);
      }
    };
    atWork.set(key, toEnd());
  };
  try {
    while (!ended || atWork.size > 0) {
      if (!ended && !pulling && atWork.size < concurrency) {
        pulling = true;
        void pull();
      }
      const event = events.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      // What is done counts for nothing from then on.
      signal.throwIfAborted();
      switch (event.kind) {
        case 'fault':
          throw event.error;
        case 'input':
          pulling = false;
          if (event.next.done === true) ended = true;
          else begin(event.next.value);
          break;
        case 'result':
          atWork.delete(event.work);
          yield event.result;
      }
    }
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort();
    // Not awaited: an input that is being waited for may never come.
    if (!ended) Promise.resolve(source.return?.()).catch(() => {});
    await Promise.allSettled(atWork.values());
  }
}
