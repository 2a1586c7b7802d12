import { createNovaSolver } from '../engines/nova.ts';
import { SolveError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { Outcome, Solver } from '../solution.ts';
import { askedOf } from './asked.ts';
import type { FrameSolverOptions } from './frame-solver.ts';
import { identityOf } from './image-identity.ts';
import { placeOfInput } from './image-place.ts';
import { journalPathFor } from './journal-folder.ts';
import { type Journal, openJournal } from './journal.ts';
import { type PreExist, runJournaled } from './journaled.ts';

/** Told as the work goes on. What a hook throws ends the run. */
export interface PipelineHooks {
  /** A task was added. */
  readonly onQueued?: (task: PipelineTask) => void | Promise<void>;
  /** An image was solved, or the journal says that it was. */
  readonly onSolved?: (result: PipelineResult) => void | Promise<void>;
  /** No solution: the image is unsolved, or could not be worked on. */
  readonly onFailed?: (result: PipelineResult) => void | Promise<void>;
  /** All that was to be done is done; `start` waits for more. */
  readonly onIdle?: () => void | Promise<void>;
  /** Nothing runs any more. */
  readonly onShutdown?: () => void | Promise<void>;
}

/** What a pipeline is made of. All of it may be left out. */
export interface PipelineOptions extends FrameSolverOptions, PipelineHooks {
  /** Whose server is asked for what cannot be solved here, unless `engines` says otherwise. Default: none is. */
  readonly session?: Session;
  /** Folder whose journal remembers the images. Default: that of the process. */
  readonly folder?: string;
  /** File of the journal in place of that; false: nothing is remembered. */
  readonly journal?: string | false;
  /** Images at once. Default: 1. */
  readonly concurrency?: number;
  /** What becomes of an image that was solved before, and of a task whose name is taken. Default: `ignore`. */
  readonly preExist?: PreExist;
  /** Take what the journal says of a task, in place of what this pipeline has seen. Default: no. */
  readonly forceStatusFromJournal?: boolean;
  /**
   * `throw`: the first image that could not be worked on ends the run. `collect`: it is a result like any other. `skip`: it
   * is told to `onFailed` alone. Default: `collect`.
   */
  readonly onError?: 'throw' | 'collect' | 'skip';
  /** How long `start` sleeps when there is nothing to do, unless a task is added, in ms. Default: 1000. */
  readonly cycleSleepMs?: number;
  /** While it runs, Ctrl-C finishes what has begun, and a second one stops at once. Default: no. */
  readonly handleInterrupts?: boolean;
}

/** How far a task has come. */
export type TaskStatus = 'queued' | 'running' | 'uploaded' | 'solved' | 'unsolved' | 'failed' | 'lost';

/** An image that is to be solved, under a name of its own. */
export interface PipelineTask {
  /** Its own among all tasks. */
  readonly name: string;
  /** A path, or the address of an image on the web. */
  readonly input: string | URL;
  /** As far as this pipeline has seen. */
  readonly status: TaskStatus;
}

/** What came of a task: an outcome or an error. */
export interface PipelineResult {
  /** What was to be done. */
  readonly task: PipelineTask;
  /** A solution, or why there is none; absent if there is an error. */
  readonly outcome?: Outcome;
  /** Why it could not be worked on. */
  readonly error?: Error;
  /** Time that it took, be it in an earlier run. */
  readonly elapsedMs: number;
  /** The answer is from the journal. */
  readonly known: boolean;
}

/**
 * Images with names, a journal that remembers what became of them, and something that works on them: once (`run`), or for
 * as long as it is not told to stop (`start`).
 *
 * @example
 * ```ts
 * await using pipeline = await Pipeline.open({ folder: 'night', preExist: 'ignore', concurrency: 4 });
 * for (const path of paths) pipeline.add(path);
 * for await (const { task, outcome } of pipeline.run()) console.log(task.name, outcome?.status);
 * for await (const { task } of pipeline.retry({ failed: true })) console.log('again', task.name);
 * ```
 */
export class Pipeline implements AsyncDisposable {
  readonly #options: PipelineOptions;
  readonly #engines: readonly ('embedded' | Solver)[];
  readonly #journal: Journal | undefined;
  readonly #tasks = new Map<string, Task>();
  #drain = new AbortController();
  #abort = new AbortController();
  /** `run` and `retry`, from the first result asked for to the end. */
  #running: Promise<void> | undefined;
  #started: Promise<void> | undefined;
  /** A hook runs, or a result is being looked at: nothing goes on before that is done. */
  #isWithUser = false;
  /** Ctrl-C is dealt with. */
  #held = false;
  /** Ends the sleep of `start`. */
  #wake: () => void = () => {};

  /** @internal Use {@link Pipeline.open}. */
  constructor(options: PipelineOptions, journal: Journal | undefined) {
    this.#options = options;
    this.#journal = journal;
    const { session, engines } = options;
    this.#engines = engines ?? ['embedded', ...(session?.mode === 'nova' ? [createNovaSolver(session)] : [])];
  }

  /**
   * Opens the journal.
   *
   * @throws {SolveError} `JOURNAL_BUSY` if another process has it; `JOURNAL_DAMAGED`; `FILE_UNWRITABLE`
   */
  static async open(options: PipelineOptions = {}): Promise<Pipeline> {
    const { folder = process.cwd(), journal } = options;
    const path = journal ?? (await journalPathFor(folder));
    return new Pipeline(options, path === false ? undefined : await openJournal(path, { folder }));
  }

  /** All tasks, in the order in which they were added. */
  get tasks(): readonly PipelineTask[] {
    return [...this.#tasks.values()];
  }

  /**
   * Adds a task. It is worked on by the next `run`, or at once if the pipeline was started.
   *
   * @param name default: the path or the address. If it is taken: `raise` is a fault, `replace` takes its place, `rename`
   *   gives it another name, and with `ignore` and `verify` the first one stays
   * @throws {SolveError} `BAD_ARGUMENT`
   */
  async add(input: string | URL, name: string = String(input)): Promise<PipelineTask> {
    const { preExist = 'ignore', onQueued } = this.#options;
    let own = name;
    const there = this.#tasks.get(name);
    if (there !== undefined) {
      if (preExist === 'raise') throw new SolveError('BAD_ARGUMENT', `${name}: there is a task of this name`);
      if (preExist === 'ignore' || preExist === 'verify') return there;
      if (preExist === 'rename') own = this.#freeName(name);
    }
    const task: Task = { name: own, input, status: 'queued' };
    this.#tasks.set(own, task);
    await onQueued?.(task);
    this.#wake();
    return task;
  }

  /** Takes a task out; what runs goes on. */
  remove(name: string): boolean {
    return this.#tasks.delete(name);
  }

  /**
   * How far a task has come, here or, with `forceStatusFromJournal`, in all runs; undefined if there is none of this name.
   *
   * @throws {SolveError} `FILE_CHANGED` if the file must be read for that, and is being written
   */
  async status(name: string): Promise<TaskStatus | undefined> {
    const task = this.#tasks.get(name);
    if (task === undefined) return undefined;
    return await this.#statusOf(task);
  }

  /**
   * Works on tasks once.
   *
   * @param names only these, be it again; default: all that are still to be worked on
   * @throws {SolveError} `BAD_ARGUMENT` for a name that is not there, and if the pipeline is at work already
   */
  async *run(names?: readonly string[]): AsyncGenerator<PipelineResult, void, undefined> {
    const tasks =
      names === undefined
        ? this.#queued()
        : names.map((name) => {
            const task = this.#tasks.get(name);
            if (task === undefined) throw new SolveError('BAD_ARGUMENT', `${name}: there is no task of this name`);
            return task;
          });
    yield* this.#work(tasks, this.#options.preExist ?? 'ignore');
  }

  /**
   * Works once more on tasks that have ended without a solution.
   *
   * @param which `failed`: all of those, the default; else only those that could not be worked on
   */
  async *retry({ failed = true }: { readonly failed?: boolean } = {}): AsyncGenerator<PipelineResult, void, undefined> {
    const left: Task[] = [];
    for (const task of this.#tasks.values()) {
      const status = await this.#statusOf(task);
      if (status === 'failed' || (failed && status === 'unsolved')) left.push(task);
    }
    yield* this.#work(left, 'replace');
  }

  /**
   * Works on tasks as they are added, until {@link shutDown}.
   *
   * @throws {SolveError} `BAD_ARGUMENT` if it was started already or is at work; with `onError: 'throw'` what an image failed
   *   with
   */
  start(): Promise<void> {
    if (this.#started !== undefined) {
      return Promise.reject(new SolveError('BAD_ARGUMENT', 'the pipeline was started already'));
    }
    const started = this.#serve().finally(() => (this.#started = undefined));
    this.#started = started;
    return started;
  }

  async #serve(): Promise<void> {
    const release = this.#holdInterrupts();
    try {
      let idle = false;
      while (!this.#drain.signal.aborted) {
        // Somebody may have called `run` meanwhile.
        await this.#running;
        let any = false;
        for await (const _ of this.#work(this.#queued(), this.#options.preExist ?? 'ignore', () => (any = true)));
        if (!any && !idle) await this.#withUser(this.#options.onIdle);
        idle = !any;
        if (!any && !this.#drain.signal.aborted) await this.#sleep();
      }
    } finally {
      release();
      await this.#withUser(this.#options.onShutdown);
    }
  }

  /**
   * Finishes what has begun and takes nothing new; a second call, or `force`, stops at once.
   *
   * @returns when nothing runs any more; at once if it is called by a hook or between two results of `run`, since these wait
   *   for the caller
   */
  async shutDown({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (force || this.#drain.signal.aborted) this.#abort.abort();
    this.#drain.abort();
    this.#wake();
    if (this.#isWithUser) return;
    await this.#running;
    // What it fails with is told to whoever has started it.
    await this.#started?.catch(() => {});
  }

  /** Shuts down, and makes ready for `start` or `run` again: what was stopped is still to be worked on. */
  async restart(): Promise<void> {
    await this.shutDown();
    this.#drain = new AbortController();
    this.#abort = new AbortController();
  }

  /** Shuts down at once and gives the journal up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutDown({ force: true });
    await this.#journal?.close();
  }

  #queued(): Task[] {
    return [...this.#tasks.values()].filter(({ status }) => status === 'queued');
  }

  async #statusOf({ input, status }: Task): Promise<TaskStatus> {
    if (this.#options.forceStatusFromJournal !== true || this.#journal === undefined) return status;
    const { sha256 } = await placeOfInput(input, this.#journal);
    return this.#journal.stateOf(identityOf(sha256, this.#asked())) ?? status;
  }

  async *#work(
    tasks: readonly Task[],
    preExist: PreExist,
    onTaken?: () => void,
  ): AsyncGenerator<PipelineResult, void, undefined> {
    if (this.#running !== undefined) throw new SolveError('BAD_ARGUMENT', 'the pipeline is at work already');
    let done: () => void = () => {};
    this.#running = new Promise((resolve) => (done = resolve));
    const release = this.#holdInterrupts();
    try {
      for await (const result of this.#results(tasks, preExist, onTaken)) {
        this.#isWithUser = true;
        yield result;
        this.#isWithUser = false;
      }
    } catch (error) {
      // Whoever shut it down knows.
      if (!this.#abort.signal.aborted) throw error;
    } finally {
      this.#isWithUser = false;
      for (const task of tasks) if (task.status === 'running' || task.status === 'uploaded') task.status = 'queued';
      release();
      this.#running = undefined;
      done();
    }
  }

  async *#results(
    tasks: readonly Task[],
    preExist: PreExist,
    onTaken?: () => void,
  ): AsyncGenerator<PipelineResult, void, undefined> {
    const { onError = 'collect', onSolved, onFailed, concurrency = 1, ...rest } = this.#options;
    const { journal: _, ...options } = rest;
    const drain = this.#drain.signal;
    const begun = function* (): Generator<Task> {
      for (const task of tasks) {
        if (drain.aborted) return;
        task.status = 'running';
        onTaken?.();
        yield task;
      }
    };
    const results = runJournaled<Task>(begun(), {
      ...options,
      engines: this.#engines,
      concurrency,
      signal: this.#abort.signal,
      ...(this.#journal === undefined ? {} : { journal: this.#journal }),
      asked: this.#asked(),
      preExist,
      inputOf: ({ input }) => input,
      onSubmitted: (task) => {
        task.status = 'uploaded';
      },
    });
    for await (const { item: task, outcome, error, elapsedMs, known } of results) {
      task.status = outcome?.status ?? 'failed';
      const result: PipelineResult = { task, elapsedMs, known, ...(outcome && { outcome }), ...(error && { error }) };
      const hook = outcome?.status === 'solved' ? onSolved : onFailed;
      await this.#withUser(hook && (() => hook(result)));
      if (error !== undefined && onError === 'throw') throw error;
      if (error === undefined || onError !== 'skip') yield result;
    }
  }

  async #withUser(hook: (() => void | Promise<void>) | undefined): Promise<void> {
    this.#isWithUser = true;
    try {
      await hook?.();
    } finally {
      this.#isWithUser = false;
    }
  }

  /** @returns gives them back */
  #holdInterrupts(): () => void {
    if (this.#options.handleInterrupts !== true || this.#held) return () => {};
    const interrupt = (): void => void this.shutDown();
    process.on('SIGINT', interrupt);
    this.#held = true;
    return () => {
      process.off('SIGINT', interrupt);
      this.#held = false;
    };
  }

  #freeName(name: string): string {
    let i = 2;
    while (this.#tasks.has(`${name} (${i})`)) i++;
    return `${name} (${i})`;
  }

  #asked(): object {
    return askedOf(this.#options, this.#engines);
  }

  async #sleep(): Promise<void> {
    const { cycleSleepMs = 1000 } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, cycleSleepMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

/** The one that the pipeline writes to. */
interface Task extends PipelineTask {
  status: TaskStatus;
}
