import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
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
import { SETTLE_MS, testFolder, watchInTest, writeOld } from './folder-watch-run.ts';

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

describe('a file', () => {
  /** Long beside the pauses of the writers here, so that a busy machine does not make them look as if they were done. */
  const PATIENT = { settleMs: 800 };

  test('is given once and whole, however slowly it is written', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, PATIENT);
    await run.until('ready');
    const writer = spawn(
      'sh',
      ['-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do printf 0123456789; sleep 0.15; done > m31.fits'],
      {
        cwd: folder,
      },
    );
    await once(writer, 'exit');
    await run.until('m31.fits');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.given).toEqual(['ready', 'm31.fits', 'next.fits']);
    expect(run.files[0]!.size).toBe(100);
  });

  test('whose size is there before its content is given when it is filled', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, PATIENT);
    await run.until('ready');
    const file = openSync(join(folder, 'm31.fits'), 'w');
    ftruncateSync(file, 1_000_000);
    let written = 0;
    for (let i = 0; i < 15; i++) {
      written = Date.now();
      writeSync(file, 'pixels', i * 6);
      await pause(100);
    }
    closeSync(file);
    await run.until('m31.fits');
    expect(run.given).toEqual(['ready', 'm31.fits']);
    expect(run.files[0]!.settledAt).toBeGreaterThan(written);
  });

  test('that gets an old date at the end, as a copy does, is given once with that date', async () => {
    const folder = testFolder();
    const from = join(testFolder(), 'm31.fits');
    writeOld(from, 'x'.repeat(100_000), 600);
    const run = watchInTest(folder);
    await run.until('ready');
    await once(spawn('cp', ['-p', from, folder]), 'exit');
    await run.until('m31.fits');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.given).toEqual(['ready', 'm31.fits', 'next.fits']);
    expect(Number(run.files[0]!.mtimeNs / 1_000_000n)).toBeLessThan(Date.now() - 500 * 60_000);
  });

  test('whose date alone changes before it stands still waits anew', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, { ...PATIENT, pollMs: 20 });
    await run.until('ready');
    const path = join(folder, 'm31.fits');
    writeFileSync(path, 'whole');
    let touched = 0;
    for (let i = 0; i < 15; i++) {
      touched = Date.now();
      utimesSync(path, 1000 + i, 1000 + i);
      await pause(100);
    }
    await run.until('m31.fits');
    expect(run.files).toHaveLength(1);
    expect(run.files[0]!.settledAt).toBeGreaterThan(touched + 700);
    expect(run.files[0]!.mtimeNs).toBe(1_014_000_000_000n);
  });

  test('that something is done with is not given meanwhile, even if nothing is written', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, PATIENT);
    await run.until('ready');
    const path = join(folder, 'm31.fits');
    writeFileSync(path, 'whole');
    let touched = 0;
    for (let i = 0; i < 15; i++) {
      touched = Date.now();
      chmodSync(path, i % 2 === 0 ? 0o600 : 0o644);
      await pause(100);
    }
    await run.until('m31.fits');
    expect(run.files[0]!.settledAt).toBeGreaterThan(touched + 700);
  });

  test('that is written where the system does not tell of it is given when it is written', async () => {
    const folder = testFolder();
    const real = join(testFolder(), 'real.fits');
    writeFileSync(real, 'x');
    symlinkSync(real, join(folder, 'link.fits'));
    const run = watchInTest(folder, PATIENT);
    let written = 0;
    for (let i = 0; i < 15; i++) {
      written = Date.now();
      appendFileSync(real, 'x');
      await pause(100);
    }
    await run.until('link.fits');
    expect(run.files.map(({ size }) => size)).toEqual([16]);
    expect(run.files[0]!.settledAt).toBeGreaterThan(written + 700);
  });

  test('whose writer pauses for too long is given again when it goes on', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    const path = join(folder, 'm31.fits');
    writeFileSync(path, 'half');
    await run.until('m31.fits');
    appendFileSync(path, 'half');
    await run.until('m31.fits', 2);
    expect(run.files.map(({ size }) => size)).toEqual([4, 8]);
  });

  test('that is overwritten with as many bytes is given again', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    const path = join(folder, 'm31.fits');
    writeFileSync(path, 'first');
    await run.until('m31.fits');
    writeFileSync(path, 'other');
    await run.until('m31.fits', 2);
  });

  test('that another takes the place of is given again', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    writeFileSync(join(folder, 'm31.fits'), 'first');
    await run.until('m31.fits');
    writeFileSync(join(folder, '.new'), 'second');
    renameSync(join(folder, '.new'), join(folder, 'm31.fits'));
    await run.until('m31.fits', 2);
    expect(run.files.map(({ size }) => size)).toEqual([5, 6]);
  });

  test('that is only read, or whose rights change, is not given again', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    const path = join(folder, 'm31.fits');
    writeFileSync(path, 'first');
    await run.until('m31.fits');
    chmodSync(path, 0o644);
    chmodSync(path, 0o600);
    copyFileSync(path, join(folder, 'copy.fits'));
    await run.until('copy.fits');
    expect(run.files).toHaveLength(2);
  });

  test('that is empty is given when it is no longer', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'old.fits'), '');
    const run = watchInTest(folder);
    writeFileSync(join(folder, 'new.fits'), '');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.files).toHaveLength(1);
    writeFileSync(join(folder, 'old.fits'), 'x');
    writeFileSync(join(folder, 'new.fits'), 'x');
    await run.untilFiles(3);
    truncateSync(join(folder, 'new.fits'), 0);
    writeFileSync(join(folder, 'last.fits'), 'x');
    await run.until('last.fits');
    expect(run.files).toHaveLength(4);
  });

  test('that goes before it stands still is not given', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, PATIENT);
    await run.until('ready');
    writeFileSync(join(folder, 'gone.fits'), 'x');
    await pause(300);
    unlinkSync(join(folder, 'gone.fits'));
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.given).toEqual(['ready', 'next.fits']);
  });

  test('that comes again after it was deleted is given again', async () => {
    const folder = testFolder();
    const path = join(folder, 'm31.fits');
    writeOld(path, 'x', 10);
    const run = watchInTest(folder);
    await run.until('m31.fits');
    unlinkSync(path);
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    writeOld(path, 'x', 10);
    await run.until('m31.fits', 2);
  });

  test('is given under its last name alone if it is written under another', async () => {
    const folder = testFolder();
    const elsewhere = testFolder();
    const run = watchInTest(folder);
    await run.until('ready');
    for (const [n, name] of ['a.fits.part', 'b.fits.tmp', '.c.fits', 'd.fits~'].entries()) {
      writeFileSync(join(folder, name), 'x');
      renameSync(join(folder, name), join(folder, `${n}.fits`));
    }
    writeFileSync(join(folder, 'stays.fits.part'), 'x');
    writeFileSync(join(folder, '.hidden.fits'), 'x');
    writeFileSync(join(elsewhere, '4.fits'), 'x');
    renameSync(join(elsewhere, '4.fits'), join(folder, '4.fits'));
    await run.untilFiles(5);
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect([...run.given].sort()).toEqual(['0.fits', '1.fits', '2.fits', '3.fits', '4.fits', 'next.fits', 'ready']);
  });

  test('that nobody may read is given: what is wrong with it is for the reader to say', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    writeFileSync(join(folder, 'secret.fits'), 'x');
    chmodSync(join(folder, 'secret.fits'), 0);
    await run.until('secret.fits');
  });

  test('is one if a link leads to it, and never a folder, a pipe or a link to nothing', async () => {
    const folder = testFolder();
    const elsewhere = testFolder();
    writeFileSync(join(elsewhere, 'real.fits'), 'x');
    const make = async (when: string): Promise<void> => {
      symlinkSync(join(elsewhere, 'real.fits'), join(folder, `${when} link.fits`));
      symlinkSync(join(elsewhere, 'nothing.fits'), join(folder, `${when} broken.fits`));
      symlinkSync(`${when} circle.fits`, join(folder, `${when} circle.fits`));
      symlinkSync(elsewhere, join(folder, `${when} link to folder.fits`));
      mkdirSync(join(folder, `${when} folder.fits`));
      await once(spawn('mkfifo', [join(folder, `${when} pipe.fits`)]), 'exit');
    };
    await make('early');
    const run = watchInTest(folder);
    await run.until('ready');
    await make('late');
    await run.until('late link.fits');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.given).toEqual(['early link.fits', 'ready', 'late link.fits', 'next.fits']);
  });

  test('that is ignored is not given, early or late', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, { ignores: (path) => path === join(folder, 'annotated.fits') });
    writeFileSync(join(folder, 'annotated.fits'), 'x');
    await run.until('ready');
    writeFileSync(join(folder, 'annotated.fits'), 'xx');
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect(run.files).toHaveLength(1);
  });

  test('is told of with times that fit', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    await run.until('ready');
    const before = Date.now();
    writeFileSync(join(folder, 'm31.fits'), 'x');
    await run.until('m31.fits');
    const { writtenAt, settledAt } = run.files[0]!;
    expect(writtenAt).toBeGreaterThanOrEqual(before);
    expect(settledAt - writtenAt).toBeGreaterThanOrEqual(SETTLE_MS - 2);
    expect(settledAt).toBeLessThanOrEqual(Date.now());
  });
});
