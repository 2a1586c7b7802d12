import { createGunzip, unzip, unzipSync } from 'node:zlib';
import { SolveError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { bytesSource } from './bytes-source.ts';

/** How far unpacking may go before it counts as a bomb. */
export interface UnpackLimits {
  /** Never unpack more than this. */
  readonly maxBytes: number;
  /** Beyond {@link freeBytes}, unpacked may be at most this many times packed. */
  readonly maxRatio: number;
  /** Up to this size any ratio is allowed: an empty frame packs a thousandfold and does no harm. */
  readonly freeBytes: number;
}

/** 2 GiB; fiftyfold beyond 256 MiB (real frames pack two- to twentyfold). */
export const UNPACK_LIMITS: UnpackLimits = { maxBytes: 2 ** 31, maxRatio: 50, freeBytes: 2 ** 28 };

/** Packed bytes are read, and unpacked bytes come, in pieces of this size: large enough for few trips to a thread. */
const PIECE_BYTES = 2 ** 20;

/** Deflate cannot do better than this (zlib's technical notes). */
const DEFLATE_MAX_RATIO = 1032;

/** Tiles up to this size are unpacked at once; larger ones on another thread, so that a cancel is obeyed meanwhile. */
const SYNC_BYTES = 2 ** 18;

/** True if the bytes begin like a gzip file. */
export function isGzip(head: Uint8Array): boolean {
  return head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

/**
 * Unpacks a gzip file into memory, once, and gives it as a source of its own.
 * The packed source is no longer needed afterwards; closing it stays with the caller.
 *
 * @param limits default {@link UNPACK_LIMITS}
 * @throws {SolveError} `GZIP_CORRUPT` if it is cut or damaged, `IMAGE_TOO_LARGE` beyond the limits
 */
export async function gunzipSource(
  source: ByteSource,
  limits: UnpackLimits = UNPACK_LIMITS,
  signal?: AbortSignal,
): Promise<ByteSource> {
  const allowed = Math.min(limits.maxBytes, Math.max(limits.freeBytes, source.size * limits.maxRatio));
  let unpacked = new Uint8Array(Math.min(await firstGuess(source, signal), allowed));
  let filled = 0;
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  // Reports of a stream that is being thrown away (a failed read, a bomb) go nowhere.
  gunzip.on('error', () => {});
  const feeding = feed(source, gunzip, signal);
  feeding.catch((error: unknown) => gunzip.destroy(error as Error));
  try {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      const end = filled + piece.length;
      if (end > allowed) {
        throw new SolveError('IMAGE_TOO_LARGE', `${source.name}: ${source.size} bytes unpack to more than ${allowed}`);
      }
      if (end > unpacked.length) {
        const larger = new Uint8Array(Math.min(allowed, Math.max(end, 2 * unpacked.length)));
        larger.set(unpacked.subarray(0, filled));
        unpacked = larger;
      }
      unpacked.set(piece, filled);
      filled = end;
    }
    await feeding;
  } catch (error) {
    gunzip.destroy();
    if (signal?.aborted === true) throw signal.reason;
    throw asGzipFault(source.name, error);
  }
  if (filled === 0) throw new SolveError('FILE_EMPTY', `${source.name}: unpacks to 0 bytes`);
  return bytesSource(unpacked.subarray(0, filled), source.name);
}

/**
 * Unpacks one gzip or zlib block that is known to give at most `maxBytes` bytes.
 *
 * @param name what to call it in messages
 * @throws {SolveError} `GZIP_CORRUPT` if it is cut, damaged or larger than that
 */
export async function unpackBlock(packed: Uint8Array, maxBytes: number, name: string): Promise<Uint8Array> {
  const options = { maxOutputLength: maxBytes, chunkSize: Math.max(1024, Math.min(maxBytes, PIECE_BYTES)) };
  try {
    if (maxBytes <= SYNC_BYTES) return unzipSync(packed, options);
    return await new Promise<Uint8Array>((resolve, reject) =>
      unzip(packed, options, (error, bytes) => (error === null ? resolve(bytes) : reject(error))),
    );
  } catch (error) {
    throw asGzipFault(name, error);
  }
}

async function feed(
  source: ByteSource,
  gunzip: ReturnType<typeof createGunzip>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < source.size && !gunzip.destroyed; at += PIECE_BYTES) {
    const piece = await source.read(at, PIECE_BYTES, signal);
    if (piece.length === 0) break;
    if (!gunzip.write(piece)) await new Promise<void>((resolve) => whenReady(gunzip, resolve));
  }
  gunzip.end();
}

function whenReady(gunzip: ReturnType<typeof createGunzip>, resolve: () => void): void {
  const done = (): void => {
    gunzip.off('drain', done);
    gunzip.off('close', done);
    resolve();
  };
  gunzip.on('drain', done);
  gunzip.on('close', done);
}

/**
 * The size to begin with: the one in the trailer (ISIZE, RFC 1952) where it can be true, so that nothing is copied
 * twice. It is the size modulo 2^32 of the last member only, so it is a guess and never trusted.
 */
async function firstGuess(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const trailer = await source.read(Math.max(0, source.size - 4), 4, signal);
  if (trailer.length < 4) return 0;
  const size = new DataView(trailer.buffer, trailer.byteOffset, 4).getUint32(0, true);
  const plausible = size >= source.size * 0.9 && size <= source.size * DEFLATE_MAX_RATIO;
  return plausible ? size : 4 * source.size;
}

function asGzipFault(name: string, error: unknown): unknown {
  if (error instanceof SolveError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  let fact = message;
  if (code === 'Z_BUF_ERROR') fact = 'the packed data end too early';
  else if (code === 'ERR_BUFFER_TOO_LARGE') fact = 'it unpacks to more than it should';
  return new SolveError('GZIP_CORRUPT', `${name}: ${fact}`, { cause: error });
}
