import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import type { Frame } from '../../src/image/frame.ts';
import { readFrame, readPlanes } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { F32, F64, type Numbers, U16, U32, U8, cycle, pack } from './make-images.ts';
import { type XisfSpec, xisf } from './make-xisf.ts';

const SIDE = 16;
const AREA = SIDE * SIDE;
const VALUES = [0, 1, 2, 300, 40000];
const GREY: XisfSpec = { width: SIDE, height: SIDE, format: 'UInt16', numbers: U16, values: cycle(VALUES, AREA) };

function open(bytes: Uint8Array): Promise<Frame> {
  return readFrame(bytesSource(bytes, 'm31.xisf'));
}

async function fault(bytes: Uint8Array): Promise<SolveError> {
  const error: unknown = await open(bytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SolveError);
  return error as SolveError;
}

function start(frame: Pick<Frame, 'pixels'>, count: number): number[] {
  return Array.from(frame.pixels.subarray(0, count));
}

/** As the specification has it: first bytes of all numbers, second bytes of all, and so on. */
function shuffle(bytes: Buffer, size: number): Buffer {
  return Buffer.concat(Array.from({ length: size }, (_, k) => bytes.filter((_byte, i) => i % size === k)));
}

describe('XISF keeps its values', () => {
  test.each<[string, Numbers, number[]]>([
    ['UInt8', U8, [0, 1, 200, 255]],
    ['UInt16', U16, [0, 1, 300, 65535]],
    ['Float32', F32, [0, 0.25, 1, -3.5]],
    ['Float64', F64, [0, 0.1, 1e-9, -3.5]],
  ])('%s, little-endian and big-endian', async (format, numbers, values) => {
    for (const byteOrder of ['little', 'big']) {
      const file = xisf({ ...GREY, format, numbers, values: cycle(values, AREA), attributes: { byteOrder } });
      const frame = await open(file);
      expect(frame).toMatchObject({ width: SIDE, height: SIDE, format: 'xisf', rowOrder: 'top-down' });
      expect(start(frame, 4)).toEqual(values);
    }
  });

  test('UInt32 comes in its order', async () => {
    const frame = await open(
      xisf({ ...GREY, format: 'UInt32', numbers: U32, values: cycle([0, 1, 2 ** 31, 2 ** 32 - 1], AREA) }),
    );
    expect(start(frame, 4)).toEqual([-(2 ** 31), 1 - 2 ** 31, 0, 2 ** 31 - 1]);
  });

  test('colour, planes apart or channels together, and what is not light is left out', async () => {
    const colour = { ...GREY, channels: 3 };
    const apart = [30, 60, 90].flatMap((value) => cycle([value], AREA));
    expect(start(await open(xisf({ ...colour, values: apart })), 2)).toEqual([60, 60]);
    const together = cycle([0, 3, 9, 10, 20, 30], 3 * AREA);
    const normal = xisf({ ...colour, values: together, attributes: { pixelStorage: 'Normal' } });
    expect(start(await open(normal), 2)).toEqual([4, 20]);
    const planes = await readPlanes(bytesSource(normal, 'm31.xisf'));
    expect(planes.planes).toBe(3);
    expect([planes.pixels[0], planes.pixels[1], planes.pixels[AREA], planes.pixels[2 * AREA]]).toEqual([0, 10, 3, 9]);

    const alpha = { ...GREY, channels: 4, values: cycle([30, 60, 90, 7], 4 * AREA) };
    expect(start(await open(xisf({ ...alpha, attributes: { pixelStorage: 'normal' } })), 2)).toEqual([60, 60]);
    const greyAlpha = [...cycle([5, 6], AREA), ...cycle([100], AREA)];
    expect(start(await open(xisf({ ...GREY, channels: 2, values: greyAlpha })), 2)).toEqual([5, 6]);
  });

  test('pixels inline and embedded, in base64 and hex, packed or not', async () => {
    const data = pack(GREY.values, U16, true);
    const none = { ...GREY, data: new Uint8Array() };
    const inline = { ...none, attributes: { location: 'inline:base64' }, children: data.toString('base64') };
    expect(start(await open(xisf(inline)), 5)).toEqual(VALUES);
    const hex = `<Data encoding="hex">\n${data.toString('hex').replaceAll(/(.{64})/g, '$1\n')}</Data>`;
    const embedded = { ...none, attributes: { location: 'embedded' }, children: hex };
    expect(start(await open(xisf(embedded)), 5)).toEqual(VALUES);
    const packed = `<Data encoding="base64" compression="zlib:${data.length}">${deflateSync(data).toString('base64')}</Data>`;
    expect(start(await open(xisf({ ...embedded, children: packed })), 5)).toEqual(VALUES);
  });

  test('zlib, with shuffled bytes and in parts', async () => {
    const data = pack(GREY.values, U16, true);
    const size = data.length;
    const plain = { ...GREY, data: deflateSync(data), attributes: { compression: `zlib:${size}` } };
    expect(start(await open(xisf(plain)), 5)).toEqual(VALUES);
    const sorted = shuffle(data, 2);
    const parts = [sorted.subarray(0, 100), sorted.subarray(100)].map((part) => deflateSync(part));
    const subblocks = `${parts[0]!.length},100:${parts[1]!.length},${size - 100}`;
    const spec = { ...GREY, data: Buffer.concat(parts), attributes: { compression: `zlib+sh:${size}:2`, subblocks } };
    expect(start(await open(xisf(spec)), 5)).toEqual(VALUES);
  });

  const value = (i: number): number => {
    const [x, y] = [i % 72, Math.floor(i / 72)];
    return ((x * 7919 + y * 104729) % 4096) + Math.floor(x / 9) * 100;
  };
  test.each<[string, (i: number) => number]>([
    ['lz4-u16.xisf', value],
    ['lz4sh-u16.xisf', value],
    ['lz4hcsh-f32-parts.xisf', (i) => Math.fround(value(i) / 8192)],
    // The mean of one, two and three times the value.
    ['zlibsh-u32-rgb.xisf', (i) => 2 * value(i) - 2 ** 31],
  ])('%s, packed by the reference libraries', async (file, expected) => {
    const frame = await open(readFileSync(new URL(`../../fixtures/xisf/${file}`, import.meta.url)));
    expect(start(frame, 72 * 40)).toEqual(Array.from({ length: 72 * 40 }, (_, i) => expected(i)));
  });

  test('gzipped whole, and with zeros behind the XML', async () => {
    expect(start(await open(gzipSync(xisf(GREY))), 5)).toEqual(VALUES);
    const file = xisf(GREY);
    file.writeUInt32LE(2000, 8);
    expect(start(await open(file), 5)).toEqual(VALUES);
  });

  test('a thumbnail within the image is not the image', async () => {
    const thumbnail =
      '<Thumbnail geometry="2:2:1" sampleFormat="UInt8" location="embedded"><Data encoding="hex">00</Data></Thumbnail>';
    expect(start(await open(xisf({ ...GREY, children: thumbnail })), 5)).toEqual(VALUES);
  });

  test('the colour filters of a mosaic', async () => {
    const children = '<ColorFilterArray pattern="GRBG" width="2" height="2"/>';
    expect((await open(xisf({ ...GREY, children }))).bayer).toBe('GRBG');
  });
});

describe('hints of XISF', () => {
  test('properties go first and are named; keywords of FITS that say the same are not repeated', async () => {
    const children = [
      '<Property id="Observation:Center:RA" type="Float64" value="10.68"/>',
      '<Property id="Observation:Center:Dec" type="Float64" value="41.27"/>',
      '<Property id="Observation:Object:RA" type="Float64" value="11.5"/>',
      '<Property id="Observation:Object:Dec" type="Float64" value="41.0"/>',
      '<Property id="Instrument:Telescope:FocalLength" type="Float32" value="0.53"/>',
      '<Property id="Instrument:Sensor:XPixelSize" type="Float32" value="3.76"/>',
      '<Property id="Observation:Object:Name" type="String">M &amp; 31</Property>',
      '<FITSKeyword name="RA" value="10.68" comment="deg"/>',
      '<FITSKeyword name="DEC" value="41.27" comment="deg"/>',
      `<FITSKeyword name="OBJCTRA" value="'02 00 00'" comment=""/>`,
      `<FITSKeyword name="OBJCTDEC" value="'+10 00 00'" comment=""/>`,
      '<FITSKeyword name="SCALE" value="2.5" comment=""/>',
    ].join('');
    const { hints } = await open(xisf({ ...GREY, children }));
    expect(hints.map(({ kind, from }) => [kind, from])).toEqual([
      ['position', 'Observation:Center:RA, Observation:Center:Dec'],
      ['position', 'Observation:Object:RA, Observation:Object:Dec'],
      ['position', 'OBJCTRA, OBJCTDEC'],
      ['scale', 'Instrument:Telescope:FocalLength, Instrument:Sensor:XPixelSize'],
      ['scale', 'SCALE'],
    ]);
    expect(hints[0]).toMatchObject({ raDeg: 10.68, decDeg: 41.27 });
    expect(hints[2]).toMatchObject({ raDeg: 30, decDeg: 10 });
    expect((hints[3] as { scaleArcsec: number }).scaleArcsec).toBeCloseTo((206.265 * 3.76) / 530, 3);
  });

  test('a focal length in millimetres, and the binning of the camera either way', async () => {
    const children = [
      '<Property id="Instrument:Telescope:FocalLength" type="Float32" value="530"/>',
      '<Property id="Instrument:Sensor:XPixelSize" type="Float32" value="3.76"/>',
      '<Property id="Instrument:Camera:XBinning" type="Int32" value="2"/>',
    ].join('');
    const { hints } = await open(xisf({ ...GREY, children }));
    const scales = hints.map((hint) => (hint.kind === 'scale' ? Math.round(hint.scaleArcsec * 100) / 100 : 0));
    expect(scales).toEqual([1.46, 2.93, 0.73]);
  });
});

describe('XISF that lies', () => {
  const data = pack(GREY.values, U16, true);
  const sha1 = createHash('sha1').update(data).digest('hex');
  const attributes = (list: Record<string, string>): Buffer => xisf({ ...GREY, attributes: list });

  test('a checksum is held against the block', async () => {
    expect(start(await open(attributes({ checksum: `sha-1:${sha1}` })), 5)).toEqual(VALUES);
    expect(start(await open(attributes({ checksum: `sha1:${sha1.toUpperCase()}` })), 5)).toEqual(VALUES);
    const wrong = await fault(attributes({ checksum: `sha-1:${sha1.replace(/./, (c) => (c === '0' ? '1' : '0'))}` }));
    expect(wrong.code).toBe('IMAGE_CORRUPT');
    expect(wrong.message).toMatch(/^m31\.xisf: .*checksum/);
    expect((await fault(attributes({ checksum: 'sha3-256:00' }))).code).toBe('IMAGE_CORRUPT');
    // Neither a name of the specification nor one of the language.
    for (const kind of ['crc-32', 'constructor'])
      expect(start(await open(attributes({ checksum: `${kind}:00` })), 1)).toEqual([0]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['IMAGE_CORRUPT', { geometry: '' }, /geometry ''/],
    ['IMAGE_CORRUPT', { geometry: '16:-16:1' }, /geometry '16:-16:1'/],
    ['IMAGE_CORRUPT', { geometry: '16:16:0' }, /geometry/],
    ['FORMAT_UNSUPPORTED', { geometry: '16:16:4:1' }, /3 dimensions|dimensions/],
    ['IMAGE_TOO_LARGE', { geometry: '99999999:99999999:1' }, /99999999 x 99999999/],
    ['IMAGE_TOO_LARGE', { geometry: '16000:16000:3000' }, /16000 x 16000/],
    ['IMAGE_TOO_SMALL', { geometry: '4:4:1' }, /4 x 4/],
    ['IMAGE_CORRUPT', { geometry: '16:32:1' }, /need 1024 bytes, the block has 512/],
    ['FORMAT_UNSUPPORTED', { sampleFormat: 'Complex32' }, /'Complex32' numbers/],
    ['FORMAT_UNSUPPORTED', { sampleFormat: 'toString' }, /'toString' numbers/],
    ['FORMAT_UNSUPPORTED', { sampleFormat: 'UInt64' }, /'UInt64' numbers/],
    ['FORMAT_UNSUPPORTED', { pixelStorage: 'tiled' }, /'tiled' order/],
    ['FORMAT_UNSUPPORTED', { compression: 'zstd:512' }, /packed by 'zstd'/],
    ['FORMAT_UNSUPPORTED', { location: 'url(http://a.b/c)' }, /another file/],
    ['FORMAT_UNSUPPORTED', { location: 'path(@header_dir/a.xisb)' }, /another file/],
    ['IMAGE_CORRUPT', { location: 'attachment:4096:513' }, /reach to byte 4609, the file has 4608/],
    ['IMAGE_CORRUPT', { location: 'attachment:4096:-1' }, /stand at/],
    ['IMAGE_CORRUPT', { location: 'embedded' }, /not there/],
    ['IMAGE_CORRUPT', { location: 'inline:base85' }, /'base85'/],
    ['IMAGE_CORRUPT', { compression: 'zlib:512' }, /zlib are damaged/],
    ['IMAGE_CORRUPT', { compression: 'lz4:512' }, /lz4 are damaged/],
    ['IMAGE_CORRUPT', { compression: 'zlib:9' }, /need 512 bytes, 9 are packed/],
    ['IMAGE_CORRUPT', { compression: 'lz4+sh:512:2', subblocks: '1,2:x' }, /add up/],
    ['IMAGE_CORRUPT', { compression: 'zlib:400000000', geometry: '10000:20000:1' }, /512 packed bytes cannot be/],
  ])('%s: %j', async (code, list, words) => {
    const error = await fault(attributes(list));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(error.message).toMatch(/^m31\.xisf: /);
  });

  test('more or less is unpacked than is said', async () => {
    for (const bytes of [data.subarray(2), Buffer.concat([data, data])]) {
      const error = await fault(xisf({ ...GREY, data: deflateSync(bytes), attributes: { compression: 'zlib:512' } }));
      expect(error.code).toBe('IMAGE_CORRUPT');
    }
  });

  test.each([
    ['no XML', 'not at all', /no XML/],
    ['no image', '<xisf version="1.0"></xisf>', /no image/],
    ['cut', '<xisf version="1.0"><Image geometry="1:1:1"', /no XML/],
    ['deep', '<a>'.repeat(100_000), /32 deep/],
    [
      'entities that grow',
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><xisf><Image geometry="&b;"/></xisf>',
      /no XML/,
    ],
    [
      'an entity from a file',
      '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xisf><Image geometry="&a;"/></xisf>',
      /no XML/,
    ],
  ])('a header that is %s', async (_, xml, words) => {
    const error = await fault(xisf({ ...GREY, xml }));
    expect(error.code).toBe('IMAGE_CORRUPT');
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^m31\.xisf: /);
  });

  test('a header that is longer than the file, or than any', async () => {
    const file = xisf(GREY);
    file.writeUInt32LE(0xffffffff, 8);
    expect((await fault(file)).message).toMatch(/header is cut/);
    expect((await fault(file.subarray(0, 12))).message).toMatch(/header is cut/);
    const long = Buffer.concat([xisf(GREY), Buffer.alloc(33 * 2 ** 20)]);
    long.writeUInt32LE(33 * 2 ** 20, 8);
    expect((await fault(long)).code).toBe('IMAGE_TOO_LARGE');
  });
});
