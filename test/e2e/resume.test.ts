import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeFrames } from './frames.ts';
import { type Ending, type JsonLine, type Run, fixture, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();
const COUNT = 8;
let frames: string[];
let room: string;
let night: string;
let state: string;
let count = 0;

beforeAll(async () => {
  frames = await writeFrames(join(scratch, 'frames'), COUNT);
});

/** Each test has a folder of frames and a user of its own. */
beforeEach(() => {
  room = join(scratch, `room ${count++}`);
  state = join(room, 'state');
  night = join(room, 'Nächte im März', 'lights 1');
  mkdirSync(night, { recursive: true });
  for (const frame of frames) copyFileSync(frame, join(night, basename(frame)));
});

function begin(args: readonly string[], { cwd = room, home = state } = {}): Run {
  const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '', XDG_CONFIG_HOME: room };
  return start(args, { cwd, env: { ...none, XDG_STATE_HOME: home } });
}

async function solve(args: readonly string[], options: { cwd?: string; home?: string } = {}): Promise<Ending> {
  const { child, ending } = begin(args, options);
  child.stdin?.end();
  return await ending;
}

function answers({ out }: Ending): JsonLine[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonLine);
}

const files = (ended: Ending): string[] => answers(ended).map(({ file }) => file);
const resumed = (ended: Ending): number => answers(ended).filter((line) => line['resumed'] === true).length;

/** Starts a run and ends it when it has given so many answers. */
async function cutOff(args: readonly string[], after: number, signal: NodeJS.Signals, cwd = room): Promise<Ending> {
  const { child, ending } = begin(args, { cwd });
  let seen = 0;
  createInterface({ input: child.stdout! }).on('line', () => {
    if (++seen === after) child.kill(signal);
  });
  const ended = await ending;
  expect(answers(ended).length).toBeLessThan(COUNT);
  return ended;
}

describe('after kill -9', () => {
  test('--resume prints every image once, those known with resumed, and writes what is missing', async () => {
    const args = ['--json', '--wcs', '--out-dir', 'wcs', night];
    const before = await cutOff(args, 3, 'SIGKILL');
    expect(before.signal).toBe('SIGKILL');
    const known = files(before);
    const [lost, there] = [basename(known[0]!, '.fits'), basename(known[1]!, '.fits')];
    const wcs = (name: string): string => join(room, 'wcs', `${name}.wcs`);
    rmSync(wcs(lost));
    const when = new Date('2026-01-01T00:00:00Z');
    utimesSync(wcs(there), when, when);
    const after = await solve(['--resume', ...args]);
    expect({ code: after.code, err: after.err }).toEqual({ code: 0, err: '' });
    expect(new Set(files(after))).toEqual(new Set(frames.map((frame) => join(night, basename(frame)))));
    expect(files(after)).toHaveLength(COUNT);
    expect(resumed(after)).toBeGreaterThanOrEqual(3);
    for (const answer of answers(after)) {
      if (known.includes(answer.file)) expect(answer['resumed']).toBe(true);
    }
    const old = new Map(answers(before).map((answer) => [answer.file, answer]));
    for (const { resumed: _, ...answer } of answers(after)) {
      if (old.has(answer.file)) expect(answer).toEqual(old.get(answer.file));
    }
    expect(readdirSync(join(room, 'wcs'))).toHaveLength(COUNT);
    expect(readFileSync(wcs(lost)).length).toBeGreaterThan(0);
    expect(readdirSync(night)).toHaveLength(COUNT);
  });

  test('the same command goes on by itself, says so, and the one after that begins anew', async () => {
    const known = files(await cutOff(['--json', night], 3, 'SIGKILL')).length;
    const second = await solve(['--json', night]);
    expect(second.code).toBe(0);
    const counted = /^the last run here was cut off: answers that it had found are not looked for again \((\d+) in its/;
    expect(Number(counted.exec(second.notes[0]!)?.[1])).toBeGreaterThanOrEqual(known);
    expect(resumed(second)).toBeGreaterThanOrEqual(known);
    expect(files(second)).toHaveLength(COUNT);
    const third = await solve(['--json', night]);
    expect({ err: third.err, resumed: resumed(third), count: files(third).length }).toEqual({
      err: '',
      resumed: 0,
      count: COUNT,
    });
  });

  test('--quiet goes on as well, and does not say so', async () => {
    await cutOff(['--json', night], 3, 'SIGKILL');
    const second = await solve(['--json', '--quiet', night]);
    expect(second.err).toBe('');
    expect(resumed(second)).toBeGreaterThanOrEqual(3);
  });

  test('solve resume calls the run again, from where it was called, be the user elsewhere', async () => {
    await cutOff(['--json', '--wcs', '--out-dir', 'out', 'lights 1'], 2, 'SIGKILL', join(night, '..'));
    const status = await solve(['status', night]);
    expect(status.out).toContain('cut off: solve resume goes on with it');
    expect(status.code).toBe(1);
    const ended = await solve(['resume']);
    expect(ended.code).toBe(0);
    expect(files(ended)).toHaveLength(COUNT);
    expect(resumed(ended)).toBeGreaterThanOrEqual(2);
    expect(readdirSync(join(night, '..', 'out'))).toHaveLength(COUNT);
    const again = await solve(['resume']);
    expect(again).toMatchObject({ code: 0, out: '', notes: ['no run was interrupted'] });
    expect((await solve(['resume', night])).notes).toEqual([`${night}: the last run there has ended, nothing is left`]);
  });

  test('the journal is that of the folder that was named, whichever images are in it', async () => {
    const deep = join(night, 'sub');
    mkdirSync(deep);
    const only = join(room, 'all');
    mkdirSync(join(only, 'first'), { recursive: true });
    for (const name of readdirSync(night).filter((entry) => entry.endsWith('.fits'))) {
      copyFileSync(join(night, name), join(only, 'first', name));
    }
    await cutOff(['--json', '-r', only], 3, 'SIGKILL');
    mkdirSync(join(only, 'second'));
    copyFileSync(fixture('synthetic/dev01_orion_2p5.fits'), join(only, 'second', 'x.fits'));
    const after = await solve(['--json', '-r', '--resume', only]);
    expect(files(after)).toHaveLength(COUNT + 1);
    expect(resumed(after)).toBeGreaterThanOrEqual(3);
    expect((await solve(['status', only])).code).toBe(0);
  });
});

describe('after Ctrl-C', () => {
  test('the same command begins anew, and with --resume goes on', async () => {
    const first = await cutOff(['--json', night], 3, 'SIGINT');
    expect(first.code).toBe(130);
    expect((await solve(['status', night])).out).toMatch(/, stopped .* UTC: solve resume goes on with it\n/);
    const plain = await cutOff(['--json', night], 3, 'SIGINT');
    expect(resumed(plain)).toBe(0);
    const ended = await solve(['resume', night]);
    expect(ended.code).toBe(0);
    expect(resumed(ended)).toBeGreaterThanOrEqual(3);
    expect(files(ended)).toHaveLength(COUNT);
  });
});

describe('retry', () => {
  test('--failed takes what has no solution, --errors what could not be read, and what is mended is solved', async () => {
    copyFileSync(fixture('negative/neg_one_star.fits'), join(night, 'star.fits'));
    copyFileSync(fixture('negative/neg_truncated.fits'), join(night, 'half.fits'));
    expect((await solve(['--json', night])).code).toBe(3);
    const failed = await solve(['retry', '--failed', night]);
    expect(failed.code).toBe(3);
    // As the first run was asked: one JSON object a line.
    expect(
      files(failed)
        .map((file) => basename(file))
        .toSorted(),
    ).toEqual(['half.fits', 'star.fits']);
    expect(files(await solve(['retry', '--errors', night])).map((file) => basename(file))).toEqual(['half.fits']);
    expect(files(await solve(['retry']))).toHaveLength(2);
    copyFileSync(frames[0]!, join(night, 'half.fits'));
    rmSync(join(night, 'star.fits'));
    // What is gone or was replaced is not the concern of retry.
    expect(await solve(['retry', night])).toMatchObject({ code: 0, notes: [`${night}: nothing to try again`] });
    const status = await solve(['status', night]);
    expect(status).toMatchObject({ code: 0 });
    expect(status.out).toContain('(2 without a solution gone, replaced or solved otherwise since)');
  });

  test('what is solved when it is asked otherwise counts as solved', async () => {
    const image = join(night, 'cube.fits');
    copyFileSync(fixture('synthetic/dev21_8bit_ext.fits'), image);
    expect((await solve(['--json', '--extension', '0', night])).code).toBe(3);
    expect((await solve(['status', night])).code).toBe(1);
    const retried = await solve(['retry', '--extension', '1', night]);
    expect(answers(retried)).toMatchObject([{ file: image, status: 'solved' }]);
    expect((await solve(['status', night])).code).toBe(0);
    expect((await solve(['retry', night])).notes).toEqual([`${night}: nothing to try again`]);
  });

  test('an image that could not be read and now can is settled once it is solved', async () => {
    const image = join(night, 'late.fits');
    expect((await solve(['--json', image, join(night, '00000.fits')])).code).toBe(3);
    copyFileSync(frames[1]!, image);
    const retried = await solve(['retry', night]);
    expect(answers(retried)).toMatchObject([{ file: image, status: 'solved' }]);
    expect((await solve(['status', night])).code).toBe(0);
  });

  test('files go where the first run put them, be the user elsewhere', async () => {
    copyFileSync(fixture('negative/neg_truncated.fits'), join(night, 'half.fits'));
    await solve(['--wcs', '--out-dir', 'out', 'lights 1'], { cwd: join(night, '..') });
    const path = join(night, 'half.fits');
    copyFileSync(fixture('negative/neg_one_star.fits'), path);
    await solve(['--wcs', '--out-dir', 'out', 'lights 1', '--overwrite'], { cwd: join(night, '..') });
    expect(existsSync(join(night, '..', 'out', 'half.wcs'))).toBe(false);
    const ended = await solve(['retry', '--json', night], { cwd: room });
    expect(answers(ended)).toMatchObject([{ file: path, status: 'unsolved' }]);
    expect(existsSync(join(room, 'out'))).toBe(false);
    expect((await solve(['resume', night])).notes[0]).toContain('nothing is left');
  });

  test('--failed and --errors are not given together; nothing known is no fault', async () => {
    expect((await solve(['retry', '--failed', '--errors', night])).code).toBe(2);
    expect(await solve(['retry'])).toMatchObject({ code: 0, notes: ['nothing was solved by this user so far'] });
  });
});

describe('status of a folder', () => {
  test('in text, as JSON, and with each image', async () => {
    copyFileSync(fixture('negative/neg_one_star.fits'), join(night, 'star.fits'));
    await solve(['--json', night]);
    const text = await solve(['status', night]);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(
      /^.*Nächte im März\/lights 1: 8 solved, 1 unsolved\n {2}last run: solve --json .*, begun \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, ended .* UTC\n$/,
    );
    const json = await solve(['status', '--json', night]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      folder: night,
      images: 9,
      solved: 8,
      unsolved: 1,
      failed: 0,
      left: 1,
      lastRun: { command: 'solve', interrupted: false, stopped: false, cwd: room },
    });
    const verbose = await solve(['status', '-v', night]);
    expect(verbose.out.split('\n').slice(2, -1).toSorted()).toEqual(
      [
        ...frames.map((frame) => `  ${join(night, basename(frame))}: solved`),
        `  ${join(night, 'star.fits')}: unsolved`,
      ].toSorted(),
    );
    const both = await solve(['status', '-v', '--json', night]);
    const [, first] = both.out.split('\n').map((line) => (line === '' ? {} : (JSON.parse(line) as object)));
    expect(first).toMatchObject({ file: join(night, '00000.fits'), state: 'solved', attempt: 1 });
  });

  test('of all folders, of one that was never worked on, of a file', async () => {
    expect(await solve(['status'])).toMatchObject({
      code: 0,
      out: '',
      notes: ['no images of a folder were solved by this user so far'],
    });
    await solve(['--json', night]);
    expect((await solve(['status'])).out).toContain('lights 1: 8 solved');
    expect(await solve(['status', room])).toMatchObject({ code: 3 });
    expect((await solve(['status', join(room, 'nowhere')])).notes[0]).toContain(
      'no number of a submission, and no folder',
    );
    expect(await solve(['status', join(night, '00000.fits')])).toMatchObject({ code: 2 });
  });
});

describe('two processes at one journal', () => {
  test('the second says so: with --resume it leaves, without it works and is not remembered', async () => {
    // Standard input that does not end keeps it at work.
    const first = begin(['--json', night, '-']);
    let seen = 0;
    const all = new Promise<void>((resolve) => {
      createInterface({ input: first.child.stdout! }).on('line', () => {
        if (++seen === COUNT) resolve();
      });
    });
    await all;
    const busy = await solve(['--json', '--resume', night]);
    expect(busy).toMatchObject({ code: 3, out: '' });
    expect(busy.notes).toHaveLength(1);
    expect(busy.notes[0]).toContain(`process ${first.child.pid}`);
    const plain = await solve(['--json', night]);
    expect(plain.code).toBe(0);
    expect(files(plain)).toHaveLength(COUNT);
    expect(plain.notes).toHaveLength(1);
    expect(plain.notes[0]).toMatch(/^this run cannot be resumed: .*process \d+/);
    expect((await solve(['status', night])).out).toContain(`at work (process ${first.child.pid})`);
    expect((await solve(['resume', night])).notes).toEqual([`${night}: another process is at it`]);
    first.child.kill('SIGINT');
    expect((await first.ending).code).toBe(130);
  });
});

describe('where nothing can be remembered', () => {
  test('a batch works without a word, says why with -v, and --resume is a fault', async () => {
    const home = join(room, 'a file');
    writeFileSync(home, '');
    const plain = await solve(['--json', night], { home });
    expect({ code: plain.code, err: plain.err, count: files(plain).length }).toEqual({
      code: 0,
      err: '',
      count: COUNT,
    });
    const verbose = await solve(['--json', '-v', night], { home });
    expect(verbose.code).toBe(0);
    expect(verbose.err).toContain('this run cannot be resumed: ');
    const resume = await solve(['--json', '--resume', night], { home });
    expect(resume).toMatchObject({ code: 3, out: '' });
    expect(resume.notes).toHaveLength(1);
  });

  test('one image is solved without a journal', async () => {
    expect((await solve(['--json', join(night, '00000.fits')])).code).toBe(0);
    expect(existsSync(state)).toBe(false);
  });

  test('nothing is written beside the images, which may be read-only', async () => {
    chmodSync(night, 0o555);
    const ended = await solve(['--json', night]);
    chmodSync(night, 0o755);
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: '' });
    expect(readdirSync(night)).toHaveLength(COUNT);
  });
});
