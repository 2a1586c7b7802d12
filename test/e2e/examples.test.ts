import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });

test('the example that solves one picture says where it points', () => {
  const out = run('examples/solve-one.mjs', 'fixtures/real/cedar_orion_belt.jpg');
  expect(out).toMatch(/^84\.01\d -0\.7[67]\d, 71\.\d\d arcsec\/pixel, 10\.1\d degrees wide\n$/);
});

test('the example that solves many goes on behind a broken one', () => {
  const out = run(
    'examples/solve-many.mjs',
    'fixtures/negative/neg_text.fits',
    'fixtures/synthetic/dev01_orion_2p5.fits',
  );
  expect(out).toMatch(/neg_text\.fits: FORMAT_UNKNOWN\. .*\n.*dev01_orion_2p5\.fits: solved, \d{2,} stars\n$/);
});
