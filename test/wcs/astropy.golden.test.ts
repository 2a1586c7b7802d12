// Against astropy.wcs, which is wcslib plus its own SIP. Tolerance: 1e-6 pixel at all scales from 0.1 arcsec per pixel on;
// that is 3e-11 degrees, a few hundred times the rounding of an angle of 360 degrees.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { headerToWcs, wcsHeaderBytes, wcsToCards } from '../../src/wcs/header.ts';
import { fitInverse } from '../../src/wcs/sip.ts';
import { pixelToSky, skyToPixel, tangentWcs } from '../../src/wcs/transform.ts';
import { determinant } from '../../src/wcs/wcs.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';
import { randomScene, seeded } from './random-wcs.ts';

interface Answer {
  readonly x: number[];
  readonly y: number[];
  readonly ra: number[];
  readonly dec: number[];
  readonly backX?: number[];
  readonly backY?: number[];
}

/** Largest differences between us and an answer, pixels: of the sky positions, and of the pixels found from them. */
function compare(wcs: Wcs, answer: Answer): { forward: number; inverse: number } {
  let forward = 0;
  let inverse = 0;
  answer.x.forEach((x, i) => {
    const [y, ra, dec] = [answer.y[i]!, answer.ra[i]!, answer.dec[i]!];
    const scale = Math.sqrt(Math.abs(determinant(tangentWcs(wcs, x, y))));
    const ours = pixelToSky(wcs, x, y);
    const apart = separation(
      raDecToVector(ours[0] * DEGREE, ours[1] * DEGREE),
      raDecToVector(ra * DEGREE, dec * DEGREE),
    );
    forward = Math.max(forward, apart / DEGREE / scale);
    const pixel = skyToPixel(wcs, ra, dec) ?? [Infinity, Infinity];
    inverse = Math.max(inverse, Math.hypot(pixel[0] - x, pixel[1] - y));
  });
  return { forward, inverse };
}

describe('stored answers of astropy', () => {
  const stored = JSON.parse(
    readFileSync(new URL('../../fixtures/wcs/astropy.json', import.meta.url), 'utf8'),
  ) as (Answer & { cards: Record<string, unknown> })[];

  test('there are 48, a third of them with SIP', () => {
    expect(stored).toHaveLength(48);
    expect(stored.filter(({ cards }) => 'A_ORDER' in cards)).toHaveLength(16);
  });

  test.each(stored.map((answer, i) => [i, answer] as const))('case %i agrees to 1e-6 pixel', (_, answer) => {
    const wcs = headerToWcs((key) => answer.cards[key])!;
    const { forward, inverse } = compare(wcs, answer);
    expect(forward).toBeLessThan(1e-6);
    expect(inverse).toBeLessThan(1e-6);
  });
});

const python = '/usr/bin/python3';
const hasAstropy = existsSync(python) && spawnSync(python, ['-c', 'import astropy.wcs']).status === 0;
if (!hasAstropy)
  console.warn('SKIPPED: the live comparison with astropy needs python3-astropy; stored answers were compared');

describe.skipIf(!hasAstropy)('astropy itself (needs python3-astropy)', () => {
  test('reads 400 headers of ours and agrees to 1e-6 pixel', () => {
    const random = seeded(7);
    const scenes = Array.from({ length: 400 }, () => randomScene(random));
    const cases = scenes.map(({ wcs, width, height }) => ({
      header: Buffer.from(wcsHeaderBytes(wcsToCards(wcs, { width, height }))).toString('latin1'),
      x: Array.from({ length: 6 }, () => random() * width - 0.5),
      y: Array.from({ length: 6 }, () => random() * height - 0.5),
    }));
    const script = new URL('../../scripts/golden-wcs.py', import.meta.url).pathname;
    const run = spawnSync(python, [script, 'answer'], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(run.stderr).toBe('');
    const answers = JSON.parse(run.stdout) as Answer[];
    let [forward, inverse, back, distorted] = [0, 0, 0, 0];
    answers.forEach((answer, i) => {
      const { wcs, width, height } = scenes[i]!;
      const worst = compare(wcs, answer);
      forward = Math.max(forward, worst.forward);
      inverse = Math.max(inverse, worst.inverse);
      if (wcs.sip === undefined) return;
      distorted++;
      // AP and BP are an approximation; programs that use nothing else are as far off as the fit says.
      const fit = fitInverse(wcs.sip, width, height, wcs.crpix);
      answer.x.forEach((x, j) => {
        const miss = Math.hypot(answer.backX![j]! - x, answer.backY![j]! - answer.y[j]!);
        back = Math.max(back, miss / fit.worst);
      });
    });
    expect(answers).toHaveLength(400);
    expect(distorted).toBeGreaterThan(200);
    expect(forward).toBeLessThan(1e-6);
    expect(inverse).toBeLessThan(1e-6);
    // The fit looks for its worst place on a grid, which may miss it by a little.
    expect(back).toBeLessThan(1.3);
    expect(back).toBeGreaterThan(0.1);
  });
});
