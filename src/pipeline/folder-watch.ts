import type { BigIntStats } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { SolveError } from '../errors.ts';
import { FolderBells, type Ring } from './folder-watch-bells.ts';
import { type Choice, type Listing, listFiles, lookAtFolder } from './folder-watch-listing.ts';
import { EventQueue } from './folder-watch-queue.ts';
import { type ArrivedFile, Settling } from './folder-watch-settling.ts';

/** What happens in a folder. */
export type FolderEvent =
  /** A file stands still. */
  | { readonly kind: 'file'; readonly file: ArrivedFile }
  /** Of the files that were there at the start, all that stood still have been given. */
  | { readonly kind: 'ready' }
  /** The folder cannot be read any more, and why: deleted, renamed, its disk taken away. It is waited for. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** The folder is there again; what is new or changed in it comes next. */
  | { readonly kind: 'back' };

/** How a folder is watched. */
export interface FolderWatchOptions {
  /** Folders in it too, and those that come later. Links to folders are not followed. Default: no. */
  readonly recursive?: boolean;
  /** How long a file must stand still, in ms. Default 2000. */
  readonly settleMs?: number;
  /**
   * Look so often instead of being told, in ms: network drives do not tell what other machines write. Default: be told.
   */
  readonly pollMs?: number;
  /** Look so often although told, in ms: what happens too fast is not told. Default 60000. */
  readonly rescanMs?: number;
  /** Whether a file of this name is wanted; names that begin with a dot are not asked about. */
  readonly accepts: (name: string) => boolean;
  /** Whether to pass by a file or a folder, as the program's own output. */
  readonly ignores?: (path: string) => boolean;
  /** Give the files that are there at the start, those written first first. Default: yes. */
  readonly existing?: boolean;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** What the user should know: one line. */
  readonly onWarning?: (message: string) => void;
}

/** How often to look if the system cannot tell. */
const DEAF_SCAN_MS = 5000;
/** How often to look whether a folder has come back. */
const GONE_SCAN_MS = 1000;

/**
 * Gives files as they arrive in a folder, each when it has stood still: same size, same time of writing, not empty. A file
 * that is written to afterwards is given again; one that goes before it is taken is not given. Files wait at no cost
 * but a small record each until they are taken.
 *
 * Breaking off the loop ends the watch; nothing is left running.
 *
 * @throws {SolveError} when the first event is asked for: `FILE_NOT_FOUND` if the folder is not there, `BAD_ARGUMENT` if it
 *   is a file, `FILE_UNREADABLE`
 * @throws the signal's reason if cancelled
 */
export async function* watchFolder(
  folder: string,
  options: FolderWatchOptions,
): AsyncGenerator<FolderEvent, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  for (const name of ['settleMs', 'pollMs', 'rescanMs'] as const) checkTime(name, options[name]);
  const events = new EventQueue<FolderEvent>();
  const watch = new FolderWatch(folder, options, events);
  const abort = (): void => {
    watch.close();
    events.fail(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    watch.begin();
    for (;;) yield await events.take();
  } finally {
    signal?.removeEventListener('abort', abort);
    watch.close();
  }
}

function checkTime(name: string, ms = 1): void {
  // Longer than this, and a timer of Node does not wait at all.
  if (ms > 0 && ms < 2 ** 31) return;
  throw new SolveError('BAD_ARGUMENT', `${name}: ${ms} is not a number of milliseconds between 0 and ${2 ** 31}`);
}

class FolderWatch {
  readonly #root: string;
  readonly #options: FolderWatchOptions;
  readonly #choice: Choice;
  readonly #events: EventQueue<FolderEvent>;
  readonly #settling: Settling;
  readonly #bells: FolderBells;
  /** Folders to be looked through. */
  readonly #wanted = new Set<string>();
  /** Folders that were complained of, and have not been read since. */
  readonly #warned = new Set<string>();
  #scanning = false;
  #scanTimer: NodeJS.Timeout | undefined;
  #state: 'new' | 'here' | 'gone' | 'closed' = 'new';
  #ready = false;
  /** What the folder was on when it was last here. */
  #device: bigint | undefined;
  /** Why the system does not tell of all folders, if so. */
  #deaf: string | undefined;

  constructor(folder: string, options: FolderWatchOptions, events: EventQueue<FolderEvent>) {
    // Written as it is in the paths of its files.
    this.#root = dirname(join(folder, 'file'));
    this.#options = options;
    const { recursive = false, accepts, ignores = () => false } = options;
    this.#choice = { recursive, accepts, ignores };
    this.#events = events;
    this.#settling = new Settling(options.settleMs ?? 2000, {
      onSettled: (files) => {
        for (const file of files) events.put({ kind: 'file', file }, file.path);
      },
      onChanged: (path) => events.drop(path),
      onFolder: (path) => this.#want(path),
      onStarted: () => {
        this.#ready = true;
        events.put({ kind: 'ready' });
      },
    });
    this.#bells = new FolderBells((ring) => {
      try {
        this.#heard(ring);
      } catch (error) {
        // What a caller's function throws ends the watch, not the program.
        events.fail(error);
      }
    });
  }

  begin(): void {
    this.#want(this.#root);
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#scanTimer);
    this.#bells.clear();
    this.#settling.close();
  }

  #heard(ring: Ring): void {
    if (ring.kind === 'folder') return this.#want(ring.folder);
    const { folder, name, comesOrGoes } = ring;
    const path = join(folder, name);
    if (name.startsWith('.') || this.#choice.ignores(path)) return;
    if (this.#choice.accepts(name)) this.#settling.hear(folder, name);
    else if (comesOrGoes) this.#want(path);
  }

  #want(folder: string): void {
    if (folder !== this.#root && !this.#choice.recursive) return;
    this.#wanted.add(folder);
    if (!this.#scanning) void this.#scanWanted();
  }

  async #scanWanted(): Promise<void> {
    this.#scanning = true;
    try {
      for (const folder of this.#wanted) {
        this.#wanted.delete(folder);
        // Without its root, whatever is not found is not known to be deleted.
        if (folder !== this.#root && this.#state !== 'here') continue;
        await this.#scan(folder);
        if (this.#isClosed()) return;
        if (folder === this.#root) this.#scanLater();
      }
    } catch (error) {
      this.#events.fail(error);
    }
    this.#scanning = false;
  }

  #scanLater(): void {
    const { pollMs, rescanMs = 60_000 } = this.#options;
    let pauseMs = pollMs ?? rescanMs;
    if (this.#deaf !== undefined) pauseMs = Math.min(pauseMs, DEAF_SCAN_MS);
    if (this.#state === 'gone') pauseMs = Math.min(pauseMs, GONE_SCAN_MS);
    clearTimeout(this.#scanTimer);
    this.#scanTimer = setTimeout(() => this.#want(this.#root), pauseMs);
  }

  /** Looks through a folder, and those in it if they count. */
  async #scan(top: string): Promise<void> {
    const isRoot = top === this.#root;
    let deaf: string | undefined;
    let listing: Listing;
    let device: bigint;
    try {
      listing = await listFiles(
        top,
        isRoot,
        this.#choice,
        (folder, name) => this.#settling.known(folder, name)?.readable === false,
        (folder, stats) => (deaf = this.#listen(folder, stats) ?? deaf),
      );
      // If its disk was taken away meanwhile, then what was not found is not known to be deleted.
      device = (await lookAtFolder(this.#root, true)).dev;
    } catch (error) {
      if (!this.#isClosed()) this.#lose(error);
      return;
    }
    if (this.#isClosed()) return;
    if (this.#device !== undefined && this.#device !== device) {
      if (!isRoot) return this.#want(this.#root);
      if (listing.isEmpty) return this.#beGone('its disk is not mounted');
    }
    this.#device = device;
    this.#noteDeaf(deaf, isRoot);
    this.#noteUnreadable(listing, top);
    this.#apply(listing, top);
  }

  /** @returns why the system will not tell of changes in it, if so */
  #listen(folder: string, { dev, ino }: BigIntStats): string | undefined {
    if (this.#options.pollMs !== undefined || this.#isClosed()) return undefined;
    const fault = this.#bells.listen(folder, `${dev}:${ino}`);
    // Then it cannot be read either, which is dealt with there.
    return ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(fault ?? 'ENOENT') ? undefined : fault;
  }

  #noteDeaf(deaf: string | undefined, isRoot: boolean): void {
    const before = this.#deaf;
    if (isRoot || deaf !== undefined) this.#deaf = deaf;
    if (deaf === undefined || before !== undefined) return;
    this.#warn(`the system does not tell of all changes (${deaf}), so the folder is looked through every few seconds`);
    this.#scanLater();
  }

  #noteUnreadable({ folders, unreadable }: Listing, top: string): void {
    for (const folder of this.#warned) {
      if (isWithin(folder, top) && !(folders.has(folder) && unreadable.has(folder))) this.#warned.delete(folder);
    }
    for (const [folder, error] of unreadable) {
      if (!this.#warned.has(folder)) this.#warn(`what is in it is not seen: ${reasonOf(error)}`, folder);
      this.#warned.add(folder);
    }
  }

  #apply({ files, folders, unreadable }: Listing, top: string): void {
    const { existing = true } = this.#options;
    if (this.#state === 'gone') this.#events.put({ kind: 'back' });
    if (this.#state === 'new' && !existing) this.#settling.know(files);
    else this.#settling.see(files);
    const found = new Set(files.map(({ folder, name }) => join(folder, name)));
    for (const folder of this.#settling.folders()) {
      if (!isWithin(folder, top) || unreadable.has(folder)) continue;
      for (const name of this.#settling.names(folder)) {
        if (!found.has(join(folder, name))) this.#settling.miss(folder, name);
      }
    }
    for (const folder of this.#bells.folders()) {
      if (isWithin(folder, top) && !folders.has(folder)) this.#bells.drop(folder);
    }
    if (this.#state !== 'here' && !this.#ready) this.#settling.beginStart();
    this.#state = 'here';
  }

  /** The folder could not be read. */
  #lose(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (this.#state === 'new') throw this.#asFault(error, code);
    // That is not the fault of the folder, and passes.
    if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') this.#warn(reasonOf(error));
    else this.#beGone(reasonOf(error));
  }

  #asFault(error: unknown, code: string): SolveError {
    const cause = { cause: error };
    if (code === 'ENOENT') return new SolveError('FILE_NOT_FOUND', `${this.#root}: no such folder`, cause);
    if (code === 'ENOTDIR') return new SolveError('BAD_ARGUMENT', `${this.#root}: a file, not a folder`, cause);
    return new SolveError('FILE_UNREADABLE', `${this.#root}: ${reasonOf(error)}`, cause);
  }

  /** What was taken stays known; what was not yet will be new when the folder is back. */
  #beGone(reason: string): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#wanted.clear();
    this.#bells.clear();
    this.#settling.forgetUnsettled();
    for (const path of this.#events.keys()) {
      if (typeof path !== 'string') continue;
      this.#events.drop(path);
      this.#settling.forget(dirname(path), basename(path));
    }
    this.#events.put({ kind: 'gone', reason });
    this.#scanLater();
  }

  #warn(fact: string, folder: string = this.#root): void {
    this.#options.onWarning?.(`${folder}: ${fact}`);
  }

  /** Asked after each wait: the watch may have ended in it. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'it is not there any more';
    case 'ENOTDIR':
      return 'it is not a folder any more';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return message;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '.' || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
