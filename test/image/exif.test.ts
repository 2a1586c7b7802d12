import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { exifHints } from '../../src/image/exif-hints.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { type TiffTag, U16, cycle, tiff } from './make-images.ts';

const WIDTH = 300;
const HEIGHT = 200;
const FOCAL: TiffTag = [37386, 5, [135]];
const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 3 as const } };
const noise = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7919) & 255));

/** Arcsec per pixel by the hints of a TIFF with these tags in its EXIF. */
async function scales(exif: readonly TiffTag[], width = WIDTH, height = HEIGHT): Promise<[string, number][]> {
  const bytes = tiff({ width, height, numbers: U16, values: cycle([1, 2], width * height), exif });
  const { hints } = await readFrame(bytesSource(bytes, 'a.tif'));
  return hints.map((hint) => [hint.from, hint.kind === 'scale' ? hint.scaleArcsec : NaN]);
}

const PLANE = 'EXIF FocalLength, FocalPlaneXResolution';
const FILM = 'EXIF FocalLengthIn35mmFilm';

describe('scale from EXIF', () => {
  test('focal length and pixels on the focal plane, in all units', async () => {
    // 4 um: 250 pixels a millimetre.
    const expected = (206264.806 * 0.004) / 135;
    for (const [unit, perUnit] of [
      [2, 250 * 25.4],
      [3, 2500],
      [4, 250],
    ] as const) {
      const [hint] = await scales([FOCAL, [41486, 5, [perUnit]], [41488, 3, [unit]]]);
      expect(hint![0]).toBe(PLANE);
      expect(hint![1]).toBeCloseTo(expected, 4);
    }
    expect((await scales([FOCAL, [41486, 5, [6350]]]))[0]![1]).toBeCloseTo(expected, 4);
  });

  test('a picture made smaller has larger pixels, also one that was turned', async () => {
    const exif: TiffTag[] = [FOCAL, [41486, 5, [2500]], [41488, 3, [3]], [40962, 4, [6000]], [40963, 4, [4000]]];
    const expected = (206264.806 * 0.004 * 20) / 135;
    expect((await scales(exif))[0]![1]).toBeCloseTo(expected, 3);
    expect((await scales(exif, HEIGHT, WIDTH))[0]![1]).toBeCloseTo(expected, 3);
  });

  test('the focal length in 35 mm film stands on the diagonal', async () => {
    const [hint, more] = await scales([[41989, 3, [50]]]);
    expect(hint![0]).toBe(FILM);
    expect(hint![1]).toBeCloseTo((206264.806 * Math.hypot(36, 24)) / Math.hypot(WIDTH, HEIGHT) / 50, 2);
    expect(more).toBeUndefined();
  });

  test('both are told where both are there, the sensor first', async () => {
    const both = await scales([FOCAL, [41486, 5, [2500]], [41488, 3, [3]], [41989, 3, [200]]]);
    expect(both.map(([from]) => from)).toEqual([PLANE, FILM]);
  });

  test('zeros, a focal length alone and what cannot be say nothing', async () => {
    expect(await scales([FOCAL])).toEqual([]);
    expect(
      await scales([
        [37386, 5, [0]],
        [41486, 5, [2500]],
        [41989, 3, [0]],
      ]),
    ).toEqual([]);
    expect(await scales([FOCAL, [41486, 5, [0.001]]])).toEqual([]);
  });

  test.each(['jpeg', 'png', 'webp'] as const)('from a %s', async (format) => {
    const exif = { IFD2: { FocalLengthIn35mmFilm: '50' } };
    const bytes = await sharp(noise, raw).withExif(exif)[format]().toBuffer();
    const { hints } = await readFrame(bytesSource(bytes, 'a'));
    expect(hints.map(({ from }) => from)).toEqual([FILM]);
  });

  test('damage says nothing and fails nothing', () => {
    const bytes = tiff({ width: WIDTH, height: HEIGHT, numbers: U16, values: [], exif: [FOCAL, [41486, 5, [2500]]] });
    expect(exifHints(bytes, WIDTH, HEIGHT)).toHaveLength(1);
    for (let cut = 0; cut < bytes.length; cut += 7)
      expect(exifHints(bytes.subarray(0, cut), WIDTH, HEIGHT)).toEqual([]);
    expect(exifHints(Buffer.from('Exif\0\0not a TIFF'), WIDTH, HEIGHT)).toEqual([]);
  });
});
