import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readStream } from '../../src/io/read-stream.ts';

const pieces = (...texts: string[]): Readable => Readable.from(texts.map((text) => Buffer.from(text)));

test('a stream is read to its end', async () => {
  expect(Buffer.from(await readStream(pieces('ab', 'c', 'def'), '-')).toString()).toBe('abcdef');
  expect(Buffer.from(await readStream(pieces('one'), '-')).toString()).toBe('one');
});

test('too much, nothing, and a broken stream have their faults', async () => {
  await expect(readStream(pieces('abc', 'def'), '-', { maxBytes: 5 })).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
  });
  await expect(readStream(pieces(), '-')).rejects.toMatchObject({ code: 'FILE_EMPTY', message: '-: nothing came in' });
  const broken = new Readable({
    read() {
      this.destroy(new Error('gone'));
    },
  });
  await expect(readStream(broken, '-')).rejects.toMatchObject({ code: 'FILE_UNREADABLE', message: '-: gone' });
});

test('a stream that stays silent is left when it is cancelled', async () => {
  const silent = new Readable({ read() {} });
  const controller = new AbortController();
  const reading = readStream(silent, '-', { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 10);
  await expect(reading).rejects.toThrow('enough');
});
