import { expect, test } from 'vitest';
import { outcomeToRecord, recordToOutcome } from '../../src/pipeline/outcome-record.ts';
import type { Outcome } from '../../src/solution.ts';
import { makeSolution, makeSources } from '../products/solutions.ts';

test('an answer is kept without the sources of its image', () => {
  const solution = makeSolution(40, 30);
  const report = { stages: {}, sources: 4, fwhm: NaN, candidates: 1, notes: [] };
  const outcome: Outcome = { status: 'solved', solution, report };
  const record = outcomeToRecord({ ...outcome, sources: makeSources(solution) });
  expect(JSON.stringify(record)).not.toContain('flux');
  expect(recordToOutcome(record)).toEqual(outcome);
});
