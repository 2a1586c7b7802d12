import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fixture, scratchFolder, start } from './program.ts';
import type { JsonLine, Run } from './program.ts';

const GOOD = fixture('real/pocs_unsolved.fits');
/** Keeps the solver busy for a while: stars that match no sky, many times. */
const COPIES = 100;
const folder = scratchFolder();
for (let i = 0; i < COPIES; i++) copyFileSync(fixture('negative/neg_random_points.fits'), join(folder, `${i}.fits`));

/** Waits for the first answer. */
async function firstAnswer({ child }: Run): Promise<void> {
  await once(child.stdout!, 'data');
}

for (const threads of [1, 3]) {
  test(`Ctrl-C stops ${threads === 1 ? 'the search' : 'all threads'} at once and keeps what is done`, async () => {
    const run = start(['--json', '-j', String(threads), GOOD, folder]);
    await firstAnswer(run);
    await sleep(150);
    const pressed = performance.now();
    run.child.kill('SIGINT');
    const { code, out, err } = await run.ending;
    expect(performance.now() - pressed).toBeLessThan(400);
    expect(code).toBe(130);
    const answers = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonLine);
    expect(answers.length).toBeLessThan(COPIES);
    expect(err).toBe(`interrupted: ${answers.length} of ${COPIES + 1} images done\n`);
  });
}

test('SIGTERM ends it the same way', async () => {
  const run = start(['-']);
  await sleep(400);
  run.child.kill('SIGTERM');
  const { code, err } = await run.ending;
  expect(code).toBe(130);
  expect(err).toBe('interrupted: 0 of 1 images done\n');
});

test('a reader that goes away ends it without a word', async () => {
  const run = start(['--json', GOOD, GOOD.replace('/real/', '/./real/'), '-']);
  await firstAnswer(run);
  run.child.stdout!.destroy();
  run.child.stdin!.end();
  const { err, signal } = await run.ending;
  expect(err).toBe('');
  expect(signal).toBe(null);
});
