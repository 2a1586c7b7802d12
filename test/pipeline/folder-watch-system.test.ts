import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testFolder } from './folder-watch-run.ts';

const CHILD = fileURLToPath(new URL('folder-watch-child.mjs', import.meta.url));
const NOBODY = 65_534;

interface Line {
  readonly kind?: string;
  readonly file?: string;
  readonly size?: number;
  readonly reason?: string;
  readonly warning?: string;
}

/** A process that watches, and what it printed. */
interface WatchChild {
  readonly lines: readonly Line[];
  until(isSo: (line: Line, i: number) => boolean): Promise<void>;
  /** Writes a line to it. */
  say(line: string): void;
}

/** @param argv what to run; `node` stands for the child that watches */
function watchInChild(argv: readonly string[], options: { uid?: number } = {}): WatchChild {
  const [command = '', ...args] = argv.flatMap((word) => (word === 'node' ? [process.execPath, CHILD] : [word]));
  // A group of its own: what it starts ends with it.
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  onTestFinished(async () => {
    if (ended) return;
    process.kill(-child.pid!);
    await once(child, 'close');
  });
  const lines: Line[] = [];
  let onLine = (): void => {};
  let ended = false;
  createInterface(child.stdout).on('line', (line) => {
    lines.push(JSON.parse(line) as Line);
    onLine();
  });
  child.on('close', () => {
    ended = true;
    onLine();
  });
  return {
    lines,
    say: (line) => void child.stdin.write(`${line}\n`),
    async until(isSo) {
      while (!lines.some(isSo)) {
        if (ended) throw new Error(`the watch ended after ${JSON.stringify(lines)}`);
        await new Promise<void>((resolve) => {
          onLine = resolve;
        });
      }
    },
  };
}

const may = (...argv: [string, ...string[]]): boolean => spawnSync(argv[0], argv.slice(1)).status === 0;
const mayMount = may('unshare', '-rm', 'true');
const mayLimit = may('unshare', '-r', 'sh', '-c', 'echo 9 > /proc/sys/user/max_inotify_watches');
const isRoot = process.getuid?.() === 0;

describe('a system', () => {
  test.skipIf(!mayLimit)('that has no watches left (or: this test may not limit them) is asked instead', async () => {
    const folder = testFolder();
    for (let i = 0; i < 20; i++) mkdirSync(join(folder, `sub ${i}`));
    const limited = 'echo 9 > /proc/sys/user/max_inotify_watches && exec "$@"';
    const options = JSON.stringify({ recursive: true, rescanMs: 100 });
    const run = watchInChild(['unshare', '-r', 'sh', '-c', limited, 'sh', 'node', folder, options]);
    await run.until(({ kind }) => kind === 'ready');
    for (let i = 0; i < 20; i++) writeFileSync(join(folder, `sub ${i}/a.fits`), 'x');
    for (let i = 0; i < 20; i++) await run.until(({ file }) => file === `sub ${i}/a.fits`);
    const told = 'the system does not tell of all changes (ENOSPC), so the folder is looked through every few seconds';
    expect(run.lines.filter(({ warning }) => warning !== undefined)).toEqual([{ warning: `${folder}: ${told}` }]);
  });
});

describe('a disk', () => {
  test.skipIf(!mayMount)(
    'that is taken away and comes back (or: this test may not mount) keeps what is known',
    async () => {
      const folder = testFolder();
      // A line of input for each step; in a namespace of their own, so that nobody else sees the disk.
      const script = `
      insert() { mount -t tmpfs disk "$0" && echo x > "$0/same.fits" && touch -d @1000000 "$0/same.fits"; }
      insert; "$@" &
      read -r next; umount "$0"
      read -r next; insert; echo x > "$0/new.fits"
      wait`;
      const run = watchInChild(['unshare', '-rm', 'sh', '-c', script, folder, 'node', folder]);
      await run.until(({ kind }) => kind === 'ready');
      run.say('take it away');
      await run.until(({ kind }) => kind === 'gone');
      run.say('bring it back');
      await run.until(({ file }) => file === 'new.fits');
      expect(run.lines).toEqual([
        { kind: 'file', file: 'same.fits', size: 2 },
        { kind: 'ready' },
        { kind: 'gone', reason: 'its disk is not mounted' },
        { kind: 'back' },
        { kind: 'file', file: 'new.fits', size: 2 },
      ]);
    },
  );
});

describe('a folder in the folder', () => {
  test.skipIf(!isRoot)(
    'that may not be read (or: the test cannot become somebody who may not) is told of once',
    async () => {
      const folder = testFolder();
      chmodSync(folder, 0o755);
      const locked = join(folder, 'locked');
      mkdirSync(locked, { mode: 0 });
      const secret = join(folder, 'secret.fits');
      writeFileSync(secret, 'pixels', { mode: 0 });
      const run = watchInChild(['node', folder, JSON.stringify({ recursive: true, rescanMs: 50 })], { uid: NOBODY });
      await run.until(({ kind }) => kind === 'ready');
      writeFileSync(join(locked, 'a.fits'), 'x', { mode: 0o644 });
      writeFileSync(join(folder, 'next.fits'), 'x');
      await run.until(({ file }) => file === 'next.fits');
      chmodSync(locked, 0o755);
      chmodSync(secret, 0o644);
      await run.until(({ file }) => file === 'locked/a.fits');
      // Given again: now it is worth a try.
      await run.until(({ file }, i) => file === 'secret.fits' && i > 3);
      expect(run.lines.slice(0, 4)).toEqual([
        { warning: `${locked}: what is in it is not seen: permission denied` },
        { kind: 'file', file: 'secret.fits', size: 6 },
        { kind: 'ready' },
        { kind: 'file', file: 'next.fits', size: 1 },
      ]);
      expect(run.lines).toHaveLength(6);

      chmodSync(locked, 0);
      await run.until(({ warning }, i) => warning !== undefined && i > 5);
      chmodSync(locked, 0o755);
      writeFileSync(join(locked, 'b.fits'), 'x', { mode: 0o644 });
      await run.until(({ file }) => file === 'locked/b.fits');
      expect(run.lines.slice(6)).toEqual([
        { warning: `${locked}: what is in it is not seen: permission denied` },
        { kind: 'file', file: 'locked/b.fits', size: 1 },
      ]);
    },
  );

  test.skipIf(!isRoot)('that may be listed and not entered (or: as above) has its files given', async () => {
    const folder = testFolder();
    chmodSync(folder, 0o755);
    const shut = join(folder, 'shut');
    mkdirSync(shut);
    writeFileSync(join(shut, 'a.fits'), 'x', { mode: 0o644 });
    chmodSync(shut, 0o744);
    const run = watchInChild(['node', folder, JSON.stringify({ recursive: true, rescanMs: 50 })], { uid: NOBODY });
    await run.until(({ kind }) => kind === 'ready');
    chmodSync(shut, 0o755);
    await run.until(({ size }) => size === 1);
    chmodSync(shut, 0o744);
    writeFileSync(join(folder, 'next.fits'), 'x');
    await run.until(({ file }) => file === 'next.fits');
    expect(run.lines).toEqual([
      { kind: 'file', file: 'shut/a.fits', size: 0 },
      { kind: 'ready' },
      { kind: 'file', file: 'shut/a.fits', size: 1 },
      { kind: 'file', file: 'next.fits', size: 1 },
    ]);
  });
});
