import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { RemoteJob } from '../solution.ts';
import { LONGEST_LINE, LineAppender, LineReader } from './journal-file.ts';
import {
  type ImagePlace,
  type ImageRecord,
  type RunRecord,
  encodeLine,
  isIdentity,
  placeFields,
} from './journal-line.ts';
import { FIRST_LINE } from './journal-line.ts';
import { type JournalLock, holderOf, lockJournal } from './journal-lock.ts';
import { type Replay, replayJournal } from './journal-replay.ts';
import { type JournalParts, JournalView } from './journal-view.ts';

/** How a journal is opened. Everything may be left out. */
export interface JournalOptions {
  /** The folder of images that a new journal is about. */
  readonly folder?: string;
  /** Told of lines that are damaged, and of what could not be tidied up: one sentence each. */
  readonly onWarning?: (message: string) => void;
}

/** What happens to an image next: told before it happens where somebody else could see it, after it where it is a result. */
export type JournalStep =
  | {
      readonly state: 'queued';
      readonly place: ImagePlace;
      /** An earlier submission is no longer good: it is to be uploaded again. */
      readonly anew?: boolean;
    }
  | {
      readonly state: 'running';
      /** 1 for the first time. */
      readonly attempt: number;
    }
  | ({ readonly state: 'uploaded' } & RemoteJob)
  | {
      readonly state: 'solved' | 'unsolved';
      /** What is to be printed again: anything that JSON can hold. */
      readonly result: unknown;
    }
  | { readonly state: 'failed'; readonly code: string; readonly message: string; readonly result?: unknown }
  | { readonly state: 'lost'; readonly message?: string };

/** A run of the program, about to begin. */
export interface JournalRunStart {
  readonly command: string;
  /** As on the command line, without secrets. */
  readonly arguments: readonly string[];
  readonly cwd: string;
}

/** Below this size nothing is tidied up. */
const SMALL_BYTES = 2 ** 20;

/**
 * Opens a journal for writing, or makes one: the file readable by the user alone, in a folder that is made if need be.
 *
 * What a crash or a full disk left of a last line is cut off; damaged lines are skipped; what was running when its
 * process ended is `lost`. A file of more than 1 MB that is mostly superseded lines is written anew, whole or not at all.
 *
 * @throws {SolveError} `JOURNAL_BUSY`, naming the process that has it; `JOURNAL_DAMAGED` if the file is none, or of a
 *   newer version: it is not touched; `FILE_UNWRITABLE`, `FILE_UNREADABLE`, `FILE_NOT_REGULAR`
 */
export async function openJournal(path: string, options: JournalOptions = {}): Promise<Journal> {
  const real = await realPathOf(path);
  const lock = await lockJournal(real);
  try {
    const { replay, handle } = await prepare(real, options);
    replay.index.loseRunning();
    const parts: JournalParts = { path: real, handle, holder: undefined, ...replay };
    return new Journal(parts, new LineAppender(handle, real, replay.end), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Reads a journal as it is now, while another process may work with it. Nothing is written; a last line that is not whole
 * is simply not there yet.
 *
 * @throws {SolveError} `FILE_NOT_FOUND`; `JOURNAL_DAMAGED` if the file is none, or of a newer version;
 *   `FILE_UNREADABLE`, `FILE_NOT_REGULAR`
 */
export async function readJournal(path: string, options: Pick<JournalOptions, 'onWarning'> = {}): Promise<JournalView> {
  const real = await realpath(path).catch((error: unknown) => {
    throw asFault(path, error);
  });
  const before = await holderOf(real);
  const handle = await openRegular(real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const replay = await replayJournal(handle, real, options.onWarning);
    // One that came or went meanwhile has worked on what is running.
    const holder = before ?? (await holderOf(real));
    if (holder === undefined) replay.index.loseRunning();
    return new JournalView({ path: real, handle, holder, ...replay });
  } catch (error) {
    await handle.close();
    throw asFault(real, error);
  }
}

/** A journal that is open for writing: this process's alone. */
export class Journal extends JournalView {
  readonly #appender: LineAppender;
  readonly #lock: JournalLock;
  readonly #parts: JournalParts;
  #closing: Promise<void> | undefined;
  #begun = false;

  /** @internal */
  constructor(parts: JournalParts, appender: LineAppender, lock: JournalLock) {
    super(parts);
    this.#parts = parts;
    this.#appender = appender;
    this.#lock = lock;
  }

  /**
   * Tells what happens to an image. Resolves when it is on the disk; from then on it is seen in `stateOf` and the others.
   * Many at a time cost little more than one; what is told in order is written in order.
   *
   * @param identity as `identityOf` gives it
   * @throws {SolveError} `FILE_UNWRITABLE` (the disk is full): it was not told, and may be told again later
   */
  async record(identity: string, step: JournalStep): Promise<void> {
    const result = 'result' in step ? step.result : undefined;
    await this.#append(recordOf(identity, step), result);
  }

  /** Tells that the same bytes are at another place as well, so that `contentAt` knows it. */
  async addPlace(identity: string, place: ImagePlace): Promise<void> {
    await this.#append({ type: 'place', id: identity, at: Date.now(), ...placeFields(place) });
  }

  /** Tells that a run begins. */
  async begin({ command, arguments: words, cwd }: JournalRunStart): Promise<void> {
    this.#begun = true;
    await this.#appendRun({ type: 'begin', at: Date.now(), pid: process.pid, command, cwd, arguments: words });
  }

  /**
   * Tells that the run has ended.
   *
   * @param options `stopped`: because somebody said so, with work left
   */
  async end({ stopped = false }: { readonly stopped?: boolean } = {}): Promise<void> {
    await this.#appendRun({ type: 'end', at: Date.now(), ...(stopped && { stopped }) });
  }

  /** Waits for what is being written, and lets others have the journal. */
  override close(): Promise<void> {
    this.#closing ??= (async () => {
      try {
        await this.#appender.settled();
        await super.close();
      } finally {
        await this.#lock.release();
      }
    })();
    return this.#closing;
  }

  protected override isOwnRun(pid: number): boolean {
    return this.#begun && pid === process.pid;
  }

  async #append(record: ImageRecord, result?: unknown): Promise<void> {
    if (!isIdentity(record.id)) throw new SolveError('BAD_ARGUMENT', `identity: ${record.id} is not 32 hex digits`);
    const line = encodeLine(record, result);
    if (line.length > LONGEST_LINE) {
      throw new SolveError('BAD_ARGUMENT', `result: ${line.length} bytes are more than a journal takes`);
    }
    this.#checkOpen();
    await this.#appender.append(line, (offset) => this.#parts.index.apply(record, offset));
  }

  async #appendRun(record: RunRecord): Promise<void> {
    this.#checkOpen();
    await this.#appender.append(encodeLine(record), (offset) => this.#parts.run.apply(record, offset));
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SolveError('BAD_ARGUMENT', `${this.path}: the journal is closed`);
  }
}

function recordOf(id: string, step: JournalStep): ImageRecord {
  const at = Date.now();
  switch (step.state) {
    case 'queued':
      return { type: 'queued', id, at, ...placeFields(step.place), ...(step.anew === true && { anew: true }) };
    case 'running':
      return { type: 'running', id, at, attempt: step.attempt };
    case 'uploaded': {
      const { server, submissionId, jobId } = step;
      return { type: 'uploaded', id, at, server, submissionId, ...(jobId !== undefined && { jobId }) };
    }
    case 'solved':
    case 'unsolved':
      return { type: step.state, id, at };
    case 'failed':
      return { type: 'failed', id, at, code: step.code, message: step.message };
    case 'lost':
      return { type: 'lost', id, at, ...(step.message !== undefined && { message: step.message }) };
  }
}

/** The path by which every process names the file, be it there or not. Its folder is made. */
async function realPathOf(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await mkdir(dirname(whole), { recursive: true, mode: 0o700 });
      return join(await realpath(dirname(whole)), basename(whole));
    });
  } catch (error) {
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Reads what is there, and makes the file fit to be appended to. */
async function prepare(path: string, options: JournalOptions): Promise<{ replay: Replay; handle: FileHandle }> {
  const { folder, onWarning } = options;
  await removeLeftovers(path);
  const handle = await openRegular(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK);
  try {
    let replay = await replayJournal(handle, path, onWarning);
    if (replay.blank) {
      await startFile(handle, path, folder);
      replay = await replayJournal(handle, path, onWarning);
    } else if (replay.end < replay.size) {
      await handle.truncate(replay.end);
      await handle.datasync();
    }
    const live = replay.end > SMALL_BYTES || replay.headless ? liveLines(replay) : undefined;
    if (live === undefined || (2 * live.length > replay.lines && !replay.headless)) return { replay, handle };
    try {
      await writeFileAtomic(path, keptLines(handle, live, replay.folder), { overwrite: true, mode: 0o600 });
    } catch (error) {
      onWarning?.(`${path}: it stays as large as it is: ${(error as Error).message}`);
      return { replay, handle };
    }
  } catch (error) {
    await handle.close();
    throw asFault(path, error, 'FILE_UNWRITABLE');
  }
  await handle.close();
  await syncFolder(path);
  return await prepare(path, options);
}

/** A new file, and one whose first lines never got to the disk. */
async function startFile(handle: FileHandle, path: string, folder: string | undefined): Promise<void> {
  try {
    await handle.truncate(0);
    await handle.write(headOf(folder), 0);
    await handle.sync();
  } catch (error) {
    await handle.truncate(0).catch(() => {});
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
  await syncFolder(path);
}

function headOf(folder: string | undefined): Buffer {
  const about = encodeLine({ type: 'about', version: 1, ...(folder !== undefined && { folder }) });
  return Buffer.concat([Buffer.from(`${FIRST_LINE}\n`), about]);
}

/** Offsets of the lines that are kept, in order. */
function liveLines({ index, run }: Replay): Float64Array {
  const images = index.liveLines();
  const all = new Float64Array(images.length + run.lines.length);
  all.set(images);
  all.set(run.lines, images.length);
  return all.sort();
}

/** The file without its superseded lines. The others stay as they are, in the same order, and so mean the same. */
async function* keptLines(
  handle: FileHandle,
  live: Float64Array,
  folder: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const reader = new LineReader(handle, SMALL_BYTES);
  let pieces: Buffer[] = [headOf(folder)];
  let bytes = 0;
  for (const offset of live) {
    const line = await reader.line(offset);
    if (line === undefined) throw new Error(`no line at byte ${offset}`);
    pieces.push(line, NEWLINE);
    bytes += line.length + 1;
    if (bytes < SMALL_BYTES) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
  }
  yield Buffer.concat(pieces);
}

const NEWLINE = Buffer.from('\n');

/** What a process that was killed while it wrote the file anew has left. */
async function removeLeftovers(path: string): Promise<void> {
  const start = `.${basename(path).slice(0, 100)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(start) || !/^[0-9a-f-]{36}\.tmp$/.test(name.slice(start.length))) continue;
    await unlink(join(dirname(path), name)).catch(() => {});
  }
}

/** A name is on the disk when its folder is. Windows does that by itself, and knows no such call. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY).catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

async function openRegular(path: string, flags: number): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags, 0o600);
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle?.close();
    throw asFault(path, error, (flags & constants.O_RDWR) === 0 ? 'FILE_UNREADABLE' : 'FILE_UNWRITABLE');
  }
  await handle.close();
  throw new SolveError('FILE_NOT_REGULAR', `${path}: is not a regular file`);
}

function asFault(
  path: string,
  error: unknown,
  other: 'FILE_UNREADABLE' | 'FILE_UNWRITABLE' = 'FILE_UNREADABLE',
): SolveError {
  if (error instanceof SolveError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new SolveError('FILE_NOT_FOUND', `${path}: no such file`, { cause: error });
    case 'EISDIR':
      return new SolveError('FILE_NOT_REGULAR', `${path}: is a folder`, { cause: error });
    default:
      return new SolveError(other, `${path}: ${message}`, { cause: error });
  }
}
