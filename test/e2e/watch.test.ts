import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { API_KEY, startNova } from '../session/set-up.ts';
import { solveLikeRecorded } from '../helpers/solved-job.ts';
import { writeFrames } from './frames.ts';
import { type Ending, fixture, scratchFolder, start } from './program.ts';
import { watchInTest } from './watch-run.ts';

const scratch = scratchFolder();
let frames: string[];
let room: string;
let night: string;
let count = 0;

beforeAll(async () => {
  frames = await writeFrames(join(scratch, 'frames'), 6);
});

beforeEach(() => {
  room = join(scratch, `room ${count++}`);
  night = join(room, 'night');
  mkdirSync(night, { recursive: true });
});

/** Puts a frame into the folder. */
function put(i: number, name = basename(frames[i]!)): string {
  const path = join(night, name);
  copyFileSync(frames[i]!, path);
  return path;
}

async function solve(...args: string[]): Promise<Ending> {
  const { child, ending } = start(args, { cwd: room, env: { XDG_STATE_HOME: join(room, 'state') } });
  child.stdin?.end();
  return await ending;
}

describe('what comes into the folder', () => {
  test('files that are there and files that come are solved, each once; Ctrl-C ends it with a summary', async () => {
    const old = [put(0), put(1)];
    const watch = watchInTest(room, [night]);
    expect(await watch.event('watching')).toMatchObject({ folder: night });
    await watch.event('ready');
    const fresh = [put(2), put(3)];
    for (const file of [...old, ...fresh]) expect(await watch.answer(file)).toMatchObject({ status: 'solved' });
    watch.kill('SIGINT');
    const { code, signal, notes } = await watch.ending;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(watch.answers()).toHaveLength(4);
    expect(watch.lines.at(-1)).toMatchObject({ event: 'summary', solved: 4, unsolved: 0, failed: 0, known: 0 });
    expect(notes).toEqual([
      expect.stringMatching(/night: watched for \d+ s: 4 solved \(median \d\.\d\d s\), 0 unsolved, 0 failed$/),
    ]);
  });

  test('a file that is written slowly is read when it is whole; half a file is told, and solved when it is completed', async () => {
    const bytes = readFileSync(frames[0]!);
    const watch = watchInTest(room, [night]);
    await watch.event('ready');
    const slow = join(night, 'slow.fits');
    const half = join(night, 'half.fits');
    writeFileSync(half, bytes.subarray(0, bytes.length / 2));
    writeFileSync(slow, '');
    const piece = Math.ceil(bytes.length / 8);
    for (let at = 0; at < bytes.length; at += piece) {
      appendFileSync(slow, bytes.subarray(at, at + piece));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(await watch.answer(slow)).toMatchObject({ status: 'solved' });
    expect(await watch.answer(half)).toMatchObject({ status: 'error', error: { code: 'FITS_TRUNCATED' } });
    appendFileSync(half, bytes.subarray(bytes.length / 2));
    // The same content as the other: nothing is solved for it.
    expect(await watch.answer(half, 2)).toMatchObject({ status: 'solved', resumed: true });
    watch.kill('SIGINT');
    expect((await watch.ending).code).toBe(3);
    expect((await solve('status', night)).code).toBe(0);
  });

  test('a copy is answered from the journal, and so is a renamed image', async () => {
    const first = put(0);
    const watch = watchInTest(room, [night]);
    const answer = await watch.answer(first);
    await watch.event('ready');
    const copy = put(0, 'copy.fits');
    expect(await watch.answer(copy)).toMatchObject({ ra: answer['ra'], resumed: true });
    const renamed = join(night, 'renamed.fits');
    renameSync(first, renamed);
    expect(await watch.answer(renamed)).toMatchObject({ resumed: true });
    watch.kill('SIGINT');
    await watch.ending;
    expect(watch.lines.at(-1)).toMatchObject({ event: 'summary', solved: 1, known: 2 });
  });

  test('what is no image, its own output and sub-folders are passed by; -r takes sub-folders', async () => {
    writeFileSync(join(night, 'notes.txt'), 'clouds');
    mkdirSync(join(night, 'flats'));
    const inner = join(night, 'flats', 'a.fits');
    copyFileSync(frames[1]!, inner);
    const args = ['--wcs', '--health-file', join(night, 'health.json'), night];
    const watch = watchInTest(room, args);
    await watch.answer(put(0));
    expect(readdirSync(night).toSorted()).toEqual(['00000.fits', '00000.wcs', 'flats', 'health.json', 'notes.txt']);
    await watch.answer(put(2));
    watch.kill('SIGINT');
    expect((await watch.ending).code).toBe(0);
    expect(watch.answers()).toHaveLength(2);
    const deep = watchInTest(room, ['-r', ...args]);
    await deep.answer(inner);
    await deep.event('ready');
    const later = join(night, 'later', 'deep');
    mkdirSync(later, { recursive: true });
    copyFileSync(frames[3]!, join(later, 'b.fits'));
    await deep.answer(join(later, 'b.fits'));
    deep.kill('SIGINT');
    await deep.ending;
    expect(deep.answers().map(({ file }) => file)).toEqual([inner, join(later, 'b.fits')]);
  });

  test('with --new-only what is there at the start is left out', async () => {
    put(0);
    const watch = watchInTest(room, ['--new-only', night]);
    await watch.event('ready');
    const file = put(1);
    await watch.answer(file);
    watch.kill('SIGINT');
    await watch.ending;
    expect(watch.answers().map((line) => line.file)).toEqual([file]);
  });

  test('a folder that is asked about every so often works as well', async () => {
    const watch = watchInTest(room, ['--poll-folder', '0.1', night]);
    await watch.event('ready');
    await watch.answer(put(0));
  });

  test('what cannot be solved is told, named in the summary, and tried again by retry', async () => {
    const watch = watchInTest(room, [night]);
    await watch.event('ready');
    const star = join(night, 'star.fits');
    copyFileSync(fixture('negative/neg_one_star.fits'), star);
    expect(await watch.answer(star)).toMatchObject({ status: 'unsolved', reasonCode: 'too-few-sources' });
    watch.kill('SIGINT');
    const { code, notes } = await watch.ending;
    expect(code).toBe(1);
    expect(notes[0]).toContain('0 solved, 1 unsolved, 0 failed');
    expect(notes[1]).toContain(`  ${star}: `);
    expect(notes[2]).toBe(`  solve retry --failed ${night} tries them again`);
    const retried = await solve('retry', '--failed', night);
    expect(JSON.parse(retried.out)).toMatchObject({ file: star, status: 'unsolved' });
  });
});

describe('beginning again', () => {
  test('what was solved is neither solved nor printed again', async () => {
    const files = [put(0), put(1)];
    const first = watchInTest(room, [night]);
    for (const file of files) await first.answer(file);
    first.kill('SIGINT');
    await first.ending;
    const second = watchInTest(room, [night]);
    await second.event('ready');
    const file = put(2);
    await second.answer(file);
    second.kill('SIGINT');
    await second.ending;
    expect(second.answers().map((line) => line.file)).toEqual([file]);
    expect(second.lines.at(-1)).toMatchObject({ event: 'summary', solved: 1, known: 2 });
  });

  test('after kill -9 nothing is lost and nothing solved twice', async () => {
    const files = frames.map((_, i) => put(i));
    const first = watchInTest(room, ['-j', '1', night]);
    await first.until(({ event }) => event === undefined, 2);
    first.kill('SIGKILL');
    await first.ending;
    const before = first.answers().map(({ file }) => file);
    const second = watchInTest(room, ['--wcs', '--out-dir', join(room, 'wcs'), night]);
    await second.event('ready');
    await expect.poll(() => readWcs().length, { timeout: 10_000 }).toBe(files.length);
    second.kill('SIGINT');
    await second.ending;
    const after = second.answers().map(({ file }) => file);
    for (const file of before) expect(after).not.toContain(file);
    const { known, solved } = second.lines.at(-1)! as { known?: number; solved?: number };
    expect(known! + solved!).toBe(files.length);
    expect(known).toBeGreaterThanOrEqual(before.length);
    const status = await solve('status', '--json', night);
    expect(JSON.parse(status.out)).toMatchObject({ images: files.length, solved: files.length, left: 0 });
  });

  function readWcs(): string[] {
    try {
      return readdirSync(join(room, 'wcs'));
    } catch {
      return [];
    }
  }

  test('a second watch of the folder says who has it', async () => {
    const first = watchInTest(room, [night]);
    await first.event('ready');
    const second = await solve('watch', night);
    expect(second.code).toBe(3);
    expect(second.notes).toHaveLength(1);
    expect(second.notes[0]).toContain(`process ${first.pid}`);
  });
});

describe('the folder', () => {
  test('that disappears and comes back is waited for', async () => {
    const seen = put(0);
    const watch = watchInTest(room, ['--health-file', join(room, 'health.json'), '--status-port', '0', night]);
    const { url } = await watch.event('watching');
    await watch.answer(seen);
    renameSync(night, `${night} away`);
    expect(await watch.event('gone')).toMatchObject({ reason: expect.any(String) as string });
    const trouble = await fetch(`${String(url)}/health`);
    expect(trouble.status).toBe(503);
    expect(await trouble.json()).toMatchObject({
      status: 'trouble',
      trouble: expect.stringContaining(night) as string,
    });
    renameSync(`${night} away`, night);
    await watch.event('back');
    await watch.answer(put(1));
    expect((await fetch(`${String(url)}/health`)).status).toBe(200);
    watch.kill('SIGINT');
    await watch.ending;
    expect(watch.answers()).toHaveLength(2);
  });

  test('that is not there, or is a file, is one clear line', async () => {
    const missing = await solve('watch', join(room, 'nowhere'));
    expect(missing).toMatchObject({ code: 3, out: '' });
    expect(missing.notes).toEqual([
      `solve: ${join(room, 'nowhere')}: no such folder. Check the spelling and the folder.`,
    ]);
    const file = await solve('watch', put(0));
    expect(file).toMatchObject({ code: 2, out: '' });
    expect(file.notes).toHaveLength(1);
    expect(file.notes[0]).toContain('is a file');
    expect((await solve('watch')).code).toBe(2);
    expect((await solve('watch', '--wcs=one.wcs', night)).code).toBe(2);
    expect((await solve('watch', '--settle', 'soon', night)).code).toBe(2);
  });
});

describe('for whoever looks after it', () => {
  test('the health file says what it does, and that it has stopped', async () => {
    const health = join(room, 'health.json');
    const read = (): Record<string, unknown> => JSON.parse(readFileSync(health, 'utf8')) as Record<string, unknown>;
    const watch = watchInTest(room, ['--health-file', health, night]);
    await watch.event('watching');
    expect(read()).toMatchObject({ status: 'ok', folder: night, pid: watch.pid, solved: 0, atWork: 0 });
    await watch.answer(put(0));
    watch.kill('SIGINT');
    await watch.ending;
    expect(read()).toMatchObject({ status: 'stopped', solved: 1, lastImage: join(night, '00000.fits'), atWork: 0 });
  });

  test('metrics and health are served on the loopback interface', async () => {
    const watch = watchInTest(room, ['--status-port', '0', night]);
    const { url } = await watch.event('watching');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await watch.event('ready');
    await watch.answer(put(0));
    await watch.answer(put(0, 'copy.fits'));
    const metrics = await (await fetch(`${String(url)}/metrics`)).text();
    expect(metrics).toContain('starfix_images_total{result="solved"} 1\n');
    expect(metrics).toContain('starfix_images_total{result="known"} 1\n');
    expect(metrics).toContain('starfix_images_at_work 0\n');
    expect(metrics).toContain('starfix_healthy 1\n');
    expect(metrics).toContain('starfix_latency_seconds_count 1\n');
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
    const health = await fetch(`${String(url)}/health?x`);
    expect([health.status, health.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await health.json()).toMatchObject({ status: 'ok', solved: 1, known: 1 });
    expect((await fetch(`${String(url)}/`)).status).toBe(404);
    expect((await fetch(`${String(url)}/health`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${String(url)}/metrics`, { method: 'HEAD' })).text()).toBe('');
  });

  test('a port that is taken, and a health file that cannot be, are one clear line', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const taken = await solve('watch', '--status-port', String(port), night);
    expect(taken.code).toBe(2);
    expect(taken.notes).toHaveLength(1);
    expect(taken.notes[0]).toContain(`--status-port ${port}: another program listens there`);
    const nowhere = await solve('watch', '--health-file', join(room, 'no', 'such', 'health.json'), night);
    expect(nowhere.code).toBe(3);
    expect(nowhere.notes).toHaveLength(1);
    // Neither has left a run behind.
    expect((await solve('resume', night)).out).toBe('');
  });

  test('text is one line for an image, and what happens goes to standard error', async () => {
    const { child, ending } = start(['watch', '--settle', '0.2', night], {
      cwd: room,
      env: { XDG_STATE_HOME: join(room, 'state') },
    });
    let out = '';
    child.stdout!.on('data', (text: string) => (out += text));
    put(0);
    await expect.poll(() => out, { timeout: 10_000 }).toContain('solved');
    child.kill('SIGTERM');
    const { code, notes } = await ending;
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(notes[0]).toBe(`watching ${night}`);
    expect(notes.at(-1)).toContain('1 solved');
  });
});

describe('Ctrl-C', () => {
  test('before there is anything to do ends it', async () => {
    const watch = watchInTest(room, [night]);
    await watch.event('watching');
    watch.kill('SIGINT');
    expect((await watch.ending).code).toBe(0);
    expect(watch.lines.at(-1)).toMatchObject({ event: 'summary', solved: 0 });
  });

  test(
    'the first finishes what runs, the second stops at once, and the journal knows',
    { timeout: 30_000 },
    async () => {
      const nova = await startNova();
      solveLikeRecorded(nova, ['solving']);
      const keyFile = join(room, 'key');
      writeFileSync(keyFile, API_KEY, { mode: 0o600 });
      const asking = ['--engine', 'nova', '--server', nova.url, '--api-key-file', keyFile, '--poll', '0.05'];
      put(0);
      const watch = watchInTest(room, [...asking, night]);
      await expect.poll(() => nova.count('job'), { timeout: 10_000 }).toBeGreaterThan(0);
      watch.kill('SIGINT');
      await watch.event('stopping');
      expect(statSync(night).isDirectory()).toBe(true);
      watch.kill('SIGINT');
      const { code } = await watch.ending;
      expect(code).toBe(130);
      expect(watch.lines.at(-1)).toMatchObject({ event: 'summary' });
      expect(JSON.parse((await solve('status', '--json', night)).out)).toMatchObject({
        uploaded: 1,
        lastRun: { command: 'watch', stopped: true, interrupted: false },
      });
      // Its submission is picked up by the next watch.
      nova.script('/api/jobs/101', { status: 'failure' });
      const again = watchInTest(room, [...asking, night]);
      await again.answer(join(night, '00000.fits'));
      expect(nova.uploads).toHaveLength(1);
      rmSync(keyFile);
    },
  );
});
