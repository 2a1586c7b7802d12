import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { runMany } from '../../src/pipeline/run-many.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const forever = new AbortController().signal;

test('results that were taken are let go of, while one input goes on for ever and another never comes', async () => {
  const never = new Promise<never>(() => {});
  const inputs = async function* (): AsyncGenerator<number> {
    for (let i = 0; i < 2000; i++) yield i;
    await never;
  };
  const work = (i: number): Promise<{ i: number }> => (i === 0 ? never : Promise.resolve({ i }));
  const results = runMany(inputs(), work, { concurrency: 3, signal: forever });
  const taken: WeakRef<object>[] = [];
  while (taken.length < 1999) taken.push(new WeakRef((await results.next()).value as object));
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  // The last one or two may stand in a register still.
  expect(taken.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
});

test('a signal that is aborted between two results ends it with the reason', async () => {
  const stop = new AbortController();
  const results = runMany([1, 2, 3], (i) => Promise.resolve(i), { concurrency: 1, signal: stop.signal });
  expect((await results.next()).value).toBe(1);
  stop.abort(new Error('enough'));
  await expect(results.next()).rejects.toThrow('enough');
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

test('what the inputs throw ends it, and cancels what is running', async () => {
  let cancelled: unknown;
  const inputs = function* (): Generator<number> {
    yield 1;
    throw new Error('the list is torn');
  };
  const work = (_: number, __: number, signal: AbortSignal): Promise<number> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        cancelled = signal.aborted;
        resolve(0);
      });
    });
  await expect(runMany(inputs(), work, { concurrency: 2, signal: forever }).next()).rejects.toThrow('the list is torn');
  expect(cancelled).toBe(true);
});
