import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createSolveFieldSolver } from '../../src/engines/solve-field.ts';
import { solve } from '../../src/engines/solve.ts';
import type { Outcome, Solution } from '../../src/solution.ts';
import { skyToPixel } from '../../src/wcs/transform.ts';

const fixture = (name: string): string => new URL(`../../fixtures/${name}`, import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'starfix-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const missing = spawnSync('solve-field', ['--version']).status !== 0;
if (missing) console.warn('solve-field is not installed: what it answers is not compared');

function solutionOf(outcome: Outcome): Solution {
  if (outcome.status !== 'solved') throw new Error(outcome.message);
  return outcome.solution;
}

/** Folders that the engine has made and not removed. */
function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('starfix-solve-field-'));
}

/** A program in place of solve-field. */
function script(name: string, lines: string): string {
  const path = join(scratch, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(missing)('solve-field', () => {
  for (const give of ['sources', 'image'] as const) {
    test(`finds what our own engine finds, given ${give}`, { timeout: 60_000 }, async () => {
      const path = fixture('synthetic/dev01_orion_2p5.fits');
      const theirs = solutionOf(await createSolveFieldSolver({ give }).solve(path));
      const ours = solutionOf(await solve(path));
      expect(theirs).toMatchObject({ engine: 'solve-field', width: 900, height: 600, rowOrder: 'bottom-up' });
      expect(theirs.calibration.parity).toBe(ours.calibration.parity);
      const { ra, dec } = theirs.calibration;
      const [x, y] = skyToPixel(ours.wcs, ra, dec)!;
      // Its stars are whole catalogue entries to a tenth of a second; the fits differ by less than a pixel at the centre.
      expect(Math.hypot(x - 449.5, y - 299.5)).toBeLessThan(1);
      expect(theirs.matches.x.length).toBeGreaterThan(10);
      expect(theirs.rms).toBeLessThan(1);
      expect(theirs.logOdds).toBeGreaterThan(20);
      expect(leftovers()).toEqual([]);
    });
  }

  test('is given the hints of the user, and looks nowhere else', { timeout: 60_000 }, async () => {
    const path = fixture('synthetic/dev03_flip_1p5.fits');
    const solver = createSolveFieldSolver();
    const right = { position: { raDeg: 10.7, decDeg: 41, radiusDeg: 3 }, fieldWidth: { lowDeg: 1.3, highDeg: 1.7 } };
    expect(solutionOf(await solver.solve(path, { ...right, parity: 1 })).calibration.parity).toBe(1);
    const wrong = await solver.solve(path, { ...right, parity: -1 }, { timeoutMs: 20_000 });
    expect(wrong).toMatchObject({ status: 'unsolved' });
    if (wrong.status === 'unsolved' && wrong.reason === 'exhausted') {
      expect(wrong.message).toContain(
        'it looked only within 3 deg of the position given, at the scale given, with the parity',
      );
    }
  });

  test('says 0 and has found nothing: that is no solution', { timeout: 60_000 }, async () => {
    const outcome = await createSolveFieldSolver().solve(fixture('negative/neg_noise.fits'));
    expect(outcome).toMatchObject({ status: 'unsolved', reason: 'exhausted' });
  });

  test('follows our engine where that has found nothing', { timeout: 60_000 }, async () => {
    const outcome = await solve(fixture('negative/neg_noise.fits'), {
      engines: ['embedded', createSolveFieldSolver()],
    });
    expect(outcome.report.notes[0]).toMatch(/^embedded: no stars found/);
  });

  test('is stopped with all that it has started', { timeout: 60_000 }, async () => {
    const abort = new AbortController();
    const path = fixture('negative/neg_random_points.fits');
    const solving = createSolveFieldSolver().solve(path, {}, { signal: abort.signal });
    await expect.poll(engines, { timeout: 20_000 }).not.toEqual([]);
    abort.abort(new Error('enough'));
    await expect(solving).rejects.toThrow('enough');
    await expect.poll(engines).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('has so much time and no more', { timeout: 60_000 }, async () => {
    const path = fixture('negative/neg_random_points.fits');
    const outcome = await createSolveFieldSolver().solve(path, {}, { timeoutMs: 1500 });
    expect(outcome).toMatchObject({ status: 'unsolved', reason: 'time-limit' });
    await expect.poll(engines).toEqual([]);
  });
});

/** Processes of solve-field that work on files of this test. */
function engines(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return /astrometry-engine|solve-field\0/.test(words) && words.includes('starfix-solve-field-');
    } catch {
      return false;
    }
  });
}

describe('a program in place of it', () => {
  const image = fixture('real/cedar_orion2.jpg');

  test('that is not there', async () => {
    const solver = createSolveFieldSolver({ program: join(scratch, 'nowhere') });
    await expect(solver.solve(image)).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
    expect(leftovers()).toEqual([]);
  });

  test('that fails: its last words are told', async () => {
    const program = script('fails', 'echo starting; echo "no space left" >&2; exit 3');
    await expect(createSolveFieldSolver({ program }).solve(image)).rejects.toMatchObject({
      code: 'PROGRAM_FAILED',
      message: `${program}: ended with 3: no space left`,
    });
  });

  test('that writes the solution of another image', async () => {
    const wcs = fixture('nova/products/wcs_file_3.fits');
    const program = script('other', `cp '${wcs}' "$2/field.wcs"`);
    await expect(createSolveFieldSolver({ program }).solve(image)).rejects.toMatchObject({
      code: 'REPLY_INVALID',
      message: expect.stringContaining('719 x 507') as string,
    });
  });

  test('that ignores being asked to end', { timeout: 20_000 }, async () => {
    const program = script('stubborn', "trap '' TERM; sleep 60 & echo $! > /dev/null; wait; sleep 60");
    const abort = new AbortController();
    const solving = createSolveFieldSolver({ program }).solve(image, {}, { signal: abort.signal });
    await sleep(500);
    abort.abort(new Error('enough'));
    await expect(solving).rejects.toThrow('enough');
  });
});
