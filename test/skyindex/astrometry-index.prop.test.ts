import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { QuadHits, StarBuffer } from '../../src/skyindex/sky-index.ts';
import { dot, fixtureBytes, orders, plainIndex, reorder, skyCode } from './astrometry-file.ts';

/** Stored codes are rounded to 1.1e-5 of ours. */
const ROUNDING = 2e-5;

/** The codes of all quads of a file, with their A and B, as the sky shows them. */
async function skyCodes(name: string): Promise<{ code: number[]; ends: number[] }[]> {
  const plain = await plainIndex(bytesSource(fixtureBytes(name), name));
  const all = [];
  for (let number = 0; number < plain.quads; number++) {
    const stars = await Promise.all((await plain.quad(number)).map((star) => plain.star(star)));
    all.push({ code: skyCode(stars), ends: [...stars[0]!, ...stars[1]!] });
  }
  return all;
}

/** How many quads, in all their orders, lie within the tolerance. */
function countWithin(all: readonly { code: number[] }[], field: Float64Array, tolerance: number): number {
  let count = 0;
  for (const { code } of all) {
    for (const order of orders(code.length === 4 ? 4 : 3)) {
      if (reorder(code, order).every((value, i) => Math.abs(value - field[i]!) <= tolerance)) count++;
    }
  }
  return count;
}

test.each(['four.fits', 'three.fits', 'boxes.fits'])(
  'a search of %s finds what looking through all quads finds',
  async (name) => {
    const all = await skyCodes(name);
    const index = await openAstrometryIndex(bytesSource(fixtureBytes(name), name));
    const band = await index.bands[0]!.open();
    const four = index.bands[0]!.stars === 4;
    const re = fc.double({ min: -0.1, max: 1.1, noNaN: true });
    const im = fc.double({ min: -0.6, max: 0.6, noNaN: true });
    const tolerance = fc.double({ min: 0.001, max: four ? 0.2 : 0.05, noNaN: true });
    const hits = new QuadHits();
    fc.assert(
      fc.property(four ? fc.tuple(re, im, re, im) : fc.tuple(re, im), tolerance, (numbers, reach) => {
        const code = Float64Array.from(numbers);
        hits.clear();
        if (four) band.search(code, reach, hits);
        else band.searchTriple!(code, reach, hits);
        expect(hits.count).toBeGreaterThanOrEqual(countWithin(all, code, reach - ROUNDING));
        expect(hits.count).toBeLessThanOrEqual(countWithin(all, code, reach + ROUNDING));
      }),
      { numRuns: 60, seed: 7 },
    );
  },
);

test.each(['four.fits', 'boxes.fits'])(
  'a cap of %s holds the stars that looking through all stars finds',
  async (name) => {
    const plain = await plainIndex(bytesSource(fixtureBytes(name), name));
    const vectors: number[][] = [];
    for (let i = 0; i < plain.stars; i++) vectors.push(await plain.star(i));
    const { stars } = await openAstrometryIndex(bytesSource(fixtureBytes(name), name));
    await stars.open(Float64Array.of(0, 0, 1), 1);
    const buffer = new StarBuffer();
    const angle = fc.double({ min: 0, max: 2 * Math.PI, noNaN: true });
    const z = fc.double({ min: 0.9, max: 1, noNaN: true });
    const radius = fc.double({ min: 0, max: 0.5, noNaN: true });
    const limit = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(angle, z, radius, limit, (a, height, reach, most) => {
        const flat = Math.sqrt(1 - height * height);
        const centre = Float64Array.of(flat * Math.cos(a), flat * Math.sin(a), height);
        const inside = vectors.filter((vector) => dot(vector, centre) >= Math.cos(reach)).length;
        stars.collect(centre, reach, plain.stars, buffer);
        expect(buffer.count).toBe(inside);
        stars.collect(centre, reach, most, buffer);
        expect(buffer.count).toBe(Math.min(most, inside));
      }),
      { numRuns: 100, seed: 11 },
    );
  },
);
