import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { isFits } from '../../src/fits/hdu.ts';
import type { Frame } from '../../src/image/frame.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { dng } from './make-dng.ts';
import { U8, tiff } from './make-images.ts';

const WIDTH = 256;
const HEIGHT = 192;
const value = (i: number): number => 300 + ((i * 7919) % 3001);
const values = Array.from({ length: WIDTH * HEIGHT }, (_, i) => value(i));

function open(bytes: Uint8Array, signal?: AbortSignal): Promise<Frame> {
  return readFrame(bytesSource(bytes, 'a.dng'), { signal });
}

/** A DNG file with a mosaic packed in a way that nobody knows, and a picture before it. */
function withPreview(jpeg: Buffer, width: number, height: number): Buffer {
  const text = (words: string): number[] => [...Buffer.from(`${words}\0`)];
  return tiff({
    width,
    height,
    channels: 3,
    numbers: U8,
    values: [...jpeg],
    tags: [
      [254, 4, [1]],
      [259, 3, [7]],
      [262, 3, [6]],
      [271, 1, text('Starfix')],
      [272, 1, text('Synthetic')],
      [50706, 1, [1, 7, 0, 0]],
      [50707, 1, [1, 7, 0, 0]],
      [50708, 1, text('Starfix Synthetic')],
    ],
    subIfd: [
      [254, 4, [0]],
      [256, 4, [WIDTH]],
      [257, 4, [HEIGHT]],
      [258, 3, [16]],
      [259, 3, [52546]],
      [262, 3, [32803]],
      [273, 4, [8]],
      [277, 3, [1]],
      [278, 4, [HEIGHT]],
      [279, 4, [jpeg.length]],
      [33421, 3, [2, 2]],
      [33422, 1, [0, 1, 1, 2]],
    ],
  });
}

describe('camera raw, by files made here', () => {
  test.each([
    ['RGGB', [0, 1, 1, 2]],
    ['BGGR', [2, 1, 1, 0]],
    ['GRBG', [1, 0, 2, 1]],
    ['GBRG', [1, 2, 0, 1]],
  ])('a mosaic of %s keeps its numbers and says its pattern', async (pattern, filters) => {
    const frame = await open(dng({ width: WIDTH, height: HEIGHT, values, filters }));
    expect(frame).toMatchObject({ width: WIDTH, height: HEIGHT, format: 'raw', rowOrder: 'top-down', bayer: pattern });
    expect(Array.from(frame.pixels)).toEqual(values);
  });

  test('margins are cut off, and the pattern begins within', async () => {
    const active = { top: 6, left: 8, bottom: HEIGHT - 4, right: WIDTH - 4 };
    const frame = await open(dng({ width: WIDTH, height: HEIGHT, values, filters: [0, 1, 1, 2], active }));
    expect(frame).toMatchObject({ width: WIDTH - 12, height: HEIGHT - 10 });
    expect(frame.pixels[0]).toBe(value(6 * WIDTH + 8));
    expect(frame.pixels[WIDTH - 12 + 3]).toBe(value(7 * WIDTH + 11));
    // DNG counts the pattern from the first active pixel.
    expect(frame.bayer).toBe('RGGB');
  });

  test('the scale from EXIF', async () => {
    const exif = [
      [37386, 5, [135]],
      [41486, 5, [2500]],
      [41488, 3, [3]],
    ] as const;
    const { hints } = await open(dng({ width: WIDTH, height: HEIGHT, values, filters: [0, 1, 1, 2], exif }));
    expect(hints).toMatchObject([{ kind: 'scale', from: 'EXIF FocalLength, FocalPlaneXResolution' }]);
  });

  test('colours that were interpolated already are mixed', async () => {
    const colours = Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => value(Math.floor(i / 3)));
    const frame = await open(dng({ width: WIDTH, height: HEIGHT, values: colours }));
    expect(frame.bayer).toBeUndefined();
    expect(frame.pixels).toHaveLength(frame.width * frame.height);
    expect(WIDTH / frame.width).toBe(HEIGHT / frame.height);
  });

  test('a file that is cut, or only begins like one, is a fault', async () => {
    const whole = dng({ width: WIDTH, height: HEIGHT, values, filters: [0, 1, 1, 2] });
    for (const bytes of [whole.subarray(0, 5000), Buffer.from('FUJIFILMCCD-RAW 0201'), Buffer.from('IIRO\x08\0\0\0')]) {
      const error: unknown = await open(bytes).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SolveError);
      expect((error as SolveError).message).toMatch(/^a\.dng: /);
    }
  });

  test('where the mosaic cannot be unpacked, the picture in the file is taken if it is a large one', async () => {
    const picture = { create: { width: WIDTH, height: HEIGHT, channels: 3 as const, background: '#102030' } };
    const large = await sharp(picture).jpeg().toBuffer();
    const frame = await open(withPreview(large, WIDTH, HEIGHT));
    expect(frame).toMatchObject({ width: WIDTH, height: HEIGHT, format: 'raw preview' });
    expect(frame.bayer).toBeUndefined();
    const small = await sharp(large).resize(64).jpeg().toBuffer();
    const error: unknown = await open(withPreview(small, 64, 48)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'FORMAT_UNSUPPORTED', message: expect.stringMatching(/64 x 48 of 256 x 192/) });
  });

  test('cancelling does not wait for LibRaw', async () => {
    const stop = new AbortController();
    const opening = open(dng({ width: WIDTH, height: HEIGHT, values, filters: [0, 1, 1, 2] }), stop.signal);
    stop.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });
});

test('a mosaic reads as it does from FITS', async () => {
  const bytes = readFileSync(new URL('../../fixtures/synthetic/dev13_bayer_rggb.fits', import.meta.url));
  expect(isFits(bytes)).toBe(true);
  const fits = await readFrame(bytesSource(bytes, 'dev13.fits'));
  const raw = await open(
    dng({ width: fits.width, height: fits.height, values: Array.from(fits.pixels), filters: [0, 1, 1, 2] }),
  );
  expect(raw.bayer).toBe(fits.bayer);
  expect(Buffer.compare(Buffer.from(raw.pixels.buffer), Buffer.from(Uint16Array.from(fits.pixels).buffer))).toBe(0);
});
