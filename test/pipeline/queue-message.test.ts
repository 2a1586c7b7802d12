import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { solve } from '../../src/engines/solve.ts';
import { SolveError } from '../../src/errors.ts';
import { faultToText, readProgress, readResult, resultToJson, textToFault } from '../../src/pipeline/queue-message.ts';

test('a result comes back from JSON as it was, NaN and typed arrays too', async () => {
  const outcome = await solve(resolve('fixtures/synthetic/dev01_orion_2p5.fits'));
  if (outcome.status !== 'solved') throw new Error('not solved');
  const none = { ...outcome.solution.matches, magnitude: outcome.solution.matches.magnitude.map(() => Number.NaN) };
  const server = { server: 'https://nova.test', submissionId: 7 };
  for (const changed of [
    outcome,
    { ...outcome, solution: { ...outcome.solution, matches: none, rms: Number.NaN, logOdds: Number.NaN } },
    { ...outcome, report: { ...outcome.report, remote: { ...server, jobId: 8 } } },
    { status: 'unsolved', reason: 'time-limit', message: 'too late', report: { ...outcome.report, remote: server } },
  ] as const) {
    const result = { outcome: changed, elapsedMs: 12, worker: 'host:1' };
    const text = JSON.stringify(resultToJson(result));
    const { version, ...back } = readResult(JSON.parse(text)) as typeof result & { version: number };
    expect(version).toBe(1);
    expect(back).toEqual(result);
  }
});

test.each([
  undefined,
  null,
  {},
  { version: 2 },
  { version: 1, elapsedMs: 1, worker: 'x', outcome: { status: 'solved', solution: { engine: 'embedded' } } },
])('what is no result is refused: %j', (json) => {
  expect(() => readResult(json)).toThrow(expect.objectContaining({ code: 'REPLY_INVALID' }) as Error);
});

test('a fault comes back with its code', () => {
  const fault = new SolveError('FITS_TRUNCATED', 'm31.fits: HDU 0: needs 8640 bytes\nand more');
  expect(textToFault(faultToText(fault))).toMatchObject({ code: fault.code, message: fault.message });
});

test.each([
  ['job stalled more than allowable limit', 'WORKER_LOST'],
  ['toString: no code', 'INTERNAL'],
  ['', 'INTERNAL'],
])('what others say of a job: %s', (text, code) => expect(textToFault(text)).toMatchObject({ code }));

test('what is no progress is none', () => {
  expect(readProgress({ stage: 'search', fraction: 0.5 })).toEqual({ stage: 'search', fraction: 0.5 });
  expect(readProgress({ stage: 'lunch' })).toBeUndefined();
  expect(readProgress(7)).toBeUndefined();
});
