import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openFile } from '../../src/io/file-source.ts';
import { openAstrometryIndex } from '../../src/skyindex/astrometry-index.ts';
import { QuadHits, StarBuffer } from '../../src/skyindex/sky-index.ts';
import { orders, plainIndex, reorder, skyCode } from './astrometry-file.ts';

// The files of Debian's astrometry-data-tycho2, and what Astrometry.net's own query-starkd finds in them.
const FOLDER = '/usr/share/astrometry';
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => /^index-tycho2-.*\.fits$/.test(name)) : [];
if (files.length === 0) {
  console.warn(
    'SKIPPED: the comparison with published index files needs astrometry-data-tycho2; small ones were compared',
  );
}
const hasQuery = existsSync('/usr/bin/query-starkd');
if (!hasQuery) console.warn('SKIPPED: the comparison of star searches needs query-starkd of astrometry.net');

/** Numbers spread over 0 .. count - 1, the same in each run. */
function sample(count: number, wanted: number): number[] {
  const step = Math.max(1, Math.floor((count * 0.618) / wanted) * 2 + 1);
  return Array.from({ length: Math.min(wanted, count) }, (_, i) => (i * step) % count);
}

describe.skipIf(files.length === 0)('published index files (need astrometry-data-tycho2)', () => {
  test.each(files)('%s gives back its own quads', async (name) => {
    const source = await openFile(`${FOLDER}/${name}`);
    try {
      const plain = await plainIndex(source);
      let readByOpening = 0;
      const counting = {
        ...source,
        read(offset: number, length: number) {
          readByOpening += length;
          return source.read(offset, length);
        },
        readInto(target: Uint8Array, offset: number) {
          readByOpening += target.length;
          return source.readInto(target, offset);
        },
      };
      const index = await openAstrometryIndex(counting);
      expect(readByOpening).toBeLessThan(1_000_000);
      const band = index.bands[0]!;
      expect(band).toMatchObject({ quads: plain.quads, stars: plain.size });
      const open = await band.open();
      const hits = new QuadHits();
      for (const number of sample(plain.quads, 150)) {
        const stars = await Promise.all((await plain.quad(number)).map((star) => plain.star(star)));
        const code = skyCode(stars);
        for (const order of orders(plain.size)) {
          hits.clear();
          if (plain.size === 4) open.search(reorder(code, order), 1e-4, hits);
          else open.searchTriple!(reorder(code, order), 1e-4, hits);
          const wanted = order.exchangeAB ? [...stars[1]!, ...stars[0]!] : [...stars[0]!, ...stars[1]!];
          const places = Array.from({ length: hits.count }, (_, i) => i);
          const found = places.some(
            (i) =>
              hits.parity[i] === (order.mirror ? -1 : 1) &&
              wanted.every((value, d) => Math.abs(value - hits.vectors[6 * i + d]!) < 1e-9),
          );
          expect(found, `quad ${number} ${JSON.stringify(order)}`).toBe(true);
        }
      }
    } finally {
      await source.close();
    }
  });
});

const indexes = [
  ...['four.fits', 'three.fits', 'boxes.fits'].map((name) =>
    fileURLToPath(new URL(`../../fixtures/skyindex/${name}`, import.meta.url)),
  ),
  ...files.filter((name) => /-(09|12|15)\./.test(name)).map((name) => `${FOLDER}/${name}`),
];

describe.skipIf(!hasQuery)('star searches by query-starkd (needs astrometry.net)', () => {
  test.each(indexes)('find the same stars in %s', async (path) => {
    const source = await openFile(path);
    try {
      const { stars } = await openAstrometryIndex(source);
      const buffer = new StarBuffer();
      for (const [ra, dec, radius] of [
        [90, 85, 2],
        [0.2, 86, 1.5],
        [200, 90, 3],
        [101, 77, 4],
        [310, -30, 2],
      ] as const) {
        const text = execFileSync(
          'query-starkd',
          ['-r', `${ra}`, '-d', `${dec}`, '-R', `${radius}`, '-t', 'MAG_VT', path],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        );
        const rows = text.split('\n').filter((line) => /^\d/.test(line));
        const expected = rows.map((line) => line.split(',').map(Number) as [number, number, number]);
        const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180];
        const centre = Float64Array.of(Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d));
        await stars.open(centre, (radius * Math.PI) / 180);
        stars.collect(centre, (radius * Math.PI) / 180, 1_000_000, buffer);
        // It prints six digits.
        const ours = Array.from({ length: buffer.count }, (_, i) => {
          const [x, y, z] = buffer.vectors.subarray(3 * i, 3 * i + 3);
          const right = ((Math.atan2(y!, x!) * 180) / Math.PI + 360) % 360;
          return [right, (Math.atan2(z!, Math.hypot(x!, y!)) * 180) / Math.PI, buffer.magnitude[i]!] as const;
        });
        expect(ours).toHaveLength(expected.length);
        for (const [ra1, dec1, magnitude] of expected) {
          const near = ours.some(
            ([ra2, dec2, mag2]) =>
              Math.abs(ra1 - ra2) < 0.001 && Math.abs(dec1 - dec2) < 0.0001 && Math.abs(magnitude - mag2) < 0.001,
          );
          expect(near, `${ra1} ${dec1} ${magnitude}`).toBe(true);
        }
      }
    } finally {
      await source.close();
    }
  });
});
