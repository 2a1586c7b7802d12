/** Memory that the threads of a process fill once and all read. What is not touched takes none. */
export type SharedBlock = SharedArrayBuffer;

/** Before the bytes: whether they are there. Eight bytes, so that what follows is aligned for every type. */
const FLAG_BYTES = 8;

/** Room for so many bytes. */
export function makeBlock(length: number): SharedBlock {
  return new SharedArrayBuffer(FLAG_BYTES + length);
}

/**
 * The bytes of a block, filled if nobody has done that; without a block, memory of one's own. Threads that come at the same
 * time all fill it, with the same.
 *
 * @param fill is given zeros
 */
export async function filledBlock(
  block: SharedBlock | undefined,
  length: number,
  fill: (bytes: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  if (block === undefined) {
    const bytes = new Uint8Array(length);
    await fill(bytes);
    return bytes;
  }
  const flag = new Int32Array(block, 0, 1);
  const bytes = new Uint8Array(block, FLAG_BYTES, length);
  if (Atomics.load(flag, 0) === 0) {
    await fill(bytes);
    Atomics.store(flag, 0, 1);
  }
  return bytes;
}
