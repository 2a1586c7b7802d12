import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type FolderEvent, watchFolder } from '../../src/pipeline/folder-watch.ts';
import { SETTLE_MS, testFolder, watchInTest } from './folder-watch-run.ts';

const FITS = (name: string): boolean => name.endsWith('.fits');

function fill(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, name), name);
    utimesSync(join(folder, name), 1_000_000, 1_000_000);
  }
}

describe('a folder that goes', () => {
  test.each([{}, { pollMs: 50 }])('and is made again gives what is new or changed (%j)', async (options) => {
    const folder = join(testFolder(), 'tonight');
    fill(folder, ['same.fits', 'changed.fits', 'deleted.fits']);
    const run = watchInTest(folder, options);
    await run.until('ready');
    renameSync(folder, `${folder} away`);
    await run.until('gone');
    fill(folder, ['same.fits', 'changed.fits', 'new.fits']);
    writeFileSync(join(folder, 'changed.fits'), 'of late');
    await run.until('back');
    await run.until('changed.fits', 2);
    expect(run.given.slice(4)).toEqual(['gone', 'back', 'new.fits', 'changed.fits']);
    fill(folder, ['deleted.fits']);
    await run.until('deleted.fits', 2);
    expect(run.given.filter((name) => name === 'same.fits')).toHaveLength(1);
  });

  test('says why, and gives later what had not stood still', async () => {
    const folder = join(testFolder(), 'tonight');
    mkdirSync(folder);
    const run = watchInTest(folder, { settleMs: 1000 });
    await run.until('ready');
    fill(folder, ['half.fits']);
    rmSync(folder, { recursive: true });
    await run.until('gone');
    expect(run.events.at(-1)).toEqual({ kind: 'gone', reason: 'it is not there any more' });
    fill(folder, ['half.fits']);
    await run.until('half.fits');
    expect(run.given).toEqual(['ready', 'gone', 'back', 'half.fits']);
  });

  test('takes those along that nobody has taken yet', async () => {
    const folder = join(testFolder(), 'tonight');
    fill(folder, ['taken.fits', 'waits.fits']);
    const watch = watchFolder(folder, { settleMs: SETTLE_MS, accepts: FITS });
    const take = async (): Promise<string> => {
      const event = (await watch.next()).value as FolderEvent;
      return event.kind === 'file' ? basename(event.file.path) : event.kind;
    };
    expect(await take()).toBe('taken.fits');
    // Another watch tells when this one must know.
    const run = watchInTest(folder);
    await run.until('ready');
    renameSync(folder, `${folder} away`);
    await run.until('gone');
    expect(await take()).toBe('ready');
    expect(await take()).toBe('gone');
    renameSync(`${folder} away`, folder);
    expect([await take(), await take()]).toEqual(['back', 'waits.fits']);
    await watch.return();
  });

  test('before all is ready is ready when it is back', async () => {
    const folder = join(testFolder(), 'tonight');
    fill(folder, ['a.fits']);
    const run = watchInTest(folder, { settleMs: 1000, pollMs: 50 });
    await pause(300);
    renameSync(folder, `${folder} away`);
    await run.until('gone');
    renameSync(`${folder} away`, folder);
    await run.until('ready');
    expect(run.given).toEqual(['gone', 'back', 'a.fits', 'ready']);
  });

  test('can go and come many times', async () => {
    const folder = join(testFolder(), 'tonight');
    const run = (mkdirSync(folder), watchInTest(folder, { recursive: true }));
    await run.until('ready');
    for (let i = 1; i <= 3; i++) {
      rmSync(folder, { recursive: true });
      await run.until('gone', i);
      fill(join(folder, 'sub'), [`${i}.fits`]);
      await run.until(`sub/${i}.fits`);
    }
    expect(run.files).toHaveLength(3);
  });

  test('and has become a file is waited for', async () => {
    const folder = join(testFolder(), 'tonight');
    const run = (mkdirSync(folder), watchInTest(folder));
    await run.until('ready');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'x');
    await run.until('gone');
    unlinkSync(folder);
    fill(folder, ['a.fits']);
    await run.until('a.fits');
  });
});

describe('many files', () => {
  test('at once are all given, each once', async () => {
    const folder = testFolder();
    const run = watchInTest(folder, { recursive: true });
    await run.until('ready');
    const names = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? `sub ${i % 7}/${i}.fits` : `${i}.fits`));
    for (let i = 0; i < 7; i++) mkdirSync(join(folder, `sub ${i}`));
    for (const name of names) writeFileSync(join(folder, name), name);
    await run.untilFiles(1000);
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect([...run.given].sort()).toEqual([...names, 'next.fits', 'ready'].sort());
  });

  test('renamed again and again are given as they end', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    await run.until('ready');
    for (let i = 0; i < 50; i++) writeFileSync(join(folder, `${i} 0.fits`), 'x');
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 50; i++)
        renameSync(join(folder, `${i} ${round}.fits`), join(folder, `${i} ${round + 1}.fits`));
    }
    const last = Array.from({ length: 50 }, (_, i) => `${i} 20.fits`);
    for (const name of last) await run.until(name);
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until('next.fits');
    expect([...run.given].sort()).toEqual([...last, 'next.fits', 'ready'].sort());
  });

  test('changing names with each other are given for what they became', async () => {
    const folder = testFolder();
    const run = watchInTest(folder);
    writeFileSync(join(folder, 'a.fits'), 'a');
    writeFileSync(join(folder, 'b.fits'), 'bb');
    await run.untilFiles(2);
    renameSync(join(folder, 'a.fits'), join(folder, 'c'));
    renameSync(join(folder, 'b.fits'), join(folder, 'a.fits'));
    renameSync(join(folder, 'c'), join(folder, 'b.fits'));
    await run.untilFiles(4);
    expect(run.files.map(({ path, size }) => `${basename(path)} ${size}`).sort()).toEqual([
      'a.fits 1',
      'a.fits 2',
      'b.fits 1',
      'b.fits 2',
    ]);
  });

  test('wait for a consumer who is slow, who then finds what is so now', async () => {
    const folder = testFolder();
    const watch = watchFolder(folder, { settleMs: SETTLE_MS, accepts: FITS });
    const names: string[] = [];
    const take = async (): Promise<FolderEvent> => (await watch.next()).value as FolderEvent;
    expect(await take()).toEqual({ kind: 'ready' });
    // Nothing is taken from here on, while a second watch tells when all of it is known.
    const run = watchInTest(folder, { settleMs: 2 * SETTLE_MS });
    for (let i = 0; i < 300; i++) writeFileSync(join(folder, `${i}.fits`), 'x');
    await run.untilFiles(300);
    unlinkSync(join(folder, '7.fits'));
    for (const content of ['xx', 'xxx', 'xxxx']) {
      writeFileSync(join(folder, '8.fits'), content);
      await run.until('8.fits', content.length);
    }
    writeFileSync(join(folder, 'last.fits'), 'x');
    await run.until('last.fits');
    for (;;) {
      const event = await take();
      if (event.kind !== 'file') throw new Error(event.kind);
      names.push(`${basename(event.file.path)} ${event.file.size}`);
      if (event.file.path.endsWith('last.fits')) break;
    }
    await watch.return();
    const rest = Array.from({ length: 300 }, (_, i) => `${i}.fits 1`).filter((_, i) => i !== 7 && i !== 8);
    expect(names.slice(-2)).toEqual(['8.fits 4', 'last.fits 1']);
    expect(names.slice(0, -2).sort()).toEqual(rest.sort());
  });

  test('that change while they wait are not taken as they were', async () => {
    const folder = testFolder();
    const watch = watchFolder(folder, { settleMs: 500, accepts: FITS });
    const take = async (): Promise<string> => {
      const event = (await watch.next()).value as FolderEvent;
      return event.kind === 'file' ? `${basename(event.file.path)} ${event.file.size}` : event.kind;
    };
    expect(await take()).toBe('ready');
    const run = watchInTest(folder, { settleMs: 700 });
    for (const name of ['a.fits', 'b.fits']) writeFileSync(join(folder, name), 'x');
    await run.untilFiles(2);
    const writer = setInterval(() => writeFileSync(join(folder, 'a.fits'), 'xx'), 50);
    writeFileSync(join(folder, 'c.fits'), 'x');
    await run.until('c.fits');
    expect([await take(), await take()]).toEqual(['b.fits 1', 'c.fits 1']);
    clearInterval(writer);
    expect(await take()).toBe('a.fits 2');
    await watch.return();
  });
});

/** What keeps a process alive or costs it a handle. */
function held(): { readonly files: number; readonly watches: number; readonly resources: string } {
  const watches = readdirSync('/proc/self/fdinfo')
    .map((fd) => (existsSync(`/proc/self/fdinfo/${fd}`) ? readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8') : ''))
    .flatMap((text) => text.split('\n').filter((line) => line.startsWith('inotify')));
  const resources = process.getActiveResourcesInfo().filter((name) => /FSEvent|FSReq|Timeout/.test(name));
  return { files: readdirSync('/proc/self/fd').length, watches: watches.length, resources: resources.sort().join(' ') };
}

describe('the end of a watch', () => {
  const ends = ['break', 'abort', 'throw'] as const;
  test.each(ends)('by %s leaves no handle, no watch and no timer', async (how) => {
    const folder = testFolder();
    for (let i = 0; i < 20; i++) fill(join(folder, `sub ${i}`), ['a.fits']);
    // The first watch of a process opens what all share.
    await watchFolder(folder, { accepts: FITS })
      .next()
      .catch(() => {});
    const run = async (): Promise<void> => {
      const stop = new AbortController();
      const options = { accepts: FITS, recursive: true, existing: false, settleMs: 60_000, signal: stop.signal };
      const loop = async (): Promise<void> => {
        for await (const event of watchFolder(folder, options)) {
          if (event.kind !== 'ready') continue;
          expect(held().watches).toBeGreaterThanOrEqual(21);
          // Something is pending when it ends, for a minute.
          writeFileSync(join(folder, 'sub 3/late.fits'), String(Math.random()));
          await pause(200);
          if (how === 'break') break;
          if (how === 'throw') throw new Error('enough');
          setImmediate(() => stop.abort(new Error('enough')));
        }
      };
      if (how === 'break') await loop();
      else await expect(loop()).rejects.toThrow('enough');
    };
    await run();
    const before = held();
    for (let i = 0; i < 5; i++) await run();
    // Requests to the file system that were on their way come to their end.
    await pause(100);
    const after = held();
    expect(after.watches).toBe(before.watches);
    expect(after.files).toBeLessThanOrEqual(before.files);
    expect(after.resources.split(' ').length).toBeLessThanOrEqual(before.resources.split(' ').length);
  });

  test('comes with what a function of the caller throws', async () => {
    const folder = testFolder();
    let angry = false;
    const run = watchInTest(folder, {
      accepts: () => {
        if (angry) throw new Error('not today');
        return true;
      },
    });
    await run.until('ready');
    angry = true;
    writeFileSync(join(folder, 'a.fits'), 'x');
    expect(await run.ending).toEqual(new Error('not today'));
  });
});

describe('a long night', () => {
  test('of 5000 files leaves the memory as it was', async () => {
    const day = fileURLToPath(new URL('folder-watch-day.mjs', import.meta.url));
    const child = spawn(process.execPath, ['--expose-gc', day, testFolder(), '5000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const { early, late } = JSON.parse(out) as Record<'early' | 'late', { heap: number; files: number; given: number }>;
    expect(late.given).toBe(5000);
    expect(late.files).toBe(early.files);
    // 4000 files that are remembered would take more than 1 MB.
    expect(late.heap - early.heap).toBeLessThan(400_000);
  });
});
