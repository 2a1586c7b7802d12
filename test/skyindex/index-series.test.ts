import { expect, test } from 'vitest';
import { DEGREE, raDecToVector } from '../../src/math/sphere.ts';
import {
  INDEX_SERIES,
  publishedFile,
  publishedFiles,
  scalesFor,
  widthsServed,
} from '../../src/skyindex/index-series.ts';
import { presetScale } from '../../src/skyindex/index-quads.ts';

const series = (name: string) => INDEX_SERIES.find((one) => one.name === name)!;

test('files are named as they are published', () => {
  expect(publishedFiles(series('5200'), 3).map(({ name }) => name)).toEqual(
    Array.from({ length: 48 }, (_, i) => `index-5203-${String(i).padStart(2, '0')}.fits`),
  );
  expect(publishedFiles(series('4200'), 6)).toHaveLength(12);
  expect(publishedFiles(series('4100'), 7)).toMatchObject([{ name: 'index-4107.fits', bytes: 164_995_200 }]);
  expect(publishedFiles(series('4100'), 3)).toEqual([]);
});

test('near a place only its tiles are wanted, more of them near a border', () => {
  const at = (ra: number, dec: number, radius: number) =>
    publishedFiles(series('5200'), 2, { direction: raDecToVector(ra * DEGREE, dec * DEGREE), radius: radius * DEGREE });
  expect(at(10.68, 41.27, 1).map(({ name }) => name)).toEqual(['index-5202-01.fits']);
  expect(at(0, 90, 1).map(({ tile }) => tile)).toEqual([3, 7, 11, 15]);
  expect(at(123, -45, 180)).toHaveLength(48);
});

test.each([
  ['index-5203-17.fits', 'index-5203-17.fits'],
  ['5203-17', 'index-5203-17.fits'],
  ['4107', 'index-4107.fits'],
  ['index-4219.fits', 'index-4219.fits'],
  ['5203', undefined],
  ['5207-01', undefined],
  ['4107-03', undefined],
  ['5203-48', undefined],
  ['../5203-17', undefined],
  ['index-9999.fits', undefined],
])('%s means %s', (word, name) => {
  expect(publishedFile(word)?.name).toBe(name);
});

test('each width of field has scales, whose quads fit into it several times', () => {
  for (let width = 0.08; width < 60; width *= 1.1) {
    const scales = scalesFor(width);
    expect(scales.length).toBeGreaterThan(0);
    const { lowArcmin, highArcmin } = presetScale(scales[0]!);
    expect(highArcmin / 60).toBeLessThan(width);
    const arcmin = Math.PI / 10_800;
    if (width > 0.12) {
      const [low, high] = widthsServed(lowArcmin * arcmin, highArcmin * arcmin);
      expect(low).toBeLessThan(width);
      expect(high).toBeGreaterThan(width);
    }
  }
  expect(scalesFor(0.1)).toContain(0);
  expect(scalesFor(0.5)).toContain(4);
});
