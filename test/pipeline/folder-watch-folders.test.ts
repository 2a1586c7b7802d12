import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { watchFolder } from '../../src/pipeline/folder-watch.ts';
import { testFolder, watchInTest } from './folder-watch-run.ts';

describe('a link whose file changes elsewhere', () => {
  test('is found changed by looking now and then, though the system does not tell', async () => {
    const folder = testFolder();
    const real = join(testFolder(), 'real.fits');
    symlinkSync(real, join(folder, 'link.fits'));
    const run = watchInTest(folder, { rescanMs: 100 });
    await run.until('ready');
    writeFileSync(real, 'first');
    await run.until('link.fits');
    writeFileSync(real, 'second');
    await run.until('link.fits', 2);
    expect(run.files.map(({ size }) => size)).toEqual([5, 6]);
  });
});

describe('polling', () => {
  test('finds what is new, changed, renamed and deleted without being told', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, { pollMs: 30, recursive: true });
    await run.until('ready');
    writeFileSync(join(folder, 'a.fits'), 'x');
    await run.until('a.fits');
    writeFileSync(join(folder, 'a.fits'), 'xx');
    await run.until('a.fits', 2);
    renameSync(join(folder, 'a.fits'), join(folder, 'b.fits'));
    await run.until('b.fits');
    mkdirSync(join(folder, 'deep/deeper'), { recursive: true });
    writeFileSync(join(folder, 'deep/deeper/c.fits'), 'x');
    await run.until('deep/deeper/c.fits');
    renameSync(join(folder, 'b.fits'), join(folder, 'a.fits'));
    await run.until('a.fits', 3);
    expect(run.files).toHaveLength(5);
  });
});

describe('folders in the folder', () => {
  test('do not count unless asked for', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/a.fits'), 'x');
    const run = watchInTest(folder);
    await run.until('ready');
    writeFileSync(join(folder, 'sub/b.fits'), 'x');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.given).toEqual(['ready', 'next.fits']);
  });

  test('count with all that is in them, whenever they come', async () => {
    const folder = testFolder();
    const elsewhere = testFolder();
    mkdirSync(join(folder, 'early'));
    mkdirSync(join(folder, '.hidden'));
    writeFileSync(join(folder, 'early/a.fits'), 'x');
    writeFileSync(join(folder, '.hidden/h.fits'), 'x');
    const run = watchInTest(folder, { recursive: true });
    await run.until('ready');
    expect(run.given).toEqual(['early/a.fits', 'ready']);

    mkdirSync(join(folder, 'late/later/latest'), { recursive: true });
    writeFileSync(join(folder, 'late/b.fits'), 'x');
    writeFileSync(join(folder, 'late/later/latest/c.fits'), 'x');
    mkdirSync(join(elsewhere, 'tree/branch'), { recursive: true });
    writeFileSync(join(elsewhere, 'tree/branch/d.fits'), 'x');
    renameSync(join(elsewhere, 'tree'), join(folder, 'named like an image.fits'));
    await run.untilFiles(4);
    writeFileSync(join(folder, 'early/e.fits'), 'x');
    writeFileSync(join(folder, 'late/later/latest/f.fits'), 'x');
    writeFileSync(join(folder, 'named like an image.fits/branch/g.fits'), 'x');
    await run.untilFiles(7);
    expect([...run.given].sort()).toEqual([
      'early/a.fits',
      'early/e.fits',
      'late/b.fits',
      'late/later/latest/c.fits',
      'late/later/latest/f.fits',
      'named like an image.fits/branch/d.fits',
      'named like an image.fits/branch/g.fits',
      'ready',
    ]);
  });

  test('are followed through deletion and renaming', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'sub'));
    const run = watchInTest(folder, { recursive: true });
    writeFileSync(join(folder, 'sub/a.fits'), 'x');
    await run.until('sub/a.fits');
    rmSync(join(folder, 'sub'), { recursive: true });
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/a.fits'), 'y');
    await run.until('sub/a.fits', 2);
    renameSync(join(folder, 'sub'), join(folder, 'renamed'));
    await run.until('renamed/a.fits');
    writeFileSync(join(folder, 'renamed/b.fits'), 'x');
    await run.until('renamed/b.fits');
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub/a.fits'), 'z');
    await run.until('sub/a.fits', 3);
    expect(run.files).toHaveLength(5);
  });

  test('are not followed through links, so there is no way round in circles', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'sub'));
    symlinkSync(folder, join(folder, 'sub/circle'));
    writeFileSync(join(folder, 'a.fits'), 'x');
    const run = watchInTest(folder, { recursive: true });
    await run.until('ready');
    symlinkSync(folder, join(folder, 'sub/late circle'));
    writeFileSync(join(folder, 'sub/b.fits'), 'x');
    await run.until('sub/b.fits');
    expect(run.given).toEqual(['a.fits', 'ready', 'sub/b.fits']);
  });

  test('are passed by if they are ignored', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, { recursive: true, ignores: (path) => path === join(folder, 'output') });
    await run.until('ready');
    mkdirSync(join(folder, 'output'));
    writeFileSync(join(folder, 'output/a.fits'), 'x');
    mkdirSync(join(folder, 'input'));
    writeFileSync(join(folder, 'input/b.fits'), 'x');
    await run.until('input/b.fits');
    expect(run.given).toEqual(['ready', 'input/b.fits']);
  });
});

describe('paths', () => {
  test.each(['', '/', '/.', '/../${name}'])('stand under the folder as named: %j', async (ending) => {
    const folder = testFolder();
    const named = folder + ending.replace('${name}', folder.split('/').at(-1)!);
    writeFileSync(join(folder, 'a.fits'), 'x');
    const run = watchInTest(named);
    await run.until('ready');
    expect(run.files[0]!.path).toBe(join(folder, 'a.fits'));
  });

  test('go through a link if the folder named is one', async () => {
    const link = join(testFolder(), 'tonight');
    symlinkSync(testFolder(), link);
    const run = watchInTest(link);
    await run.until('ready');
    writeFileSync(join(link, 'a.fits'), 'x');
    await run.until('a.fits');
    expect(run.files[0]!.path).toBe(join(link, 'a.fits'));
  });

  test('lead elsewhere when that link is set to another folder', async () => {
    const link = join(testFolder(), 'tonight');
    const [one, other] = [testFolder(), testFolder()];
    writeFileSync(join(one, 'a.fits'), 'x');
    writeFileSync(join(other, 'b.fits'), 'x');
    symlinkSync(one, link);
    const run = watchInTest(link, { rescanMs: 100 });
    await run.until('ready');
    symlinkSync(other, `${link} new`);
    renameSync(`${link} new`, link);
    await run.until('b.fits');
    writeFileSync(join(link, 'c.fits'), 'x');
    await run.until('c.fits');
    expect(run.given).toEqual(['a.fits', 'ready', 'b.fits', 'c.fits']);
  });
});

describe('a watch cannot begin', () => {
  const first = (folder: string, options: object = {}): Promise<unknown> =>
    watchFolder(folder, { accepts: () => true, ...options }).next();

  test('if the folder is not there', async () => {
    const folder = join(testFolder(), 'nowhere');
    await expect(first(folder)).rejects.toThrow(new SolveError('FILE_NOT_FOUND', `${folder}: no such folder`));
  });

  test('if it is a file', async () => {
    const path = join(testFolder(), 'm31.fits');
    writeFileSync(path, 'x');
    await expect(first(path)).rejects.toThrow(new SolveError('BAD_ARGUMENT', `${path}: a file, not a folder`));
  });

  test.each([0, -1, NaN, 2 ** 31, Infinity])('with %d ms to settle', async (settleMs) => {
    await expect(first(testFolder(), { settleMs })).rejects.toThrow(SolveError);
  });

  test('if it is cancelled already', async () => {
    await expect(first(testFolder(), { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });
});
