import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from './program.ts';
import { newUser } from './user.ts';

test(
  'what explains a failure is stored: the report, the header, the sources, and no pixels',
  { timeout: 60_000 },
  async () => {
    const { home, solve } = newUser();
    const images = ['negative/neg_random_points.fits', 'negative/neg_text.fits', 'real/cedar_orion2.jpg'].map(fixture);
    const words = ['--keep-failed', 'failed', '--timeout', '2', '--json', '--fov', '3'];
    const { code, err } = await solve([...words, ...images]);
    expect(code).toBe(3);
    const bundles = readdirSync(join(home, 'failed')).toSorted();
    expect(bundles.map((name) => name.replace(/-[0-9a-f]{8}$/, ''))).toEqual([
      'neg_random_points.fits',
      'neg_text.fits',
    ]);
    expect(err).toContain(`neg_random_points.fits: what may explain it is in failed/${bundles[0]}`);
    const [unsolved, broken] = bundles.map((name) => join(home, 'failed', name));
    expect(readdirSync(unsolved!).toSorted()).toEqual(['header.txt', 'report.json', 'sources.xyls']);
    expect(readFileSync(join(unsolved!, 'header.txt'), 'utf8')).toMatch(/^SIMPLE {2}= +T/);
    const report = JSON.parse(readFileSync(join(unsolved!, 'report.json'), 'utf8')) as Record<string, unknown>;
    expect(report).toMatchObject({
      file: images[0],
      options: { hints: { fieldWidth: { lowDeg: 2.4000000000000004 } }, timeoutMs: 2000 },
      result: { status: 'unsolved', reasonCode: 'time-limit' },
    });
    expect(readdirSync(broken!)).toEqual(['report.json']);
    // The list goes where the image went.
    const again = await solve(['--json', '--timeout', '2', join(unsolved!, 'sources.xyls')]);
    expect(JSON.parse(again.out)).toMatchObject({ status: 'unsolved', reasonCode: 'time-limit' });
  },
);

test(
  'with the pixels if that is said; a folder that cannot be made is no fault of the image',
  { timeout: 60_000 },
  async () => {
    const { home, solve } = newUser();
    const image = join(home, 'noise one.fits');
    cpSync(fixture('negative/neg_noise.fits'), image);
    expect((await solve(['--keep-failed', 'failed', '--keep-pixels', image])).code).toBe(1);
    const [bundle] = readdirSync(join(home, 'failed'));
    expect(readFileSync(join(home, 'failed', bundle!, basename(image)))).toEqual(readFileSync(image));
    const { code, err } = await solve(['--keep-failed', join(image, 'below a file'), image]);
    expect(code).toBe(1);
    expect(err).toContain('noise one.fits: --keep-failed: ');
    expect((await solve(['--keep-pixels', image])).code).toBe(2);
    expect(existsSync(join(home, 'below a file'))).toBe(false);
  },
);
