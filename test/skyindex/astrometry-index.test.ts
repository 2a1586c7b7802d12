import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { QuadHits, StarBuffer } from '../../src/skyindex/sky-index.ts';
import type { OpenBand, SkyIndex } from '../../src/skyindex/sky-index.ts';
import {
  bigEndian,
  dot,
  fixtureBytes,
  orders,
  plainIndex,
  reorder,
  replaceText,
  skyCode,
  tablesOf,
} from './astrometry-file.ts';

const NAMES = ['four.fits', 'three.fits', 'boxes.fits'];

function openFixture(name: string): Promise<SkyIndex> {
  return openAstrometryIndex(bytesSource(fixtureBytes(name), `some/folder/${name}`));
}

function look(band: OpenBand, code: Float64Array, tolerance: number, hits: QuadHits): void {
  if (code.length === 4) band.search(code, tolerance, hits);
  else band.searchTriple!(code, tolerance, hits);
}

/** Number of the hit with this pair of stars and this parity; -1 if there is none. */
function findHit(hits: QuadHits, a: number[], b: number[], parity: number): number {
  for (let i = 0; i < hits.count; i++) {
    const found = [...hits.vectors.subarray(6 * i, 6 * i + 6)];
    const off = Math.max(...[...a, ...b].map((value, d) => Math.abs(value - found[d]!)));
    if (off < 1e-9 && hits.parity[i] === parity) return i;
  }
  return -1;
}

describe('what the headers say', () => {
  test('is known before anything else is read', async () => {
    const four = await openFixture('four.fits');
    expect(four.name).toBe('four.fits');
    expect(four.bands).toHaveLength(1);
    expect(four.bands[0]).toMatchObject({ name: 'four.fits', quads: 2409, stars: 4 });
    expect((four.bands[0]!.quadLow * 180 * 60) / Math.PI).toBeCloseTo(85, 6);
    expect((four.bands[0]!.quadHigh * 180 * 60) / Math.PI).toBeCloseTo(120, 6);
    const three = await openFixture('three.fits');
    expect(three.bands[0]).toMatchObject({ quads: 777, stars: 3 });
  });

  test('opening reads headers only', async () => {
    const bytes = fixtureBytes('four.fits');
    const tables = await tablesOf(bytesSource(bytes, 'four.fits'));
    // A file whose tables hold rubbish opens all the same.
    for (const hdu of tables.values()) bytes.fill(0xff, hdu.dataOffset, hdu.dataOffset + hdu.dataBytes);
    const index = await openAstrometryIndex(bytesSource(bytes, 'four.fits'));
    expect(index.bands[0]!.quads).toBe(2409);
    await expect(index.bands[0]!.open()).rejects.toMatchObject({ code: 'INDEX_CORRUPT' });
  });
});

describe.each(NAMES)('the quads of %s', (name) => {
  test('are all found from their stars, in any order and from both sides', async () => {
    const plain = await plainIndex(bytesSource(fixtureBytes(name), name));
    const band = await (await openFixture(name)).bands[0]!.open();
    const hits = new QuadHits();
    let missed = 0;
    for (let number = 0; number < plain.quads; number++) {
      const stars = await Promise.all((await plain.quad(number)).map((star) => plain.star(star)));
      const code = skyCode(stars);
      for (const order of orders(plain.size)) {
        hits.clear();
        look(band, reorder(code, order), 1e-4, hits);
        const [a, b] = order.exchangeAB ? [stars[1]!, stars[0]!] : [stars[0]!, stars[1]!];
        if (findHit(hits, a, b, order.mirror ? -1 : 1) < 0) missed++;
      }
    }
    expect(missed).toBe(0);
  });

  test('lie as far apart as the band says', async () => {
    const plain = await plainIndex(bytesSource(fixtureBytes(name), name));
    const { quadLow, quadHigh } = (await openFixture(name)).bands[0]!;
    for (let number = 0; number < plain.quads; number += 7) {
      const [a, b] = await plain.quad(number);
      const angle = Math.acos(dot(await plain.star(a!), await plain.star(b!)));
      expect(angle).toBeGreaterThan(quadLow);
      expect(angle).toBeLessThan(quadHigh);
    }
  });
});

test('hits are added to those that are there', async () => {
  const band = await (await openFixture('three.fits')).bands[0]!.open();
  const hits = new QuadHits();
  look(band, Float64Array.of(0.4, 0.2), 0.05, hits);
  const first = hits.count;
  expect(first).toBeGreaterThan(0);
  look(band, Float64Array.of(0.4, 0.2), 0.05, hits);
  expect(hits.count).toBe(2 * first);
});

test('stars outside the circle of the file match nothing, without a search', async () => {
  const band = await (await openFixture('four.fits')).bands[0]!.open();
  const hits = new QuadHits();
  band.search(Float64Array.of(0.5, 0.8, 0.5, 0.1), 0.02, hits);
  expect(hits.count).toBe(0);
});

test('a search for the other number of stars is refused', async () => {
  const four = await (await openFixture('four.fits')).bands[0]!.open();
  const three = await (await openFixture('three.fits')).bands[0]!.open();
  const refusal = expect.objectContaining({ code: 'BAD_ARGUMENT' });
  expect(() => four.searchTriple!(Float64Array.of(0.5, 0.1), 0.01, new QuadHits())).toThrow(refusal);
  expect(() => three.search(Float64Array.of(0.5, 0.1, 0.6, 0.2), 0.01, new QuadHits())).toThrow(refusal);
});

describe('other ways to write the same file', () => {
  /** All that can be asked of an index, in brief. */
  async function answers(bytes: Uint8Array, name: string): Promise<unknown> {
    const index = await openAstrometryIndex(bytesSource(bytes, name));
    const band = await index.bands[0]!.open();
    const hits = new QuadHits();
    const code = index.bands[0]!.stars === 4 ? [0.3, 0.2, 0.7, -0.1] : [0.3, 0.2];
    look(band, Float64Array.from(code), 0.06, hits);
    expect(hits.count).toBeGreaterThan(3);
    const stars = new StarBuffer();
    index.stars.collect(Float64Array.of(0, 0, 1), 0.1, 40, stars);
    expect(stars.count).toBe(40);
    return {
      hits: [...hits.vectors.subarray(0, 6 * hits.count)],
      parity: [...hits.parity.subarray(0, hits.count)],
      stars: [...stars.vectors.subarray(0, 3 * stars.count)],
      magnitude: [...stars.magnitude.subarray(0, stars.count)],
    };
  }

  test.each(NAMES)('%s from a big-endian machine says the same', async (name) => {
    const swapped = await bigEndian(fixtureBytes(name));
    expect(await answers(swapped, name)).toEqual(await answers(fixtureBytes(name), name));
  });

  test('leaves that share the points evenly need no table of their ends', async () => {
    // The trees of three.fits happen to be shared evenly.
    const bytes = fixtureBytes('three.fits');
    replaceText(bytes, 'KDT_LINL=                    F', 'KDT_LINL=                    T');
    replaceText(bytes, "'kdtree_lr_", "'forgotten_");
    expect(await answers(bytes, 'three.fits')).toEqual(await answers(fixtureBytes('three.fits'), 'three.fits'));
  });

  test('integer and floating point trees find the same quads', async () => {
    const [ofIntegers, ofDoubles] = await Promise.all(
      ['three.fits', 'boxes.fits'].map(async (name) => {
        const hits = new QuadHits();
        look(await (await openFixture(name)).bands[0]!.open(), Float64Array.of(0.45, 0.25), 0.1, hits);
        return Array.from({ length: hits.count }, (_, i) =>
          [...hits.vectors.subarray(6 * i, 6 * i + 6)].map((value) => value.toFixed(9)).join(),
        ).sort();
      }),
    );
    expect(ofIntegers!.length).toBeGreaterThan(20);
    expect(ofDoubles).toEqual(ofIntegers);
  });
});

describe('codes without the promises of today', () => {
  test('are searched in every order', async () => {
    const bytes = fixtureBytes('four.fits');
    for (const rule of ['CXDX   ', 'CXDXLT1', 'CIRCLE '])
      replaceText(bytes, `${rule} =                    T`, `${rule} =                    F`);
    const plain = await plainIndex(bytesSource(bytes, 'four.fits'));
    const band = await (await openAstrometryIndex(bytesSource(bytes, 'four.fits'))).bands[0]!.open();
    const hits = new QuadHits();
    for (let number = 0; number < plain.quads; number += 50) {
      const stars = await Promise.all((await plain.quad(number)).map((star) => plain.star(star)));
      for (const order of orders(4)) {
        hits.clear();
        band.search(reorder(skyCode(stars), order), 1e-4, hits);
        const [a, b] = order.exchangeAB ? [stars[1]!, stars[0]!] : [stars[0]!, stars[1]!];
        expect(findHit(hits, a, b, order.mirror ? -1 : 1)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

describe('quads in memory', () => {
  test('are read once', async () => {
    const bytes = fixtureBytes('four.fits');
    let read = 0;
    const plain = bytesSource(bytes, 'four.fits');
    const counting = {
      ...plain,
      readInto(target: Uint8Array, offset: number) {
        read += target.length;
        return plain.readInto(target, offset);
      },
    };
    const index = await openAstrometryIndex(counting);
    const [first, second] = await Promise.all([index.bands[0]!.open(), index.bands[0]!.open()]);
    expect(second).toBe(first);
    const once = read;
    expect(once).toBeGreaterThan(2409 * 24);
    await index.bands[0]!.open();
    await index.stars.open(Float64Array.of(0, 0, 1), 1);
    expect(read).toBe(once);
  });

  test('can be asked for again after a fault of the disk', async () => {
    const plain = bytesSource(fixtureBytes('four.fits'), 'four.fits');
    let broken = true;
    const shaky = {
      ...plain,
      async readInto(target: Uint8Array, offset: number) {
        if (broken) throw new Error('the disk is away');
        return plain.readInto(target, offset);
      },
    };
    const index = await openAstrometryIndex(shaky);
    await expect(index.bands[0]!.open()).rejects.toThrow('the disk is away');
    broken = false;
    const band = await index.bands[0]!.open();
    const hits = new QuadHits();
    band.search(Float64Array.of(0.3, 0.2, 0.7, -0.1), 0.06, hits);
    expect(hits.count).toBeGreaterThan(0);
  });
});
