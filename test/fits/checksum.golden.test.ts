import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { OnesSum, encodeChecksum } from '../../src/fits/checksum.ts';
import { scratchFolder } from '../helpers/scratch.ts';
import { makeSolution, solved } from '../products/solutions.ts';
import { hasAstropy, python } from './python.ts';

test('pieces add up to the same sum, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (pieces) => {
      const cut = new OnesSum();
      for (const piece of pieces) cut.add(piece);
      const whole = new OnesSum();
      whole.add(Buffer.concat(pieces));
      expect(cut.value).toBe(whole.value);
    }),
  );
});

test('the letters bring the sum to all ones, and are letters and digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (sum) => {
      const letters = encodeChecksum(sum);
      expect(letters).toMatch(/^[0-9A-Za-z]{16}$/);
      const zeros = new OnesSum();
      // They begin in column 12, one byte before a word ends; zeros stood there.
      zeros.add(Buffer.from(`000${'0'.repeat(16)}0`));
      const text = new OnesSum();
      text.add(Buffer.from(`000${letters}0`));
      const rest = (sum - zeros.value + 2 * 0xffffffff) % 0xffffffff;
      const all = (rest + text.value) % 0xffffffff;
      expect(all).toBe(0);
    }),
  );
});

describe.skipIf(!hasAstropy)('against astropy', () => {
  const folder = scratchFolder();
  const MAKE = `
import sys, numpy as np
from astropy.io import fits
path, mode = sys.argv[1:3]
image = np.arange(63, dtype='>i2').reshape(7, 9) * 977
hdus = [fits.PrimaryHDU(), fits.ImageHDU(image)] if mode == 'ext' else [fits.PrimaryHDU(image)]
if mode == 'fz': hdus = [fits.PrimaryHDU(), fits.CompImageHDU(image.astype('i4'))]
for h in hdus: h.header['OBSERVER'] = 'somebody'
fits.HDUList(hdus).writeto(path, checksum='datasum' if mode == 'datasum' else True)
`;
  const CHECK = `
import sys, warnings
from astropy.io import fits
warnings.simplefilter('error')
with fits.open(sys.argv[1], checksum=True, disable_image_compression=True) as hdus:
    for h in hdus:
        h.header['DATASUM']
        assert h.verify_datasum() == 1
        assert h.verify_checksum() == (2 if sys.argv[2] == 'datasum' else 1)
`;
  test.each(['plain', 'ext', 'fz', 'datasum'])('sums that were there are true again: %s', async (mode) => {
    const path = join(folder, `${mode}.fits`);
    python('-c', MAKE, path, mode);
    const { bytes, added } = await solved(readFileSync(path), makeSolution(9, 7));
    expect(added.some((card) => card.startsWith('CHECKSUM'))).toBe(mode !== 'datasum');
    expect(added.some((card) => card.startsWith('DATASUM'))).toBe(false);
    writeFileSync(path, bytes);
    python('-c', CHECK, path, mode);
  });
});
