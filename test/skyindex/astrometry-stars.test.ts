import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { StarBuffer } from '../../src/skyindex/sky-index.ts';
import type { StarStore } from '../../src/skyindex/sky-index.ts';
import { dot, fixtureBytes, plainIndex, replaceText } from './astrometry-file.ts';

interface Star {
  vector: number[];
  magnitude: number;
}

async function allStars(name: string): Promise<Star[]> {
  const plain = await plainIndex(bytesSource(fixtureBytes(name), name));
  const stars: Star[] = [];
  for (let i = 0; i < plain.stars; i++)
    stars.push({ vector: await plain.star(i), magnitude: await plain.magnitude(i) });
  return stars;
}

async function openStars(bytes: Uint8Array): Promise<StarStore> {
  const { stars } = await openAstrometryIndex(bytesSource(bytes, 'stars.fits'));
  await stars.open(Float64Array.of(0, 0, 1), Math.PI);
  return stars;
}

/** Text of each star, to compare sets. */
function names(stars: readonly Star[]): string[] {
  return stars.map(({ vector, magnitude }) => `${vector.map((v) => v.toFixed(9)).join(' ')} ${magnitude}`).sort();
}

function contents(buffer: StarBuffer): Star[] {
  return Array.from({ length: buffer.count }, (_, i) => ({
    vector: [...buffer.vectors.subarray(3 * i, 3 * i + 3)],
    magnitude: buffer.magnitude[i]!,
  }));
}

function direction(ra: number, dec: number): Float64Array {
  const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180];
  return Float64Array.of(Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d));
}

const caps: [string, Float64Array, number][] = [
  ['at the pole', direction(0, 90), 0.05],
  ['across right ascension 0', direction(359.9, 86), 0.04],
  ['at the edge of the stars', direction(90, 76), 0.06],
  ['far from all stars', direction(0, -60), 0.3],
  ['of half the sky', direction(10, 20), Math.PI / 2],
  ['of the whole sky', direction(200, -80), Math.PI],
  ['larger than the sky', direction(90, 85), 7],
];

describe.each(['four.fits', 'boxes.fits'])('the stars of %s', (name) => {
  test.each(caps)('in a cap %s are all given, bright ones first', async (_where, centre, radius) => {
    const expected = (await allStars(name)).filter(
      ({ vector }) => dot(vector, centre) >= Math.cos(Math.min(Math.PI, radius)),
    );
    const store = await openStars(fixtureBytes(name));
    const buffer = new StarBuffer();
    store.collect(centre, radius, 100_000, buffer);
    const found = contents(buffer);
    expect(names(found)).toEqual(names(expected));
    // Brightness is told apart by thousandths.
    for (let i = 1; i < found.length; i++)
      expect(found[i]!.magnitude).toBeGreaterThanOrEqual(found[i - 1]!.magnitude - 0.0011);
  });
});

test('a limit leaves the brightest ones of each part of the cap', async () => {
  const store = await openStars(fixtureBytes('four.fits'));
  const centre = direction(90, 85);
  const all = new StarBuffer();
  store.collect(centre, 0.17, 100_000, all);
  const some = new StarBuffer();
  store.collect(centre, 0.17, 200, some);
  expect(some.count).toBe(200);
  expect(names(contents(all))).toEqual(expect.arrayContaining(names(contents(some))));
  // The brightest of all is among them, and each quarter has its share of a quarter.
  expect(some.magnitude[0]).toBe(all.magnitude[0]);
  const quarters = [0, 0, 0, 0];
  for (const { vector } of contents(some)) {
    const east = vector[0]! > 0 ? 1 : 0;
    const north = dot(vector, [0, -Math.sin((85 * Math.PI) / 180), Math.cos((85 * Math.PI) / 180)]) > 0 ? 2 : 0;
    quarters[east + north]!++;
  }
  for (const share of quarters) expect(Math.abs(share - 50)).toBeLessThan(12);
  const mean = (buffer: StarBuffer): number =>
    contents(buffer).reduce((sum, star) => sum + star.magnitude, 0) / buffer.count;
  expect(mean(some)).toBeLessThan(mean(all) - 0.8);
});

test('a buffer is filled anew each time', async () => {
  const store = await openStars(fixtureBytes('four.fits'));
  const buffer = new StarBuffer();
  store.collect(direction(90, 85), 0.1, 100, buffer);
  store.collect(direction(90, 85), 0.1, 30, buffer);
  expect(buffer.count).toBe(30);
  store.collect(direction(0, -60), 0.1, 30, buffer);
  expect(buffer.count).toBe(0);
});

test('directions are unit vectors', async () => {
  const store = await openStars(fixtureBytes('four.fits'));
  const buffer = new StarBuffer();
  store.collect(direction(90, 85), 0.2, 5000, buffer);
  for (const { vector } of contents(buffer)) expect(Math.abs(dot(vector, vector) - 1)).toBeLessThan(1e-15);
});

test('without a column of magnitudes the order of choice stands in', async () => {
  const bytes = replaceText(fixtureBytes('four.fits'), "'MAG_VT  '", "'COLOUR  '");
  const store = await openStars(bytes);
  const buffer = new StarBuffer();
  store.collect(direction(90, 85), 0.2, 100, buffer);
  expect(buffer.count).toBe(100);
  expect(contents(buffer).every(({ magnitude }) => Number.isNaN(magnitude))).toBe(true);
  const bright = new Map(
    (await allStars('four.fits')).map(({ vector, magnitude }) => [vector.map((v) => v.toFixed(9)).join(), magnitude]),
  );
  const magnitudes = contents(buffer).map(({ vector }) => bright.get(vector.map((v) => v.toFixed(9)).join())!);
  const mean = magnitudes.reduce((sum, magnitude) => sum + magnitude, 0) / 100;
  const meanOfAll = [...bright.values()].reduce((sum, magnitude) => sum + magnitude, 0) / bright.size;
  expect(mean).toBeLessThan(meanOfAll - 1);
});

test('without magnitudes and order of choice the stars are given all the same', async () => {
  const bytes = replaceText(fixtureBytes('four.fits'), "'MAG_VT  '", "'COLOUR  '");
  replaceText(bytes, "'sweep   '", "'nothing '");
  const store = await openStars(bytes);
  const buffer = new StarBuffer();
  store.collect(direction(90, 85), 0.2, 100, buffer);
  expect(buffer.count).toBe(100);
});

test('a column of magnitudes is known by its name if the history is gone', async () => {
  const bytes = replaceText(fixtureBytes('four.fits'), 'sort column: MAG_VT', 'sorted by  : MAG_VT');
  const store = await openStars(bytes);
  const buffer = new StarBuffer();
  store.collect(direction(90, 85), 0.2, 5, buffer);
  expect(Math.max(...buffer.magnitude.subarray(0, 5))).toBeLessThan(6);
});
