import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import type { Frame } from '../../src/image/frame.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { F32, F64, I16, I32, I8, U16, U32, U8, cycle, fits, pack, png, pngChunk, tiff } from './make-images.ts';

const SIDE = 16;
const AREA = SIDE * SIDE;

function open(bytes: Uint8Array, options: { extension?: number; signal?: AbortSignal } = {}): Promise<Frame> {
  return readFrame(bytesSource(bytes, 'test.img'), options);
}

async function fault(bytes: Uint8Array, options: { extension?: number } = {}): Promise<SolveError> {
  const error: unknown = await open(bytes, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SolveError);
  return error as SolveError;
}

/** The first values of a frame as plain numbers. */
function start(frame: Frame, count: number): number[] {
  return Array.from(frame.pixels.subarray(0, count));
}

describe('PNG keeps its values', () => {
  const values = [0, 1, 2, 300, 1000, 30000, 65534, 65535];

  test('16-bit grey, whatever the file says about gamma and colour', async () => {
    const rows = pack(cycle(values, AREA), U16, false);
    const gamma = pngChunk('gAMA', pack([100000], U32, false));
    const colour = pngChunk('sRGB', Buffer.from([0]));
    for (const extra of [[], [gamma], [colour]]) {
      const frame = await open(png(SIDE, SIDE, 16, 0, rows, extra));
      expect(frame).toMatchObject({ width: SIDE, height: SIDE, format: 'png', rowOrder: 'top-down', hints: [] });
      expect(frame.pixels).toBeInstanceOf(Uint16Array);
      expect(start(frame, 8)).toEqual(values);
    }
  });

  test('16-bit colour is averaged without rescaling', async () => {
    const rows = pack(cycle([0, 3, 9, 65535, 65535, 65535, 100, 200, 301], 3 * AREA), U16, false);
    expect(start(await open(png(SIDE, SIDE, 16, 2, rows)), 3)).toEqual([4, 65535, 200]);
  });

  test('alpha is left out', async () => {
    const greyAlpha = pack(cycle([500, 7, 501, 65535], 2 * AREA), U16, false);
    expect(start(await open(png(SIDE, SIDE, 16, 4, greyAlpha)), 2)).toEqual([500, 501]);
    const colourAlpha = pack(cycle([10, 20, 30, 0, 40, 50, 60, 255], 4 * AREA), U8, false);
    expect(start(await open(png(SIDE, SIDE, 8, 6, colourAlpha)), 2)).toEqual([60, 150]);
  });

  test('8-bit grey stays, colour is summed so that no bit is lost', async () => {
    const grey = await open(png(SIDE, SIDE, 8, 0, pack(cycle([0, 1, 254, 255], AREA), U8, false)));
    expect(grey.pixels).toBeInstanceOf(Uint8Array);
    expect(start(grey, 4)).toEqual([0, 1, 254, 255]);
    const colour = await open(png(SIDE, SIDE, 8, 2, pack(cycle([1, 2, 4, 255, 255, 255], 3 * AREA), U8, false)));
    expect(colour.pixels).toBeInstanceOf(Uint16Array);
    expect(start(colour, 2)).toEqual([7, 765]);
  });

  test('palette and few bits', async () => {
    const palette = pngChunk('PLTE', Buffer.from([1, 2, 3, 10, 20, 30, 100, 100, 100]));
    const indexed = await open(png(SIDE, SIDE, 8, 3, pack(cycle([0, 1, 2], AREA), U8, false), [palette]));
    expect(start(indexed, 3)).toEqual([6, 60, 300]);
    const bits = await open(png(SIDE, SIDE, 1, 0, Buffer.alloc(2 * SIDE, 0b10100000)));
    expect(start(bits, 4)).toEqual([255, 0, 255, 0]);
  });

  test('a colour profile does not change them', async () => {
    const raw = { raw: { width: SIDE, height: SIDE, channels: 3 as const } };
    const tagged = await sharp(Buffer.alloc(3 * AREA), raw)
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const at = tagged.indexOf('iCCP') - 4;
    const profile = tagged.subarray(at, at + 12 + tagged.readUInt32BE(at));
    expect(profile.length).toBeGreaterThan(100);
    const rows = pack(cycle([200, 30, 90, 5, 60, 250], 3 * AREA), U8, false);
    expect(start(await open(png(SIDE, SIDE, 8, 2, rows, [profile])), 2)).toEqual([320, 315]);
  });
});

describe('TIFF keeps its values', () => {
  const shape = { width: SIDE, height: SIDE };

  test.each([
    ['little-endian', { little: true }],
    ['big-endian', { little: false }],
    ['packed', { deflate: true }],
    ['BigTIFF', { big: true }],
    ['BigTIFF, big-endian', { big: true, little: false }],
  ])('16-bit grey, %s', async (_, how) => {
    const values = [0, 1, 300, 65535, 40000];
    const frame = await open(tiff({ ...shape, ...how, numbers: U16, values: cycle(values, AREA) }));
    expect(frame).toMatchObject({ ...shape, format: 'tiff', rowOrder: 'top-down' });
    expect(frame.pixels).toBeInstanceOf(Uint16Array);
    expect(start(frame, 5)).toEqual(values);
  });

  test('16-bit colour, planes apart or together, with alpha or without', async () => {
    const together = cycle([0, 3, 9, 65535, 65535, 65535], 3 * AREA);
    expect(start(await open(tiff({ ...shape, channels: 3, numbers: U16, values: together })), 2)).toEqual([4, 65535]);
    const apart = [30, 60, 90].flatMap((value) => cycle([value], AREA));
    expect(start(await open(tiff({ ...shape, channels: 3, numbers: U16, values: apart, planar: true })), 2)).toEqual([
      60, 60,
    ]);
    const alpha = cycle([30, 60, 90, 1], 4 * AREA);
    const file = tiff({ ...shape, channels: 4, numbers: U16, values: alpha, tags: [[338, 3, [2]]] });
    expect(start(await open(file), 2)).toEqual([60, 60]);
  });

  test('32-bit floats with NaN, negative and tiny ones; infinite ones become NaN', async () => {
    const values = [-7.5, 0.25, NaN, 1e5, Infinity];
    const kept = [-7.5, 0.25, NaN, 1e5, NaN];
    const grey = await open(tiff({ ...shape, numbers: F32, values: cycle(values, AREA) }));
    expect(grey.pixels).toBeInstanceOf(Float32Array);
    expect(start(grey, 5)).toEqual(kept);
    const packed = await open(tiff({ ...shape, numbers: F32, values: cycle(values, AREA), deflate: true }));
    expect(start(packed, 5)).toEqual(kept);
    const colour = cycle([-1, 0.5, 2, 1e6, 2e6, 3e6, NaN, 1, 1], 3 * AREA);
    expect(start(await open(tiff({ ...shape, channels: 3, numbers: F32, values: colour })), 3)).toEqual([
      0.5,
      2e6,
      NaN,
    ]);
  });

  test('32-bit whole numbers; unsigned ones are shifted by 2^31', async () => {
    const signed = [-7, 0, 100000, 2147483647, -2147483648];
    const frame = await open(tiff({ ...shape, numbers: I32, values: cycle(signed, AREA) }));
    expect(frame.pixels).toBeInstanceOf(Int32Array);
    expect(start(frame, 5)).toEqual(signed);
    const unsigned = [0, 1, 100000, 4e9, 4294967295];
    const shifted = await open(tiff({ ...shape, numbers: U32, values: cycle(unsigned, AREA) }));
    expect(start(shifted, 5)).toEqual(unsigned.map((value) => value - 2 ** 31));
    const colour = await open(tiff({ ...shape, channels: 3, numbers: U32, values: cycle([1, 2, 6], 3 * AREA) }));
    expect(start(colour, 2)).toEqual([3 - 2 ** 31, 3 - 2 ** 31]);
  });

  test.each([
    ['signed 8-bit', I8, [-128, -5, 0, 127]],
    ['signed 16-bit', I16, [-32768, -5, 0, 32767]],
    ['64-bit floats', F64, [-1e9, 0.1, 1e-9, 40000]],
  ] as const)('%s, however they stand', async (_, numbers, values) => {
    const ways = [{}, { little: false }, { deflate: true }, { big: true, little: false }];
    for (const how of ways) {
      const frame = await open(tiff({ ...shape, ...how, numbers, values: cycle(values, AREA) }));
      expect(frame).toMatchObject({ ...shape, format: 'tiff', rowOrder: 'top-down' });
      expect(start(frame, 4)).toEqual(values);
    }
    const apart = values.flatMap((value) => cycle([value], AREA)).slice(0, 3 * AREA);
    const planes = await open(tiff({ ...shape, channels: 3, numbers, values: apart, planar: true }));
    const mean = (values[0] + values[1] + values[2]) / 3;
    expect(planes.pixels[5]).toBeCloseTo(numbers === F64 ? mean : Math.trunc(mean), 6);
  });

  test('8 bits, also with white as zero', async () => {
    const values = [0, 1, 254, 255];
    expect(start(await open(tiff({ ...shape, numbers: U8, values: cycle(values, AREA) })), 4)).toEqual(values);
    const inverted = tiff({ ...shape, numbers: U8, values: cycle(values, AREA), tags: [[262, 3, [0]]] });
    expect(start(await open(inverted), 4)).toEqual([255, 254, 1, 0]);
  });

  test.each([
    [
      '64-bit whole numbers',
      tiff({ ...shape, numbers: { ...F64, sampleFormat: 1 }, values: cycle([1], AREA) }),
      '64-bit unsigned',
    ],
    ['complex', tiff({ ...shape, numbers: { ...F64, sampleFormat: 6 }, values: cycle([1], AREA) }), '64-bit complex'],
    [
      '16-bit floats',
      tiff({ ...shape, numbers: { ...U16, sampleFormat: 3 }, values: cycle([1], AREA) }),
      '16-bit float',
    ],
    [
      'signed numbers packed in an odd way',
      tiff({ ...shape, numbers: I16, values: cycle([1], AREA), tags: [[259, 3, [32773]]] }),
      'scheme 32773',
    ],
    [
      'a Bayer mosaic',
      tiff({ ...shape, numbers: U16, values: cycle([5], AREA), tags: [[262, 3, [32803]]] }),
      'raw file',
    ],
    ['a DNG', tiff({ ...shape, numbers: U16, values: cycle([5], AREA), tags: [[50706, 4, [1]]] }), 'raw file'],
    [
      'a preview before raw data',
      tiff({
        ...shape,
        numbers: U8,
        values: cycle([5], AREA),
        tags: [
          [254, 4, [1]],
          [330, 4, [8]],
        ],
      }),
      'raw file',
    ],
  ])('%s is refused by name', async (_, bytes, words) => {
    const error = await fault(bytes);
    expect(error.code).toBe('FORMAT_UNSUPPORTED');
    expect(error.message).toContain(words);
  });
});

describe('JPEG and WebP', () => {
  const raw = { raw: { width: 32, height: 20, channels: 3 as const } };
  const grey = Buffer.alloc(32 * 20 * 3, 80);

  test('are read as stored, not turned by EXIF', async () => {
    const turned = await sharp(grey, raw).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await open(turned)).toMatchObject({ width: 32, height: 20, format: 'jpeg', rowOrder: 'top-down' });
    expect(start(await open(turned), 3)).toEqual([240, 240, 240]);
    const webp = await sharp(grey, raw).webp({ lossless: true }).toBuffer();
    expect(await open(webp)).toMatchObject({ width: 32, height: 20, format: 'webp' });
    expect(start(await open(webp), 3)).toEqual([240, 240, 240]);
  });

  test('a grey JPEG keeps 8 bits, one in CMYK is read too', async () => {
    const one = await sharp(grey, raw).toColourspace('b-w').jpeg().toBuffer();
    expect((await open(one)).pixels).toBeInstanceOf(Uint8Array);
    expect(start(await open(one), 2)).toEqual([80, 80]);
    const cmyk = await sharp(grey, raw).toColourspace('cmyk').jpeg().toBuffer();
    expect((await open(cmyk)).pixels).toHaveLength(640);
  });
});

describe('FITS', () => {
  const square = [SIDE, SIDE];

  test('rows count from the bottom unless ROWORDER says otherwise', async () => {
    const values = cycle([1, 2, 3], AREA);
    expect(await open(fits(16, square, values))).toMatchObject({ rowOrder: 'bottom-up', format: 'fits' });
    const order = (value: string): Promise<Frame> => open(fits(16, square, values, [{ keyword: 'ROWORDER', value }]));
    expect((await order('TOP-DOWN')).rowOrder).toBe('top-down');
    expect((await order('top-down')).rowOrder).toBe('top-down');
    expect((await order('BOTTOM-UP')).rowOrder).toBe('bottom-up');
  });

  test('colour planes become one', async () => {
    const planes = (values: readonly number[]): number[] => values.flatMap((value) => cycle([value], AREA));
    expect(start(await open(fits(8, [...square, 3], planes([1, 2, 255]))), 2)).toEqual([258, 258]);
    expect(start(await open(fits(16, [...square, 3], planes([1, 2, 6]))), 2)).toEqual([3, 3]);
    expect(start(await open(fits(32, [...square, 3], planes([-1, -2, -6]))), 2)).toEqual([-3, -3]);
    expect(start(await open(fits(-32, [...square, 2], planes([0.5, 1]))), 2)).toEqual([0.75, 0.75]);
    expect(
      start(
        await open(
          fits(
            -64,
            [...square, 3],
            planes([1, 2, NaN])
              .with(0, NaN)
              .with(2 * AREA + 1, 3),
          ),
        ),
        2,
      ),
    ).toEqual([NaN, 2]);
  });

  test('a pixel blank in one plane is blank', async () => {
    const values = Array.from({ length: 3 * AREA }, (_, i) => (i === AREA + 1 ? -99 : 9));
    const frame = await open(fits(16, [...square, 3], values, [{ keyword: 'BLANK', value: -99 }]));
    expect(frame.blank).toBe(-99);
    expect(start(frame, 3)).toEqual([9, -99, 9]);
  });

  test('hints and the filter pattern come along; colour planes have no pattern', async () => {
    const cards = [
      { keyword: 'RA', value: 130.1 },
      { keyword: 'DEC', value: 19.67 },
      { keyword: 'BAYERPAT', value: 'RGGB' },
    ];
    const frame = await open(fits(16, square, cycle([1], AREA), cards));
    expect(frame.hints).toEqual([{ kind: 'position', from: 'RA, DEC', raDeg: 130.1, decDeg: 19.67 }]);
    expect(frame.bayer).toBe('RGGB');
    const colour = await open(fits(16, [...square, 3], cycle([1], 3 * AREA), cards));
    expect(colour).not.toHaveProperty('bayer');
    expect(colour.hints).toHaveLength(1);
  });

  test('an extension inherits what the primary header says', async () => {
    const primary = fits(
      8,
      [],
      [],
      [
        { keyword: 'RA', value: 130.1 },
        { keyword: 'DEC', value: 19.67 },
        { keyword: 'ROWORDER', value: 'TOP-DOWN' },
      ],
    );
    const extension = fits(16, square, cycle([1, 2], AREA), [
      { keyword: 'PCOUNT', value: 0 },
      { keyword: 'GCOUNT', value: 1 },
      { keyword: 'PIXSCALE', value: 1.5 },
    ]);
    extension.write("XTENSION= 'IMAGE   '".padEnd(80), 0, 'latin1');
    const file = Buffer.concat([primary, extension]);
    const frame = await open(file);
    expect(frame.rowOrder).toBe('top-down');
    expect(frame.hints.map((hint) => hint.kind)).toEqual(['position', 'scale']);
    expect((await open(file, { extension: 1 })).width).toBe(SIDE);
    const error = await fault(file, { extension: 0 });
    expect(error.code).toBe('FITS_NO_IMAGE');
    expect(error.message).toMatch(/^test\.img: HDU 0/);
  });

  test('infinite values become NaN', async () => {
    const frame = await open(fits(-32, square, cycle([1, Infinity, -Infinity, NaN, 2], AREA)));
    expect(start(frame, 5)).toEqual([1, NaN, NaN, NaN, 2]);
  });
});

describe('gzip', () => {
  const file = fits(16, [SIDE, SIDE], cycle([1, 2], AREA));

  test('is unpacked whatever is inside, once', async () => {
    expect(start(await open(gzipSync(file)), 2)).toEqual([1, 2]);
    const picture = png(SIDE, SIDE, 8, 0, pack(cycle([7], AREA), U8, false));
    expect((await open(gzipSync(picture))).format).toBe('png');
    const twice = await fault(gzipSync(gzipSync(file)));
    expect(twice.code).toBe('FORMAT_UNSUPPORTED');
    expect(twice.message).toContain('gzip once more');
    const text = await fault(gzipSync('just words'));
    expect(text.message).toBe('test.img: unpacked, is text ("just words")');
  });

  test('a cut one is corrupt', async () => {
    const packed = gzipSync(file);
    expect((await fault(packed.subarray(0, packed.length - 20))).code).toBe('GZIP_CORRUPT');
  });
});

describe('refused', () => {
  test.each([
    ['FILE_EMPTY', '', '0 bytes'],
    ['FORMAT_UNKNOWN', 'This is not a FITS file.\nReally.', 'text ("This is not a FITS file.")'],
    ['FORMAT_UNKNOWN', 'BM is how this text begins', 'text ("BM is'],
    ['FORMAT_UNKNOWN', 'SIMPLE = T\nBITPIX = 8\n', 'looks like a FITS header'],
    ['FORMAT_UNKNOWN', '<!DOCTYPE html><html><body>404', 'HTML'],
    ['FORMAT_UNKNOWN', '\n<HTML>', 'HTML'],
    ['FORMAT_UNKNOWN', '<?xml version="1.0"?>', 'XML'],
    ['FORMAT_UNKNOWN', '<svg xmlns="">', 'SVG'],
    ['FORMAT_UNKNOWN', 'version https://git-lfs.github.com/spec/v1\n', 'Git LFS'],
    ['FORMAT_UNKNOWN', 'PK\x03\x04\x14\x00', 'ZIP'],
    ['FORMAT_UNKNOWN', 'BZh91AY&SY', 'bzip2'],
    ['FORMAT_UNKNOWN', '%PDF-1.7', 'PDF'],
    ['FORMAT_UNKNOWN', 'LUCAM-RECORDER\0\0', 'SER video'],
    ['FORMAT_UNKNOWN', `a.fits${'\0'.repeat(251)}ustar`, 'tar archive'],
    ['FORMAT_UNKNOWN', '\0'.repeat(100), 'zero bytes'],
    ['FORMAT_UNKNOWN', '\x01\x02\xfe\x80', 'first bytes 01 02 fe 80'],
    ['FORMAT_UNKNOWN', 'RIFF\x10\0\0\0AVI LIST', 'AVI'],
    ['FORMAT_UNSUPPORTED', 'GIF89a\x10\0\x10\0', 'GIF'],
    ['FORMAT_UNSUPPORTED', 'BM\x36\0\0\0', 'BMP'],
    ['FORMAT_UNSUPPORTED', '\0\0\0\x18ftypheic', 'HEIC'],
    ['FORMAT_UNSUPPORTED', '\0\0\0\x18ftypcrx ', 'raw file'],
    ['FORMAT_UNSUPPORTED', 'II*\0\x10\0\0\0CR\x02\0', 'raw file'],
  ])('%s: %j', async (code, text, words) => {
    const bytes = Buffer.from(text, 'latin1');
    // Canon's mark is looked at in the directory's company.
    const file = text.startsWith('II*') ? canon() : bytes;
    const error = await fault(file);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^test\.img: /);
    expect(error.message).toContain(words);
  });

  function canon(): Buffer {
    const file = tiff({ width: SIDE, height: SIDE, numbers: U8, values: cycle([1], AREA) });
    file.write('CR', 8, 'latin1');
    return file;
  }

  test('text in UTF-8 and UTF-16', async () => {
    expect((await fault(Buffer.from('Größe: 5″ – naïve'))).message).toContain('text ("Größe');
    expect((await fault(Buffer.from('\ufeffwords', 'utf16le'))).message).toContain('text (');
  });

  test.each([
    [1, 1],
    [15, 400],
    [400, 15],
    [30000, 3],
  ])('%i x %i pixels are too small in every format', async (width, height) => {
    const values = cycle([1, 2, 3], width * height);
    const files = [
      fits(16, [width, height], values),
      png(width, height, 8, 0, pack(values, U8, false)),
      tiff({ width, height, numbers: U16, values }),
    ];
    if (width < 16000)
      files.push(
        await sharp({ create: { width, height, channels: 3, background: '#123' } })
          .webp()
          .toBuffer(),
      );
    files.push(
      await sharp({ create: { width, height, channels: 3, background: '#123' } })
        .jpeg()
        .toBuffer(),
    );
    for (const file of files) {
      const error = await fault(file);
      expect(error.code).toBe('IMAGE_TOO_SMALL');
      expect(error.message).toContain(`${width} x ${height}`);
    }
  });

  test('nothing but NaN, infinity or BLANK is empty; all equal is not', async () => {
    const square = [SIDE, SIDE];
    expect((await fault(fits(-32, square, cycle([NaN], AREA)))).code).toBe('IMAGE_EMPTY');
    expect((await fault(fits(-64, square, cycle([NaN, Infinity], AREA)))).code).toBe('IMAGE_EMPTY');
    const blank = fits(16, square, cycle([-7], AREA), [{ keyword: 'BLANK', value: -7 }]);
    expect((await fault(blank)).code).toBe('IMAGE_EMPTY');
    expect((await fault(tiff({ width: SIDE, height: SIDE, numbers: F32, values: cycle([NaN], AREA) }))).code).toBe(
      'IMAGE_EMPTY',
    );
    expect((await open(fits(16, square, cycle([5], AREA)))).pixels[9]).toBe(5);
  });

  test('a small file that claims a vast picture is too large, at once', async () => {
    const began = performance.now();
    const vast = png(60000, 60000, 1, 0, Buffer.alloc(60000 * 125)); // an eighth of the rows, mere zeros
    expect((await fault(vast)).code).toBe('IMAGE_TOO_LARGE');
    const claims = tiff({
      width: SIDE,
      height: SIDE,
      numbers: U16,
      values: cycle([1], AREA),
      tags: [
        [256, 4, [100_000]],
        [257, 4, [100_000]],
      ],
    });
    expect((await fault(claims)).code).toBe('IMAGE_TOO_LARGE');
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('a file claiming more than there is, below the limits, is corrupt', async () => {
    const claims = tiff({
      width: SIDE,
      height: SIDE,
      numbers: U16,
      values: cycle([1], AREA),
      tags: [[257, 4, [5000]]],
    });
    expect((await fault(claims)).code).toBe('IMAGE_CORRUPT');
  });
});

describe('cut files are corrupt, wherever they are cut', async () => {
  const noise = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, i) => ((i * 7919) ^ (i >> 3)) & 255));
  const raw = { raw: { width: 64, height: 48, channels: 3 as const } };
  const files = {
    jpeg: await sharp(noise, raw).jpeg().toBuffer(),
    progressive: await sharp(noise, raw).jpeg({ progressive: true }).toBuffer(),
    png: await sharp(noise, raw).png().toBuffer(),
    webp: await sharp(noise, raw).webp().toBuffer(),
    tiff: await sharp(noise, raw).tiff({ compression: 'lzw' }).toBuffer(),
    tiled: await sharp(noise, raw)
      .tiff({ compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 32 })
      .toBuffer(),
  };
  test.each(Object.entries(files))('%s', async (_, file) => {
    expect((await open(file)).pixels).toHaveLength(64 * 48);
    for (const part of [0.02, 0.1, 0.3, 0.5, 0.8, 0.95]) {
      const error = await fault(file.subarray(0, Math.max(16, Math.floor(file.length * part))));
      expect(error.code).toBe('IMAGE_CORRUPT');
      expect(error.message).not.toContain('\n');
    }
  });
});

describe('cancelling', () => {
  test('a signal that is set already stops before anything is read', async () => {
    const reason = new Error('enough');
    const file = png(SIDE, SIDE, 8, 0, pack(cycle([7], AREA), U8, false));
    await expect(open(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('a decode under way is left within 100 ms', async () => {
    const side = 6000;
    const big = await sharp({ create: { width: side, height: side, channels: 3, background: '#456' } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    await open(png(SIDE, SIDE, 8, 0, pack(cycle([7], AREA), U8, false))); // loads the decoder
    const controller = new AbortController();
    const reason = new Error('enough');
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(reason);
    }, 40);
    await expect(open(big, { signal: controller.signal })).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(100);
  });
});
