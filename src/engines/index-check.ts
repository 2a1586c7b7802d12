import { SolveError } from '../errors.ts';
import { openFile } from '../io/file-source.ts';
import { openAstrometryIndex } from '../skyindex/astrometry-index.ts';

/** Quads whose codes are computed again. */
const SAMPLE = 20_000;

/**
 * Reads all of an index file and compares it with itself: tables, trees, star numbers, and codes with the stars they are of.
 *
 * @returns what it holds
 * @throws {SolveError} `INDEX_CORRUPT`, `INDEX_UNSUPPORTED`, and what `openFile` throws, naming the file and the fact
 */
export async function checkIndexFile(path: string): Promise<{ readonly quads: number; readonly bytes: number }> {
  const source = await openFile(path);
  try {
    const index = await openAstrometryIndex(source);
    let quads = 0;
    for (const band of index.bands) {
      const open = await band.open();
      const tested = Math.min(SAMPLE, band.quads);
      const wrong = open.wrongCodes?.(SAMPLE) ?? 0;
      if (wrong > 0) {
        throw new SolveError(
          'INDEX_CORRUPT',
          `${path}: of ${tested} quads looked at, ${wrong} have codes that their stars do not have`,
        );
      }
      quads += band.quads;
    }
    return { quads, bytes: source.size };
  } finally {
    await source.close();
  }
}
