/** How {@link runMany} works. */
export interface RunManyOptions {
  /** Inputs worked on at a time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** What is running, and what becomes of it. */
type Event<T, R> =
  | { readonly kind: 'input'; readonly next: IteratorResult<T> }
  | { readonly kind: 'result'; readonly index: number; readonly result: R };

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
  const atWork = new Map<number, Promise<Event<T, R>>>();
  const aborted = rejectionOf(running);
  let pull: Promise<Event<T, R>> | undefined;
  let ended = false;
  let count = 0;
  const begin = async (input: T, index: number): Promise<Event<T, R>> => ({
    kind: 'result',
    index,
    result: await work(input, index, running),
  });
  try {
    while (!ended || atWork.size > 0) {
      if (!ended && pull === undefined && atWork.size < concurrency) {
        pull = Promise.resolve(source.next()).then((next) => ({ kind: 'input', next }));
      }
      const event: Event<T, R> = await Promise.race([
        aborted.promise,
        ...atWork.values(),
        ...(pull === undefined ? [] : [pull]),
      ]);
      if (event.kind === 'input') {
        pull = undefined;
        if (event.next.done === true) ended = true;
        else atWork.set(count, begin(event.next.value, count++));
        continue;
      }
      atWork.delete(event.index);
      yield event.result;
    }
  } finally {
    aborted.forget();
    stop.abort();
    pull?.catch(() => {});
    // Not awaited: an input that is being waited for may never come.
    if (!ended) Promise.resolve(source.return?.()).catch(() => {});
    await Promise.allSettled(atWork.values());
  }
}

/** A promise that rejects with the signal's reason. */
function rejectionOf(signal: AbortSignal): { readonly promise: Promise<never>; forget(): void } {
  let stop: () => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  // Nobody may be listening when it comes.
  promise.catch(() => {});
  return { promise, forget: () => signal.removeEventListener('abort', stop) };
}
