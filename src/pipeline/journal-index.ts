import { hash } from 'node:crypto';
import type { ImageRecord, RunRecord } from './journal-line.ts';

/** How far an image has come. The order is that of the numbers in memory. */
export const JOURNAL_STATES = ['queued', 'running', 'uploaded', 'solved', 'unsolved', 'failed', 'lost'] as const;

/**
 * How far an image has come.
 *
 * - `queued`: it is to be worked on
 * - `running`: somebody works on it
 * - `uploaded`: a server has it, and has given a number
 * - `solved`, `unsolved`, `failed`: it is done, and the result is kept
 * - `lost`: it was running when its process ended
 */
export type JournalState = (typeof JOURNAL_STATES)[number];

/** Lines of an image that are remembered: offsets in the file, -1 if there is none. */
export const SLOT = {
  /** The first of it, which gives it its place among the others. */
  first: 0,
  /** The last that tells where it is. */
  place: 1,
  /** The last that says that it is running. */
  running: 2,
  /** The last that says where it was uploaded, unless that is no longer good. */
  remote: 3,
  /** The one that made it what it is. */
  state: 4,
} as const;
const SLOTS = 5;

const LOST = JOURNAL_STATES.indexOf('lost');
const RUNNING = JOURNAL_STATES.indexOf('running');

/**
 * What is remembered of a journal: some sixty bytes for an image and thirty for each place it was seen at, in arrays side
 * by side. Everything else is read again when it is asked for.
 */
export class JournalIndex {
  readonly #identities = new KeyTable();
  readonly #states = new Column((length) => new Uint8Array(length));
  readonly #attempts = new Column((length) => new Uint32Array(length));
  readonly #lines = new Column((length) => new Float64Array(length));
  readonly #places = new KeyTable();
  readonly #placeLines = new Column((length) => new Float64Array(length));
  readonly #counts = JOURNAL_STATES.map(() => 0);
  /** Rows that are filled. */
  #known = 0;

  /** Images. */
  get size(): number {
    return this.#identities.size;
  }

  /** Takes in a line about an image, the lines before it having been taken in. */
  apply(record: ImageRecord, offset: number): void {
    const i = this.#rowOf(record.id);
    this.#setLine(i, SLOT.first, offset, true);
    if (record.type === 'queued' || record.type === 'place') {
      this.#setLine(i, SLOT.place, offset);
      const { file = record.path, size, mtime } = record;
      this.#placeLines.set(this.#places.add(placeKey(file, size, mtime)), offset);
      if (record.type === 'place') return;
      if (record.anew === true) this.#setLine(i, SLOT.remote, -1);
    } else if (record.type === 'running') {
      this.#attempts.set(i, record.attempt);
      this.#setLine(i, SLOT.running, offset);
    } else if (record.type === 'uploaded') {
      this.#setLine(i, SLOT.remote, offset);
    }
    this.#setLine(i, SLOT.state, offset);
    this.#become(i, JOURNAL_STATES.indexOf(record.type));
  }

  /** Number of the image, in order of first appearance; -1 if it is unknown. */
  find(identity: string): number {
    return this.#identities.find(identityKey(identity));
  }

  /** Offset of the line that last said what was at a place; -1 if it is unknown. Another place may be meant, if rarely. */
  findPlace(absolutePath: string, size: number, mtimeNs: bigint): number {
    const at = this.#places.find(placeKey(absolutePath, size, `${mtimeNs}`));
    return at === -1 ? -1 : this.#placeLines.get(at);
  }

  identity(i: number): string {
    return this.#identities.hex(i);
  }

  state(i: number): JournalState {
    return JOURNAL_STATES[this.#states.get(i)]!;
  }

  /** How often it was begun. */
  attempt(i: number): number {
    return this.#attempts.get(i);
  }

  /** Offset of a line of the image; -1 if there is none. */
  line(i: number, slot: (typeof SLOT)[keyof typeof SLOT]): number {
    return this.#lines.get(i * SLOTS + slot);
  }

  /** How many images are in each state. */
  counts(): Record<JournalState, number> {
    return Object.fromEntries(JOURNAL_STATES.map((state, i) => [state, this.#counts[i]!])) as Record<
      JournalState,
      number
    >;
  }

  /** What was running is lost: its process is gone. */
  loseRunning(): void {
    for (let i = 0; i < this.size; i++) if (this.#states.get(i) === RUNNING) this.#become(i, LOST);
  }

  /** Offsets of all lines without which something would be forgotten, in order. */
  liveLines(): Float64Array {
    const placed = this.#places.size;
    const all = new Float64Array(placed + this.size * SLOTS);
    for (let i = 0; i < placed; i++) all[i] = this.#placeLines.get(i);
    for (let i = 0; i < this.size * SLOTS; i++) all[placed + i] = this.#lines.get(i);
    all.sort();
    let count = 0;
    let last = -1;
    for (const offset of all) {
      if (offset === last) continue;
      all[count++] = offset;
      last = offset;
    }
    return all.subarray(0, count);
  }

  #rowOf(identity: string): number {
    const i = this.#identities.add(identityKey(identity));
    if (i === this.#known) {
      this.#known++;
      this.#states.set(i, 0);
      this.#attempts.set(i, 0);
      for (let slot = 0; slot < SLOTS; slot++) this.#lines.set(i * SLOTS + slot, -1);
      // What is told of it first may be that it is somewhere: then it is to be worked on.
      this.#counts[0]!++;
    }
    return i;
  }

  #setLine(i: number, slot: number, offset: number, unlessThere = false): void {
    const at = i * SLOTS + slot;
    if (!unlessThere || this.#lines.get(at) === -1) this.#lines.set(at, offset);
  }

  #become(i: number, state: number): void {
    this.#counts[this.#states.get(i)]!--;
    this.#counts[state]!++;
    this.#states.set(i, state);
  }
}

/** The last run that a journal tells of. */
export class RunMemory {
  begin: Extract<RunRecord, { type: 'begin' }> | undefined;
  end: Extract<RunRecord, { type: 'end' }> | undefined;
  /** Offsets of their lines. */
  readonly lines: number[] = [];

  apply(record: RunRecord, offset: number): void {
    if (record.type === 'begin') {
      this.begin = record;
      this.end = undefined;
      this.lines.length = 0;
    } else {
      this.end = record;
    }
    this.lines.push(offset);
  }
}

/** Numbers in blocks, so that there is never an old array beside a larger one. */
class Column {
  readonly #make: (length: number) => Uint8Array | Uint32Array | Float64Array;
  readonly #blocks: (Uint8Array | Uint32Array | Float64Array)[] = [];

  constructor(make: (length: number) => Uint8Array | Uint32Array | Float64Array) {
    this.#make = make;
  }

  /** What was set there. */
  get(i: number): number {
    return this.#blocks[i >>> BLOCK_BITS]![i & BLOCK_MASK]!;
  }

  set(i: number, value: number): void {
    (this.#blocks[i >>> BLOCK_BITS] ??= this.#make(BLOCK_MASK + 1))[i & BLOCK_MASK] = value;
  }
}

const BLOCK_BITS = 12;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;

/** Four numbers of 32 bits. */
type Key = readonly [number, number, number, number];

/** Keys and their numbers in order of appearance: a hash table on flat arrays, a fifth of what a Map of strings takes. */
class KeyTable {
  size = 0;
  readonly #keys = new Column((length) => new Uint32Array(length));
  /** Number of a key plus one; 0 is free. A power of two long, and never more than two thirds full. */
  #slots = new Uint32Array(2048);

  /** Number of a key; -1 if it is unknown. */
  find(key: Key): number {
    return this.#slots[this.#slotOf(key)]! - 1;
  }

  /** Number of a key, which it is given if it is new. */
  add(key: Key): number {
    const slot = this.#slotOf(key);
    const known = this.#slots[slot]!;
    if (known !== 0) return known - 1;
    const number = this.size++;
    for (let k = 0; k < 4; k++) this.#keys.set(4 * number + k, key[k]!);
    this.#slots[slot] = this.size;
    if (3 * this.size > 2 * this.#slots.length) this.#spread();
    return number;
  }

  hex(number: number): string {
    let text = '';
    for (let k = 4 * number; k < 4 * number + 4; k++) text += this.#keys.get(k).toString(16).padStart(8, '0');
    return text;
  }

  #slotOf(key: Key): number {
    const mask = this.#slots.length - 1;
    const keys = this.#keys;
    // Keys are cut from SHA-256: any part of them is as good as a hash.
    for (let slot = key[0] & mask; ; slot = (slot + 1) & mask) {
      const k = 4 * (this.#slots[slot]! - 1);
      if (k < 0) return slot;
      const first = keys.get(k) === key[0] && keys.get(k + 1) === key[1];
      if (first && keys.get(k + 2) === key[2] && keys.get(k + 3) === key[3]) return slot;
    }
  }

  #spread(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 0; number < this.size; number++) {
      let slot = this.#keys.get(4 * number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function identityKey(hex: string): Key {
  const part = (from: number): number => Number.parseInt(hex.slice(from, from + 8), 16);
  return [part(0), part(8), part(16), part(24)];
}

function placeKey(absolutePath: string, size: number, mtime: string): Key {
  return identityKey(hash('sha256', `${mtime} ${size} ${absolutePath}`, 'hex'));
}
