import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { openFile } from '../io/file-source.ts';
import { openBundledBands } from '../skyindex/bundled-quads.ts';
import { BundledStars, type StarMemory, makeStarMemory } from '../skyindex/bundled-stars.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';

/** The data folder of the package, seen from a module two folders deep in `dist`. */
const DATA = new URL('../../data/', import.meta.url);

let bundled: Promise<SkyIndex> | undefined;
let shared: StarMemory | undefined;
let starCount = 0;

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
 * Memory for the stars that threads of this process decode: without it each has its own, 22 MB in a night of the whole sky.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export async function shareStarMemory(): Promise<StarMemory> {
  await openBundledIndex();
  shared ??= makeStarMemory(starCount);
  return shared;
}

/** To be called in a thread before the star data are first opened there. */
export function useStarMemory(memory: StarMemory): void {
  shared ??= memory;
}

async function openIndex(): Promise<SkyIndex> {
  const [starFile, quadFile] = await Promise.all([openData('tycho2-stars.bin'), openData('tycho2-quads.bin')]);
  const stars = await BundledStars.open(starFile, shared);
  starCount = stars.count;
  const bands = await openBundledBands(quadFile, stars);
  return { name: 'tycho2', bands: bands.sort((a, b) => b.quadLow - a.quadLow), stars };
}

async function openData(name: string): Promise<ByteSource> {
  const path = fileURLToPath(new URL(name, DATA));
  try {
    return await openFile(path);
  } catch (cause) {
    throw new SolveError('INDEX_MISSING', `${path}: the star data cannot be opened`, { cause });
  }
}
