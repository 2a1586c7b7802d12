import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';

/** Packs bytes as they come; the same bytes give the same file. */
export async function* gzipPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const from = Readable.from(pieces, { objectMode: false });
  const gzip = createGzip();
  // A stream in a pipe does not pass its fault on.
  from.on('error', (error) => gzip.destroy(error));
  yield* from.pipe(gzip) as AsyncIterable<Uint8Array>;
}
