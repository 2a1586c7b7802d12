import { SolveError } from '../errors.ts';
import type { Hdu } from './hdu.ts';
import type { Quantisation } from './dither.ts';

/** How the image in a compressed HDU is cut and packed (FITS standard 4.0, section 10.1). */
export interface TileScheme {
  readonly codec: 'RICE_1' | 'GZIP_1' | 'GZIP_2' | 'NOCOMPRESS';
  readonly bitpix: Hdu['bitpix'];
  /** ZTILEn, cut to the axes; as many as axes. */
  readonly tile: readonly number[];
  /** Tiles along each axis. */
  readonly grid: readonly number[];
  readonly rice: { readonly bytesPerPixel: 1 | 2 | 4; readonly blockSize: number };
  readonly dither: Quantisation['method'];
  /** Floats were scaled to integers. */
  readonly quantised: boolean;
  /** ZDITHER0, 1 to 10000. */
  readonly seed: number;
}

/** Blocks of a Rice code are 16 or 32 pixels; larger ones only serve bombs. */
const MAX_RICE_BLOCK = 1024;

/**
 * Reads the keywords of a tile-compressed image.
 *
 * @param axes its axes, checked
 * @param scaled the table has a column of scales
 * @throws {SolveError} `FITS_COMPRESSION` for a codec that is not read here, `FITS_HEADER` for impossible values
 */
export function readTileScheme(hdu: Hdu, axes: readonly number[], scaled: boolean): TileScheme {
  const { where, header } = hdu;
  const codec = header.getString('ZCMPTYPE')?.trim().toUpperCase();
  if (
    codec !== 'RICE_1' &&
    codec !== 'RICE_ONE' &&
    codec !== 'GZIP_1' &&
    codec !== 'GZIP_2' &&
    codec !== 'NOCOMPRESS'
  ) {
    throw new SolveError('FITS_COMPRESSION', `${where}: is compressed with ${codec ?? 'nothing that it names'}`);
  }
  const bitpix = header.getNumber('ZBITPIX');
  if (bitpix !== 8 && bitpix !== 16 && bitpix !== 32 && bitpix !== 64 && bitpix !== -32 && bitpix !== -64) {
    throw new SolveError('FITS_HEADER', `${where}: ZBITPIX is ${String(bitpix)}`);
  }
  const tile = axes.map((length, i) => {
    // Rows by default.
    const asked = header.getNumber(`ZTILE${i + 1}`) ?? (i === 0 ? length : 1);
    if (!(Number.isInteger(asked) && asked >= 1)) {
      throw new SolveError('FITS_HEADER', `${where}: ZTILE${i + 1} is ${asked}`);
    }
    return Math.min(asked, length);
  });
  const bytesPerPixel = parameter(hdu, 'BYTEPIX') ?? 4;
  const blockSize = parameter(hdu, 'BLOCKSIZE') ?? 32;
  if (bytesPerPixel !== 1 && bytesPerPixel !== 2 && bytesPerPixel !== 4) {
    throw new SolveError('FITS_COMPRESSION', `${where}: Rice code of ${bytesPerPixel} bytes per pixel`);
  }
  if (!(Number.isInteger(blockSize) && blockSize >= 1 && blockSize <= MAX_RICE_BLOCK)) {
    throw new SolveError('FITS_COMPRESSION', `${where}: Rice code in blocks of ${blockSize} pixels`);
  }
  const quantiser = header.getString('ZQUANTIZ')?.trim().toUpperCase() ?? 'NO_DITHER';
  const seed = header.getNumber('ZDITHER0') ?? 1;
  return {
    codec: codec === 'RICE_ONE' ? 'RICE_1' : codec,
    bitpix,
    tile,
    grid: axes.map((length, i) => Math.ceil(length / tile[i]!)),
    rice: { bytesPerPixel, blockSize },
    dither: quantiser === 'SUBTRACTIVE_DITHER_1' || quantiser === 'SUBTRACTIVE_DITHER_2' ? quantiser : 'NO_DITHER',
    quantised: bitpix < 0 && quantiser !== 'NONE' && (scaled || header.getNumber('ZSCALE') !== undefined),
    seed: Number.isInteger(seed) && seed >= 1 && seed <= 10_000 ? seed : 1,
  };
}

/** The ZVALn whose ZNAMEn is `name`. */
function parameter(hdu: Hdu, name: string): number | undefined {
  for (let i = 1; i <= 999; i++) {
    const found = hdu.header.getString(`ZNAME${i}`);
    if (found === undefined) return undefined;
    if (found.trim().toUpperCase() === name) return hdu.header.getNumber(`ZVAL${i}`);
  }
  return undefined;
}
