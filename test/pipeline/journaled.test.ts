import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { createNovaSolver } from '../../src/engines/nova.ts';
import { SolveError } from '../../src/errors.ts';
import { type Journal, openJournal } from '../../src/pipeline/journal.ts';
import { type JournaledOptions, type JournaledResult, runJournaled } from '../../src/pipeline/journaled.ts';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { sessionOf, startNova } from '../session/set-up.ts';
import { ScriptedEngine, UNSOLVED, solvedAt } from './engines-for-tests.ts';
import { allOf, journalTestFolder } from './journal-set-up.ts';

/** Machines may be busy. */
const PATIENCE = { timeout: 20_000 };

const STARS = new URL('../../fixtures/synthetic/dev01_orion_2p5.fits', import.meta.url).pathname;

interface Night {
  readonly folder: string;
  readonly path: string;
  file(name: string, content?: string): string;
  /** Opens the journal, works on the images, closes it. */
  run(
    inputs: readonly (string | URL)[],
    options: Partial<JournaledOptions<string | URL>>,
  ): Promise<JournaledResult<string | URL>[]>;
  withJournal<T>(work: (journal: Journal) => Promise<T>): Promise<T>;
}

function night(): Night {
  const folder = journalTestFolder();
  const path = join(folder, 'state', 'night.journal');
  const withJournal = async <T>(work: (journal: Journal) => Promise<T>): Promise<T> => {
    const journal = await openJournal(path);
    try {
      return await work(journal);
    } finally {
      await journal.close();
    }
  };
  return {
    folder,
    path,
    file(name, content = name) {
      const file = join(folder, name);
      writeFileSync(file, content);
      return file;
    },
    withJournal,
    run: (inputs, options) =>
      withJournal(async (journal) => {
        const results: JournaledResult<string | URL>[] = [];
        const all = runJournaled(inputs, {
          concurrency: 1,
          signal: new AbortController().signal,
          journal,
          asked: {},
          preExist: 'ignore',
          inputOf: (input) => input,
          ...options,
        });
        for await (const result of all) results.push(result);
        return results;
      }),
  };
}

const right = ({ outcome }: JournaledResult<unknown>): number | undefined =>
  outcome?.status === 'solved' ? outcome.solution.calibration.ra : undefined;

test('ignore: the answer stands and is given again with the time that it took', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  const [first] = await run([image], { engines: [engine] });
  expect(first).toMatchObject({ item: image, known: false, outcome: solvedAt(1) });
  const [again] = await run([image], { engines: [engine] });
  expect(again).toEqual({ item: image, known: true, outcome: solvedAt(1), elapsedMs: Math.round(first!.elapsedMs) });
  expect(engine.asked).toHaveLength(1);
});

test('an answer of no solution stands as well', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine(() => UNSOLVED);
  await run([image], { engines: [engine] });
  expect(await run([image], { engines: [engine] })).toMatchObject([{ known: true, outcome: UNSOLVED }]);
  expect(engine.asked).toHaveLength(1);
});

test('another question about the same image is asked', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  await run([image], { engines: [engine], asked: { extension: 1 } });
  expect((await run([image], { engines: [engine], asked: { extension: 2 } })).map(right)).toEqual([2]);
  expect((await run([image], { engines: [engine], asked: { extension: 1 } })).map(right)).toEqual([1]);
});

test('replace: it is solved again, and uploaded anew', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine(async (n, { onSubmitted }) => {
    await onSubmitted?.({ server: 'https://nova.example', submissionId: n + 1 });
    return solvedAt(n + 1);
  });
  await run([image], { engines: [engine] });
  expect(await run([image], { engines: [engine], preExist: 'replace' })).toMatchObject([
    { known: false, outcome: solvedAt(2) },
  ]);
  expect(engine.asked[1]!.options.submitted).toBeUndefined();
  expect((await run([image], { engines: [engine] })).map(right)).toEqual([2]);
});

test('raise: an image that is known is a fault of that image', async () => {
  const { file, run } = night();
  const [known, fresh] = [file('known.fits'), file('new.fits')];
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  await run([known], { engines: [engine] });
  const [a, b] = await run([known, fresh], { engines: [engine], preExist: 'raise' });
  expect(a!.error).toMatchObject({ code: 'IMAGE_KNOWN', message: `${known}: the journal has an answer, solved` });
  expect(right(b!)).toBe(2);
});

test('rename: both answers are kept, and a third and a fourth', async () => {
  const { file, run, withJournal } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  await run([image], { engines: [engine] });
  for (const ra of [2, 3, 4]) {
    expect((await run([image], { engines: [engine], preExist: 'rename' })).map(right)).toEqual([ra]);
  }
  expect((await run([image], { engines: [engine] })).map(right)).toEqual([1]);
  await withJournal(async (journal) => expect(journal.states().solved).toBe(4));
});

test('verify: an image that is where it was keeps its answer; one that is not is solved again', async () => {
  const { folder, run } = night();
  const image = join(folder, 'stars.fits');
  copyFileSync(STARS, image);
  const [truth] = await run([image], { engines: ['embedded'] });
  expect(truth!.outcome!.status).toBe('solved');
  // Nothing is sent to look at it.
  const server = new ScriptedEngine(() => UNSOLVED);
  const asked = { which: 'wrong' };
  await run([image], { engines: [new ScriptedEngine(() => solvedAt(7))], asked });
  const verify = { preExist: 'verify' } as const;
  expect(await run([image], { ...verify, engines: ['embedded', server] })).toMatchObject([
    { known: true, outcome: { status: 'solved', solution: { rms: solutionOf(truth!).rms } } },
  ]);
  const [found] = await run([image], { ...verify, engines: ['embedded', server], asked });
  expect(found).toMatchObject({ known: false, outcome: { status: 'solved' } });
  expect(right(found!)).toBeCloseTo(right(truth!)!, 3);
  expect(await run([image], { engines: [server], asked })).toMatchObject([{ known: true }]);
  expect(server.asked).toEqual([]);
});

function solutionOf({
  outcome,
}: JournaledResult<unknown>): Extract<typeof outcome & {}, { status: 'solved' }>['solution'] {
  if (outcome?.status !== 'solved') throw new Error('it is not solved');
  return outcome.solution;
}

for (const preExist of ['ignore', 'replace', 'rename', 'verify'] as const) {
  for (const concurrency of [1, 3]) {
    test(`${preExist}, ${concurrency} at once: the same image under three names is solved once`, async () => {
      const { file, run } = night();
      const copies = ['a.fits', 'b.fits', 'c.fits'].map((name) => file(name, 'the same'));
      const engine = new ScriptedEngine(async (n) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return solvedAt(n + 1);
      });
      for (const times of [1, preExist === 'ignore' ? 1 : 2]) {
        const results = await run(copies, { engines: [engine], preExist, concurrency });
        expect(new Set(results.map(({ item }) => item))).toEqual(new Set(copies));
        expect(results.map(right)).toEqual([times, times, times]);
        expect(engine.asked).toHaveLength(times);
      }
    });
  }
}

test('a copy, a renamed image and a touched one are the same image, and read once more only', async () => {
  const { folder, path, file, run, withJournal } = night();
  const image = file('a.fits', 'x'.repeat(1000));
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  await run([image], { engines: [engine] });
  const moved = join(folder, 'b.fits');
  renameSync(image, moved);
  expect(await run([moved], { engines: [engine] })).toMatchObject([{ known: true }]);
  utimesSync(moved, 1_700_000_000, 1_700_000_000);
  expect(await run([moved], { engines: [engine] })).toMatchObject([{ known: true }]);
  const where = { absolutePath: moved, size: 1000, mtimeNs: 1_700_000_000_000_000_000n };
  expect(await withJournal((journal) => journal.contentAt(where))).toMatch(/^[0-9a-f]{64}$/);
  const before = readFileSync(path).length;
  await run([moved, moved], { engines: [engine] });
  expect(readFileSync(path).length).toBe(before);
  expect(engine.asked).toHaveLength(1);
});

test('file: addresses are files, and those on the web go by their name', async () => {
  const { file, run } = night();
  const image = file('name with spaces ü.fits');
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  const web = new URL('https://example.org/a.fits');
  await run([pathToFileURL(image), web], { engines: [engine] });
  expect(await run([image, web], { engines: [engine] })).toMatchObject([
    { known: true, outcome: solvedAt(1) },
    { known: true, outcome: solvedAt(2) },
  ]);
  expect(engine.asked).toHaveLength(2);
});

test('an image that cannot be read fails by its name, and is solved when it can be', async () => {
  const { folder, file, run, withJournal } = night();
  const missing = join(folder, 'missing.fits');
  const engine = new ScriptedEngine((n) => {
    if (!existsSync(missing)) throw new SolveError('FILE_NOT_FOUND', `${missing}: no such file`);
    return solvedAt(n + 1);
  });
  expect(await run([missing], { engines: [engine] })).toMatchObject([{ error: { code: 'FILE_NOT_FOUND' } }]);
  await withJournal(async (journal) => {
    const entries = await allOf(journal);
    expect(entries).toMatchObject([
      { state: 'failed', place: { absolutePath: missing, size: 0, mtimeNs: 0n }, fault: { code: 'FILE_NOT_FOUND' } },
    ]);
  });
  file('missing.fits');
  expect((await run([missing], { engines: [engine] })).map(right)).toEqual([2]);
});

test.skipIf(process.getuid?.() === 0)('so does one without permission', async () => {
  const { file, run } = night();
  const image = file('locked.fits');
  chmodSync(image, 0);
  expect(await run([image], { engines: ['embedded'] })).toMatchObject([{ error: { code: 'FILE_UNREADABLE' } }]);
});

test('an upload that was cut off is waited for at the server, and nothing is sent', { timeout: 30_000 }, async () => {
  const { folder, run, withJournal } = night();
  const nova = await startNova();
  solveLikeRecorded(nova, ['solving']);
  const image = join(folder, 'dipper.jpg');
  copyFileSync(PICTURE, image);
  const ask = (): Partial<JournaledOptions<string | URL>> => ({
    engines: [createNovaSolver(sessionOf(nova.url), { intervalMs: 20 })],
  });
  const stop = new AbortController();
  const cut = run([image], { ...ask(), signal: stop.signal });
  await expect.poll(() => nova.count('job'), PATIENCE).toBeGreaterThan(0);
  stop.abort(new Error('power cut'));
  await expect(cut).rejects.toThrow('power cut');
  await withJournal(async (journal) => {
    expect(await allOf(journal)).toMatchObject([{ state: 'uploaded', remote: { server: nova.url, submissionId: 1 } }]);
  });
  nova.script('/api/jobs/101', { status: 'success' });
  // A plain run, which asks everything anew, has no reason to send again what has no answer yet.
  const [result] = await run([image], { ...ask(), preExist: 'replace' });
  expect(result).toMatchObject({
    known: false,
    outcome: { status: 'solved', report: { remote: { submissionId: 1 } } },
  });
  expect(nova.uploads).toHaveLength(1);
});

test('what a server was not done with in time is picked up there the next time', { timeout: 30_000 }, async () => {
  const { folder, run } = night();
  const nova = await startNova();
  solveLikeRecorded(nova, ['solving']);
  const image = join(folder, 'dipper.jpg');
  copyFileSync(PICTURE, image);
  const engines = [createNovaSolver(sessionOf(nova.url), { intervalMs: 20 })];
  const [late] = await run([image], { engines, timeoutMs: 3000 });
  expect(late).toMatchObject({ known: false, outcome: { status: 'unsolved', reason: 'time-limit' } });
  nova.script('/api/jobs/101', { status: 'success' });
  expect(await run([image], { engines })).toMatchObject([{ known: false, outcome: { status: 'solved' } }]);
  expect(await run([image], { engines })).toMatchObject([{ known: true, outcome: { status: 'solved' } }]);
  expect(nova.uploads).toHaveLength(1);
});

test('an upload of which nobody knows whether it arrived is repeated by replace alone', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine((n) => {
    if (n === 0) throw new SolveError('UPLOAD_UNCERTAIN', 'the connection broke when all was sent');
    return solvedAt(n + 1);
  });
  for (const preExist of ['ignore', 'verify', 'rename', 'raise', 'ignore'] as const) {
    const [result] = await run([image], { engines: [engine], preExist });
    expect(result!.error).toMatchObject({
      code: 'UPLOAD_UNCERTAIN',
      message: 'the connection broke when all was sent',
    });
  }
  expect(engine.asked).toHaveLength(1);
  expect((await run([image], { engines: [engine], preExist: 'replace' })).map(right)).toEqual([2]);
});

test('a submission that the server could not use is looked at again, and sent again by replace alone', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine(async (n, { submitted, onSubmitted }) => {
    if (submitted === undefined) await onSubmitted?.({ server: 'https://nova.example', submissionId: n + 1 });
    throw new SolveError('SUBMISSION_FAILED', 'the server could not use it');
  });
  const ask = (preExist: 'ignore' | 'replace'): Promise<unknown> => run([image], { engines: [engine], preExist });
  await ask('ignore');
  await ask('ignore');
  await ask('replace');
  expect(engine.asked.map(({ options }) => options.submitted?.submissionId)).toEqual([undefined, 1, undefined]);
});

test('an answer that could not be handed over is kept, and handed over the next time without solving', async () => {
  const { file, run, withJournal } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine(() => solvedAt(5));
  const full = new SolveError('FILE_UNWRITABLE', 'a.wcs: no space left on device');
  const failing = { engines: [engine], deliver: (): Promise<void> => Promise.reject(full) };
  for (let i = 0; i < 2; i++) {
    expect(await run([image], failing)).toMatchObject([{ error: { code: 'FILE_UNWRITABLE' } }]);
    await withJournal(async (journal) => expect(journal.states().failed).toBe(1));
  }
  const delivered: unknown[] = [];
  const results = await run([image], {
    engines: [engine],
    deliver: async (item, outcome) => void delivered.push([item, outcome]),
  });
  expect(results).toMatchObject([{ known: true, outcome: solvedAt(5) }]);
  expect(delivered).toEqual([[image, solvedAt(5)]]);
  expect(engine.asked).toHaveLength(1);
  await withJournal(async (journal) => expect(journal.states()).toMatchObject({ failed: 0, solved: 1 }));
});

test('it is handed over although the process died between the answer and the handing over', async () => {
  const { file, run } = night();
  const image = file('a.fits');
  const engine = new ScriptedEngine(() => solvedAt(5));
  const stop = new AbortController();
  const cut = run([image], {
    engines: [engine],
    signal: stop.signal,
    // As far as the journal sees it is killed here.
    deliver: async () => stop.abort(new Error('killed')),
  });
  await expect(cut).rejects.toThrow('killed');
  const delivered: unknown[] = [];
  await run([image], { engines: [engine], deliver: async (item) => void delivered.push(item) });
  expect(delivered).toEqual([image]);
  expect(engine.asked).toHaveLength(1);
});

test('what is no SolveError is a defect, told as such, and stops nothing', async () => {
  const { file, run } = night();
  const engine = new ScriptedEngine((n) => {
    if (n === 0) throw new TypeError('x is not a function');
    return UNSOLVED;
  });
  const images = [file('a.fits'), file('b.fits')];
  expect(await run(images, { engines: [engine] })).toMatchObject([
    { item: images[0], error: { message: 'x is not a function' } },
    { item: images[1], outcome: { status: 'unsolved' } },
  ]);
});

test('bytes and pixels are solved and not remembered', async () => {
  const { withJournal } = night();
  const engine = new ScriptedEngine((n) => solvedAt(n + 1));
  await withJournal(async (journal) => {
    for (const ra of [1, 2]) {
      const all = runJournaled([new Uint8Array(4)], {
        concurrency: 1,
        signal: new AbortController().signal,
        journal,
        asked: {},
        preExist: 'ignore',
        inputOf: (bytes) => bytes,
        engines: [engine],
      });
      expect((await all.next()).value).toMatchObject({ known: false, outcome: solvedAt(ra) });
      expect((await all.next()).done).toBe(true);
    }
    expect(journal.size).toBe(0);
  });
});
