import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { FAULTS, SolveError } from '../../src/errors.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { F32, U16, cycle, fits, tiff } from './make-images.ts';

const WIDTH = 24;
const HEIGHT = 18;
const noise = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => ((i * 7919) ^ (i >> 3)) & 255));
const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 3 as const } };
const values = cycle([1, 2, 3, 50, 700], WIDTH * HEIGHT);
const whole = fits(16, [WIDTH, HEIGHT], values, [
  { keyword: 'BLANK', value: -5 },
  { keyword: 'BAYERPAT', value: 'RGGB' },
  { keyword: 'RA', value: 12.5 },
  { keyword: 'DEC', value: -12.5 },
]);

const files: Record<string, Buffer> = {
  fits: whole,
  'fits.gz': gzipSync(whole),
  jpeg: await sharp(noise, raw).jpeg().toBuffer(),
  png: await sharp(noise, raw).png().toBuffer(),
  webp: await sharp(noise, raw).webp().toBuffer(),
  'tiff, lzw': await sharp(noise, raw).tiff({ compression: 'lzw' }).toBuffer(),
  'tiff, jpeg': await sharp(noise, raw).tiff({ compression: 'jpeg' }).toBuffer(),
  'tiff, 16 bits': tiff({ width: WIDTH, height: HEIGHT, numbers: U16, values }),
  'tiff, floats': tiff({ width: WIDTH, height: HEIGHT, numbers: F32, values, deflate: true }),
  bigtiff: tiff({ width: WIDTH, height: HEIGHT, numbers: U16, values, big: true }),
};

/** Damage: bytes overwritten (mostly in the front, where structure is), a cut, a piece doubled. */
const damage = fc.record({
  writes: fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), fc.integer({ min: 0, max: 255 })),
    {
      maxLength: 8,
    },
  ),
  keep: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
  insert: fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 40 }))),
});

async function openOrFault(bytes: Uint8Array): Promise<void> {
  try {
    const frame = await readFrame(bytesSource(bytes, 'fuzz'));
    expect(frame.pixels).toHaveLength(frame.width * frame.height);
    expect(Math.min(frame.width, frame.height)).toBeGreaterThanOrEqual(16);
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    expect(Object.keys(FAULTS)).toContain(error.code);
    expect(error.code).not.toBe('INTERNAL');
    expect(error.message).toMatch(/^fuzz: /);
    expect(error.message).not.toContain('\n');
  }
}

test.each(Object.entries(files))(
  'damaged %s opens or fails with a known fault',
  { timeout: 60_000 },
  async (_, file) => {
    await openOrFault(file);
    await fc.assert(
      fc.asyncProperty(damage, async ({ writes, keep, insert }) => {
        let bytes = Buffer.from(file);
        for (const [place, front, byte] of writes) {
          const span = front ? Math.min(400, bytes.length) : bytes.length;
          bytes[Math.min(span - 1, Math.floor(place * span))] = byte;
        }
        if (insert !== null) {
          const at = Math.floor(insert[0] * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, at), insert[1], bytes.subarray(at)]);
        }
        await openOrFault(bytes.subarray(0, Math.floor(keep * bytes.length)));
      }),
      { numRuns: 200 },
    );
  },
);

test('bytes of no kind, and every kind of beginning followed by anything, fail with a known fault', async () => {
  const heads = [
    '',
    'SIMPLE  =',
    '\x1f\x8b\x08',
    '\xff\xd8\xff',
    '\x89PNG\r\n\x1a\n',
    'II*\0',
    'MM\0+',
    'RIFFxxxxWEBP',
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }), async (head, rest) => {
      await openOrFault(Buffer.concat([Buffer.from(head, 'latin1'), rest]));
    }),
    { numRuns: 400 },
  );
});
