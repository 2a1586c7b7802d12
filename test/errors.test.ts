import { expect, test } from 'vitest';
import { FAULTS, SolveError } from '../src/errors.ts';

test('every fault has an exit code of the contract, an HTTP status and a remedy of one sentence', () => {
  for (const [code, { exit, http, remedy }] of Object.entries(FAULTS)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect([2, 3, 4, 5], code).toContain(exit);
    expect(http >= 400 && http < 600, code).toBe(true);
    expect(remedy, code).toMatch(/^[A-Z][^\n]*[A-Za-z]\.$/);
  }
});

test('an error knows its code, its remedy and its cause', () => {
  const cause = new Error('disk gone');
  const error = new SolveError('FILE_UNREADABLE', 'm31.fits: disk gone', { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'SolveError',
    code: 'FILE_UNREADABLE',
    message: 'm31.fits: disk gone',
    remedy: FAULTS.FILE_UNREADABLE.remedy,
    cause,
  });
});
