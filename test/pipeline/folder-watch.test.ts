import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  chmodSync,
  ftruncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { watchFolder } from '../../src/pipeline/folder-watch.ts';
import { SETTLE_MS, testFolder, watchInTest } from './folder-watch-run.ts';

/** Writes a file whose last change lies back. */
function writeOld(path: string, content: string, minutesAgo: number): void {
  writeFileSync(path, content);
  const then = Date.now() / 1000 - minutesAgo * 60;
  utimesSync(path, then, then);
}

describe('files that are there at the start', () => {
  test('are given oldest first, then ready', async () => {
    const folder = testFolder();
    writeOld(join(folder, 'a.fits'), 'a', 10);
    writeOld(join(folder, 'b.fits'), 'bb', 30);
    writeOld(join(folder, 'c.fits'), 'ccc', 20);
    const run = watchInTest(folder);
    await run.until('ready');
    expect(run.given).toEqual(['b.fits', 'c.fits', 'a.fits', 'ready']);
    expect(run.files.map(({ size }) => size)).toEqual([2, 3, 1]);
  });

  test('are ready at once if there are none', async () => {
    const run = watchInTest(testFolder());
    await run.until('ready');
    expect(run.given).toEqual(['ready']);
  });

  test('are not given if not asked for, and are when they change', async () => {
    const folder = testFolder();
    writeOld(join(folder, 'old.fits'), 'old', 10);
    writeOld(join(folder, 'rewritten.fits'), 'old', 10);
    const run = watchInTest(folder, { existing: false });
    await run.until('ready');
    writeFileSync(join(folder, 'rewritten.fits'), 'new');
    await run.until('rewritten.fits');
    expect(run.given).toEqual(['ready', 'rewritten.fits']);
  });

  test('do not hold up ready if one is being written', async () => {
    const folder = testFolder();
    const growing = join(folder, 'growing.fits');
    writeFileSync(growing, 'x');
    writeOld(join(folder, 'whole.fits'), 'x', 1);
    const run = watchInTest(folder);
    const writer = setInterval(() => appendFileSync(growing, 'x'), SETTLE_MS / 10);
    await run.until('ready');
    expect(run.given).toEqual(['whole.fits', 'ready']);
    clearInterval(writer);
    await run.until('growing.fits');
  });
});
