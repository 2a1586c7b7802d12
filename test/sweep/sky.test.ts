import { describe, expect, test } from 'vitest';
import { centreError, drawField, drawNonsense } from '../../bench/sky.mjs';
import { openBundledIndex } from '../../src/engines/star-data.ts';
import { createPace } from '../../src/pace.ts';
import { finish, search } from '../../src/solver/search.ts';
import type { SourceList } from '../../src/sources/source-list.ts';

const FIELDS = 500;
const LISTS = 12;
/** Blind failures allowed: narrow frames whose few stars the index has no quad of. The full sweep is in `npm run bench`. */
const FAILURES = 8;

async function solveBlind(sources: SourceList) {
  const index = await openBundledIndex();
  const finding = await search(sources, [], index, { pace: createPace() });
  return finding.kind === 'found' ? finish(sources, finding.match, index, 5) : undefined;
}

describe('a sweep of the sky', () => {
  test(
    `${FIELDS} places from 0.6 to 50 degrees are found, and none is found elsewhere`,
    { timeout: 180_000 },
    async () => {
      const failed: number[] = [];
      for (let seed = 1; seed <= FIELDS; seed++) {
        const { sources, truth } = await drawField(seed);
        const fitted = await solveBlind(sources);
        if (fitted === undefined) failed.push(seed);
        else expect(centreError(fitted.wcs, truth), `seed ${seed}`).toBeLessThan(0.01 * sources.width);
      }
      expect(failed.length, `seeds ${failed.join(' ')}`).toBeLessThanOrEqual(FAILURES);
    },
  );

  test(`${LISTS} lists that are no sky never match`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= LISTS; seed++) {
      expect(await solveBlind(drawNonsense(seed)), `seed ${seed}`).toBeUndefined();
    }
  });
});
