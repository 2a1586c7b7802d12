import type { FileHandle } from 'node:fs/promises';
import { SolveError } from '../errors.ts';
import type { RemoteJob } from '../solution.ts';
import { LineReader } from './journal-file.ts';
import { type JournalIndex, type JournalState, type RunMemory, SLOT } from './journal-index.ts';
import { type ImagePlace, type JournalRecord, decodeLine, decodeResult, isIdentity, placeOf } from './journal-line.ts';
import type { JournalHolder } from './journal-lock.ts';

/** What a journal tells of an image. */
export interface JournalEntry {
  /** What it is: its bytes and what was asked. See `identityOf`. */
  readonly identity: string;
  readonly state: JournalState;
  /** When it came to that, ms since 1970; if it is `lost`, when it was begun. */
  readonly at: number;
  /** How often it was begun. */
  readonly attempt: number;
  /** Where it was when it was last queued; undefined if that line was damaged. */
  readonly place: ImagePlace | undefined;
  /** The submission that is good for it still; undefined if there is none. */
  readonly remote: RemoteJob | undefined;
  /** Why it `failed`. */
  readonly fault: { readonly code: string; readonly message: string } | undefined;
}

/** One run of the program, as it was told to the journal. */
export interface JournalRun {
  /** `solve`, `watch`, … */
  readonly command: string;
  readonly arguments: readonly string[];
  readonly cwd: string;
  readonly pid: number;
  /** ms since 1970. */
  readonly startedAt: number;
  /** ms since 1970; undefined if it goes on, or was interrupted. */
  readonly endedAt: number | undefined;
  /** It is over, and has not said that it ended: it was killed, or the machine stopped. */
  readonly interrupted: boolean;
  /** Somebody stopped it, with work left. */
  readonly stopped: boolean;
}

/** What views of a journal are made of. */
export interface JournalParts {
  readonly path: string;
  readonly folder: string | undefined;
  readonly handle: FileHandle;
  readonly index: JournalIndex;
  readonly run: RunMemory;
  readonly holder: JournalHolder | undefined;
}

/** Results may be a few thousand bytes; the other lines are shorter. */
const SINGLE_BYTES = 4096;
/** In order of appearance the lines stand close together. */
const WALK_BYTES = 2 ** 18;

/** A journal as it is read. What it says is on the disk. */
export class JournalView implements AsyncDisposable {
  /** Real path of the file. */
  readonly path: string;
  /** The folder of images it is about, if it was made for one. */
  readonly folder: string | undefined;
  /** The process that works with it, if there is one beside this object. */
  readonly holder: JournalHolder | undefined;
  readonly #handle: FileHandle;
  readonly #index: JournalIndex;
  readonly #run: RunMemory;

  /** @internal */
  constructor(parts: JournalParts) {
    this.path = parts.path;
    this.folder = parts.folder;
    this.holder = parts.holder;
    this.#handle = parts.handle;
    this.#index = parts.index;
    this.#run = parts.run;
  }

  /** How many images it knows. */
  get size(): number {
    return this.#index.size;
  }

  /** How many images are in each state. */
  states(): Readonly<Record<JournalState, number>> {
    return this.#index.counts();
  }

  /** How far an image has come; undefined if it is unknown. */
  stateOf(identity: string): JournalState | undefined {
    const i = this.#find(identity);
    return i === -1 ? undefined : this.#index.state(i);
  }

  /** The last run that began, if any did. */
  get lastRun(): JournalRun | undefined {
    const { begin, end } = this.#run;
    if (begin === undefined) return undefined;
    const { command, arguments: words, cwd, pid, at } = begin;
    // A holder that does not say who it is may be this run.
    const running = this.isOwnRun(pid) || (this.holder !== undefined && (this.holder.pid ?? pid) === pid);
    const interrupted = end === undefined && !running;
    return {
      command,
      arguments: words,
      cwd,
      pid,
      startedAt: at,
      endedAt: end?.at,
      interrupted,
      stopped: end?.stopped === true,
    };
  }

  /** Is it a run of whoever holds this object? */
  protected isOwnRun(_pid: number): boolean {
    return false;
  }

  /**
   * What is known of an image; undefined if nothing is.
   *
   * @throws {SolveError} `JOURNAL_DAMAGED` if the file was changed by something else
   */
  async get(identity: string): Promise<JournalEntry | undefined> {
    const i = this.#find(identity);
    if (i === -1) return undefined;
    const reader = new LineReader(this.#handle, SINGLE_BYTES);
    return await this.#entry(i, reader, reader, reader);
  }

  /** All images in the order in which they first appeared; those that come meanwhile are among them. */
  async *entries(): AsyncGenerator<JournalEntry, void, undefined> {
    const readers = [0, 1, 2].map(() => new LineReader(this.#handle, WALK_BYTES));
    for (let i = 0; i < this.#index.size; i++) yield await this.#entry(i, readers[0]!, readers[1]!, readers[2]!);
  }

  /**
   * The result of an image that is `solved`, `unsolved` or `failed`, as it was given to `record`; undefined if there is
   * none.
   */
  async result(identity: string): Promise<unknown> {
    const i = this.#find(identity);
    if (i === -1 || !['solved', 'unsolved', 'failed'].includes(this.#index.state(i))) return undefined;
    const line = await new LineReader(this.#handle, SINGLE_BYTES).line(this.#index.line(i, SLOT.state));
    if (line === undefined || decodeLine(line) === undefined) throw this.#changed();
    return decodeResult(line);
  }

  /**
   * SHA-256 of the file that was at a place when it was last looked at, so that it need not be read again as long as
   * nobody has written to it; undefined if it is unknown. Whoever sets the time of a file back can make this wrong.
   */
  async contentAt(place: Pick<ImagePlace, 'absolutePath' | 'size' | 'mtimeNs'>): Promise<string | undefined> {
    const { absolutePath, size, mtimeNs } = place;
    const offset = this.#index.findPlace(absolutePath, size, mtimeNs);
    if (offset === -1) return undefined;
    const record = await this.#record(new LineReader(this.#handle, SINGLE_BYTES), offset);
    const known = record && placeOf(record);
    const same = known?.absolutePath === absolutePath && known.size === size && known.mtimeNs === mtimeNs;
    return same ? known.sha256 : undefined;
  }

  /** Gives up the file. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #find(identity: string): number {
    return isIdentity(identity) ? this.#index.find(identity) : -1;
  }

  async #entry(i: number, places: LineReader, remotes: LineReader, states: LineReader): Promise<JournalEntry> {
    const index = this.#index;
    // Before anything is waited for: the image may go on meanwhile.
    const [state, attempt] = [index.state(i), index.attempt(i)];
    const [placeLine, remoteLine, stateLine] = [SLOT.place, SLOT.remote, SLOT.state].map((slot) => index.line(i, slot));
    const placed = await this.#record(places, placeLine!);
    const remote = await this.#record(remotes, remoteLine!);
    const last = (await this.#record(states, stateLine!)) ?? placed;
    return {
      identity: index.identity(i),
      state,
      at: last !== undefined && 'at' in last ? last.at : Number.NaN,
      attempt,
      place: placed && placeOf(placed),
      remote: remote?.type === 'uploaded' ? remoteOf(remote) : undefined,
      fault: last?.type === 'failed' ? { code: last.code, message: last.message } : undefined,
    };
  }

  async #record(reader: LineReader, offset: number): Promise<JournalRecord | undefined> {
    if (offset === -1) return undefined;
    const line = await reader.line(offset);
    const record = line && decodeLine(line);
    if (record === undefined) throw this.#changed();
    return record;
  }

  #changed(): SolveError {
    return new SolveError('JOURNAL_DAMAGED', `${this.path}: was changed by something else while it was in use`);
  }
}

function remoteOf({ server, submissionId, jobId }: Extract<JournalRecord, { type: 'uploaded' }>): RemoteJob {
  return { server, submissionId, ...(jobId !== undefined && { jobId }) };
}
