import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { image16 } from '../e2e/fits-file.ts';
import { scratchFolder } from '../helpers/scratch.ts';
import { solved, makeSolution } from './solutions.ts';

const CHILD = fileURLToPath(new URL('./update-child.mjs', import.meta.url));
const ROUNDS = 25;

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test.each(['plain', 'backup'])(
  'a killed update leaves the old file or the new one: %s',
  { timeout: 120_000 },
  async (how) => {
    const folder = scratchFolder();
    const path = join(folder, 'm31.fits');
    const old = image16(1000, 4000, (x, y) => (x * y) % 30_011);
    const wholes = new Set([digest(old)]);
    for (const ra of [10, 11]) {
      const { wcs: _, ...rest } = makeSolution(1000, 4000);
      const wcs = { crval: [ra, 20], crpix: [499.5, 1999.5], cd: [-0.001, 0, 0, 0.001] } as const;
      wholes.add(digest((await solved(old, { ...rest, wcs })).bytes));
    }
    writeFileSync(path, old);
    const seen = new Set<string>();
    let left = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, [CHILD, path, how], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      await pause(Math.random() * 120);
      child.kill('SIGKILL');
      await ended;
      const now = digest(readFileSync(path));
      expect(wholes).toContain(now);
      seen.add(now);
      for (const name of readdirSync(folder)) {
        if (name === 'm31.fits') continue;
        if (name.startsWith('m31.fits.bak')) expect(wholes).toContain(digest(readFileSync(join(folder, name))));
        else {
          expect(name).toMatch(/^\.m31\.fits\..*\.tmp$/);
          left++;
        }
      }
      // Hundreds of backups say no more than one.
      for (const name of readdirSync(folder)) if (name.includes('.bak')) rmSync(join(folder, name));
    }
    expect(seen.size).toBeGreaterThan(1);
    expect(left).toBeGreaterThan(0);
    // What was left behind is gone after the next update.
    expect(spawnSync(process.execPath, [CHILD, path, 'once']).status).toBe(0);
    expect(readdirSync(folder)).toEqual(['m31.fits']);
  },
);
