import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { annotate, annotatePng } from '../../src/annotate/annotate.ts';
import type { AnnotatedImage } from '../../src/annotate/annotate.ts';
import { ASCENT, DESCENT, Lettering } from '../../src/annotate/lettering.ts';
import { objectsIn, openObjects } from '../../src/annotate/object-data.ts';
import { DEGREE, raDecToVector, separation } from '../../src/math/sphere.ts';
import { pixelToSky, skyToPixel } from '../../src/wcs/transform.ts';
import { IMAGES, gridOf, labelsOf, marksOf, objectAt, plainImage } from './images.ts';

/** Where a pixel is drawn. */
const place = (image: AnnotatedImage, x: number, y: number): [number, number] => [
  x + 0.5,
  image.rowOrder === 'bottom-up' ? image.height - 1 - y + 0.5 : y + 0.5,
];

/** The pixel that is drawn there. */
const pixel = (image: AnnotatedImage, [x, y]: readonly [number, number]): [number, number] => [
  x - 0.5,
  image.rowOrder === 'bottom-up' ? image.height - 0.5 - y : y - 0.5,
];

const byTitle = (objects: Awaited<ReturnType<typeof objectsIn>>, title: string): (typeof objects)[number] =>
  objects.find(({ designations, commonNames }) => [...designations, ...commonNames].join(', ') === title)!;

describe.each(IMAGES)('%s', (name, image) => {
  const drawn = annotate(image);
  const known = objectsIn(image);

  test('marks sit on their objects', async () => {
    const objects = await known;
    const marks = marksOf(await drawn);
    if (!/south/.test(name)) expect(marks.length).toBeGreaterThan(0);
    for (const { title, centre, points } of marks) {
      const object = byTitle(objects, title);
      const [x, y] = place(image, ...skyToPixel(image.wcs, object.ra, object.dec)!);
      if (centre !== undefined) {
        expect(Math.hypot(centre[0] - x, centre[1] - y), title).toBeLessThan(0.02);
        continue;
      }
      // Every point of an outline lies between the two axes from the centre, measured on the sky.
      const middle = raDecToVector(object.ra * DEGREE, object.dec * DEGREE);
      for (const point of points) {
        const [ra, dec] = pixelToSky(image.wcs, ...pixel(image, point));
        const arcmin = (separation(middle, raDecToVector(ra * DEGREE, dec * DEGREE)) / DEGREE) * 60;
        const slack = 0.02 * object.majorArcmin!;
        expect(arcmin, title).toBeLessThan(object.majorArcmin! / 2 + slack);
        expect(arcmin, title).toBeGreaterThan(object.minorArcmin! / 2 - slack);
      }
    }
  });

  test('nothing is drawn outside', async () => {
    const svg = await drawn;
    const points = [...gridOf(svg), ...marksOf(svg)].flatMap((line) => line.points);
    expect(points.length).toBeGreaterThan(0);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(image.width);
      expect(y).toBeLessThanOrEqual(image.height);
    }
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('labels lie in the picture and none over another', async () => {
    const lettering = await Lettering.open();
    const boxes = labelsOf(await drawn).map(({ text, x, y, scale }) => {
      const size = scale * 2048;
      const width = lettering.width(text, size);
      return { text, left: x, right: x + width, top: y - ASCENT * size, bottom: y + DESCENT * size };
    });
    expect(boxes.length).toBeGreaterThan(3);
    for (const [i, a] of boxes.entries()) {
      expect(a.left, a.text).toBeGreaterThanOrEqual(0);
      expect(a.top, a.text).toBeGreaterThanOrEqual(0);
      expect(a.right, a.text).toBeLessThanOrEqual(image.width);
      expect(a.bottom, a.text).toBeLessThanOrEqual(image.height);
      for (const b of boxes.slice(i + 1)) {
        const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart, `${a.text} and ${b.text}`).toBe(true);
      }
    }
  });

  test('the grid is where it says, and there are some lines of it', async () => {
    const lines = gridOf(await drawn);
    const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
    for (const kind of ['ra', 'dec']) {
      expect(count(kind), kind).toBeGreaterThan(1);
      expect(count(kind), kind).toBeLessThan(26);
    }
    for (const { kind, points } of lines) {
      const skies = points.map((point) => pixelToSky(image.wcs, ...pixel(image, point)));
      // How far the ends of a hundredth of a pixel are on the sky, twice that for rounding.
      const slack = 0.02 * Math.max(...fieldSteps(image));
      // At the pole itself every right ascension is right.
      const first = skies.reduce((a, b) => (Math.abs(b[1]) < Math.abs(a[1]) ? b : a));
      for (const [ra, dec] of skies) {
        const turned = (((ra - first[0] + 540) % 360) - 180) * Math.cos(dec * DEGREE);
        const off = kind === 'dec' ? dec - first[1] : turned;
        // Chords between points of a line that is cut at the edge add a little.
        expect(Math.abs(off), kind).toBeLessThan(slack + 0.005 * Math.min(1, image.width * slack));
      }
    }
  });

  test('arrows point north and east', async () => {
    const svg = await drawn;
    for (const [letter, dRa, dDec] of [
      ['N', 0, 1e-5],
      ['E', 1e-5, 0],
    ] as const) {
      const found = new RegExp(`class="${letter}" x1="([^"]+)" y1="([^"]+)" x2="([^"]+)" y2="([^"]+)"`).exec(svg)!;
      const [x1, y1, x2, y2] = found.slice(1).map(Number) as [number, number, number, number];
      const [ra, dec] = pixelToSky(image.wcs, ...pixel(image, [x1, y1]));
      const from = place(image, ...skyToPixel(image.wcs, ra, dec)!);
      const to = place(image, ...skyToPixel(image.wcs, ra + dRa / Math.cos(dec * DEGREE), dec + dDec)!);
      const angle = Math.atan2(to[1] - from[1], to[0] - from[0]) - Math.atan2(y2 - y1, x2 - x1);
      // The arrows are those at the middle of the compass, some ten pixels from where they begin.
      expect(Math.cos(angle), letter).toBeGreaterThan(Math.cos(12 * DEGREE));
    }
  });

  test('the scale bar is as long as it says', async () => {
    const svg = await drawn;
    const [, x, y, right] = /class="bar" d="M([\d.]+) [\d.]+V([\d.]+)H([\d.]+)/.exec(svg)!.map(Number);
    const [a, b] = [x!, right!].map((at) => {
      const [ra, dec] = pixelToSky(image.wcs, ...pixel(image, [at, y!]));
      return raDecToVector(ra * DEGREE, dec * DEGREE);
    });
    const arcsec = (separation(a!, b!) / DEGREE) * 3600;
    const label = labelsOf(svg).find(({ kind, text }) => kind === 'label' && /[°′″]$/.test(text))!.text;
    const said = Number.parseFloat(label) * ({ '°': 3600, '′': 60, '″': 1 }[label.at(-1)!] ?? NaN);
    expect(Math.abs(arcsec / said - 1)).toBeLessThan(0.002);
  });
});

/** Degrees of declination and right ascension that a pixel spans at the corners. */
function fieldSteps(image: AnnotatedImage): number[] {
  const [x, y] = [image.width - 1, image.height - 1];
  const at = (px: number, py: number): Float64Array => {
    const [ra, dec] = pixelToSky(image.wcs, px, py);
    return raDecToVector(ra * DEGREE, dec * DEGREE);
  };
  return [separation(at(0, 0), at(1, 0)), separation(at(x / 2, y / 2), at(x / 2 + 1, y / 2))].map((r) => r / DEGREE);
}

describe('a picture of pixels', () => {
  test('has the ring of a star around its pixel', async () => {
    for (const rowOrder of ['bottom-up', 'top-down'] as const) {
      const image = plainImage(84, -2.5, 5, { rowOrder });
      const objects = [objectAt(321, 97)];
      const pixels = new Uint16Array(600 * 400).fill(1000);
      const frame = { width: 600, height: 400, pixels, rowOrder, format: 'fits', hints: [] };
      const png = await annotatePng(image, frame, { objects, grid: false });
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 600, height: 400, channels: 3 });
      const row = rowOrder === 'bottom-up' ? 400 - 1 - 97 : 97;
      let [sum, sumX, sumY] = [0, 0, 0];
      for (let y = row - 12; y <= row + 12; y++) {
        for (let x = 321 - 12; x <= 321 + 12; x++) {
          // Blue is brighter than red in the ink of stars; the label begins further away.
          const blue = data[3 * (y * 600 + x) + 2]!;
          if (blue < 120 || Math.hypot(x - 321, y - row) > 9) continue;
          sum += blue;
          sumX += blue * x;
          sumY += blue * y;
        }
      }
      expect(sum).toBeGreaterThan(1000);
      expect(sumX / sum).toBeCloseTo(321, 0);
      expect(sumY / sum).toBeCloseTo(row, 0);
    }
  });

  test('keeps its colours, and is a negative in the light theme', async () => {
    const image = plainImage(200, 50, 1, { rowOrder: 'top-down', width: 64, height: 48 });
    const red = { width: 64, height: 48, channels: 3, background: '#ff2010' } as const;
    const jpeg = new Uint8Array(await sharp({ create: red }).png().toBuffer());
    const colour = async (options: object): Promise<number[]> => {
      const png = await annotatePng(image, jpeg, { objects: [], grid: false, ...options });
      const { data } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      return [...data.subarray(3 * (64 * 4 + 32), 3 * (64 * 4 + 32) + 3)];
    };
    expect(await colour({})).toEqual([255, 32, 16]);
    const [r, g, b] = await colour({ theme: 'light' });
    expect([g, b]).toEqual([r, r]);
    expect(r).toBeGreaterThan(110);
  });

  test('goes into the SVG, which is reduced on demand', async () => {
    const image = plainImage(200, 50, 1, { width: 64, height: 48 });
    const pixels = Float32Array.from({ length: 64 * 48 }, (_, i) => i % 7);
    const frame = { width: 64, height: 48, pixels, rowOrder: 'bottom-up', format: 'fits', hints: [] } as const;
    const svg = await annotate(image, frame, { maxSize: 32 });
    expect(svg).toMatch(/^<svg xmlns="[^"]+" width="32" height="24" viewBox="0 0 64 48"/);
    const [, base64] = /href="data:image\/jpeg;base64,([^"]+)"/.exec(svg)!;
    expect(await sharp(Buffer.from(base64!, 'base64')).metadata()).toMatchObject({ width: 32, height: 24 });
  });

  test('of another size is refused', async () => {
    const frame = {
      width: 3,
      height: 3,
      pixels: new Uint8Array(9),
      rowOrder: 'bottom-up',
      format: 'fits',
      hints: [],
    } as const;
    await expect(annotatePng(plainImage(0, 0, 1), frame)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'the picture has 3 x 3 pixels, the solved image 600 x 400',
    });
  });
});

describe('text', () => {
  const odd = 'A & B <"1"> \u0007';
  const image = plainImage(200, 50, 1);

  test('of any kind is written so that it can be read again', async () => {
    const objects = [objectAt(300, 200, { name: odd, designations: [odd, 'HIP 1'] })];
    const svg = await annotate(image, undefined, { objects, title: '<script>', credit: 'you & me' });
    expect(labelsOf(svg).map(({ text }) => text)).toEqual(
      expect.arrayContaining(['A & B <"1"> ', '<script>', 'you & me']),
    );
    expect(svg).not.toContain('<script>');
    // Whoever draws it reads it as XML and refuses what is none.
    await expect(sharp(Buffer.from(svg)).metadata()).resolves.toMatchObject({ width: 600, height: 400 });
  });

  test('needs no font', async () => {
    for (const [, any] of IMAGES) expect(await annotate(any)).not.toMatch(/<text|font/);
  });

  test('has a letter for every name of the catalogue', async () => {
    const all = (await openObjects()).within(0, 0, 180);
    const letters = new Set(all.flatMap(({ name, commonNames }) => Array.from(`${name}${commonNames.join('')}`)));
    const file = new URL('../../data/glyphs.json', import.meta.url);
    const { glyphs } = JSON.parse(readFileSync(file, 'utf8')) as { glyphs: Record<string, unknown> };
    expect([...letters].filter((letter) => !Object.hasOwn(glyphs, letter))).toEqual([]);
  });
});

test('matched sources are circled on demand', async () => {
  const image = {
    ...plainImage(200, 50, 1),
    matches: { ...plainImage(0, 0, 1).matches, x: Float64Array.of(10), y: Float64Array.of(20) },
  };
  expect(await annotate(image)).not.toContain('class="matches"');
  expect(await annotate(image, undefined, { matches: true })).toMatch(
    /class="matches"[^>]*><circle cx="10.5" cy="379.5"/,
  );
});

test('kinds and magnitudes can be chosen', async () => {
  const image = plainImage(84, -2.5, 5);
  const titles = async (options: object): Promise<string> =>
    marksOf(await annotate(image, undefined, options))
      .map(({ title }) => title)
      .join();
  expect(await titles({})).toMatch(/Alnitak.*/);
  expect(await titles({ types: ['nebula'] })).not.toContain('Alnitak');
  expect(await titles({ types: ['star'], maxMag: 2 })).not.toContain('σ Ori');
});
