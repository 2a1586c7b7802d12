import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { objectsIn } from '../../src/annotate/object-data.ts';
import { fieldObjects, outlineOf } from '../../src/objects/field-objects.ts';
import type { SolvedImage } from '../../src/objects/field-objects.ts';
import { ObjectCatalogue } from '../../src/objects/object-catalogue.ts';
import { writeObjectFile } from '../../src/objects/object-file.ts';
import type { SkyObject } from '../../src/objects/sky-object.ts';
import { DEGREE, positionAngle, raDecToVector, separation } from '../../src/math/sphere.ts';

/** North up, east left as a FITS image is shown, 1 arcmin a pixel. */
function image(ra: number, dec: number, turned = 0, width = 201, height = 101): SolvedImage {
  const [sin, cos] = [Math.sin(turned * DEGREE) / 60, Math.cos(turned * DEGREE) / 60];
  return {
    wcs: { crval: [ra, dec], crpix: [(width - 1) / 2, (height - 1) / 2], cd: [-cos, sin, sin, cos] },
    width,
    height,
  };
}

const galaxy: SkyObject = {
  name: 'X 1',
  designations: ['X 1'],
  commonNames: [],
  type: 'galaxy',
  ra: 0,
  dec: 10,
  majorArcmin: 60,
  minorArcmin: 20,
  positionAngle: 30,
};
const catalogueOf = (...objects: SkyObject[]): ObjectCatalogue => new ObjectCatalogue(writeObjectFile(objects), 'test');

describe('an object in the image', () => {
  test('has its place, axes and direction in pixels', () => {
    const [found] = fieldObjects(catalogueOf(galaxy), image(0, 10));
    expect(found).toMatchObject({ name: 'X 1', centreInside: true });
    expect(found!.x).toBeCloseTo(100, 3);
    expect(found!.y).toBeCloseTo(50, 3);
    expect(found!.majorPx).toBeCloseTo(60, 3);
    expect(found!.minorPx).toBeCloseTo(20, 3);
    // North is +y and east is -x: 30 degrees from north to east are 120 from +x to +y.
    expect(found!.anglePx).toBeCloseTo(120, 3);
  });

  test('turns with the image', () => {
    const [found] = fieldObjects(catalogueOf(galaxy), image(0, 10, 50));
    expect(found!.anglePx).toBeCloseTo(120 - 50, 3);
  });

  test('lies across RA 0', () => {
    for (const ra of [359.5, 0, 0.5]) {
      expect(fieldObjects(catalogueOf({ ...galaxy, ra: 359.9 }, { ...galaxy, ra: 0.1 }), image(ra, 10))).toHaveLength(
        2,
      );
    }
  });

  test('lies at the pole', () => {
    const around = [0, 90, 180, 270].map((ra): SkyObject => ({ ...galaxy, ra, dec: 89.8 }));
    const found = fieldObjects(catalogueOf(...around), image(123, 90));
    expect(found.map(({ x, y }) => Math.hypot(x - 100, y - 50))).toEqual(
      Array.from({ length: 4 }, () => expect.closeTo(12, 2) as number),
    );
  });
});

describe('an object whose centre lies outside', () => {
  const at = (dx: number): SolvedImage => image(0 + dx, 10);

  test('counts if its outline reaches in', () => {
    const near = fieldObjects(catalogueOf({ ...galaxy, positionAngle: 90 }), at(2));
    expect(near).toHaveLength(1);
    expect(near[0]!.centreInside).toBe(false);
    expect(near[0]!.x).toBeGreaterThan(200.5);
  });

  test('does not if it reaches elsewhere', () => {
    expect(fieldObjects(catalogueOf({ ...galaxy, positionAngle: 0 }), at(2))).toEqual([]);
    expect(fieldObjects(catalogueOf({ ...galaxy, positionAngle: 90 }), at(3))).toEqual([]);
  });

  test('counts if the whole image lies inside it', async () => {
    const tiny = image(83.0, -68.5, 0, 20, 20);
    expect((await objectsIn(tiny)).map(({ name }) => name)).toContain('Large Magellanic Cloud');
  });

  test('does not on the far side of the sky', () => {
    expect(fieldObjects(catalogueOf(galaxy), image(180, -10))).toEqual([]);
  });
});

describe('an outline', () => {
  test('has its axes and angle on the sky, also beside the pole', () => {
    for (const dec of [-89.9, -30, 0, 60, 89.5]) {
      const object = { ...galaxy, ra: 200, dec };
      const outline = outlineOf(object)!;
      const centre = raDecToVector(200 * DEGREE, dec * DEGREE);
      const [first, quarter] = [outline.subarray(0, 3), outline.subarray(54, 57)];
      expect(separation(centre, first) / DEGREE).toBeCloseTo(0.5, 9);
      expect(positionAngle(centre, first) / DEGREE).toBeCloseTo(30, 6);
      expect(separation(centre, quarter) / DEGREE).toBeCloseTo(1 / 6, 9);
      expect(positionAngle(centre, quarter) / DEGREE).toBeCloseTo(120, 6);
      expect(outline.subarray(-3)).toEqual(first);
    }
  });

  test('is not known of a star', () => {
    const { majorArcmin: _, minorArcmin: __, ...star } = galaxy;
    expect(outlineOf(star)).toBeUndefined();
  });
});

test('the object file comes with the package', () => {
  const { files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    files: string[];
  };
  expect(files).toContain('data');
});
