import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_KEY } from '../session/set-up.ts';
import { fixture } from './program.ts';
import { newUser } from './user.ts';

interface Line {
  readonly check: string;
  readonly state: string;
  readonly text: string;
}

function linesOf(out: string): Line[] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

test('solve doctor finds nothing broken, and solves a picture that it draws', { timeout: 60_000 }, async () => {
  const { solve } = newUser();
  const { code, out, err } = await solve(['doctor', '--json']);
  const lines = linesOf(out);
  expect(lines.filter(({ state }) => state === 'bad')).toEqual([]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(new Set(lines.map(({ check }) => check))).toEqual(
    new Set(['starfix', 'node', 'machine', 'sharp', 'nova', 'solve-field', 'index', 'folder', 'self-test']),
  );
  expect(lines.find(({ check }) => check === 'self-test')!.text).toMatch(/^a drawn picture of \d+ stars is found/);
  expect(lines.find(({ check }) => check === 'nova')).toMatchObject({ state: 'off' });
});

test('it tells which key would be used, masked, and what is broken', { timeout: 60_000 }, async () => {
  const { home, solve } = newUser();
  const known = await solve(['doctor'], { ASTROMETRY_API_KEY: API_KEY });
  expect(known.out).toContain('the API key ****bcde from ASTROMETRY_API_KEY');
  const folder = join(home, 'index files');
  mkdirSync(folder);
  writeFileSync(join(folder, 'index-4107.fits'), 'no index');
  const broken = await solve(['doctor', '--json', '--index-dir', folder], {
    ASTROMETRY_API_KEY_FILE: join(home, 'none'),
  });
  expect(broken.code).toBe(3);
  const bad = linesOf(broken.out).filter(({ state }) => state === 'bad');
  expect(bad.map(({ check }) => check)).toEqual(['nova', 'index']);
  expect(bad[1]!.text).toContain('index-4107.fits');
  expect((await solve(['doctor', '--index-dir', join(home, 'nowhere')])).code).toBe(3);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is told', { timeout: 60_000 }, async () => {
  const { home, solve } = newUser();
  mkdirSync(join(home, '.local/state'), { recursive: true });
  chmodSync(join(home, '.local/state'), 0o500);
  const { code, out } = await solve(['doctor'], { XDG_STATE_HOME: '' });
  expect(code).toBe(3);
  expect(out).toMatch(/^BAD folder +journals .*cannot be written$/m);
});

test('solve explain tells the hints, the stars, the rungs and the answer', { timeout: 60_000 }, async () => {
  const { solve } = newUser();
  const solved = await solve(['explain', fixture('real/pocs_unsolved.fits')]);
  expect({ code: solved.code, err: solved.err }).toEqual({ code: 0, err: '' });
  expect(solved.out).toContain('position 301.5644 44.4569 deg, from RA-MNT, DEC-MNT');
  expect(solved.out).toMatch(/^ {2}hinted local +found the place/m);
  expect(solved.out).toContain('solved in');
  const blind = await solve(['explain', '--no-hints', fixture('real/pocs_unsolved.fits')]);
  expect(blind.out).toContain('not used: --no-hints');
  expect(blind.out).not.toContain('hinted');
});

test('as JSON it says why there is no answer', { timeout: 60_000 }, async () => {
  const { solve } = newUser();
  const { code, out } = await solve([
    'explain',
    '--json',
    '--timeout',
    '3',
    fixture('negative/neg_random_points.fits'),
  ]);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    image: { width: 320, height: 240, format: 'fits' },
    hints: [],
    sources: { found: 201 },
    status: 'unsolved',
  });
  const { rungs } = JSON.parse(out) as { rungs: { name: string; tried: number; end: string }[] };
  expect(rungs[0]).toMatchObject({ name: 'bright, wide', end: 'all-tried' });
  expect((await solve(['explain', '--json', fixture('negative/neg_noise.fits')])).out).toContain('"rungs":[]');
});

test('an image that cannot be read, and two at once', { timeout: 60_000 }, async () => {
  const { solve } = newUser();
  expect(await solve(['explain', 'nowhere.fits'])).toMatchObject({ code: 3, out: '' });
  expect(await solve(['explain', 'a.fits', 'b.fits'])).toMatchObject({ code: 2, out: '' });
});
