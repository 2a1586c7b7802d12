import { SolveError } from '../errors.ts';
import { OnesSum, hasChecksum, renewChecksums } from '../fits/checksum.ts';
import { type Hdu, readHdus, requireData } from '../fits/hdu.ts';
import { BLOCK_BYTES } from '../fits/header.ts';
import { findImageHdu } from '../fits/image.ts';
import { imageAxes, shapeOf } from '../fits/shape.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { Solution } from '../solution.ts';
import { wcsToCards } from '../wcs/header.ts';
import { type HeaderEdit, difference, editHeader } from './header-edit.ts';

/** A FITS file with a solution in it: the bytes of the old file around one new header. */
export interface SolvedFits extends HeaderEdit {
  /** The HDU that the WCS is in; the primary one is 0. */
  readonly hdu: number;
  /** Whether it differs from the old file. */
  readonly changed: boolean;
  /** Bytes of the new file. */
  readonly size: number;
  /** The new file, piece by piece; read from the source as it goes on. */
  pieces(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Read and written at a time. */
const PIECE_BYTES = 2 ** 20;

/**
 * Puts a solution into a FITS file, compressed images (.fz) included: cards of the WCS are added to the HDU that was
 * solved, stale ones go, its CHECKSUM and DATASUM are renewed if it has them. All other bytes stay as they are.
 *
 * @param source must stay open and unchanged until the pieces are read
 * @param options `extension`: the HDU that was solved, if it is not the first image
 * @throws {SolveError} as `solve` for files that are none; `BAD_ARGUMENT` if the solution is of another size
 */
export async function putSolution(
  source: ByteSource,
  { wcs, width, height }: Pick<Solution, 'wcs' | 'width' | 'height'>,
  options: { readonly extension?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<SolvedFits> {
  const { extension, signal } = options;
  const hdus = await readHdus(source, { signal });
  const hdu = findImageHdu(hdus, extension);
  checkShape(hdu, width, height);
  requireData(source, hdu);
  const before = hdus[hdu.index - 1];
  const start = before === undefined ? 0 : before.dataOffset + roundUp(before.dataBytes);
  const old = await source.read(start, hdu.dataOffset - start, signal);
  const { blocks } = editHeader(old, wcsToCards(wcs, { width, height }));
  if (hasChecksum(blocks)) renewChecksums(blocks, await sumData(source, hdu, signal));
  const changed = blocks.length !== old.length || blocks.some((byte, i) => byte !== old[i]);
  return {
    hdu: hdu.index,
    blocks,
    ...difference(old, blocks),
    changed,
    size: source.size - old.length + blocks.length,
    async *pieces(stop = signal) {
      yield* copy(source, 0, start, stop);
      yield blocks;
      yield* copy(source, hdu.dataOffset, source.size, stop);
    },
  };
}

function checkShape(hdu: Hdu, width: number, height: number): void {
  const axes = imageAxes(hdu)!;
  const shape = shapeOf(axes);
  if (shape.width !== width || shape.height !== height) {
    const fact = `has ${shape.width} x ${shape.height} pixels, the solution is for ${width} x ${height}`;
    throw new SolveError('BAD_ARGUMENT', `${hdu.where}: ${fact}`);
  }
  if (axes[0] !== width || axes[1] !== height) {
    const fact = `its axes are ${axes.join(' x ')}: a WCS with distortion can be told of the first two alone`;
    throw new SolveError('FORMAT_UNSUPPORTED', `${hdu.where}: ${fact}`);
  }
}

/** The sum of a data unit, filled with zeros to whole blocks. */
async function sumData(source: ByteSource, hdu: Hdu, signal: AbortSignal | undefined): Promise<number> {
  const sum = new OnesSum();
  for await (const piece of copy(source, hdu.dataOffset, hdu.dataOffset + roundUp(hdu.dataBytes), signal)) {
    sum.add(piece);
  }
  return sum.value;
}

/** The bytes from `from` up to `to`, or to the end of the source. */
async function* copy(
  source: ByteSource,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = Math.min(to, source.size);
  for (let at = from; at < end;) {
    const piece = await source.read(at, Math.min(PIECE_BYTES, end - at), signal);
    if (piece.length === 0) throw new SolveError('FILE_CHANGED', `${source.name}: became shorter while it was read`);
    yield piece;
    at += piece.length;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
