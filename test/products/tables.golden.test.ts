import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSources } from '../../src/engines/field-sources.ts';
import { newFits } from '../../src/engines/solved-fits.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { openFile } from '../../src/io/file-source.ts';
import { readCorr, writeCorr, writeRdls } from '../../src/products/corr.ts';
import { writeXylist } from '../../src/products/xylist.ts';
import { wcsHeaderBytes, wcsToCards } from '../../src/wcs/header.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import { readFile } from '../fits/golden.ts';
import { hasAstropy, python } from '../fits/python.ts';
import { scratchFolder } from '../helpers/scratch.ts';
import { faultsOf, hasFitsverify, hasSolveField } from './programs.ts';
import { makeSolution, makeSources, solved } from './solutions.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname;
const folder = scratchFolder();
const solution = makeSolution(1200, 900);

/** Every kind of FITS file that is written, under its usual ending. */
const PRODUCTS: Readonly<Record<string, () => Promise<Uint8Array> | Uint8Array>> = {
  'm42.wcs': () => wcsHeaderBytes(wcsToCards(solution.wcs, solution)),
  'm42.axy': () => writeXylist(makeSources(solution)),
  'm42.corr': () => writeCorr(solution, makeSources(solution)),
  'few.corr': () => writeCorr(solution),
  'm42.rdls': () => writeRdls(solution),
  'primary.new': () => newOf('fits/i16.fits'),
  'extension.new': () => newOf('fits/extension.fits'),
  'cube.new': () => newOf('fits/cube3.fits'),
  'floats.new': () => newOf('fits/f32.fits'),
  'seestar.new': () => newOf('synthetic/dev30_portrait_seestar.fits.gz'),
  'table.new': () => newOf('synthetic/dev21_8bit_ext.fits'),
  'compressed.new': () => newOf('synthetic/dev27_rice_fz.fits.fz'),
  'colour.new': () => newOf('real/jusas_ngc7331.jpg'),
  'grey.new': () => newOf('real/tetra3_Alt40_Azi-45.tiff'),
};

async function newOf(name: string): Promise<Uint8Array> {
  const { width, height } = await sizeOf(name);
  const pieces: Uint8Array[] = [];
  for await (const piece of newFits(join(FIXTURES, name), makeSolution(width, height))) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function sizeOf(name: string): Promise<{ width: number; height: number }> {
  if (name.startsWith('fits/')) return await readFile(join(FIXTURES, name));
  const source = await openFile(join(FIXTURES, name));
  try {
    return await readFrame(source);
  } finally {
    await source.close();
  }
}

async function write(name: string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await PRODUCTS[name]!());
  return path;
}

describe.skipIf(!hasFitsverify)('fitsverify', () => {
  test.each(Object.keys(PRODUCTS))('finds no fault in %s', async (name) => {
    expect(faultsOf(await write(name))).toBe('');
  });
});

describe.skipIf(!hasAstropy)('astropy', () => {
  test('finds no fault in any product', async () => {
    const paths = [];
    for (const name of Object.keys(PRODUCTS)) paths.push(await write(name));
    python(
      '-c',
      `
import sys, warnings
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
for path in sys.argv[1:]:
    with warnings.catch_warnings():
        warnings.simplefilter('error', AstropyWarning)
        with fits.open(path) as hdus: hdus.verify('exception')
`,
      ...paths,
    );
  });

  test.each(['primary.new', 'extension.new', 'compressed.new', 'cube.new', 'colour.new', 'seestar.new'])(
    'finds the pixels of %s in the same places',
    async (name) => {
      const path = await write(name);
      const printed = python(
        '-c',
        `
import sys, json, warnings
from astropy.io import fits
from astropy.wcs import WCS
warnings.simplefilter('ignore')
with fits.open(sys.argv[1]) as hdus:
    h = next(h for h in hdus if h.header.get('PLTSOLVD'))
    w = WCS(h.header, naxis=2)
    nx, ny = h.shape[-1], h.shape[-2]
    places = [[0, 0], [nx - 1, 0], [nx / 2, ny / 2], [nx - 1, ny - 1]]
    print(json.dumps([nx, ny, places, w.all_pix2world(places, 0).tolist()]))
`,
        path,
      );
      const [width, height, places, sky] = JSON.parse(printed) as [number, number, number[][], number[][]];
      const { wcs } = makeSolution(width, height);
      for (const [i, [x = 0, y = 0]] of places.entries()) {
        const [ra, dec] = pixelToSky(wcs, x, y);
        expect(Math.abs(sky[i]![0]! - ra)).toBeLessThan(1e-9);
        expect(Math.abs(sky[i]![1]! - dec)).toBeLessThan(1e-9);
      }
    },
  );

  test('sees the colours of a JPEG, plane after plane', async () => {
    const printed = python(
      '-c',
      `
import sys
from astropy.io import fits
data = fits.getdata(sys.argv[1])
print(data.dtype, data.shape, [int(plane[7, 11]) for plane in data], fits.getheader(sys.argv[1])['ROWORDER'])
`,
      await write('colour.new'),
    );
    const { default: sharp } = await import('sharp');
    const { data, info } = await sharp(join(FIXTURES, 'real/jusas_ngc7331.jpg'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const pixel = [...data.subarray(3 * (7 * info.width + 11)).subarray(0, 3)];
    expect(printed.trim()).toBe(`uint8 (3, ${info.height}, ${info.width}) [${pixel.join(', ')}] TOP-DOWN`);
  });

  test('reads the columns of a corr file', async () => {
    const printed = python(
      '-c',
      `
import sys, json
from astropy.io import fits
t = fits.getdata(sys.argv[1], 1)
print(json.dumps({'names': t.names, 'x': t['field_x'].tolist(), 'ra': t['index_ra'].tolist(), 'id': t['field_id'].tolist(), 'flux': t['FLUX'].tolist()}))
`,
      await write('m42.corr'),
    );
    const { names, x, ra, id, flux } = JSON.parse(printed) as Record<string, unknown[]>;
    expect(names).toEqual(
      'field_x field_y field_ra field_dec index_x index_y index_ra index_dec index_id field_id match_weight MAG FLUX'.split(
        ' ',
      ),
    );
    expect(x).toEqual(Array.from(solution.matches.x, (value) => value + 1));
    expect(ra).toEqual([...solution.matches.ra]);
    expect([id, flux]).toEqual([
      [0, 1, 2],
      [400, 300, 200],
    ]);
  });
});

describe.skipIf(!hasSolveField || !existsSync('/usr/share/astrometry'))('solve-field', () => {
  test.each(['m.axy', 'm.xyls'])(
    'solves our %s',
    async (name) => {
      const sources = await findSources(join(FIXTURES, 'synthetic/dev02_clean_5deg.fits.gz'));
      const path = join(folder, name);
      writeFileSync(path, writeXylist(sources));
      const size = name.endsWith('.xyls') ? ['--width', String(sources.width), '--height', String(sources.height)] : [];
      const options =
        '--overwrite --no-plots --new-fits none --cpulimit 60 --scale-units degwidth --scale-low 3 --scale-high 8';
      rmSync(join(folder, 'out.solved'), { force: true });
      const { stdout, stderr } = spawnSync(
        'solve-field',
        [...options.split(' '), '--dir', folder, '--out', 'out', ...size, path],
        { encoding: 'utf8' },
      );
      expect(existsSync(join(folder, 'out.solved')), stdout + stderr).toBe(true);
      // Our reader of corr files, and theirs of our sources.
      const corr = await readCorr(readFileSync(join(folder, 'out.corr')));
      expect(corr.x.length).toBeGreaterThan(10);
      const places = new Set(Array.from(sources.x, (x) => x.toFixed(6)));
      for (const x of corr.x) expect(places.has(x.toFixed(6))).toBe(true);
    },
    120_000,
  );
});

test('a new file of a frame in memory has its pixels', async () => {
  const { hdu } = await solved(Buffer.concat(await pieces()), makeSolution(20, 30));
  expect(hdu).toBe(0);
});

async function pieces(): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  const frame = {
    width: 20,
    height: 30,
    pixels: Float32Array.from({ length: 600 }, (_, i) => i / 7),
    rowOrder: 'bottom-up',
    format: 'fits',
    hints: [],
  } as const;
  for await (const piece of newFits(frame, makeSolution(20, 30))) list.push(piece);
  return list;
}
