import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FIXTURES, difference, expectedIn, readFile } from './golden.ts';
import { hasAstropy, python } from './python.ts';

test('every small file gives the pixels that astropy gives', async () => {
  const files = expectedIn(FIXTURES);
  expect(files.size).toBeGreaterThan(40);
  for (const [name, expected] of files) {
    if (name.includes('hcompress') || name.includes('plio')) continue;
    expect(difference(await readFile(join(FIXTURES, name)), expected), name).toBe('');
  }
});

// Integers, and floats before quantisation, are exact; floats after it come from the same arithmetic in doubles.
test.skipIf(!hasAstropy)(
  'hundreds of files that astropy and fpack write now give the same pixels',
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fits-'));
    try {
      python(join(FIXTURES, 'make.py'), folder, '--many');
      const files = expectedIn(folder);
      expect(files.size).toBeGreaterThan(250);
      const wrong: string[] = [];
      for (const [name, expected] of files) {
        const fault = await readFile(join(folder, name)).then(
          (image) => difference(image, expected),
          (error: unknown) => String(error),
        );
        if (fault !== '') wrong.push(`${name}: ${fault}`);
      }
      expect(wrong).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
