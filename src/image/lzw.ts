/** Codes with a meaning of their own. */
const CLEAR = 256;
const END = 257;
/** Longest codes have 12 bits. */
const CODES = 4096;

/**
 * Unpacks LZW as TIFF has it: codes of 9 to 12 bits, the highest bit first, each width given up one code early.
 *
 * @param out receives what is unpacked, as far as there is room
 * @returns how many bytes were unpacked: fewer than `out` holds if the data end early or are damaged
 * @see TIFF revision 6.0, section 13
 */
export function unpackLzw(packed: Uint8Array, out: Uint8Array): number {
  // A code stands for a piece of what was unpacked before: where it begins, and how long it is.
  const starts = new Int32Array(CODES);
  const lengths = new Int32Array(CODES);
  let next = 258;
  let width = 9;
  let bits = 0;
  let held = 0;
  let to = 0;
  let before = -1;
  let beforeAt = 0;
  for (let from = 0; from < packed.length;) {
    while (bits < width && from < packed.length) {
      held = ((held & 0xffff) << 8) | packed[from++]!;
      bits += 8;
    }
    if (bits < width) break;
    const code = (held >> (bits - width)) & ((1 << width) - 1);
    bits -= width;
    if (code === END) break;
    if (code === CLEAR) {
      next = 258;
      width = 9;
      before = -1;
      continue;
    }
    const at = to;
    if (code < 256) {
      if (to >= out.length) break;
      out[to++] = code;
    } else {
      // The code that is just being made: the piece before, and its own first byte.
      const known = code < next;
      if (before < 0 || (!known && code !== next)) break;
      const start = known ? starts[code]! : beforeAt;
      const length = known ? lengths[code]! : at - beforeAt + 1;
      const end = Math.min(out.length, to + length);
      for (let i = start; to < end; i++) out[to++] = out[i]!;
      if (end < at + length) break;
    }
    if (before >= 0 && next < CODES) {
      // The piece before, and the first byte of this one, which stands right behind it.
      starts[next] = beforeAt;
      lengths[next] = at - beforeAt + 1;
      next++;
      if (next >= (1 << width) - 1 && width < 12) width++;
    }
    before = code;
    beforeAt = at;
  }
  return to;
}
