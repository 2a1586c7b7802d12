/** Fewer bytes are copied faster one by one: most sequences are short. */
const SHORT = 48;

/**
 * Unpacks one LZ4 block (no frame around it): sequences of literal bytes and of copies from what was unpacked before.
 *
 * @param out receives exactly as many bytes as it holds
 * @returns false if the block is damaged: it ends early, is too long, or copies from before the beginning
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function unpackLz4(packed: Uint8Array, out: Uint8Array): boolean {
  let from = 0;
  let to = 0;
  while (from < packed.length) {
    const token = packed[from++]!;
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (from >= packed.length) return false;
        more = packed[from++]!;
      }
    }
    if (from + literals > packed.length || to + literals > out.length) return false;
    if (literals < SHORT) {
      for (const end = to + literals; to < end; to++) out[to] = packed[from++]!;
    } else {
      out.set(packed.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    }
    // The last sequence has literals alone.
    if (from === packed.length) return to === out.length;

    if (from + 2 > packed.length) return false;
    const offset = packed[from]! | (packed[from + 1]! << 8);
    from += 2;
    let length = (token & 15) + 4;
    if ((token & 15) === 15) {
      for (let more = 255; more === 255; length += more) {
        if (from >= packed.length) return false;
        more = packed[from++]!;
      }
    }
    if (offset === 0 || offset > to || to + length > out.length) return false;
    // Byte by byte: a copy may overlap what it makes.
    for (const end = to + length; to < end; to++) out[to] = out[to - offset]!;
  }
  return false;
}
