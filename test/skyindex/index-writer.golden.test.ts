import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawDeepField, drawPatches } from '../../bench/deep-sky.mjs';
import { fitsTable } from '../../bench/index.mjs';
import { centreError } from '../../bench/sky.mjs';
import { createEmbeddedSolver } from '../../src/engines/embedded.ts';
import { checkIndexFile } from '../../src/engines/index-check.ts';
import { UNHURRIED } from '../../src/pace.ts';
import { presetScale } from '../../src/skyindex/index-quads.ts';
import { buildIndex } from '../../src/skyindex/index-writer.ts';

// Astrometry.net's own programs, run live.
const installed = (program: string): boolean => spawnSync('which', [program]).status === 0;
const hasSolver = installed('solve-field');
const hasBuilder = installed('build-astrometry-index');
if (!hasSolver || !hasBuilder) console.warn('SKIPPED: exchange of index files with Astrometry.net needs its programs');

const folder = mkdtempSync(join(tmpdir(), 'starfix-golden-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stars: ReturnType<typeof drawPatches>;
beforeAll(() => {
  stars = drawPatches(2, 3, 0.6);
});

describe.skipIf(!hasSolver)('solve-field (needs astrometry.net)', () => {
  test.each([
    ['the whole sky', undefined],
    ['a tile', { nside: 2, number: 19 }],
  ])('solves with our index of %s', async (name, tile) => {
    const dir = join(folder, name.replaceAll(' ', '-'));
    mkdirSync(dir);
    const plan = { scale: presetScale(2), id: 9002, ...(tile === undefined ? {} : { tile }) };
    const built = await buildIndex(stars, plan, UNHURRIED);
    writeFileSync(join(dir, 'index-9002.fits'), Buffer.concat(built!.pieces));
    const config = join(dir, 'astrometry.cfg');
    writeFileSync(config, `add_path ${dir}\nautoindex\n`);
    // At RA 0, Dec 5: in tile 19 or beside it.
    const { sources, truth } = drawDeepField(stars, 4, 0, 0.28)!;
    const list = join(dir, 'field.xyls');
    writeFileSync(
      list,
      fitsTable([
        { name: 'X', type: 'E', values: sources.x.map((x) => x + 1) },
        { name: 'Y', type: 'E', values: sources.y.map((y) => y + 1) },
        { name: 'FLUX', type: 'E', values: sources.flux },
      ]),
    );
    const columns = ['--x-column', 'X', '--y-column', 'Y', '--sort-column', 'FLUX'];
    const frame = ['--width', `${sources.width}`, '--height', `${sources.height}`];
    const plain = ['--no-plots', '--overwrite', '--cpulimit', '30', '--config', config, '-D', dir];
    const { stdout } = spawnSync('solve-field', [...plain, ...frame, ...columns, list], { encoding: 'utf8' });
    const match = /Field center: \(RA,Dec\) = \(([\d.-]+), ([\d.-]+)\)/.exec(stdout);
    expect(stdout).toContain('solved with index index-9002.fits');
    // It fits quads and a distortion of its own: a pixel is 0.3 arcsec.
    expect(centreError({ crval: [Number(match![1]), Number(match![2])] }, truth)).toBeLessThan(3);
  });
});

describe.skipIf(!hasBuilder)('files of build-astrometry-index (need astrometry.net)', () => {
  test.each([[[]], [['-H', '19', '-s', '2']]])('with options %j pass our check and solve fields', async (options) => {
    const dir = join(folder, `theirs${options.length}`);
    mkdirSync(dir);
    const list = join(dir, 'stars.list');
    writeFileSync(
      list,
      fitsTable([
        { name: 'RA', type: 'D', values: stars.ra },
        { name: 'DEC', type: 'D', values: stars.dec },
        { name: 'MAG', type: 'E', values: stars.magnitude },
      ]),
    );
    const file = join(dir, 'index-9102.fits');
    const args = ['-i', list, '-o', file, '-P', '2', '-S', 'MAG', '-E', '-M', '-I', '9102', ...options];
    expect(spawnSync('build-astrometry-index', args, { stdio: 'ignore' }).status).toBe(0);
    expect((await checkIndexFile(file)).quads).toBeGreaterThan(1000);
    const { sources, truth } = drawDeepField(stars, 4, 0, 0.28)!;
    const outcome = await createEmbeddedSolver({ indexDirs: [dir] }).solve(sources);
    if (outcome.status !== 'solved') throw new Error(outcome.message);
    const { ra, dec } = outcome.solution.calibration;
    expect(centreError({ crval: [ra, dec] }, truth)).toBeLessThan(0.5);
  });
});
