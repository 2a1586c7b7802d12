import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { openFile } from '../io/file-source.ts';
import { openBundledBands } from '../skyindex/bundled-quads.ts';
import { BundledStars } from '../skyindex/bundled-stars.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';

/** The data folder of the package, seen from a module two folders deep in `dist`. */
const DATA = new URL('../../data/', import.meta.url);

let bundled: Promise<SkyIndex> | undefined;

/**
 * The star data that come with the package. Opened once; what a search needs is read when it needs it.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export function openBundledIndex(): Promise<SkyIndex> {
  bundled ??= openIndex();
  return bundled;
}

async function openIndex(): Promise<SkyIndex> {
  const [starFile, quadFile] = await Promise.all([openData('tycho2-stars.bin'), openData('tycho2-quads.bin')]);
  const stars = await BundledStars.open(starFile);
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
