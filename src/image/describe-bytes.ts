/** What the first bytes of a file look like, said to its owner. */
export interface Likeness {
  /** Fits behind "is": `a ZIP archive`, `text ("Dear ...")`. */
  readonly what: string;
  /** True for images and camera files that could be saved again in a form that is read. */
  readonly image: boolean;
}

/** Text at a place near the beginning tells a kind of file; the first that fits counts. */
const MARKS: readonly (readonly [offset: number, mark: string, what: string, image: boolean])[] = [
  [0, 'GIF8', 'a GIF image', true],
  [0, 'BM', 'a BMP image', true],
  [0, '8BPS', 'a Photoshop image', true],
  [4, 'ftypavif', 'an AVIF image', true],
  [4, 'ftyphei', 'a HEIC image', true],
  [4, 'ftypmif1', 'a HEIC image', true],
  [4, 'ftyp', 'an MP4 or QuickTime video', false],
  [4, 'jP  ', 'a JPEG 2000 image', true],
  [4, 'JXL ', 'a JPEG XL image', true],
  [0, '\xff\x0a', 'a JPEG XL image', true],
  [0, 'LUCAM-RECORDER', 'a SER video', false],
  [8, 'AVI ', 'an AVI video', false],
  [0, '\x89HDF', 'an HDF5 file', false],
  [0, 'PK\x03\x04', 'a ZIP archive', false],
  [0, 'PK\x05\x06', 'an empty ZIP archive', false],
  [0, 'BZh', 'packed by bzip2', false],
  [0, '\xfd7zXZ', 'packed by xz', false],
  [0, '\x28\xb5\x2f\xfd', 'packed by zstd', false],
  [0, '7z\xbc\xaf', 'a 7z archive', false],
  [0, 'Rar!', 'a RAR archive', false],
  [257, 'ustar', 'a tar archive', false],
  [0, '%PDF', 'a PDF document', false],
  [0, '\x7fELF', 'a program', false],
  [0, 'MZ', 'a program', false],
  [0, 'SQLite format 3', 'a database', false],
];

/** Characters of a text shown in a message. */
const SHOWN = 32;

/**
 * Tells what a file is that is no image we know, from its first bytes (some hundred).
 */
export function describeBytes(head: Uint8Array): Likeness {
  const latin = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const text = asText(head);
  for (const [offset, mark, what, image] of MARKS) {
    // Words begin with two letters, too.
    if (mark.length === 2 && text !== undefined) continue;
    if (latin.startsWith(mark, offset)) return { what, image };
  }
  if (head.every((byte) => byte === 0))
    return { what: `empty: it begins with ${head.length} zero bytes`, image: false };
  if (text !== undefined) return { what: describeText(text), image: false };
  const bytes = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0'));
  return { what: `of an unknown kind (first bytes ${bytes.join(' ')})`, image: false };
}

/** The bytes as text, if they are nothing else: UTF-8 without control characters, or UTF-16 with its mark. */
function asText(head: Uint8Array): string | undefined {
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  const decoder = new TextDecoder(utf16 ? (head[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8', { fatal: true });
  try {
    // As a stream: the last character may be cut.
    const text = decoder.decode(head, { stream: true });
    return /[^\P{Cc}\t\n\r\f\x1b]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function describeText(text: string): string {
  const start = text.trimStart().toLowerCase();
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) {
    return 'an HTML page, perhaps the error page of a download';
  }
  if (start.startsWith('<svg')) return 'an SVG drawing';
  if (start.startsWith('<?xml')) return 'an XML document';
  if (start.startsWith('version https://git-lfs')) return 'a Git LFS pointer, not the file itself';
  if (start.startsWith('simple')) return 'text that looks like a FITS header but does not begin as one';
  const line = text
    .trimStart()
    .split(/[\n\r]/, 1)[0]!
    .replaceAll(/\p{Cc}/gu, ' ');
  return `text ("${line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line}")`;
}
