import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../bench/sky.mjs';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { raDecToVector } from '../../src/math/sphere.ts';
import { openBundledBands } from '../../src/skyindex/bundled-quads.ts';
import { BundledStars } from '../../src/skyindex/bundled-stars.ts';
import { buildQuads } from '../../src/skyindex/quad-builder.ts';
import { quadCode } from '../../src/skyindex/quad-code.ts';
import { QuadHits, StarBuffer } from '../../src/skyindex/sky-index.ts';
import { buildStars, type OrderedStars } from '../../src/skyindex/star-builder.ts';

const COUNT = 6000;

/** Stars all over the sky, with a few exactly at the poles, at RA 0 and on borders of HEALPix faces. */
function scatter(): { vectors: Float64Array; magnitude: Float32Array } {
  const random = seededRandom(11);
  const vectors = new Float64Array(3 * COUNT);
  const magnitude = new Float32Array(COUNT);
  const special = [
    [0, 90],
    [0, -90],
    [0, 0],
    [45, 0],
    [90, 0],
    [359.9999, 41.81],
    [135, 41.8103],
  ];
  for (let i = 0; i < COUNT; i++) {
    const [ra, dec] = special[i]?.map((degrees) => (degrees * Math.PI) / 180) ?? [
      2 * Math.PI * random(),
      Math.asin(2 * random() - 1),
    ];
    raDecToVector(ra!, dec!, vectors, 3 * i);
    magnitude[i] = 3 + 9 * Math.sqrt(random());
  }
  return { vectors, magnitude };
}

let ordered: OrderedStars;
let quads: Uint8Array;
let stars: BundledStars;
beforeAll(async () => {
  const { vectors, magnitude } = scatter();
  ordered = buildStars(vectors, magnitude);
  const level = { lowDeg: 6, highDeg: 9, starsPerTile: 8, quadsPerTile: 4 };
  quads = buildQuads(ordered, [{ binsPerUnit: 8, levels: [level] }], () => {});
  stars = await BundledStars.open(bytesSource(ordered.bytes, 'stars'));
});

describe('the star file', () => {
  test('every star is there, within 0.11 arcsec of where it was', async () => {
    const { vectors, magnitude } = scatter();
    await stars.load(4);
    const all = new StarBuffer();
    stars.collect(Float64Array.of(0, 0, 1), Math.PI, Infinity, all);
    expect(all.count).toBe(COUNT);
    for (let i = 0; i < COUNT; i += 7) {
      let nearest = Infinity;
      let brightness = NaN;
      for (let k = 0; k < COUNT; k++) {
        const away = Math.hypot(
          all.vectors[3 * k]! - vectors[3 * i]!,
          all.vectors[3 * k + 1]! - vectors[3 * i + 1]!,
          all.vectors[3 * k + 2]! - vectors[3 * i + 2]!,
        );
        if (away < nearest) {
          nearest = away;
          brightness = all.magnitude[k]!;
        }
      }
      expect((nearest * 648000) / Math.PI).toBeLessThan(0.11);
      expect(Math.abs(brightness - magnitude[i]!)).toBeLessThan(0.0301);
    }
  });

  test.each([
    ['the north pole', 0, 90, 0.01],
    ['the south pole', 0, -90, 0.2],
    ['RA 0', 0, 0, 0.015],
    ['a corner of faces', 45, 41.81, 0.3],
    ['a small cap on an edge', 90, 0, 0.012],
  ])('a cap at %s holds the stars that a look at all of them finds', async (_, ra, dec, radius) => {
    await stars.load(4);
    const centre = raDecToVector((ra * Math.PI) / 180, (dec * Math.PI) / 180);
    const found = new StarBuffer();
    stars.collect(centre, radius, Infinity, found);
    let expected = 0;
    for (let i = 0; i < COUNT; i++) {
      const dot =
        ordered.vectors[3 * i]! * centre[0]! +
        ordered.vectors[3 * i + 1]! * centre[1]! +
        ordered.vectors[3 * i + 2]! * centre[2]!;
      if (dot >= Math.cos(radius)) expected++;
    }
    expect(found.count).toBe(expected);
    expect(expected).toBeGreaterThan(0);
  });

  test('a wide cap with a limit gives the bright ones', async () => {
    await stars.load(4);
    const found = new StarBuffer();
    stars.collect(Float64Array.of(1, 0, 0), 0.8, 50, found);
    expect(found.count).toBeGreaterThan(25);
    expect(found.count).toBeLessThanOrEqual(65);
    expect(Math.max(...found.magnitude.subarray(0, found.count))).toBeLessThan(6.1);
  });

  test.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5)],
    ['empty', () => new Uint8Array(0)],
    ['of another kind', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? 0 : byte))],
    ['of another version', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 4 ? 9 : byte))],
  ])('a file that is %s is refused', async (_, damage) => {
    const opening = BundledStars.open(bytesSource(damage(ordered.bytes), 'stars'));
    await expect(opening).rejects.toMatchObject({ code: 'INDEX_CORRUPT' });
  });
});

describe('the quad file', () => {
  /** Quads of the band, as stars, found again by brute force over what the search returns for their own code. */
  test('neighbouring stars in any order and either parity lead to their A and B', async () => {
    const [band] = await openBundledBands(bytesSource(quads, 'quads'), stars);
    const open = await band!.open();
    const hits = new QuadHits();
    const code = new Float64Array(4);
    let looked = 0;
    let known = 0;
    // Every quad of a bright star and its neighbours: some of them are in the file.
    for (let a = 0; a < 60; a++) {
      const near = neighbours(a, 9);
      for (const [b, c, d] of triples(near)) {
        const four = longestFirst([a, b, c, d]);
        quadCode(ordered.vectors, ...four, code);
        const found = [
          [code[0]!, code[1]!, code[2]!, code[3]!, four[0], four[1], 1],
          [1 - code[0]!, -code[1]!, 1 - code[2]!, -code[3]!, four[1], four[0], 1],
          [code[2]!, code[3]!, code[0]!, code[1]!, four[0], four[1], 1],
          [code[0]!, -code[1]!, code[2]!, -code[3]!, four[0], four[1], -1],
        ].map(([rc, ic, rd, id, first, second, parity]) => {
          hits.clear();
          open.search(Float64Array.of(rc!, ic!, rd!, id!), 1e-9, hits);
          return holds(hits, first!, second!, parity!);
        });
        looked++;
        if (found[0]) known++;
        expect(new Set(found).size, `stars ${four.join(' ')}`).toBe(1);
      }
    }
    expect(looked).toBeGreaterThan(500);
    expect(known).toBeGreaterThan(10);
  });

  test.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 8)],
    ['of another kind', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? 0 : byte))],
    ['of another version', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 4 ? 9 : byte))],
    ['for other stars', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 12 ? byte ^ 1 : byte))],
  ])('a file that is %s is refused', async (_, damage) => {
    const opening = openBundledBands(bytesSource(damage(quads), 'quads'), stars);
    await expect(opening).rejects.toMatchObject({ code: 'INDEX_CORRUPT' });
  });
});

function chord(i: number, j: number): number {
  const v = ordered.vectors;
  return Math.hypot(v[3 * i]! - v[3 * j]!, v[3 * i + 1]! - v[3 * j + 1]!, v[3 * i + 2]! - v[3 * j + 2]!);
}

/** The brightest stars within nine degrees. */
function neighbours(star: number, most: number): number[] {
  const near: number[] = [];
  for (let i = 0; i < COUNT; i++) if (i !== star && chord(i, star) < 0.157) near.push(i);
  return near.sort((p, q) => ordered.magnitude[p]! - ordered.magnitude[q]!).slice(0, most);
}

function triples(list: number[]): [number, number, number][] {
  const all: [number, number, number][] = [];
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      for (let k = j + 1; k < list.length; k++) all.push([list[i]!, list[j]!, list[k]!]);
    }
  }
  return all;
}

/** The same four with the most distant pair in front. */
function longestFirst(four: [number, number, number, number]): [number, number, number, number] {
  const [p, q, r, s] = four;
  const ways: [number, number, number, number][] = [
    four,
    [p, r, q, s],
    [p, s, q, r],
    [q, r, p, s],
    [q, s, p, r],
    [r, s, p, q],
  ];
  return ways.reduce((best, way) => (chord(way[0], way[1]) > chord(best[0], best[1]) ? way : best));
}

function holds(hits: QuadHits, a: number, b: number, parity: number): boolean {
  for (let hit = 0; hit < hits.count; hit++) {
    const off = (star: number, at: number): number =>
      Math.hypot(...[0, 1, 2].map((k) => hits.vectors[6 * hit + at + k]! - ordered.vectors[3 * star + k]!));
    if (off(a, 0) < 1e-9 && off(b, 3) < 1e-9 && hits.parity[hit] === parity) return true;
  }
  return false;
}
