import { expect, test } from 'vitest';
import { nearMiss } from '../../src/cli/near-miss.ts';

const KNOWN = ['wcs', 'new-fits', 'corr', 'annotated', 'annotated-full', 'info', 'log', 'all'];

test.each([
  ['wsc', 'wcs'],
  ['WCS', 'wcs'],
  ['newfits', 'new-fits'],
  ['new_fits', 'new-fits'],
  ['cor', 'corr'],
  ['anotated', 'annotated'],
  ['annotated-ful', 'annotated-full'],
  ['lgo', 'log'],
])('%s is %s, misspelt', (word, meant) => {
  expect(nearMiss(word, KNOWN)).toBe(meant);
});

test.each(['spectrum', 'x', '', 'jpg', 'annotation-picture'])('%j is like nothing that is known', (word) => {
  expect(nearMiss(word, KNOWN)).toBe(undefined);
});
