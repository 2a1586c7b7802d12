import type { Pixels } from '../image/frame.ts';
import { BLOCK_BYTES, formatHeader } from './header.ts';
import type { NewCard } from './header.ts';

/** Pixels swapped at a time. */
const PIECE_PIXELS = 2 ** 18;

/**
 * A FITS file of an image, piece by piece: 8 and 16 bit numbers as they are, unsigned ones of 16 bits with BZERO, floats.
 *
 * @param axes lengths, the fastest first; their product is the number of pixels
 * @param cards behind the mandatory ones
 * @throws {SolveError} `BAD_ARGUMENT` for what no card can say
 */
export function* formatImageFile(
  pixels: Pixels,
  axes: readonly number[],
  cards: readonly NewCard[],
): Generator<Uint8Array, void, undefined> {
  const { bitpix, bytes, bzero } = formOf(pixels);
  yield formatHeader([
    { keyword: 'SIMPLE', value: true, comment: 'Standard FITS file' },
    { keyword: 'BITPIX', value: bitpix },
    { keyword: 'NAXIS', value: axes.length },
    ...axes.map((length, i) => ({ keyword: `NAXIS${i + 1}`, value: length })),
    { keyword: 'EXTEND', value: true },
    ...(bzero === 0
      ? []
      : [
          { keyword: 'BSCALE', value: 1 },
          { keyword: 'BZERO', value: bzero, comment: 'Unsigned numbers' },
        ]),
    ...cards,
  ]);
  for (let from = 0; from < pixels.length; from += PIECE_PIXELS) {
    const piece = pixels.subarray(from, from + PIECE_PIXELS);
    const view = new DataView(new ArrayBuffer(piece.length * bytes));
    for (let i = 0; i < piece.length; i++) write(view, i * bytes, bitpix, piece[i]! - bzero);
    yield new Uint8Array(view.buffer);
  }
  const rest = (pixels.length * bytes) % BLOCK_BYTES;
  if (rest > 0) yield new Uint8Array(BLOCK_BYTES - rest);
}

function formOf(pixels: Pixels): { bitpix: number; bytes: number; bzero: number } {
  const bytes = pixels.BYTES_PER_ELEMENT;
  const isFloat = pixels instanceof Float32Array || pixels instanceof Float64Array;
  return { bitpix: (isFloat ? -8 : 8) * bytes, bytes, bzero: pixels instanceof Uint16Array ? 32_768 : 0 };
}

function write(view: DataView, at: number, bitpix: number, value: number): void {
  switch (bitpix) {
    case 8:
      view.setUint8(at, value);
      break;
    case 16:
      view.setInt16(at, value);
      break;
    case 32:
      view.setInt32(at, value);
      break;
    case -32:
      view.setFloat32(at, value);
      break;
    default:
      view.setFloat64(at, value);
  }
}
