import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import type { FaultCode } from '../../src/errors.ts';
import type { Frame } from '../../src/image/frame.ts';
import { readFrame } from '../../src/image/open-frame.ts';
import { openFile } from '../../src/io/file-source.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Files that hold no picture a solver could look at, and the fault that says why. The other negatives open. */
const FAULT_OF: Readonly<Record<string, FaultCode>> = {
  'negative/neg_all_nan.fits': 'IMAGE_EMPTY',
  'negative/neg_huge_naxis.fits': 'FITS_TRUNCATED',
  'negative/neg_naxis0_no_image.fits': 'FITS_NO_IMAGE',
  'negative/neg_table_only.fits': 'FITS_NO_IMAGE',
  'negative/neg_text.fits': 'FORMAT_UNKNOWN',
  'negative/neg_tiny_8x8.fits': 'IMAGE_TOO_SMALL',
  'negative/neg_truncated.fits': 'FITS_TRUNCATED',
  'negative/neg_truncated_header.fits': 'FITS_TRUNCATED',
  'negative/neg_zero_length.fits': 'FILE_EMPTY',
};

interface Truth {
  readonly file: string;
  readonly format: string;
  readonly width: number;
  readonly height: number;
}

const { images } = JSON.parse(readFileSync(`${FOLDER}truth.json`, 'utf8')) as { images: Truth[] };

async function open(file: string): Promise<Frame> {
  const source = await openFile(FOLDER + file);
  try {
    return await readFrame(source);
  } finally {
    await source.close();
  }
}

describe('every fixture', () => {
  test.each(images.filter(({ file }) => !(file in FAULT_OF)))('$file opens at its size', async (truth) => {
    const frame = await open(truth.file);
    expect(frame).toMatchObject({ width: truth.width, height: truth.height });
    expect(frame.pixels).toHaveLength(truth.width * truth.height);
    expect(frame.rowOrder).toBe(truth.format === 'FITS' ? 'bottom-up' : 'top-down');
    expect(frame.format.startsWith(truth.format.toLowerCase())).toBe(true);
  });

  test.each(Object.entries(FAULT_OF))('%s fails with %s', async (file, code) => {
    const error: unknown = await open(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SolveError);
    expect((error as SolveError).code).toBe(code);
    expect((error as SolveError).message).toContain(file);
  });
});

test('a Bayer frame says so, and its header hints are right', async () => {
  const frame = await open('synthetic/dev13_bayer_rggb.fits');
  expect(frame.bayer).toBe('RGGB');
  expect(frame.hints).toEqual([
    { kind: 'position', from: 'RA, DEC', raDeg: 299.92224, decDeg: 22.70739 },
    { kind: 'scale', from: 'FOCALLEN, XPIXSZ', scaleArcsec: expect.closeTo(8.0035, 3) },
  ]);
});

test('a file of the PANOPTES project names its pointing by the mount', async () => {
  const frame = await open('real/pocs_unsolved.fits');
  expect(frame.hints).toEqual([{ kind: 'position', from: 'RA-MNT, DEC-MNT', raDeg: 301.56439, decDeg: 44.456875 }]);
});
