import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ByteSource } from '../../src/io/byte-source.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { UNPACK_LIMITS, gunzipSource, isGzip, unpackBlock } from '../../src/io/gzip-source.ts';

function source(bytes: Uint8Array): ByteSource {
  return bytesSource(bytes, 'x.gz');
}

async function unpacked(bytes: Uint8Array): Promise<Buffer> {
  const inside = await gunzipSource(source(bytes));
  return Buffer.from(await inside.read(0, inside.size));
}

const SKY = Buffer.concat([randomBytes(300_000), Buffer.alloc(3_000_000, 'sky'), randomBytes(700_000)]);

test('what was packed comes out, of one member, of several, and with filling behind it', async () => {
  expect((await unpacked(gzipSync(SKY))).equals(SKY)).toBe(true);
  const twice = Buffer.concat([gzipSync(SKY), gzipSync(SKY.subarray(0, 1000)), Buffer.alloc(512)]);
  expect((await unpacked(twice)).equals(Buffer.concat([SKY, SKY.subarray(0, 1000)]))).toBe(true);
});

test('a size in the trailer that is not the sum of all members does no harm', async () => {
  // The last member says 0, as in files of bgzip.
  const blocked = Buffer.concat([gzipSync(SKY), gzipSync(Buffer.alloc(0))]);
  expect((await unpacked(blocked)).equals(SKY)).toBe(true);
});

test('the head tells gzip', () => {
  expect(isGzip(gzipSync('x'))).toBe(true);
  expect(isGzip(Buffer.from('SIMPLE'))).toBe(false);
  expect(isGzip(new Uint8Array(0))).toBe(false);
});

test('cut and damaged files are corrupt, an empty one is empty', async () => {
  const packed = gzipSync(SKY);
  for (const length of [3, 10, 18, 1000, packed.length - 9, packed.length - 1]) {
    await expect(gunzipSource(source(packed.subarray(0, length))), String(length)).rejects.toMatchObject({
      code: 'GZIP_CORRUPT',
    });
  }
  const damaged = Buffer.from(packed);
  damaged[packed.length - 6]! ^= 0x40;
  await expect(gunzipSource(source(damaged))).rejects.toMatchObject({ code: 'GZIP_CORRUPT' });
  damaged.fill(0xff, 100, 200);
  await expect(gunzipSource(source(damaged))).rejects.toMatchObject({ code: 'GZIP_CORRUPT' });
  await expect(gunzipSource(source(gzipSync('')))).rejects.toMatchObject({ code: 'FILE_EMPTY' });
});

test('a bomb is stopped at its limit, and an honest file of the same size is not', async () => {
  const limits = { ...UNPACK_LIMITS, maxRatio: 20, freeBytes: 2 ** 20 };
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
  const before = process.memoryUsage().arrayBuffers;
  await expect(gunzipSource(source(bomb), limits)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  expect((await gunzipSource(source(gzipSync(SKY)), limits)).size).toBe(SKY.length);
  await expect(gunzipSource(source(gzipSync(SKY)), { ...limits, maxBytes: 1e6 })).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
  });
});

test('a source that fails passes its fault on, a cancelled one its reason', async () => {
  const packed = gzipSync(SKY);
  const broken = { ...source(packed), read: async () => Promise.reject(new Error('disk')) };
  await expect(gunzipSource(broken)).rejects.toThrow('disk');
  let reads = 0;
  const later: ByteSource = {
    ...source(packed),
    async read(offset, length) {
      if (++reads > 1) throw new Error('disk');
      return packed.subarray(offset, offset + length);
    },
  };
  await expect(gunzipSource(later)).rejects.toThrow('disk');
  await expect(gunzipSource(source(packed), UNPACK_LIMITS, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  );
});

test('a block is unpacked within its limit only', async () => {
  for (const data of [SKY.subarray(0, 1000), SKY]) {
    expect(Buffer.from(await unpackBlock(gzipSync(data), data.length, 'tile')).equals(data)).toBe(true);
    expect(Buffer.from(await unpackBlock(deflateSync(data), data.length, 'tile')).equals(data)).toBe(true);
    await expect(unpackBlock(gzipSync(data), data.length - 1, 'tile')).rejects.toMatchObject({ code: 'GZIP_CORRUPT' });
    await expect(unpackBlock(gzipSync(data).subarray(0, 50), data.length, 'tile')).rejects.toMatchObject({
      code: 'GZIP_CORRUPT',
    });
  }
});
