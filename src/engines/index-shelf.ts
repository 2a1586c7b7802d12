import { openFile } from '../io/file-source.ts';
import { openAstrometryIndex } from '../skyindex/astrometry-index.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';
import type { IndexFile } from './index-folders.ts';

/** What index files may take in memory before those that have not been used for the longest are let go: 1 GiB. */
const MOST_BYTES = 2 ** 30;

interface Kept {
  readonly index: Promise<SkyIndex>;
  readonly bytes: number;
}

/** Files in memory, the one used last at the end. */
const kept = new Map<string, Kept>();

/**
 * The quads and stars of an index file, all of them in memory, kept for the next frame as long as there is room.
 *
 * @throws {SolveError} `INDEX_CORRUPT`, `INDEX_UNSUPPORTED`, and what `openFile` throws
 */
export async function openIndexFile(file: IndexFile): Promise<SkyIndex> {
  // Another file under the same name has, nearly always, another size or other quads.
  const key = `${file.path}\n${file.bytes}\n${file.quads}\n${file.stars}`;
  const known = kept.get(key);
  kept.delete(key);
  const entry = known ?? { index: load(file.path), bytes: file.bytes };
  kept.set(key, entry);
  let total = 0;
  for (const { bytes } of kept.values()) total += bytes;
  for (const [other, { bytes }] of kept) {
    if (total <= MOST_BYTES || other === key) break;
    kept.delete(other);
    total -= bytes;
  }
  try {
    return await entry.index;
  } catch (error) {
    kept.delete(key);
    throw error;
  }
}

async function load(path: string): Promise<SkyIndex> {
  const source = await openFile(path);
  try {
    const index = await openAstrometryIndex(source);
    for (const band of index.bands) await band.open();
    return index;
  } finally {
    await source.close();
  }
}
