import { expect, test } from 'vitest';
import { createSolveFieldSolver } from '../../src/engines/solve-field.ts';
import { askedOf } from '../../src/pipeline/asked.ts';
import { identityOf } from '../../src/pipeline/image-identity.ts';
import type { Solver } from '../../src/solution.ts';

const SHA = '0'.repeat(64);
const same = (a: object, b: object): boolean => identityOf(SHA, a) === identityOf(SHA, b);

test('what is left out is the default, whoever leaves it out', () => {
  const said = { hints: {}, headerHints: true, crpixCenter: false };
  expect(same(askedOf({}, ['embedded']), askedOf(said, ['embedded']))).toBe(true);
  // How a server would be asked does not matter where none is.
  expect(same(askedOf({}, ['embedded']), askedOf(said, ['embedded'], { isPublic: false }))).toBe(true);
});

test('every option that changes the answer is another question', () => {
  const nova = (server: string): Solver => ({ name: 'nova', server, solve: () => Promise.reject(new Error('unused')) });
  const questions = [
    askedOf({}, ['embedded']),
    askedOf({ headerHints: false }, ['embedded']),
    askedOf({ hints: { parity: 1 } }, ['embedded']),
    askedOf({ extension: 2 }, ['embedded']),
    askedOf({ downsample: 2 }, ['embedded']),
    askedOf({ tweakOrder: 0 }, ['embedded']),
    askedOf({ crpixCenter: true }, ['embedded']),
    askedOf({ indexDirs: ['/data'] }, ['embedded']),
    askedOf({}, ['embedded', createSolveFieldSolver()]),
    askedOf({}, ['embedded', nova('https://a.example')]),
    askedOf({}, ['embedded', nova('https://b.example')]),
    askedOf({}, ['embedded', nova('https://b.example')], { upload: 'image' }),
  ];
  expect(new Set(questions.map((asked) => identityOf(SHA, asked))).size).toBe(questions.length);
});
