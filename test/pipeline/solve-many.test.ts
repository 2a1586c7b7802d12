import { expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import type { Hints } from '../../src/hints.ts';
import { solveMany } from '../../src/pipeline/solve-many.ts';
import type { Outcome, SolveInput, Solver } from '../../src/solution.ts';

const fixture = (name: string): string => new URL(`../../fixtures/${name}`, import.meta.url).pathname;
const REPORT = { stages: {}, sources: 0, fwhm: Number.NaN, candidates: 0, notes: [] };

/** An engine that answers when it is told to, as a server does. */
class Desk implements Solver {
  readonly name = 'nova';
  readonly asked: { input: SolveInput; answer(): void; signal: AbortSignal | undefined }[] = [];

  solve(input: SolveInput, _hints?: Hints, options: { signal?: AbortSignal } = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error));
      const outcome: Outcome = { status: 'unsolved', reason: 'exhausted', message: 'none', report: REPORT };
      this.asked.push({ input, answer: () => resolve(outcome), signal: options.signal });
    });
  }
}

test('results come in the order in which they are done, each with its input', async () => {
  const desk = new Desk();
  const results = solveMany(['a', 'b', 'c'], { engines: [desk], concurrency: 3 });
  const first = results.next();
  await expect.poll(() => desk.asked.length).toBe(3);
  desk.asked[2]!.answer();
  expect((await first).value).toMatchObject({ index: 2, input: 'c', outcome: { status: 'unsolved' } });
  desk.asked[0]!.answer();
  expect((await results.next()).value).toMatchObject({ index: 0, input: 'a' });
  desk.asked[1]!.answer();
  expect((await results.next()).value).toMatchObject({ index: 1, input: 'b' });
  expect((await results.next()).done).toBe(true);
});

test('of a million inputs no more are asked for than are worked on', async () => {
  let asked = 0;
  let returned = false;
  const million = function* (): Generator<string> {
    try {
      for (let i = 0; i < 1_000_000; i++) {
        asked++;
        yield `${i}.fits`;
      }
    } finally {
      returned = true;
    }
  };
  let seen = 0;
  for await (const { error } of solveMany(million(), { concurrency: 1 })) {
    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND' });
    if (++seen === 50) break;
  }
  expect(asked).toBeLessThanOrEqual(51);
  expect(returned).toBe(true);
});

test('an input that fails is a result like any other, be it a defect', async () => {
  const faults = [new SolveError('FILE_EMPTY', 'a: empty'), new TypeError('a defect')];
  const engine: Solver = {
    name: 'nova',
    solve: (input) => (input === 'a' ? Promise.reject(faults[0]!) : Promise.reject(faults[1]!)),
  };
  const seen: unknown[] = [];
  for await (const { input, error } of solveMany(['a', 'b', 'a'], { engines: [engine], concurrency: 1 })) {
    seen.push([input, error]);
  }
  expect(seen).toEqual([
    ['a', faults[0]],
    ['b', faults[1]],
    ['a', faults[0]],
  ]);
});

test('breaking off cancels what is running, and a signal ends it all with its reason', async () => {
  const desk = new Desk();
  const results = solveMany(['a', 'b', 'c'], { engines: [desk], concurrency: 2 });
  const first = results.next();
  await expect.poll(() => desk.asked.length).toBe(2);
  desk.asked[0]!.answer();
  expect((await first).value).toMatchObject({ input: 'a' });
  await results.return();
  expect(desk.asked.slice(1).every(({ signal }) => signal?.aborted)).toBe(true);
  expect(desk.asked.every(({ signal }) => signal?.aborted)).toBe(true);

  const controller = new AbortController();
  const other = new Desk();
  const next = solveMany(['a', 'b'], { engines: [other], signal: controller.signal }).next();
  await expect.poll(() => other.asked.length).toBe(2);
  controller.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('a number of images that is none is refused', async () => {
  for (const concurrency of [0, 1.5, Number.NaN]) {
    await expect(solveMany(['a'], { concurrency }).next()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  }
});

test('the next frame is looked for where the last one was, and one of another field is found all the same', async () => {
  const frames = ['real/cedar_orion2.jpg', 'real/cedar_orion2.jpg', 'real/tetra3_Alt60_Azi135.tiff'].map(fixture);
  const notes: string[] = [];
  const centres: number[] = [];
  for await (const { outcome } of solveMany(frames, { concurrency: 1 })) {
    if (outcome?.status !== 'solved') continue;
    notes.push(outcome.report.notes.join('; '));
    centres.push(Math.round(outcome.solution.calibration.ra));
  }
  expect(notes[1]).toContain('"hinted local" after 1 hypotheses');
  expect(notes[2]).not.toContain('hinted local');
  expect(centres).toEqual([85, 85, 286]);
  expect(notes.map((text) => /frame before/.test(text))).toEqual([false, true, true]);

  const apart: boolean[] = [];
  for await (const { outcome } of solveMany(frames.slice(0, 2), { concurrency: 1, sequence: false })) {
    apart.push(/frame before/.test(outcome?.report.notes.join('; ') ?? ''));
  }
  expect(apart).toEqual([false, false]);
});
