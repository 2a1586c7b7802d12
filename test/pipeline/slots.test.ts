import { expect, test } from 'vitest';
import { Slots } from '../../src/pipeline/slots.ts';

test('so many at a time, in the order in which they came, and a failure frees its place', async () => {
  const slots = new Slots(2);
  const { signal } = new AbortController();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const runs = [0, 1, 2, 3].map((i) =>
    slots.use(signal, async () => {
      begun.push(i);
      await new Promise<void>((resolve) => (ends[i] = resolve));
      if (i === 0) throw new Error('failed');
      return i;
    }),
  );
  const settled = Promise.allSettled(runs);
  await expect.poll(() => begun).toEqual([0, 1]);
  ends[0]!();
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  ends[2]!();
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  ends[1]!();
  ends[3]!();
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(await slots.use(signal, async () => 'free')).toBe('free');
});

test('who is cancelled while waiting does nothing, and takes no place', async () => {
  const slots = new Slots(1);
  const abort = new AbortController();
  let end: () => void = () => {};
  const first = slots.use(abort.signal, () => new Promise<void>((resolve) => (end = resolve)));
  let worked = false;
  const second = slots.use(abort.signal, async () => {
    worked = true;
  });
  abort.abort(new Error('enough'));
  end();
  await first;
  await expect(second).rejects.toThrow('enough');
  expect(worked).toBe(false);
  expect(await slots.use(new AbortController().signal, async () => 'free')).toBe('free');
});
