import type { ByteSource } from './byte-source.ts';

const PIECE_BYTES = 256 * 1024;

/** All of a source, one piece after the other. */
export async function* readPieces(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += PIECE_BYTES) {
    yield await source.read(at, Math.min(PIECE_BYTES, source.size - at));
  }
}
