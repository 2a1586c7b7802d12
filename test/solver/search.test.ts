import { beforeAll, describe, expect, test } from 'vitest';
import { centreError, drawField, drawNonsense } from '../../bench/sky.mjs';
import { openBundledIndex } from '../../src/engines/star-data.ts';
import type { Hints } from '../../src/hints.ts';
import { vectorToDegrees } from '../../src/math/sphere.ts';
import { createPace } from '../../src/pace.ts';
import type { SkyIndex } from '../../src/skyindex/sky-index.ts';
import { finish, search } from '../../src/solver/search.ts';
import type { SourceList } from '../../src/sources/source-list.ts';
import { determinant } from '../../src/wcs/wcs.ts';

let index: SkyIndex;
let field: Awaited<ReturnType<typeof drawField>>;
beforeAll(async () => {
  index = await openBundledIndex();
  field = await drawField(3, 2, 5);
});

const arcsec = (radians: number): number => (radians * 648000) / Math.PI;

async function solve(sources: SourceList, guesses: Hints[] = []) {
  const finding = await search(sources, guesses, index, { pace: createPace() });
  if (finding.kind !== 'found') throw new Error(finding.kind);
  return { ...finding, fitted: finish(sources, finding.match, index, 5) };
}

/** The field with x counted from the other side. */
function mirrored(sources: SourceList): SourceList {
  return { ...sources, x: sources.x.map((x) => sources.width - 1 - x) };
}

describe('search', () => {
  test('finds a field without hints, to a fraction of a pixel', async () => {
    const { fitted, logOdds } = await solve(field.sources);
    expect(centreError(fitted.wcs, field.truth)).toBeLessThan(0.5);
    expect(logOdds).toBeGreaterThan(Math.log(1e9));
    expect(fitted.rms).toBeLessThan(1);
  });

  test('pairs come with the brightest source first', async () => {
    const { fitted } = await solve(field.sources);
    const rank = [...fitted.pairs.x].map((x) => field.sources.x.indexOf(x));
    expect(rank.length).toBeGreaterThan(10);
    expect(rank).toEqual(rank.toSorted((a, b) => a - b));
  });

  test('right hints need fewer hypotheses than none', async () => {
    const [raDeg, decDeg] = vectorToDegrees(field.truth.centre);
    const scale = arcsec(field.truth.scale);
    const hinted = await solve(field.sources, [
      { position: { raDeg, decDeg, radiusDeg: 2 }, scale: { lowArcsec: 0.95 * scale, highArcsec: 1.05 * scale } },
    ]);
    expect(centreError(hinted.fitted.wcs, field.truth)).toBeLessThan(0.5);
    expect(hinted.rung).toMatch(/^hinted/);
    expect(hinted.tried).toBeLessThanOrEqual((await solve(field.sources)).tried);
  });

  test.each<[string, Hints]>([
    ['position', { position: { raDeg: 10, decDeg: -80, radiusDeg: 3 } }],
    ['scale', { scale: { lowArcsec: 0.5, highArcsec: 0.6 } }],
    [
      'position and scale',
      { position: { raDeg: 10, decDeg: -80, radiusDeg: 3 }, scale: { lowArcsec: 90, highArcsec: 99 } },
    ],
  ])('a wrong %s costs time, never the solution', async (_, hints) => {
    const { fitted } = await solve(field.sources, [hints]);
    expect(centreError(fitted.wcs, field.truth)).toBeLessThan(0.5);
  });

  test.each([1, -1] as const)('a wrong or right parity hint (%i) does not change the answer', async (parity) => {
    const { fitted } = await solve(field.sources, [{ parity }]);
    expect(centreError(fitted.wcs, field.truth)).toBeLessThan(0.5);
  });

  test('a mirrored field has the other parity and the same centre', async () => {
    const plain = await solve(field.sources);
    const turned = await solve(mirrored(field.sources));
    expect(Math.sign(determinant(turned.fitted.wcs))).toBe(-Math.sign(determinant(plain.fitted.wcs)));
    expect(centreError(turned.fitted.wcs, field.truth)).toBeLessThan(0.5);
  });

  test('a plain TAN is all there is for tweak order 0 and 1', async () => {
    const wide = await drawField(8, 30, 40);
    const finding = await search(wide.sources, [], index, { pace: createPace() });
    if (finding.kind !== 'found') throw new Error(finding.kind);
    for (const order of [0, 1]) expect(finish(wide.sources, finding.match, index, order).wcs.sip).toBeUndefined();
  });

  test('five sources are too few', async () => {
    const cut = <T extends Float64Array | Float32Array | Uint8Array>(values: T): T => values.subarray(0, 5) as T;
    const { x, y, flux, sigma, flags } = field.sources;
    const few = { ...field.sources, x: cut(x), y: cut(y), flux: cut(flux), sigma: cut(sigma), flags: cut(flags) };
    const finding = await search(few, [], index, { pace: createPace() });
    expect(finding).toEqual({ kind: 'too-few-sources', tried: 0 });
  });

  test('a cancel is obeyed within 100 ms, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let asked = Infinity;
    setTimeout(() => {
      asked = performance.now();
      controller.abort(reason);
    }, 200);
    const running = search(drawNonsense(4 * 25), [], index, { pace: createPace(controller.signal) });
    await expect(running).rejects.toBe(reason);
    expect(performance.now() - asked).toBeLessThan(100);
  });

  test('a time limit ends the search within 100 ms of it', async () => {
    const start = performance.now();
    const finding = await search(drawNonsense(4 * 25), [], index, { pace: createPace(undefined, 200) });
    expect(finding.kind).toBe('time-limit');
    expect(performance.now() - start).toBeLessThan(300);
  });
});
