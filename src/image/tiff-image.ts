import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { exifHints } from './exif-hints.ts';
import type { DecodeOptions, ImageFormat } from './image-format.ts';
import { type Samples, samplesToFrame, samplesToPlanes } from './samples.ts';
import { decodeBySharp, readWhole } from './sharp-image.ts';
import { checkSize } from './size-limits.ts';
import { isTiff } from './tiff-directory.ts';
import { type TiffHeader, readTiffHeader } from './tiff-header.ts';

/**
 * TIFF and BigTIFF: unsigned and signed numbers to 32 bits, floating ones of 32 and 64; the first page. A camera's raw file
 * that is built on TIFF is one for {@link readRawFrame}.
 */
export const TIFF: ImageFormat = {
  matches: isTiff,
  async read(source, options) {
    const { bytes, header } = await readHeader(source, options);
    if (header.cameraRaw) {
      const { readRawFrame } = await import('./raw-image.ts');
      return await readRawFrame(bytes, source.name, options);
    }
    return await samplesToFrame(await readSamples(bytes, source.name, header, options), 'tiff', options.pace);
  },
  async readPlanes(source, options) {
    const { bytes, header } = await readHeader(source, options);
    if (header.cameraRaw) return { ...(await TIFF.read(source, options)), planes: 1 };
    return await samplesToPlanes(await readSamples(bytes, source.name, header, options), options.pace);
  },
};

async function readHeader(
  source: ByteSource,
  { signal }: DecodeOptions,
): Promise<{ bytes: Uint8Array; header: TiffHeader }> {
  const bytes = await readWhole(source, signal);
  return { bytes, header: readTiffHeader(bytes, source.name) };
}

async function readSamples(
  bytes: Uint8Array,
  name: string,
  header: TiffHeader,
  options: DecodeOptions,
): Promise<Samples> {
  const { width, height, channels, bits, numbers } = header;
  checkSize(name, width, height, channels * Math.ceil(bits / 8));
  // Formats that come first are not to pay for what this one loads.
  const { isNumeric, readTiffNumbers } = await import('./tiff-numbers.ts');
  const numeric = isNumeric(header);
  // What libvips refuses without saying why, or passes on with damage.
  const readable =
    (numbers === 'unsigned' && bits <= 32) || ((numbers === 'signed' || numbers === 'float') && bits === 32);
  if (!numeric && !readable) {
    const kind = numbers === 'other' ? 'complex or undefined' : numbers;
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: is a TIFF of ${bits}-bit ${kind} numbers`);
  }
  const samples = numeric
    ? await readTiffNumbers(bytes, name, header, options)
    : await decodeBySharp(bytes, name, options.signal);
  return { ...samples, hints: exifHints(bytes, width, height) };
}
