/** FITS files built byte by byte, right and wrong. */

/** One card of 80 characters. */
export function card(keyword: string, value?: string | number | boolean): string {
  if (value === undefined) return keyword.padEnd(80);
  const text =
    typeof value === 'string'
      ? `'${value.padEnd(8)}'`
      : typeof value === 'boolean'
        ? (value ? 'T' : 'F').padStart(20)
        : String(value).padStart(20);
  return `${keyword.padEnd(8)}= ${text}`.padEnd(80).slice(0, 80);
}

/** Cards padded with blanks to whole blocks; with END unless told otherwise. */
export function header(cards: readonly string[], end = true): Uint8Array {
  const text = [...cards, ...(end ? [card('END')] : [])].join('');
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 2880) * 2880));
}

/** The header of a primary image. */
export function imageHeader(bitpix: number, axes: readonly number[], more: readonly string[] = []): Uint8Array {
  return header([
    card('SIMPLE', true),
    card('BITPIX', bitpix),
    card('NAXIS', axes.length),
    ...axes.map((length, i) => card(`NAXIS${i + 1}`, length)),
    ...more,
  ]);
}

/** A 16-bit image, big-endian, zero-padded to whole blocks. */
export function image16(width: number, height: number, value: (x: number, y: number) => number): Uint8Array {
  const data = new Uint8Array(Math.ceil((2 * width * height) / 2880) * 2880);
  const view = new DataView(data.buffer);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) view.setInt16(2 * (y * width + x), value(x, y));
  return join(imageHeader(16, [width, height]), data);
}

/** Byte strings one after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
