import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readPlanes } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { PYTHON } from '../fits/python.ts';
import { scratchFolder } from '../helpers/scratch.ts';

const folder = scratchFolder();
const script = fileURLToPath(new URL('libtiff.py', import.meta.url));
const run = spawnSync(PYTHON, [script, folder], { encoding: 'utf8' });
if (run.status !== 0) console.warn(`left out: TIFF files of libtiff, since they cannot be written here: ${run.stderr}`);

const [WIDTH, HEIGHT] = [150, 75];

test.skipIf(run.status !== 0)(
  'files of libtiff: all numbers, packings, predictors, strips and tiles, planes, byte orders',
  async () => {
    const files = run.stdout.trim().split('\n');
    expect(files.length).toBeGreaterThan(200);
    const wrong: string[] = [];
    for (const line of files) {
      const [name, kind, channels] = line.split(' ') as [string, string, string];
      const shift = kind === 'u32' ? 2 ** 31 : 0;
      try {
        const { planes, pixels, width, height } = await readPlanes(bytesSource(readFileSync(join(folder, name)), name));
        const expected = Array.from({ length: WIDTH * HEIGHT * planes }, (_, i) => {
          const c = Math.floor(i / (WIDTH * HEIGHT));
          const [x, y] = [i % WIDTH, Math.floor(i / WIDTH) % HEIGHT];
          return ((x * 31 + y * 17 + c * 5 + ((x * y) % 7)) % 101) - shift;
        });
        if (width !== WIDTH || height !== HEIGHT || planes !== Number(channels)) wrong.push(`${name}: shape`);
        else if (expected.some((value, i) => pixels[i] !== value)) wrong.push(`${name}: values`);
      } catch (error) {
        wrong.push(`${name}: ${String(error)}`);
      }
    }
    expect(wrong).toEqual([]);
  },
  60_000,
);
