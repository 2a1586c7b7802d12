import { SolveError } from '../errors.ts';
import type { UploadContent } from './upload-content.ts';

/** Everything in a tar archive stands in blocks of this size. */
const BLOCK = 512;

/** Two empty blocks end an archive. */
const END = 2 * BLOCK;

/** Room for a name in a header. */
const LONGEST_NAME = 100;

/** The largest size that eleven octal digits can say; beyond, it is written in binary. */
const LARGEST_OCTAL = 8 ** 11 - 1;

/**
 * Several files as one tar archive (POSIX ustar), which is never in memory: the server makes a job of each.
 *
 * The names are made different from each other, since the server tells its jobs by them alone, and it skips in silence
 * what it cannot read.
 *
 * @throws {SolveError} `BAD_ARGUMENT` for no file at all
 */
export function archiveContent(members: readonly UploadContent[]): UploadContent & { readonly members: string[] } {
  if (members.length === 0) throw new SolveError('BAD_ARGUMENT', 'an archive of no files cannot be sent');
  const names = differentNames(members.map(({ name }) => name));
  return {
    name: 'images.tar',
    members: names,
    repeatable: members.every(({ repeatable }) => repeatable),
    async measure() {
      let length = END;
      for (const member of members) length += BLOCK + blocks(await member.measure());
      return length;
    },
    async *read() {
      for (const [i, member] of members.entries()) {
        const size = await member.measure();
        yield tarHeader(names[i]!, size);
        yield* member.read();
        const padding = blocks(size) - size;
        if (padding > 0) yield new Uint8Array(padding);
      }
      yield new Uint8Array(END);
    },
  };
}

/** The header of a regular file: IEEE Std 1003.1, pax, "ustar Interchange Format". */
function tarHeader(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, LONGEST_NAME, 'utf8');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size <= LARGEST_OCTAL) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  // No time: the same files make the same archive, and so the same SHA-1.
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function blocks(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Names of at most 100 bytes, no two the same when case does not count: `m31.fits`, `m31-2.fits`. */
function differentNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const dot = name.indexOf('.', 1);
    const stem = dot < 0 ? name : name.slice(0, dot);
    const ending = dot < 0 ? '' : shorten(name.slice(dot), LONGEST_NAME / 2);
    for (let count = 1; ; count++) {
      const suffix = `${count === 1 ? '' : `-${count}`}${ending}`;
      const candidate = shorten(stem, LONGEST_NAME - Buffer.byteLength(suffix)) + suffix;
      if (taken.has(candidate.toLowerCase())) continue;
      taken.add(candidate.toLowerCase());
      return candidate;
    }
  });
}

/** The text without as many characters at its end as are too many in UTF-8. */
function shorten(text: string, bytes: number): string {
  const characters = Array.from(text);
  while (Buffer.byteLength(characters.join('')) > bytes) characters.pop();
  return characters.join('');
}
