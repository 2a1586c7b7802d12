import { SolveError } from '../errors.ts';
import { type TiffDirectory, readDirectory } from './tiff-directory.ts';

/** What the first directory of a TIFF file says about its picture. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  /** Channels, alpha included. */
  readonly channels: number;
  /** Bits of one channel; the largest if they differ. */
  readonly bits: number;
  readonly numbers: 'unsigned' | 'signed' | 'float' | 'other';
  /** PhotometricInterpretation: 0 and 1 grey, 2 RGB, 3 palette, 32803 a Bayer mosaic, ... */
  readonly photometric: number;
  /** True for a camera's raw file, which may keep a preview where a TIFF has its picture. */
  readonly cameraRaw: boolean;
  readonly directory: TiffDirectory;
}

const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  channels: 277,
  subIfds: 330,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** PhotometricInterpretation of a mosaic, and of colours of a sensor: TIFF/EP and DNG. */
const SENSOR_COLOURS: readonly number[] = [32803, 34892];

/**
 * Reads the first directory of a TIFF or BigTIFF file.
 *
 * @param bytes the whole file, beginning like a TIFF
 * @param name of the file, for messages
 * @throws {SolveError} `IMAGE_CORRUPT` if the directory is not within the file or gives no size
 * @see TIFF revision 6.0, section 2
 */
export function readTiffHeader(bytes: Uint8Array, name: string): TiffHeader {
  const directory = readDirectory(bytes, name);
  const first = (tag: number, otherwise: number): number => directory.number(tag) ?? otherwise;
  const width = first(TAG.width, 0);
  const height = first(TAG.height, 0);
  if (!(width >= 1 && height >= 1)) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the TIFF directory gives the size ${width} x ${height}`);
  }
  const numbers = (['unsigned', 'signed', 'float'] as const)[first(TAG.sampleFormat, 1) - 1] ?? 'other';
  const photometric = first(TAG.photometric, 1);
  // Raw formats built on TIFF: Canon marks byte 8, DNG has a version, the rest keep a reduced picture first.
  const canon = bytes[8] === 0x43 && bytes[9] === 0x52;
  const preview = (first(TAG.newSubfileType, 0) & 1) === 1 && directory.has(TAG.subIfds);
  return {
    width,
    height,
    channels: first(TAG.channels, 1),
    bits: directory.numbers(TAG.bits).reduce((most, bits) => Math.max(most, bits), 1),
    numbers,
    photometric,
    cameraRaw: canon || preview || directory.has(TAG.dngVersion) || SENSOR_COLOURS.includes(photometric),
    directory,
  };
}
