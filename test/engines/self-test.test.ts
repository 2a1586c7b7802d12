import { expect, test } from 'vitest';
import { selfTest } from '../../src/engines/self-test.ts';

test('a picture drawn from the star data is found where it was drawn', { timeout: 30_000 }, async () => {
  const { passed, text } = await selfTest();
  expect(text).toMatch(/^a drawn picture of \d+ stars is found to 0\.0\d+ pixels$/);
  expect(passed).toBe(true);
});

test('it can be cancelled', async () => {
  await expect(selfTest(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});
