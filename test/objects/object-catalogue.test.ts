import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { ObjectCatalogue } from '../../src/objects/object-catalogue.ts';
import { readObjectFile, writeObjectFile } from '../../src/objects/object-file.ts';
import type { SkyObject } from '../../src/objects/sky-object.ts';

const FILE = new URL('../../data/objects.bin', import.meta.url);
const bytes = new Uint8Array(readFileSync(FILE));
const catalogue = new ObjectCatalogue(bytes, 'objects.bin');

const vector = (ra: number, dec: number): Float64Array => raDecToVector(ra * DEGREE, dec * DEGREE);

describe('the catalogue that comes with the package', () => {
  test('is small', () => {
    expect(bytes.length).toBeLessThan(1_500_000);
    expect(catalogue.count).toBe(16_715);
  });

  test('knows the Andromeda Galaxy with its outline', () => {
    const [found] = catalogue.within(10.68, 41.27, 0.05);
    expect(found).toMatchObject({
      name: 'M 31',
      designations: ['M 31', 'NGC 224'],
      commonNames: ['Andromeda Galaxy'],
      type: 'galaxy',
      magnitude: 3.44,
      majorArcmin: 177.83,
      minorArcmin: 69.66,
      positionAngle: 35,
    });
    expect(separation(vector(found!.ra, found!.dec), vector(10.684792, 41.269056)) / DEGREE).toBeLessThan(1e-6);
  });

  test('has all 110 Messier objects but M 102, which is M 101 or nothing', () => {
    const numbers = catalogue
      .within(0, 0, 180)
      .flatMap(({ designations }) => designations)
      .filter((name) => /^M \d/.test(name))
      .map((name) => Number(name.slice(2)))
      .sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 110 }, (_, i) => i + 1).filter((n) => n !== 102));
  });

  test('joins entries that are one object: IC 11 is NGC 281', () => {
    const [found] = catalogue.within(13.25, 56.62, 0.1, { minSizeArcmin: 10 });
    expect(found!.designations).toEqual(['NGC 281', 'IC 11']);
  });

  test('calls a star by its name, else by its letter, else by its number', () => {
    const names = catalogue.within(85.19, -1.94, 1.2, { types: ['star'] }).map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['Alnitak', 'σ Ori']);
  });
});

describe('a search', () => {
  test('finds what a look at every object finds, anywhere', () => {
    const all = catalogue.within(0, 0, 180);
    expect(all).toHaveLength(catalogue.count);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 360, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 40, noNaN: true }),
        (ra, z, radius) => {
          const dec = Math.asin(z) / DEGREE;
          const centre = vector(ra, dec);
          const expected = all.filter((object) => {
            const away = separation(centre, vector(object.ra, object.dec)) / DEGREE;
            return away <= radius + (object.majorArcmin ?? 0) / 120;
          });
          expect(catalogue.within(ra, dec, radius).length).toBe(expected.length);
        },
      ),
      {
        numRuns: 60,
        examples: [
          [0, 1, 5],
          [359.99, 0, 3],
          [180, -1, 12],
          [45, 2 / 3, 9],
        ],
      },
    );
  });

  test('leaves out what is fainter, but not what has no magnitude', () => {
    const found = catalogue.within(84, -3, 3, { maxMag: 4 });
    expect(found.every(({ magnitude }) => magnitude === undefined || magnitude <= 4)).toBe(true);
    expect(found.map(({ name }) => name)).toContain('IC 432');
    expect(found.map(({ name }) => name)).not.toContain('31 Ori');
  });

  test('keeps kinds and sizes apart', () => {
    const galaxies = catalogue.within(187, 12, 3, { types: ['galaxy'], minSizeArcmin: 5 });
    expect(galaxies.map(({ name }) => name)).toContain('M 87');
    expect(galaxies.every(({ type, majorArcmin }) => type === 'galaxy' && majorArcmin! >= 5)).toBe(true);
  });

  test('is sorted by magnitude', () => {
    const magnitudes = catalogue.within(200, 50, 10).map(({ magnitude }) => magnitude ?? Infinity);
    expect(magnitudes).toEqual([...magnitudes].sort((a, b) => a - b));
  });
});

describe('an object file', () => {
  const plain: SkyObject = {
    name: 'A & B',
    designations: ['A & B', 'X <1>'],
    commonNames: [],
    type: 'dark-nebula',
    ra: 359.9999,
    dec: -90,
  };

  test('comes back as it was written', () => {
    const [found] = new ObjectCatalogue(writeObjectFile([plain]), 'x').within(0, -90, 1);
    expect(found).toMatchObject({ ...plain, ra: expect.closeTo(359.9999, 6) as number });
    expect(found).not.toHaveProperty('magnitude');
    expect(found).not.toHaveProperty('majorArcmin');
    expect(found).not.toHaveProperty('positionAngle');
  });

  test('may stand anywhere in a larger buffer', () => {
    const file = writeObjectFile([plain]);
    for (const offset of [1, 4]) {
      const larger = new Uint8Array(file.length + 8);
      larger.set(file, offset);
      const view = larger.subarray(offset, offset + file.length);
      expect(new ObjectCatalogue(view, 'x').within(0, -90, 1)).toHaveLength(1);
    }
  });

  const damaged: [string, (file: Uint8Array) => Uint8Array, string][] = [
    ['cut short', (file) => file.subarray(0, file.length - 1), 'bytes, expected'],
    ['empty', () => new Uint8Array(0), '0 bytes are no object file'],
    ['of another kind', (file) => file.fill(7, 0, 4), 'not an object file of this version'],
    ['with a torn table', (file) => file.fill(255, 36, 40), 'its tables are damaged'],
  ];
  test.each(damaged)('%s is refused', (_, damage, fact) => {
    expect(() => readObjectFile(damage(writeObjectFile([plain])), 'objects.bin')).toThrow(
      expect.objectContaining({ code: 'INDEX_CORRUPT', message: expect.stringContaining(`objects.bin: `) as string }),
    );
    expect(() => readObjectFile(damage(writeObjectFile([plain])), 'objects.bin')).toThrow(fact);
  });
});
