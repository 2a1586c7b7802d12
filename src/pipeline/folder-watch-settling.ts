import { join } from 'node:path';
import { type SeenFile, forEachOf } from './folder-watch-listing.ts';
import { HIDDEN, type Look, isSameContent, lookAt } from './folder-watch-look.ts';

/** A file that stands still. */
export interface ArrivedFile {
  /** As under the folder that was named. */
  readonly path: string;
  /** 0 if the file may not even be looked at. */
  readonly size: number;
  /** When its writer says that it was written, in ns; clocks of other machines may differ. */
  readonly mtimeNs: bigint;
  /** When its last change was noticed, in ms of the clock here. */
  readonly writtenAt: number;
  /** When it was found to stand still, in ms of the clock here. */
  readonly settledAt: number;
}

/** What becomes of files. */
export interface SettlingHandler {
  /** These stand still now, in the order in which they were written. */
  onSettled(files: readonly ArrivedFile[]): void;
  /** What was said of this file is not so any more. */
  onChanged(path: string): void;
  /** This path, thought to be a file, is a folder. */
  onFolder(path: string): void;
  /** Of the files that were there at the start, all that stood still have been given. */
  onStarted(): void;
}

/** A file of which it is not known whether it stands still. */
interface Unsettled {
  readonly folder: string;
  readonly name: string;
  /** Undefined: not looked at yet. */
  look: Look | undefined;
  /** When it last changed, monotonic, and by the clock. */
  since: number;
  writtenAt: number;
  /** When to look at it next, monotonic. */
  checkAt: number;
  /** The system told of a change that has not been looked at. */
  told: boolean;
  /** It was there at the start. */
  first: boolean;
}

/** After being told of a change, how long to wait for more before looking. */
const LAG_MS = 100;

/**
 * Knows the files that are there, and tells when one stands still: same size, same time of writing and nothing heard of it
 * for a while. One timer serves them all.
 *
 * The time of writing is never compared with the clock here: that of a network drive may be hours off, and would make a
 * file look old that is being written.
 */
export class Settling {
  readonly #settleMs: number;
  readonly #handler: SettlingHandler;
  /** Those told of, or found and not to be told of: by folder and name, for as long as they are there. */
  readonly #known = new Map<string, Map<string, Look>>();
  readonly #unsettled = new Map<string, Unsettled>();
  /** How many of the first are yet unsettled; undefined: they have been dealt with, or were not asked for yet. */
  #firstLeft: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Infinity;
  #checking = false;
  #closed = false;

  constructor(settleMs: number, handler: SettlingHandler) {
    this.#settleMs = settleMs;
    this.#handler = handler;
  }

  /** Folders in which files are known. */
  folders(): string[] {
    return [...this.#known.keys()];
  }

  /** Names of the files known in a folder. */
  names(folder: string): string[] {
    return [...(this.#known.get(folder)?.keys() ?? [])];
  }

  /** How a known file looked. */
  known(folder: string, name: string): Look | undefined {
    return this.#known.get(folder)?.get(name);
  }

  /** Something was heard of a file: it came, was written to, or went. */
  hear(folder: string, name: string): void {
    const now = performance.now();
    const file = this.#unsettledAt(folder, name, now);
    file.told = true;
    file.since = now;
    file.writtenAt = Date.now();
    file.checkAt = Math.min(file.checkAt, now + Math.min(LAG_MS, this.#settleMs / 4));
    this.#arm(file.checkAt);
  }

  /** Files are there, new or not. */
  see(files: Iterable<SeenFile>): void {
    const now = performance.now();
    for (const { folder, name, look } of files) {
      const known = this.known(folder, name);
      if (look === undefined || (known !== undefined && isSame(known, look))) continue;
      const file = this.#unsettledAt(folder, name, now);
      if (file.told || (file.look !== undefined && isSameContent(file.look, look))) continue;
      file.look = look;
      file.since = now;
      file.writtenAt = Date.now();
      file.checkAt = now + this.#settleMs;
    }
    this.#arm(now + this.#settleMs);
  }

  /** A known file was not found: it is looked for once more before it is forgotten. */
  miss(folder: string, name: string): void {
    const now = performance.now();
    this.#unsettledAt(folder, name, now).checkAt = now;
    this.#arm(now);
  }

  /** The files that have been seen up to now are those that were there at the start. */
  beginStart(): void {
    this.#firstLeft = 0;
    for (const file of this.#unsettled.values()) {
      file.first = true;
      this.#firstLeft++;
    }
    if (this.#firstLeft === 0) this.#started();
  }

  /** These are known, and nothing is to be told of them unless they change. */
  know(files: Iterable<SeenFile>): void {
    for (const { folder, name, look } of files) if (look !== undefined) this.#setKnown(folder, name, look);
  }

  /** Forgets files as if they had never been seen. */
  forget(folder: string, name: string): void {
    const file = this.#unsettled.get(join(folder, name));
    if (file !== undefined) this.#drop(file);
    this.#forgetKnown(folder, name);
  }

  /** Forgets all that do not stand still. */
  forgetUnsettled(): void {
    for (const { folder, name } of this.#unsettled.values()) this.forget(folder, name);
    this.#firstLeft = undefined;
  }

  /** Ends it: nothing is told any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #unsettledAt(folder: string, name: string, now: number): Unsettled {
    const path = join(folder, name);
    let file = this.#unsettled.get(path);
    if (file === undefined) {
      file = {
        folder,
        name,
        look: undefined,
        since: now,
        writtenAt: Date.now(),
        checkAt: now + this.#settleMs,
        told: false,
        first: false,
      };
      this.#unsettled.set(path, file);
    }
    return file;
  }

  #setKnown(folder: string, name: string, look: Look): void {
    const names = this.#known.get(folder) ?? new Map<string, Look>();
    names.set(name, look);
    this.#known.set(folder, names);
  }

  #forgetKnown(folder: string, name: string): void {
    const names = this.#known.get(folder);
    names?.delete(name);
    if (names?.size === 0) this.#known.delete(folder);
  }

  #drop(file: Unsettled): void {
    this.#unsettled.delete(join(file.folder, file.name));
    this.#noLongerFirst(file);
  }

  #noLongerFirst(file: Unsettled): void {
    if (!file.first) return;
    file.first = false;
    this.#firstLeft!--;
  }

  #started(): void {
    this.#firstLeft = undefined;
    this.#handler.onStarted();
  }

  #arm(at: number): void {
    if (this.#closed || this.#checking || at >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    this.#timer = setTimeout(() => void this.#check(), Math.max(0, Math.ceil(at - performance.now())));
  }

  async #check(): Promise<void> {
    this.#checking = true;
    const now = performance.now();
    const still: { readonly file: Unsettled; readonly since: number; readonly look: Look }[] = [];
    const due = [...this.#unsettled.values()].filter(({ checkAt }) => checkAt <= now);
    await forEachOf(due, async (file) => {
      const { since } = file;
      const look = await this.#checkOne(file);
      if (look !== undefined) still.push({ file, since, look });
    });
    if (this.#closed) return;
    // Others of the round took their time: what happened meanwhile counts.
    const settled = still.filter(({ file, since }) => this.#isCurrent(file) && file.since === since);
    settled.sort((a, b) => order(a.look.mtimeNs, b.look.mtimeNs) || order(a.file.name, b.file.name));
    const settledAt = Date.now();
    const arrived = settled.map(({ file, look }): ArrivedFile => {
      this.#setKnown(file.folder, file.name, look);
      this.#drop(file);
      const { size, mtimeNs } = look;
      return { path: join(file.folder, file.name), size, mtimeNs, writtenAt: file.writtenAt, settledAt };
    });
    this.#handler.onSettled(arrived.filter((_, i) => !isEmpty(settled[i]!.look)));
    if (this.#firstLeft === 0) this.#started();
    this.#checking = false;
    this.#wakeAt = Infinity;
    let next = Infinity;
    for (const { checkAt } of this.#unsettled.values()) next = Math.min(next, checkAt);
    if (next < Infinity) this.#arm(next);
  }

  /** @returns how it looks, if it stands still */
  async #checkOne(file: Unsettled): Promise<Look | undefined> {
    const { folder, name, since, told } = file;
    const path = join(folder, name);
    const due = performance.now() >= since + this.#settleMs;
    file.told = false;
    file.checkAt = Infinity;
    const found = await lookAt(path, due || this.known(folder, name)?.readable === false);
    // What was heard meanwhile is newer than what was found.
    if (this.#closed || !this.#isCurrent(file) || file.since !== since) return undefined;
    const now = performance.now();
    if (found === 'unknown') {
      file.since = now;
      file.checkAt = now + this.#settleMs;
      return undefined;
    }
    const known = this.known(folder, name);
    if (typeof found === 'string') {
      this.#handler.onChanged(path);
      this.forget(folder, name);
      if (found === 'folder') this.#handler.onFolder(path);
    } else if (known !== undefined && isSame(known, found)) {
      this.#drop(file);
    } else {
      if (known !== undefined) {
        this.#handler.onChanged(path);
        this.#forgetKnown(folder, name);
      }
      if (file.look !== undefined && isSameContent(file.look, found)) {
        if (due) return found;
      } else {
        this.#noLongerFirst(file);
        file.look = found;
        // If the change was not told of, this is when it was noticed.
        if (!told) Object.assign(file, { since: now, writtenAt: Date.now() });
      }
      file.checkAt = file.since + this.#settleMs;
    }
    return undefined;
  }

  #isCurrent(file: Unsettled): boolean {
    return this.#unsettled.get(join(file.folder, file.name)) === file;
  }
}

/** Whether there is nothing new about a known file. If its folder is closed now, nothing was learned. */
function isSame(known: Look, look: Look): boolean {
  return look === HIDDEN || (isSameContent(known, look) && known.readable === look.readable);
}

/** A file that may not be looked at says nothing about its size. */
function isEmpty({ size, readable }: Look): boolean {
  return size === 0 && readable;
}

function order<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}
