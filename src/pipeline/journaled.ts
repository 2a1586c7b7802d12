import { type FaultCode, SolveError } from '../errors.ts';
import type { Outcome, Progress, RemoteJob, Solution, SolveInput } from '../solution.ts';
import { pixelToSky, skyToPixel } from '../wcs/transform.ts';
import { type FrameSolver, type FrameSolverOptions, openFrameSolver, placeOf } from './frame-solver.ts';
import { identityOf } from './image-identity.ts';
import { placeOfInput } from './image-place.ts';
import type { Journal } from './journal.ts';
import type { ImagePlace } from './journal-line.ts';
import type { JournalEntry } from './journal-view.ts';
import { outcomeToRecord, recordToOutcome } from './outcome-record.ts';
import { runMany } from './run-many.ts';
import { Slots } from './slots.ts';

/**
 * What becomes of an image for which the journal has an answer to the same question:
 *
 * - `ignore`: the answer stands, and is given again
 * - `replace`: it is solved again
 * - `verify`: it is looked at where it was; if it is there, the answer stands
 * - `rename`: it is solved again, and both answers are kept
 * - `raise`: that is a fault, `IMAGE_KNOWN`
 *
 * What the same run has answered already, since an image is there under two names, stands, but for `raise`.
 */
export type PreExist = 'raise' | 'replace' | 'ignore' | 'rename' | 'verify';

/** How images are solved with a journal. */
export interface JournaledOptions<T> extends FrameSolverOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Absent: nothing is remembered. */
  readonly journal?: Journal;
  /** What is asked, as far as it changes the answer: plain data. */
  readonly asked: object;
  readonly preExist: PreExist;
  /** What is to be solved. Bytes and pixels are not remembered. */
  readonly inputOf: (item: T) => SolveInput;
  readonly onProgress?: (item: T, progress: Progress) => void;
  readonly onSubmitted?: (item: T, remote: RemoteJob) => void;
  /**
   * Hands over what came of it, before it counts as done; done again if it was interrupted. What it throws is the fault of
   * the image, and the answer is kept for the next time.
   *
   * @returns the file as it is now, if the answer was written into the image itself: then that is known to be answered
   */
  readonly deliver?: (item: T, outcome: Outcome) => Promise<Pick<ImagePlace, 'size' | 'mtimeNs'> | void>;
  /**
   * A journal that cannot be written, on a full disk say, is waited for. Told when that begins; absent: it is the fault of
   * the image.
   */
  readonly onStuck?: (fault: SolveError) => void;
}

/** What came of one image: an outcome or an error. */
export interface JournaledResult<T> {
  readonly item: T;
  readonly outcome?: Outcome;
  readonly error?: Error;
  /** Time it took, be it that time. */
  readonly elapsedMs: number;
  /** The answer is from the journal. */
  readonly known: boolean;
}

/** What the journal holds of an answer. */
interface KeptAnswer {
  readonly outcome: unknown;
  readonly elapsedMs: number;
}

/** Pauses between tries to write to a full disk, ms. */
const STUCK_MS = 2000;

/** A solution that was found again differs by less, pixels: it was fitted to the same stars. */
const SAME_PLACE_PIXELS = 3;

/** A fault of which it is not known whether the server has the image: a person decides. */
const UNDECIDED: FaultCode = 'UPLOAD_UNCERTAIN';

/** Faults after which looking at the same submission again tells nothing else. */
const SPENT: readonly string[] = ['SUBMISSION_FAILED', 'REPLY_INVALID'] satisfies FaultCode[];

/**
 * Solves images, several at once, and gives what came of each in the order in which they are done. With a journal, what
 * was answered before is not asked again, and what a server has is waited for there.
 *
 * @throws the signal's reason if cancelled; what `items` throws
 */
export async function* runJournaled<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: JournaledOptions<T>,
): AsyncGenerator<JournaledResult<T>, void, undefined> {
  const { concurrency, signal } = options;
  signal.throwIfAborted();
  await using frames = await openFrameSolver(concurrency, options);
  const desk = new Desk(options, frames);
  yield* runMany(items, (item, _index, stop) => desk.work(item, stop), { concurrency: frames.atOnce, signal });
}

class Desk<T> {
  readonly #options: JournaledOptions<T>;
  readonly #frames: FrameSolver;
  /** While all are taken, the next image is read and queued, and no more. */
  readonly #slots: Slots;
  /** Images being worked on: the same one under a second name waits. */
  readonly #atWork = new Map<string, Promise<unknown>>();
  /** Where the answers are that were found in spite of others. */
  readonly #answered = new Map<string, string>();

  constructor(options: JournaledOptions<T>, frames: FrameSolver) {
    this.#options = options;
    this.#frames = frames;
    this.#slots = new Slots(options.concurrency);
  }

  async work(item: T, signal: AbortSignal): Promise<JournaledResult<T>> {
    const { journal, inputOf } = this.#options;
    const start = performance.now();
    const elapsed = (): number => performance.now() - start;
    try {
      const input = inputOf(item);
      const named = typeof input === 'string' || input instanceof URL;
      if (journal !== undefined && named) return await this.#workNamed(item, input, journal, signal, elapsed);
      const outcome = await this.#solve(item, input, signal);
      await this.#options.deliver?.(item, outcome);
      return { item, outcome, elapsedMs: elapsed(), known: false };
    } catch (error) {
      return { item, error: error as Error, elapsedMs: elapsed(), known: false };
    }
  }

  async #workNamed(
    item: T,
    input: string | URL,
    journal: Journal,
    signal: AbortSignal,
    elapsed: () => number,
  ): Promise<JournaledResult<T>> {
    const place = await placeOfInput(input, journal, signal);
    const identity = identityOf(place.sha256, this.#options.asked);
    for (let other = this.#atWork.get(identity); other !== undefined; other = this.#atWork.get(identity)) await other;
    const working = this.#workOnce({ item, input, journal, signal, elapsed }, identity, place);
    this.#atWork.set(
      identity,
      working.catch(() => {}),
    );
    try {
      return await working;
    } finally {
      this.#atWork.delete(identity);
    }
  }

  async #workOnce(task: Task<T>, identity: string, place: ImagePlace): Promise<JournaledResult<T>> {
    const { journal } = task;
    const { preExist } = this.#options;
    const answered = preExist === 'raise' ? undefined : this.#answered.get(identity);
    const known = await journal.get(answered ?? identity);
    const kept = await answerOf(journal, known);
    if (known === undefined || kept === undefined) {
      if (preExist !== 'ignore') this.#answered.set(identity, identity);
      return await this.#solveAnew(task, identity, place, known);
    }
    if (answered !== undefined) return await this.#giveAgain(task, place, known, kept);
    switch (preExist) {
      case 'ignore':
        return await this.#giveAgain(task, place, known, kept);
      case 'verify':
        if (await this.#isConfirmed(task, kept.outcome)) return await this.#giveAgain(task, place, known, kept);
        break;
      case 'rename': {
        const { other, entry } = await this.#freeIdentity(journal, place);
        this.#answered.set(identity, other);
        return await this.#solveAnew(task, other, place, entry);
      }
      case 'replace':
        break;
      case 'raise':
        throw new SolveError('IMAGE_KNOWN', `${place.path}: the journal has an answer, ${known.state}`);
    }
    this.#answered.set(identity, identity);
    return await this.#solveAnew(task, identity, place, known);
  }

  async #giveAgain(
    task: Task<T>,
    place: ImagePlace,
    { identity, state }: JournalEntry,
    { outcome, elapsedMs }: Answer,
  ): Promise<JournaledResult<T>> {
    const { journal, signal } = task;
    if ((await journal.contentAt(place)) !== place.sha256) {
      await this.#write(() => journal.addPlace(identity, place), signal);
    }
    const result = await this.#deliver(task, identity, place, outcome, elapsedMs, true);
    if (state === 'failed') {
      await this.#write(
        () => journal.record(identity, { state: outcome.status, result: toKeep(outcome, elapsedMs) }),
        signal,
      );
    }
    return result;
  }

  /** Looks, here and nowhere else, whether an image is where it was found to be. */
  async #isConfirmed({ item, input, signal }: Task<T>, outcome: Outcome): Promise<boolean> {
    if (outcome.status !== 'solved') return false;
    const { solution } = outcome;
    try {
      const found = await this.#solve(item, input, signal, { previous: solution, engines: ['embedded'] });
      return found.status === 'solved' && samePlace(found.solution, solution);
    } catch {
      signal.throwIfAborted();
      // Why it cannot be read is told when it is solved again.
      return false;
    }
  }

  /** The next identity of the same image and question that has no answer. */
  async #freeIdentity(
    journal: Journal,
    place: ImagePlace,
  ): Promise<{ readonly other: string; readonly entry: JournalEntry | undefined }> {
    for (let again = 2; ; again++) {
      const other = identityOf(place.sha256, { ...this.#options.asked, again });
      const entry = await journal.get(other);
      if ((await answerOf(journal, entry)) === undefined) return { other, entry };
    }
  }

  async #solveAnew(
    task: Task<T>,
    identity: string,
    place: ImagePlace,
    known: JournalEntry | undefined,
  ): Promise<JournaledResult<T>> {
    const { item, journal, signal, elapsed } = task;
    if (known?.fault?.code === UNDECIDED && this.#options.preExist !== 'replace') {
      throw new SolveError(UNDECIDED, known.fault.message);
    }
    const { preExist } = this.#options;
    const spent = preExist === 'replace' && SPENT.includes(known?.fault?.code ?? '');
    const ended = known?.state === 'solved' || known?.state === 'unsolved' || spent;
    const attempt = (known?.attempt ?? 0) + 1;
    const write = (work: () => Promise<void>): Promise<void> => this.#write(work, signal);
    await write(() => journal.record(identity, { state: 'queued', place, anew: ended }));
    const waitStart = performance.now();
    let waitedMs = 0;
    const submitted = ended ? undefined : known?.remote;
    let outcome: Outcome;
    try {
      outcome = await this.#slots.use(signal, async () => {
        waitedMs = performance.now() - waitStart;
        await write(() => journal.record(identity, { state: 'running', attempt }));
        return await this.#solve(item, task.input, signal, {
          ...(submitted === undefined ? {} : { submitted }),
          onSubmitted: (remote) => write(() => journal.record(identity, { state: 'uploaded', ...remote })),
        });
      });
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = error instanceof SolveError ? error : { code: 'INTERNAL', message: String(error) };
      await write(() => journal.record(identity, { state: 'failed', code, message }));
      throw error;
    }
    const elapsedMs = elapsed() - waitedMs;
    if (outcome.status === 'unsolved' && outcome.reason === 'time-limit') {
      // No answer: it is worth looking again, and what a server has goes on there.
      await write(() => journal.record(identity, { state: 'failed', code: 'TIME_LIMIT', message: outcome.message }));
    } else {
      await write(() => journal.record(identity, { state: outcome.status, result: toKeep(outcome, elapsedMs) }));
    }
    return await this.#deliver(task, identity, place, outcome, elapsedMs, false);
  }

  async #deliver(
    { item, journal, signal }: Task<T>,
    identity: string,
    place: ImagePlace,
    outcome: Outcome,
    elapsedMs: number,
    known: boolean,
  ): Promise<JournaledResult<T>> {
    try {
      const now = await this.#options.deliver?.(item, outcome);
      // Its pixels are the same: it goes on by the name that its bytes had before.
      if (now) await this.#write(() => journal.addPlace(identity, { ...place, ...now }), signal);
    } catch (error) {
      const { code, message } = error instanceof SolveError ? error : { code: 'INTERNAL', message: String(error) };
      // Then the next run hands it over without solving it.
      const result = toKeep(outcome, elapsedMs);
      await this.#write(() => journal.record(identity, { state: 'failed', code, message, result }), signal);
      throw error;
    }
    return { item, outcome, elapsedMs, known };
  }

  async #solve(
    item: T,
    input: SolveInput,
    signal: AbortSignal,
    {
      previous,
      engines,
      onSubmitted,
      submitted,
    }: {
      readonly previous?: Solution;
      readonly engines?: readonly ['embedded'];
      readonly onSubmitted?: (remote: RemoteJob) => Promise<void>;
      readonly submitted?: RemoteJob;
    } = {},
  ): Promise<Outcome> {
    const options = this.#options;
    return await this.#frames.solve(input, {
      signal,
      ...(previous === undefined ? {} : { hints: { ...options.hints, previous: placeOf(previous) } }),
      ...(engines === undefined ? {} : { engines }),
      ...(submitted === undefined ? {} : { submitted }),
      ...(options.onProgress === undefined
        ? {}
        : { onProgress: (progress: Progress) => options.onProgress?.(item, progress) }),
      async onSubmitted(remote) {
        await onSubmitted?.(remote);
        options.onSubmitted?.(item, remote);
      },
    });
  }

  /** Writes to the journal; where the disk is full, waits until it is not, if that is wanted. */
  async #write(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { onStuck } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        await work();
        return;
      } catch (error) {
        if (onStuck === undefined || !(error instanceof SolveError) || error.code !== 'FILE_UNWRITABLE') throw error;
        if (tries === 0) onStuck(error);
      }
      await pause(STUCK_MS, signal);
    }
  }
}

interface Task<T> {
  readonly item: T;
  readonly input: string | URL;
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly elapsed: () => number;
}

interface Answer {
  readonly outcome: Outcome;
  readonly elapsedMs: number;
}

/** The answer that the journal has for an image; undefined if it is still to be found. */
async function answerOf(journal: Journal, entry: JournalEntry | undefined): Promise<Answer | undefined> {
  if (entry === undefined || !['solved', 'unsolved', 'failed'].includes(entry.state)) return undefined;
  const result = (await journal.result(entry.identity)) as KeptAnswer | undefined;
  return result && { outcome: recordToOutcome(result.outcome), elapsedMs: result.elapsedMs };
}

function toKeep(outcome: Outcome, elapsedMs: number): KeptAnswer {
  return { outcome: outcomeToRecord(outcome), elapsedMs: Math.round(elapsedMs) };
}

/** Do two solutions put the corners and the centre at the same places? */
function samePlace(a: Solution, b: Solution): boolean {
  const { width, height } = a;
  if (b.width !== width || b.height !== height) return false;
  const xs = [0, (width - 1) / 2, width - 1];
  const ys = [0, (height - 1) / 2, height - 1];
  return xs.every((x) =>
    ys.every((y) => {
      const [ra, dec] = pixelToSky(a.wcs, x, y);
      const there = skyToPixel(b.wcs, ra, dec);
      return there !== undefined && Math.hypot(there[0] - x, there[1] - y) < SAME_PLACE_PIXELS;
    }),
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout } = await import('node:timers/promises');
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
