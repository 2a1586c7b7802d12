import type { ByteSource } from './byte-source.ts';

/**
 * A block of memory as a {@link ByteSource}. The bytes are not copied: {@link ByteSource.read} gives views of them.
 *
 * @param name what to call it in messages
 */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length, signal) {
      signal?.throwIfAborted();
      return bytes.subarray(offset, offset + length);
    },
    async readInto(target, offset, signal) {
      signal?.throwIfAborted();
      const piece = bytes.subarray(offset, offset + target.length);
      target.set(piece);
      return piece.length;
    },
    async close() {},
  };
}
