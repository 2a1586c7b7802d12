import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { openFile } from '../io/file-source.ts';
import { type BandMemory, openBundledBands } from '../skyindex/bundled-quads.ts';
import { BundledStars, type StarMemory } from '../skyindex/bundled-stars.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';

/** The data folder of the package, seen from a module two folders deep in `dist`. */
const DATA = new URL('../../data/', import.meta.url);

let bundled: Promise<SkyIndex> | undefined;
let shared: SkyMemory | undefined;
let makeMemory: (() => SkyMemory) | undefined;

/** Where the star data of the package stand for all threads of a process. */
export interface SkyMemory {
  readonly stars: StarMemory;
  readonly bands: readonly BandMemory[];
}

/**
 * The star data that come with the package. Opened once; what a search needs is read when it needs it.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export function openBundledIndex(): Promise<SkyIndex> {
  bundled ??= openIndex();
  return bundled;
}

/**
 * Memory for what the threads of this process read and decode: without it each has its own, up to 70 MB in a night of the whole
 * sky, and they drive each other's tables out of the processor's cache.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export async function shareSkyMemory(): Promise<SkyMemory | undefined> {
  await openBundledIndex();
  shared ??= makeMemory?.();
  return shared;
}

/** To be called in a thread before the star data are first opened there. */
export function useSkyMemory(memory: SkyMemory): void {
  shared ??= memory;
}

async function openIndex(): Promise<SkyIndex> {
  const [starFile, quadFile] = await Promise.all([openData('tycho2-stars.bin'), openData('tycho2-quads.bin')]);
  const stars = await BundledStars.open(starFile, shared?.stars);
  const bands = await openBundledBands(quadFile, stars, shared?.bands);
  makeMemory = () => ({ stars: stars.makeMemory(), bands: bands.map((band) => band.makeMemory()) });
  return { name: 'tycho2', bands: bands.toSorted((a, b) => b.quadLow - a.quadLow), stars };
}

async function openData(name: string): Promise<ByteSource> {
  const path = fileURLToPath(new URL(name, DATA));
  try {
    return await openFile(path);
  } catch (cause) {
    throw new SolveError('INDEX_MISSING', `${path}: the star data cannot be opened`, { cause });
  }
}
