import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { openJournal } from '../../src/pipeline/journal.ts';
import { Pipeline, type PipelineOptions, type PipelineResult } from '../../src/pipeline/pipeline.ts';
import type { SolveOptions } from '../../src/solution.ts';
import { ScriptedEngine, UNSOLVED, solvedAt } from './engines-for-tests.ts';
import { faultOf, journalTestFolder } from './journal-set-up.ts';

/** Machines may be busy. */
const PATIENCE = { timeout: 20_000 };

interface Set {
  readonly folder: string;
  readonly journal: string;
  file(name: string): string;
  open(options?: PipelineOptions): Promise<Pipeline>;
}

function set(): Set {
  const folder = journalTestFolder();
  const journal = join(folder, 'pipeline.journal');
  return {
    folder,
    journal,
    file(name) {
      const path = join(folder, name);
      writeFileSync(path, name);
      return path;
    },
    async open(options) {
      const pipeline = await Pipeline.open({ journal, ...options });
      onTestFinished(() => pipeline[Symbol.asyncDispose]());
      return pipeline;
    },
  };
}

async function all(results: AsyncIterable<PipelineResult>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { task, outcome, error, known } of results) {
    seen.push(`${task.name}: ${outcome?.status ?? error?.message}${known ? ', known' : ''}`);
  }
  return seen;
}

/** Solved, unsolved, and a fault, in turn. */
const mixed = (): ScriptedEngine =>
  new ScriptedEngine((n) => {
    if (n % 3 === 2) throw new SolveError('FITS_TRUNCATED', 'it is cut off');
    return n % 3 === 0 ? solvedAt(n) : UNSOLVED;
  });

/** Waits for each image until it is told to go on. */
class Gate {
  readonly engine: ScriptedEngine;
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.engine = new ScriptedEngine((n, { signal }: SolveOptions) => {
      return new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        this.#waiting.push(() => resolve(solvedAt(n)));
      });
    });
  }

  async next(): Promise<void> {
    await this.reached();
    this.#waiting.shift()!();
  }

  /** An image is being worked on. */
  async reached(): Promise<void> {
    await expect.poll(() => this.#waiting.length, PATIENCE).toBeGreaterThan(0);
  }
}

test('a name that is taken: raise, replace, ignore, verify, rename', async () => {
  const { journal, file } = set();
  const [a, b, c] = ['a.fits', 'b.fits', 'c.fits'].map(file) as [string, string, string];
  const names = async (preExist: PipelineOptions['preExist']): Promise<string[]> => {
    await using pipeline = await Pipeline.open({ journal, ...(preExist && { preExist }) });
    await pipeline.add(a, 'M 31');
    for (const input of [b, c]) await pipeline.add(input, 'M 31');
    return pipeline.tasks.map(({ name, input }) => `${name} ${input === a ? 'a' : input === b ? 'b' : 'c'}`);
  };
  expect(await names('ignore')).toEqual(['M 31 a']);
  expect(await names('verify')).toEqual(['M 31 a']);
  expect(await names('replace')).toEqual(['M 31 c']);
  expect(await names('rename')).toEqual(['M 31 a', 'M 31 (2) b', 'M 31 (3) c']);
  expect(await faultOf(names('raise'))).toMatchObject({
    code: 'BAD_ARGUMENT',
    message: 'M 31: there is a task of this name',
  });
  expect(await names(undefined)).toEqual(['M 31 a']);
});

test('run works on what is queued, run(names) again on these, retry on what has no solution', async () => {
  const { file, open } = set();
  const pipeline = await open({ engines: [mixed()] });
  for (const name of ['a', 'b', 'c']) await pipeline.add(file(name), name);
  expect(await all(pipeline.run())).toEqual(['a: solved', 'b: unsolved', 'c: it is cut off']);
  expect(await all(pipeline.run())).toEqual([]);
  expect(await all(pipeline.run(['a', 'b']))).toEqual(['a: solved, known', 'b: unsolved, known']);
  expect(pipeline.tasks.map(({ name, status }) => `${name} ${status}`)).toEqual(['a solved', 'b unsolved', 'c failed']);
  expect(await all(pipeline.retry({ failed: false }))).toEqual(['c: solved']);
  expect(await all(pipeline.retry())).toEqual(['b: unsolved']);
  expect(await faultOf(all(pipeline.run(['z'])))).toMatchObject({ message: 'z: there is no task of this name' });
  expect(pipeline.remove('a')).toBe(true);
  expect(pipeline.remove('a')).toBe(false);
  expect(await pipeline.status('a')).toBeUndefined();
});

test('hooks are told in the order of things', async () => {
  const { file, open } = set();
  const told: string[] = [];
  const pipeline = await open({
    engines: [mixed()],
    cycleSleepMs: 5,
    onQueued: ({ name }) => void told.push(`queued ${name}`),
    onSolved: ({ task }) => void told.push(`solved ${task.name}`),
    onFailed: ({ task, outcome, error }) => void told.push(`failed ${task.name}: ${outcome?.status ?? error?.message}`),
    onIdle: () => {
      told.push('idle');
      // From here nothing runs: it needs not be waited for, nor can it be.
      return pipeline.shutDown();
    },
    onShutdown: () => void told.push('shut down'),
  });
  for (const name of ['a', 'b', 'c']) await pipeline.add(file(name), name);
  await pipeline.start();
  expect(told).toEqual([
    'queued a',
    'queued b',
    'queued c',
    'solved a',
    'failed b: unsolved',
    'failed c: it is cut off',
    'idle',
    'shut down',
  ]);
});

test('onError: collect gives faults as results, skip tells the hook alone, throw ends the run', async () => {
  const broken = (): ScriptedEngine =>
    new ScriptedEngine((n) => {
      if (n === 0) throw new SolveError('FITS_TRUNCATED', 'it is cut off');
      return UNSOLVED;
    });
  const failures: string[] = [];
  const runWith = async (onError?: 'throw' | 'collect' | 'skip'): Promise<string[]> => {
    const { file, open } = set();
    const pipeline = await open({
      engines: [broken()],
      ...(onError && { onError }),
      onFailed: ({ task }) => void failures.push(`${onError} ${task.name}`),
    });
    for (const name of ['a', 'b']) await pipeline.add(file(name), name);
    try {
      return await all(pipeline.run());
    } finally {
      if (onError === 'throw') expect(await all(pipeline.run())).toEqual(['b: unsolved']);
    }
  };
  expect(await runWith()).toEqual(['a: it is cut off', 'b: unsolved']);
  expect(await runWith('skip')).toEqual(['b: unsolved']);
  expect(await faultOf(runWith('throw'))).toMatchObject({ code: 'FITS_TRUNCATED' });
  expect(failures).toEqual(['undefined a', 'undefined b', 'skip a', 'skip b', 'throw a', 'throw b']);
});

test('a hook that throws ends the run with what it threw', async () => {
  const { file, open } = set();
  const pipeline = await open({
    engines: [mixed()],
    onSolved: () => {
      throw new Error('the observatory is on fire');
    },
  });
  await pipeline.add(file('a'));
  await expect(all(pipeline.run())).rejects.toThrow('the observatory is on fire');
});

test('a pipeline that was started takes what is added, sleeps, wakes, and drains', async () => {
  const { file, open } = set();
  const gate = new Gate();
  const told: string[] = [];
  const pipeline = await open({
    engines: [gate.engine],
    // It would sleep for good if it were not woken.
    cycleSleepMs: 1_000_000,
    onSolved: ({ task }) => void told.push(task.name),
    onIdle: () => void told.push('idle'),
    onShutdown: () => void told.push('shut down'),
  });
  const running = pipeline.start();
  await expect.poll(() => told, PATIENCE).toEqual(['idle']);
  expect(await faultOf(pipeline.start())).toMatchObject({ message: 'the pipeline was started already' });
  await pipeline.add(file('a'), 'a');
  await gate.next();
  await expect.poll(() => told, PATIENCE).toEqual(['idle', 'a', 'idle']);
  for (const name of ['b', 'c']) await pipeline.add(file(name), name);
  await gate.reached();
  const down = pipeline.shutDown();
  await gate.next();
  await Promise.all([running, down]);
  expect(told).toEqual(['idle', 'a', 'idle', 'b', 'shut down']);
  expect(pipeline.tasks.map(({ status }) => status)).toEqual(['solved', 'solved', 'queued']);
});

test('a second shutDown stops at once; what was stopped is done after a restart', async () => {
  const { file, open } = set();
  const gate = new Gate();
  const pipeline = await open({ engines: [gate.engine], concurrency: 2 });
  for (const name of ['a', 'b', 'c']) await pipeline.add(file(name), name);
  const running = pipeline.start();
  await gate.reached();
  const drained = pipeline.shutDown();
  await pipeline.shutDown();
  await Promise.all([running, drained]);
  expect(pipeline.tasks.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued']);
  await pipeline.restart();
  const results = all(pipeline.run());
  await expect.poll(() => gate.engine.asked.length, PATIENCE).toBe(4);
  await pipeline.shutDown({ force: true });
  expect(await results).toEqual([]);
  await pipeline.restart();
  const started = pipeline.start();
  await expect.poll(() => gate.engine.asked.length, PATIENCE).toBe(6);
  await pipeline.shutDown({ force: true });
  await started;
});

test('restart while it sleeps ends the first start, and the second works alone', async () => {
  const { file, open } = set();
  const idle: number[] = [];
  const engine = mixed();
  const pipeline = await open({ engines: [engine], cycleSleepMs: 20, onIdle: () => void idle.push(1) });
  const first = pipeline.start();
  await expect.poll(() => idle, PATIENCE).toHaveLength(1);
  await pipeline.restart();
  await first;
  const second = pipeline.start();
  await pipeline.add(file('a'), 'a');
  await expect.poll(() => pipeline.tasks[0]!.status, PATIENCE).toBe('solved');
  await pipeline.shutDown();
  await second;
  expect(engine.asked).toHaveLength(1);
});

test('between two results it can be shut down without waiting for itself', async () => {
  const { file, open } = set();
  const pipeline = await open({ engines: [new ScriptedEngine((n) => solvedAt(n))] });
  for (const name of ['a', 'b', 'c', 'd']) await pipeline.add(file(name), name);
  const seen: string[] = [];
  for await (const { task } of pipeline.run()) {
    seen.push(task.name);
    if (seen.length === 2) await pipeline.shutDown();
  }
  // The third may have begun while the second was looked at.
  expect(seen.length).toBeLessThan(4);
  expect(pipeline.tasks.at(-1)!.status).toBe('queued');
});

test('what the journal says of a task counts after it was opened again, if that is wanted', async () => {
  const { file, journal } = set();
  const engine = mixed();
  const files = ['a', 'b', 'c', 'new'].map(file);
  {
    await using pipeline = await Pipeline.open({ journal, engines: [engine] });
    for (const path of files.slice(0, 3)) await pipeline.add(path);
    await all(pipeline.run());
  }
  const statuses = async (forceStatusFromJournal: boolean): Promise<unknown[]> => {
    await using pipeline = await Pipeline.open({ journal, engines: [engine], forceStatusFromJournal });
    for (const path of [...files, '/no/such/file']) await pipeline.add(path);
    return await Promise.all(pipeline.tasks.map(({ name }) => pipeline.status(name)));
  };
  expect(await statuses(false)).toEqual(['queued', 'queued', 'queued', 'queued', 'queued']);
  expect(await statuses(true)).toEqual(['solved', 'unsolved', 'failed', 'queued', 'queued']);
  await using pipeline = await Pipeline.open({ journal, engines: [engine], forceStatusFromJournal: true });
  for (const path of files) await pipeline.add(path);
  expect(await all(pipeline.retry())).toEqual([`${files[1]}: solved`, `${files[2]}: unsolved`]);
});

test('the journal is given up when the pipeline is disposed of, be it at work', async () => {
  const { file, journal } = set();
  const gate = new Gate();
  let results: Promise<string[]>;
  {
    await using pipeline = await Pipeline.open({ journal, engines: [gate.engine] });
    await pipeline.add(file('a'));
    results = all(pipeline.run());
    await gate.reached();
    expect(await faultOf(Pipeline.open({ journal }))).toMatchObject({ code: 'JOURNAL_BUSY' });
  }
  expect(await results).toEqual([]);
  await using again = await openJournal(journal);
  expect(again.states()).toMatchObject({ lost: 1 });
});

test('without a journal nothing is remembered', async () => {
  const { file, open } = set();
  const engine = new ScriptedEngine((n) => solvedAt(n));
  const pipeline = await open({ journal: false, engines: [engine] });
  await pipeline.add(file('a'), 'a');
  expect(await all(pipeline.run())).toEqual(['a: solved']);
  expect(await all(pipeline.run(['a']))).toEqual(['a: solved']);
  expect(engine.asked).toHaveLength(2);
});

test('an image that the journal knows: raise makes it a fault', async () => {
  const { file, journal } = set();
  const path = file('a');
  for (const expected of [`${path}: solved`, `${path}: ${path}: the journal has an answer, solved`]) {
    await using pipeline = await Pipeline.open({
      journal,
      preExist: 'raise',
      engines: [new ScriptedEngine(() => solvedAt(1))],
    });
    await pipeline.add(path);
    expect(await all(pipeline.run())).toEqual([expected]);
  }
});

test('Ctrl-C drains, be it asleep, and its handler is gone afterwards', async () => {
  const { open } = set();
  const before = process.listenerCount('SIGINT');
  let idle = false;
  const pipeline = await open({ handleInterrupts: true, cycleSleepMs: 1_000_000, onIdle: () => void (idle = true) });
  const running = pipeline.start();
  await expect.poll(() => idle, PATIENCE).toBe(true);
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  process.emit('SIGINT');
  await running;
  expect(process.listenerCount('SIGINT')).toBe(before);
});
