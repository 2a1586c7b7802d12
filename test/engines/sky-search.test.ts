import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawDeepField, drawPatches } from '../../bench/deep-sky.mjs';
import { centreError, drawField, drawNonsense } from '../../bench/sky.mjs';
import { createEmbeddedSolver } from '../../src/engines/embedded.ts';
import {
  configuredFolders,
  installFolder,
  listIndexFiles,
  usualIndexFolders,
} from '../../src/engines/index-folders.ts';
import type { Hints } from '../../src/hints.ts';
import { UNHURRIED } from '../../src/pace.ts';
import { presetScale } from '../../src/skyindex/index-quads.ts';
import { buildIndex } from '../../src/skyindex/index-writer.ts';
import type { Outcome } from '../../src/solution.ts';
import { openSolverThreads } from '../../src/pipeline/solver-threads.ts';

type Field = NonNullable<ReturnType<typeof drawDeepField>>;

const folder = mkdtempSync(join(tmpdir(), 'starfix-sky-'));
const whole = join(folder, 'whole');
const tiled = join(folder, 'tiled');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stars: ReturnType<typeof drawPatches>;
let field: Field;
beforeAll(async () => {
  const { mkdirSync } = await import('node:fs');
  mkdirSync(whole);
  mkdirSync(tiled);
  // The first patch lies over RA 0, the second at a pole: there tiles meet.
  stars = drawPatches(1, 3, 0.8);
  for (const preset of [1, 2, 3]) {
    const made = await buildIndex(stars, { scale: presetScale(preset), id: 9000 + preset }, UNHURRIED);
    writeFileSync(join(whole, `index-900${preset}.fits`), Buffer.concat(made!.pieces));
  }
  for (let number = 0; number < 48; number++) {
    const made = await buildIndex(stars, { scale: presetScale(2), id: 9002, tile: { nside: 2, number } }, UNHURRIED);
    const name = `index-9002-${String(number).padStart(2, '0')}.fits`;
    if (made) writeFileSync(join(tiled, name), Buffer.concat(made.pieces));
  }
  field = drawDeepField(stars, 3, 0, 0.25)!;
});

function hintsOf({ truth }: Field, slack = 1.1): Hints {
  const arcsec = (truth.scale * 648_000) / Math.PI;
  return {
    scale: { lowArcsec: arcsec / slack, highArcsec: arcsec * slack },
    position: { raDeg: truth.ra, decDeg: truth.dec, radiusDeg: 2 },
  };
}

async function solve(dirs: readonly string[], one: Field, hints: Hints = {}): Promise<Outcome> {
  return await createEmbeddedSolver({ indexDirs: dirs }).solve(one.sources, hints);
}

/** Pixels between the centre found and the true one. */
function errorOf(outcome: Outcome, { truth }: Field): number {
  if (outcome.status !== 'solved') throw new Error(outcome.message);
  const { ra, dec } = outcome.solution.calibration;
  return centreError({ crval: [ra, dec] }, truth);
}

const matchedIn = ({ report }: Outcome): string | undefined =>
  report.notes.find((note) => note.startsWith('matched in '))?.slice('matched in '.length);

describe('fields that the bundled data do not hold', () => {
  test('are found in index files without hints', async () => {
    const outcome = await solve([whole], field);
    expect(errorOf(outcome, field)).toBeLessThan(0.5);
    expect(matchedIn(outcome)).toContain(whole);
  });

  test('are not found without index files, and it is told that these are lacking', async () => {
    const outcome = await solve([], field, hintsOf(field));
    expect(outcome).toMatchObject({ status: 'unsolved', reason: 'exhausted' });
    const told = await solve([mkdtempSync(join(folder, 'empty-'))], field, hintsOf(field));
    expect(told).toMatchObject({
      status: 'unsolved',
      reason: 'no-index',
      message: expect.stringContaining('solve index recommend'),
    });
  });

  test('need hardly a hypothesis where hints hold', async () => {
    const outcome = await solve([whole], field, hintsOf(field));
    expect(errorOf(outcome, field)).toBeLessThan(0.5);
    expect(outcome.report.candidates).toBeLessThan(30);
  });

  test.each<[string, (hints: Hints) => Hints]>([
    ['place', (hints) => ({ ...hints, position: { raDeg: 200, decDeg: -40, radiusDeg: 2 } })],
    ['scale', (hints) => ({ ...hints, scale: { lowArcsec: 0.01, highArcsec: 0.02 } })],
    ['width', () => ({ fieldWidth: { lowDeg: 20, highDeg: 30 } })],
  ])('are found in spite of a wrong %s', async (_, spoil) => {
    expect(errorOf(await solve([whole], field, spoil(hintsOf(field))), field)).toBeLessThan(0.5);
  });

  test('are found by tiles, the hinted one being read and no other', async () => {
    const outcome = await solve([tiled], field, hintsOf(field));
    expect(errorOf(outcome, field)).toBeLessThan(0.5);
    // Of RA 0, Dec 5.
    expect(matchedIn(outcome)).toMatch(/-(19|16)\.fits$/);
  });

  test('use the stars of all tiles that they reach into', async () => {
    // At a pole four tiles meet.
    let joined = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const polar = drawDeepField(stars, seed, 1, 0.3)!;
      const one = await solve([tiled], polar, hintsOf(polar));
      const all = await solve([whole], polar, hintsOf(polar));
      if (one.status !== 'solved' || all.status !== 'solved') continue;
      expect(errorOf(one, polar)).toBeLessThan(0.5);
      expect(one.solution.matches.x.length).toBeGreaterThan(0.9 * all.solution.matches.x.length);
      joined++;
    }
    expect(joined).toBeGreaterThan(3);
  });

  test('are found on threads as well', async () => {
    await using threads = await openThreads();
    const outcome = await threads.solverWith({ indexDirs: [whole] }).solve(field.sources, hintsOf(field));
    expect(errorOf(outcome, field)).toBeLessThan(0.5);
  });
});

/** Threads run what was built. */
async function openThreads(): ReturnType<typeof openSolverThreads> {
  const built = await import('../../dist/pipeline/solver-threads.js');
  return await built.openSolverThreads(1);
}

describe('fields that the bundled data hold', () => {
  test('are solved before any index file is looked at', async () => {
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'index-9000.fits'), 'nothing');
    const wide = await drawField(3, 2, 5);
    const outcome = await createEmbeddedSolver({ indexDirs: [broken] }).solve(wide.sources);
    expect(outcome.status).toBe('solved');
    // It would have been told of.
    expect(outcome.report.notes.join('\n')).not.toContain('index-9000');
  });
});

describe('broken index files', () => {
  test('are left out with a note that tells which and why, and the others serve', async () => {
    const some = mkdtempSync(join(folder, 'some-'));
    for (const name of readdirSync(whole)) copyFileSync(join(whole, name), join(some, name));
    // One cut so that its first header tells, one with another byte order than it says, one whose trees are damaged.
    copyFileSync(join(some, 'index-9001.fits'), join(some, 'index-cut.fits'));
    truncateSync(join(some, 'index-cut.fits'), 20_000);
    const bytes = readFileSync(join(some, 'index-9003.fits'));
    const damaged = Buffer.from(bytes);
    damaged.write("TTYPE1  = 'kdtree_xx_codes'", damaged.indexOf("TTYPE1  = 'kdtree_lr_codes'"), 'latin1');
    writeFileSync(join(some, 'index-damaged.fits'), damaged);
    const swapped = Buffer.from(bytes.toString('latin1').replaceAll('04:03:02:01', '01:02:03:04'), 'latin1');
    writeFileSync(join(some, 'index-swapped.fits'), swapped);
    for (const name of ['index-9003.fits', 'index-9002.fits']) rmSync(join(some, name));
    const outcome = await solve([some], field, hintsOf(field));
    expect(errorOf(outcome, field)).toBeLessThan(0.5);
    const notes = outcome.report.notes.filter((note) => note.startsWith('index file left out')).join('\n');
    expect(notes).toMatch(/index-cut\.fits: cut short/);
    expect(notes).toMatch(/index-damaged\.fits: .*kdtree_lr_codes/);
    expect(notes).toMatch(/index-swapped\.fits: /);
  });

  test('a folder that is named and not there is an error', async () => {
    await expect(solve([join(folder, 'nowhere')], field)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(listIndexFiles([join(whole, 'index-9001.fits')], true)).rejects.toThrow(/is no folder/);
    expect(await listIndexFiles([join(folder, 'nowhere')], false)).toEqual({ files: [], broken: [] });
  });
});

test('nonsense stays unsolved in index files', async () => {
  for (const seed of [2, 5, 6]) {
    const outcome = await createEmbeddedSolver({ indexDirs: [whole] }).solve(drawNonsense(seed));
    expect(outcome.status).toBe('unsolved');
  }
});

test('the usual places are those of the system, and what solve-field is told to look into', () => {
  const linux = usualIndexFolders({ HOME: '/home/a' }, 'linux');
  expect(linux[0]).toBe('/home/a/.local/share/kstars/astrometry');
  expect(linux).toContain('/usr/share/astrometry');
  expect(linux).toContain('/usr/local/astrometry/data');
  expect(usualIndexFolders({ HOME: '/Users/a' }, 'darwin')).toContain(
    '/Users/a/Library/Application Support/Astrometry',
  );
  expect(installFolder({ HOME: '/home/a', XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/kstars/astrometry');
  expect(usualIndexFolders({ USERPROFILE: 'C:/a', LOCALAPPDATA: 'C:/a/L' }, 'win32').join()).toContain('cygwin_ansvr');
  const config = join(folder, 'astrometry.cfg');
  writeFileSync(config, '# add_path /no\nadd_path /one two\n  add_path\t/three  \nadd_path relative\nautoindex\n');
  expect(configuredFolders([config, join(folder, 'none.cfg')])).toEqual(['/one two', '/three']);
});
