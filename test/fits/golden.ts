import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FitsImage } from '../../src/fits/image.ts';
import { findImageHdu, readFitsImage } from '../../src/fits/image.ts';
import { readHdus } from '../../src/fits/hdu.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { openFile } from '../../src/io/file-source.ts';

/** The folder of small FITS files and of what astropy reads from them. */
export const FIXTURES = new URL('../../fixtures/fits/', import.meta.url).pathname;

/** What astropy found in a file; see fixtures/fits/make.py. */
export interface Expected {
  readonly width: number;
  readonly height: number;
  readonly planes: number;
  readonly type: 'u8' | 'u16' | 'i16' | 'i32' | 'f32' | 'f64';
  readonly blank?: number;
  readonly pixels: string;
}

export function expectedIn(folder: string): Map<string, Expected> {
  const text = readFileSync(join(folder, 'expected.json'), 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, Expected>));
}

const ARRAYS = {
  u8: Uint8Array,
  u16: Uint16Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
};

export function expectedPixels(expected: Expected): FitsImage['pixels'] {
  const bytes = Uint8Array.from(Buffer.from(expected.pixels, 'base64'));
  return new ARRAYS[expected.type](bytes.buffer);
}

/** Reads the first image of a file. */
export async function readFile(path: string): Promise<FitsImage> {
  const source = await openFile(path);
  try {
    return await readFitsImage(source, findImageHdu(await readHdus(source)));
  } finally {
    await source.close();
  }
}

/** Reads the first image in a block of memory. */
export async function readBytes(bytes: Uint8Array, name = 'test.fits'): Promise<FitsImage> {
  const source = bytesSource(bytes, name);
  return readFitsImage(source, findImageHdu(await readHdus(source)));
}

/** How two images differ, in words; `''` if they do not. Every pixel is compared, NaN equals NaN. */
export function difference(found: FitsImage, expected: Expected): string {
  const wanted = expectedPixels(expected);
  const shape = [found.width, found.height, found.planes, found.pixels.constructor.name, found.blank].join(' ');
  const wantedShape = [expected.width, expected.height, expected.planes, wanted.constructor.name, expected.blank].join(
    ' ',
  );
  if (shape !== wantedShape) return `is ${shape}, should be ${wantedShape}`;
  if (found.pixels.length !== wanted.length) return `${found.pixels.length} pixels, not ${wanted.length}`;
  let differing = 0;
  let first = '';
  for (let i = 0; i < wanted.length; i++) {
    if (Object.is(found.pixels[i]! + 0, wanted[i]! + 0)) continue;
    if (differing++ === 0) first = `first at ${i}: ${found.pixels[i]} instead of ${wanted[i]}`;
  }
  return differing === 0 ? '' : `${differing} of ${wanted.length} pixels differ, ${first}`;
}
