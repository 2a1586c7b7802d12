import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packParcel } from '../../src/engines/parcel.ts';
import { SolveError } from '../../src/errors.ts';
import { fits } from '../image/make-images.ts';
import { scratchFolder } from '../helpers/scratch.ts';

const path = join(scratchFolder(), 'one-star.fits');
const SIDE = 64;
/** Noise, and one star: fewer sources than a server is given. */
const values = Array.from({ length: SIDE * SIDE }, (_, i) => {
  const [dx, dy] = [(i % SIDE) - 30, Math.floor(i / SIDE) - 33];
  return 100 + ((i * 7919) % 5) + Math.round(5000 * Math.exp(-(dx * dx + dy * dy) / 5));
});
writeFileSync(path, fits(16, [SIDE, SIDE], values));
const options = { what: undefined, signal: undefined, onProgress: undefined };

test('with too few sources the file goes, unless another HDU is meant than the one that would be looked at', async () => {
  expect((await packParcel(path, options)).content).toBe(path);
  expect((await packParcel(path, { ...options, extension: 0 })).content).toMatchObject({ width: SIDE, height: SIDE });
  expect((await packParcel(path, { ...options, extension: 0, takesExtension: true })).content).toBe(path);
});

test('an HDU that cannot be read is a fault, and the file is not sent in its place', async () => {
  const wrong = packParcel(path, { ...options, extension: 3 });
  await expect(wrong).rejects.toThrow(SolveError);
  await expect(wrong).rejects.toMatchObject({ code: 'FITS_NO_IMAGE' });
});
