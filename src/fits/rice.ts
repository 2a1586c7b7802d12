/** Coding parameters by bytes per pixel: bits of the split code, the code for "not coded", bits of a pixel. */
const SPLIT_BITS = [0, 3, 4, 0, 5];
const UNCODED = [0, 6, 14, 0, 25];

/**
 * Decodes one Rice-coded tile.
 *
 * The first pixel stands plain; the rest are differences, in blocks that each choose how many low bits are stored as
 * they are, the high part being a run of zeros and a one. The bits wait in the top of a 32-bit word, so that a run
 * is one count of leading zeros.
 *
 * @param packed the tile's bytes
 * @param out receives the pixels: unsigned for 1 byte per pixel, else signed
 * @param count how many
 * @param bytesPerPixel 1, 2 or 4
 * @param blockSize pixels per block, usually 32
 * @returns false if the bytes end before the pixels do
 * @see Pence, Seaman & White 2009, PASP 121, 414; FITS standard 4.0, section 10.4.1
 */
export function decodeRice(
  packed: Uint8Array,
  out: Int32Array,
  count: number,
  bytesPerPixel: 1 | 2 | 4,
  blockSize: number,
): boolean {
  const end = packed.length;
  if (end < bytesPerPixel) return false;
  const splitBits = SPLIT_BITS[bytesPerPixel]!;
  const uncoded = UNCODED[bytesPerPixel]!;
  const pixelBits = 8 * bytesPerPixel;
  // Pixels wrap around in their own width: push them to the top of the word and back.
  const wrap = 32 - pixelBits;
  let at = 0;
  let last = 0;
  while (at < bytesPerPixel) last = (last << 8) | packed[at++]!;
  last = (last << wrap) >> wrap;

  let word = 0;
  let bits = 0;
  for (let i = 0; i < count;) {
    while (bits <= 24) {
      word |= (at < end ? packed[at]! : 0) << (24 - bits);
      at++;
      bits += 8;
    }
    const split = (word >>> (32 - splitBits)) - 1;
    word <<= splitBits;
    bits -= splitBits;
    const blockEnd = i + blockSize < count ? i + blockSize : count;

    if (split < 0) {
      while (i < blockEnd) out[i++] = last;
    } else if (split === uncoded) {
      for (; i < blockEnd; i++) {
        let code = 0;
        for (let left = pixelBits; left > 0; left -= 8) {
          if (bits < 8) {
            word |= (at < end ? packed[at]! : 0) << (24 - bits);
            at++;
            bits += 8;
          }
          code = (code << 8) | (word >>> 24);
          word <<= 8;
          bits -= 8;
        }
        last = ((last + ((code >>> 1) ^ -(code & 1))) << wrap) >> wrap;
        out[i] = last;
      }
    } else {
      for (; i < blockEnd; i++) {
        while (bits <= 24) {
          word |= (at < end ? packed[at]! : 0) << (24 - bits);
          at++;
          bits += 8;
        }
        let zeros = Math.clz32(word);
        if (zeros >= bits) {
          // The run is longer than what waits here: go on by whole words.
          let run = 0;
          while (zeros >= bits) {
            if (at > end + 8) return false;
            run += bits;
            word = 0;
            bits = 0;
            while (bits <= 24) {
              word |= (at < end ? packed[at]! : 0) << (24 - bits);
              at++;
              bits += 8;
            }
            zeros = Math.clz32(word);
          }
          word = (word << zeros) << 1;
          bits -= zeros + 1;
          zeros += run;
        } else {
          word = (word << zeros) << 1;
          bits -= zeros + 1;
        }
        let code = zeros;
        if (split > 0) {
          while (bits <= 24) {
            word |= (at < end ? packed[at]! : 0) << (24 - bits);
            at++;
            bits += 8;
          }
          code = (zeros << split) | (word >>> (32 - split));
          word <<= split;
          bits -= split;
        }
        last = ((last + ((code >>> 1) ^ -(code & 1))) << wrap) >> wrap;
        out[i] = last;
      }
    }
    // Bytes taken, less whole bytes that still wait.
    if (at - (bits >> 3) > end) return false;
  }
  if (bytesPerPixel === 1) for (let i = 0; i < count; i++) out[i]! &= 0xff;
  return true;
}
