import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../bench/sky.mjs';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { raDecToVector, separation } from '../../src/math/sphere.ts';
import { UNHURRIED } from '../../src/pace.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { tileNumber } from '../../src/skyindex/healpix-tile.ts';
import { presetScale, type StarList } from '../../src/skyindex/index-quads.ts';
import { readIndexSummary } from '../../src/skyindex/index-summary.ts';
import { buildIndex, type IndexPlan } from '../../src/skyindex/index-writer.ts';
import { QuadHits, StarBuffer } from '../../src/skyindex/sky-index.ts';
import { orders, plainIndex, reorder, skyCode } from './astrometry-file.ts';

/** Stars within `radius` degrees of a place, by their seed. */
function scatter(count: number, ra: number, dec: number, radius: number): StarList {
  const random = seededRandom(count);
  const vectors = new Float64Array(3 * count);
  const magnitude = new Float32Array(count);
  const degree = Math.PI / 180;
  const centre = raDecToVector(ra * degree, dec * degree);
  for (let i = 0; i < count; i++) {
    const v = [0, 1, 2].map((d) => centre[d]! + radius * degree * (2 * random() - 1));
    const length = Math.hypot(...v);
    v.forEach((value, d) => (vectors[3 * i + d] = value / length));
    magnitude[i] = 8 + 8 * Math.sqrt(random());
  }
  return { vectors, magnitude };
}

async function built(stars: StarList, plan: IndexPlan): Promise<Uint8Array> {
  const made = await buildIndex(stars, plan, UNHURRIED);
  if (made === undefined) throw new Error('no quads');
  return new Uint8Array(Buffer.concat(made.pieces));
}

const SCALE = presetScale(6);
let stars: StarList;
let bytes: Uint8Array;
beforeAll(async () => {
  // Over RA 0, where a face of HEALPix ends as well.
  stars = scatter(4000, 0, 1, 2);
  bytes = await built(stars, { scale: SCALE, id: 9006 });
});

describe('a built index file', () => {
  test('tells what it holds in its first header', async () => {
    const summary = await readIndexSummary(bytesSource(bytes, 'built'));
    expect(summary).toMatchObject({ dimension: 4, bytes: bytes.length });
    expect(summary!.tile).toBeUndefined();
    expect((summary!.quadLow * 10_800) / Math.PI).toBeCloseTo(16, 9);
    expect((summary!.quadHigh * 10_800) / Math.PI).toBeCloseTo(22, 9);
    expect(bytes.length % 2880).toBe(0);
  });

  test('has the stars that it was made of, with their magnitudes', async () => {
    const plain = await plainIndexWithMag(bytes);
    for (let star = 0; star < plain.stars; star += 37) {
      const found = await plain.star(star);
      const [nearest, at] = nearestStar(stars, found);
      // Steps of 4.7e-10 radians.
      expect(nearest).toBeLessThan(1e-9);
      expect(plain.mag(star)).toBe(stars.magnitude[at]);
    }
  });

  test('has quads of the sizes it names, C and D in the circle, found by their codes however they are written', async () => {
    const index = await openAstrometryIndex(bytesSource(bytes, 'built'));
    const open = await index.bands[0]!.open();
    expect(open.wrongCodes!(1e6)).toBe(0);
    const plain = await plainIndexWithMag(bytes);
    expect(plain.quads).toBeGreaterThan(500);
    const hits = new QuadHits();
    for (let quad = 0; quad < plain.quads; quad += 29) {
      const four = await Promise.all((await plain.quad(quad)).map((star) => plain.star(star)));
      const arcmin = (separation(Float64Array.from(four[0]!), Float64Array.from(four[1]!)) * 10_800) / Math.PI;
      expect(arcmin).toBeGreaterThan(15.999);
      expect(arcmin).toBeLessThan(22.001);
      const code = skyCode(four);
      for (const c of [0, 2]) expect(Math.hypot(code[c]! - 0.5, code[c + 1]!)).toBeLessThan(0.5001);
      for (const order of orders(4)) {
        hits.clear();
        open.search(reorder(code, order), 1e-4, hits);
        expect(hits.count).toBeGreaterThan(0);
      }
    }
  });

  test('is the same for the same stars', async () => {
    expect(Buffer.compare(await built(stars, { scale: SCALE, id: 9006 }), bytes)).toBe(0);
  });

  test('uses no star for more than a few quads of a cell', async () => {
    const plain = await plainIndexWithMag(bytes);
    const uses = new Map<number, number>();
    for (let quad = 0; quad < plain.quads; quad++) {
      for (const star of await plain.quad(quad)) uses.set(star, (uses.get(star) ?? 0) + 1);
    }
    // Six in each of the nine cells around it.
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(54);
    expect(uses.size).toBeGreaterThan(0.5 * plain.stars);
  });

  test('of a tile has the quads of that tile and no others, and together the tiles have all', async () => {
    const numbers = new Set<number>();
    for (let i = 0; i < stars.magnitude.length; i++) {
      numbers.add(tileNumber(stars.vectors[3 * i]!, stars.vectors[3 * i + 1]!, stars.vectors[3 * i + 2]!, 2));
    }
    expect(numbers.size).toBeGreaterThan(1);
    let total = 0;
    for (const number of numbers) {
      const piece = await built(stars, { scale: SCALE, id: 9006, tile: { nside: 2, number } });
      const source = bytesSource(piece, 'tile');
      expect((await readIndexSummary(source))!.tile).toEqual({ nside: 2, number });
      const plain = await plainIndexWithMag(piece);
      total += plain.quads;
      for (let quad = 0; quad < plain.quads; quad += 31) {
        const [a, b] = await Promise.all((await plain.quad(quad)).map((star) => plain.star(star)));
        const middle = a!.map((value, d) => value + b![d]!);
        // A cell that the border cuts belongs to one side of it.
        const length = Math.hypot(...middle);
        const near = [-0.004, 0, 0.004].flatMap((x) =>
          [-0.004, 0, 0.004].map((z) =>
            tileNumber(middle[0]! / length, middle[1]! / length + x, middle[2]! / length + z, 2),
          ),
        );
        expect(near).toContain(number);
      }
    }
    expect(total).toBe((await plainIndexWithMag(bytes)).quads);
  });

  test.each([
    ['the north pole', 0, 90],
    ['the south pole', 77, -90],
    ['a corner of faces', 45, 41.81],
  ])('works at %s', async (_, ra, dec) => {
    const some = scatter(1500, ra, dec, 1.5);
    const piece = await built(some, { scale: SCALE, id: 1 });
    const index = await openAstrometryIndex(bytesSource(piece, 'pole'));
    expect((await index.bands[0]!.open()).wrongCodes!(1e6)).toBe(0);
    const all = new StarBuffer();
    await index.stars.open(Float64Array.of(0, 0, 1), Math.PI);
    index.stars.collect(Float64Array.of(0, 0, 1), Math.PI, Infinity, all);
    expect(all.count).toBeGreaterThan(700);
  });
});

test('too few stars, or none near each other, make no index', async () => {
  expect(await buildIndex(scatter(3, 10, 10, 0.2), { scale: SCALE, id: 1 }, UNHURRIED)).toBeUndefined();
  expect(await buildIndex(scatter(0, 10, 10, 0.2), { scale: SCALE, id: 1 }, UNHURRIED)).toBeUndefined();
  expect(await buildIndex(scatter(60, 10, 10, 60), { scale: presetScale(0), id: 1 }, UNHURRIED)).toBeUndefined();
});

test('a star that is nowhere is refused', async () => {
  const lost = { vectors: Float64Array.of(NaN, 0, 1), magnitude: Float32Array.of(1) };
  await expect(buildIndex(lost, { scale: SCALE, id: 1 }, UNHURRIED)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
});

/** The plain reader, with the magnitudes under the name that ours have. */
async function plainIndexWithMag(file: Uint8Array) {
  const source = bytesSource(file, 'built');
  const plain = await plainIndex(source);
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const data = Math.ceil((text.indexOf("TTYPE1  = 'MAG     '") + 1) / 2880) * 2880;
  return { ...plain, mag: (star: number) => text.readFloatBE(data + 4 * star) };
}

function nearestStar({ vectors }: StarList, to: readonly number[]): [distance: number, at: number] {
  let best = Infinity;
  let at = -1;
  for (let i = 0; 3 * i < vectors.length; i++) {
    const away = Math.hypot(vectors[3 * i]! - to[0]!, vectors[3 * i + 1]! - to[1]!, vectors[3 * i + 2]! - to[2]!);
    if (away < best) [best, at] = [away, i];
  }
  return [best, at];
}
