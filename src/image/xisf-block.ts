import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { SolveError } from '../errors.ts';
import type { ByteSource } from '../io/byte-source.ts';
import { unpackLz4 } from './lz4.ts';
import { MAX_BYTES } from './size-limits.ts';
import { wholeNumber } from './whole-number.ts';
import type { XisfImage } from './xisf-header.ts';

const inflated = promisify(inflate);

/** Digests of the specification by the names that Node has for them. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['sha-1', 'sha1'],
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
  ['sha3-256', 'sha3-256'],
  ['sha3-512', 'sha3-512'],
]);

/** No packed byte becomes more bytes than this: 1032 by zlib, 255 by LZ4. What claims more is not to be given memory. */
const MOST_EXPANSION = 1032;

/**
 * Reads the data block of an image: attached behind the header, inline, or embedded; unpacked, and held against its
 * checksum where there is one.
 *
 * @param expected bytes that geometry and sample format ask for
 * @returns exactly `expected` bytes, as numbers stand in the file, in a buffer of their own: the caller's to change
 * @throws {SolveError} `IMAGE_CORRUPT`, `FORMAT_UNSUPPORTED`
 * @see XISF 1.0 specification, sections 10.3 to 10.7
 */
export async function readXisfBlock(
  source: ByteSource,
  image: XisfImage,
  expected: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { name } = source;
  const { attributes, data } = image;
  // Writers put how an embedded block is packed on the Data element, or on the Image.
  const attribute = (key: string): string | undefined => data?.attributes.get(key) ?? attributes.get(key);
  const stored = await readStored(source, image, signal);
  checkDigest(stored, attribute('checksum'), name);
  const packing = attribute('compression');
  if (packing !== undefined) return await unpack(stored, packing, attribute('subblocks'), expected, name);
  if (stored.length !== expected) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels need ${expected} bytes, the block has ${stored.length}`);
  }
  return stored;
}

async function readStored(
  source: ByteSource,
  { attributes, text, data }: XisfImage,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { name } = source;
  const location = attributes.get('location') ?? '';
  const [kind, first, second] = location.split(':');
  switch (kind) {
    case 'attachment': {
      const at = wholeNumber(first);
      const length = wholeNumber(second);
      if (at === undefined || length === undefined) break;
      if (at + length > source.size) {
        const fact = `the pixels reach to byte ${at + length}, the file has ${source.size}`;
        throw new SolveError('IMAGE_CORRUPT', `${name}: ${fact}`);
      }
      if (length > MAX_BYTES) {
        throw new SolveError('IMAGE_TOO_LARGE', `${name}: the pixels have ${length} bytes, the limit is ${MAX_BYTES}`);
      }
      const bytes = new Uint8Array(length);
      const got = await source.readInto(bytes, at, signal);
      if (got === length) return bytes;
      throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels end after ${got} of ${length} bytes`);
    }
    case 'inline':
      return decodeText(text, first, name);
    case 'embedded':
      if (data === undefined) throw new SolveError('IMAGE_CORRUPT', `${name}: the embedded pixels are not there`);
      return decodeText(data.text, data.attributes.get('encoding'), name);
    default:
      if (/^(?:url|path)\(/.test(location)) {
        throw new SolveError('FORMAT_UNSUPPORTED', `${name}: the pixels stand in another file or on the web`);
      }
  }
  throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels stand at '${location.slice(0, 60)}'`);
}

function decodeText(text: string, encoding: string | undefined, name: string): Uint8Array {
  if (encoding === 'base64') return Uint8Array.from(Buffer.from(text, 'base64'));
  if (encoding === 'hex') return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
  throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels are text in encoding '${(encoding ?? '').slice(0, 20)}'`);
}

/** Digests are of the block as it is stored. One that is of no known kind says nothing. */
function checkDigest(stored: Uint8Array, checksum: string | undefined, name: string): void {
  const [kind = '', digest = ''] = (checksum ?? '').toLowerCase().split(':');
  const algorithm = DIGESTS.get(kind.replace(/^sha(1|256|512)$/, 'sha-$1'));
  if (algorithm === undefined) return;
  if (createHash(algorithm).update(stored).digest('hex') === digest.trim()) return;
  throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels do not have the ${kind} checksum that the header gives`);
}

async function unpack(
  stored: Uint8Array,
  packing: string,
  subblocks: string | undefined,
  expected: number,
  name: string,
): Promise<Uint8Array> {
  const [codec = '', size, itemSize] = packing.split(':');
  const shuffled = codec.endsWith('+sh');
  const kind = shuffled ? codec.slice(0, -3) : codec;
  if (!/^(?:zlib|lz4|lz4hc)$/.test(kind)) {
    const shown = codec.slice(0, 20);
    throw new SolveError('FORMAT_UNSUPPORTED', `${name}: the pixels are packed by '${shown}'; zlib and lz4 are read`);
  }
  if (wholeNumber(size) !== expected) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels need ${expected} bytes, ${size ?? 'none'} are packed`);
  }
  if (expected > stored.length * MOST_EXPANSION) {
    const fact = `${stored.length} packed bytes cannot be the ${expected} that the pixels need`;
    throw new SolveError('IMAGE_CORRUPT', `${name}: ${fact}`);
  }
  const out = new Uint8Array(expected);
  let from = 0;
  let to = 0;
  for (const [packed, unpacked] of readSubblocks(subblocks, stored.length, expected, name)) {
    const piece = stored.subarray(from, from + packed);
    await unpackInto(piece, out.subarray(to, to + unpacked), kind, name);
    from += packed;
    to += unpacked;
  }
  return shuffled ? unshuffle(out, wholeNumber(itemSize) ?? 1) : out;
}

/** Bytes packed and unpacked of the parts of a block. A block of one part does not list them. */
function readSubblocks(
  text: string | undefined,
  packed: number,
  unpacked: number,
  name: string,
): (readonly [number, number])[] {
  if (text === undefined) return [[packed, unpacked]];
  const parts = text.split(':').map((part): readonly [number, number] => {
    const [from, to] = part.split(',');
    return [wholeNumber(from) ?? NaN, wholeNumber(to) ?? NaN];
  });
  const sum = (which: 0 | 1): number => parts.reduce((total, part) => total + part[which], 0);
  if (sum(0) === packed && sum(1) === unpacked) return parts;
  throw new SolveError('IMAGE_CORRUPT', `${name}: the parts of the packed pixels do not add up to the whole`);
}

async function unpackInto(packed: Uint8Array, out: Uint8Array, kind: string, name: string): Promise<void> {
  if (kind !== 'zlib') {
    if (unpackLz4(packed, out)) return;
    throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels packed by ${kind} are damaged`);
  }
  let bytes: Uint8Array;
  try {
    bytes = await inflated(packed, { maxOutputLength: Math.max(1, Math.min(out.length, MAX_BYTES)) });
  } catch (error) {
    throw new SolveError('IMAGE_CORRUPT', `${name}: the pixels packed by zlib are damaged`, { cause: error });
  }
  if (bytes.length !== out.length) {
    const fact = `zlib unpacks to ${bytes.length} bytes, the header says ${out.length}`;
    throw new SolveError('IMAGE_CORRUPT', `${name}: ${fact}`);
  }
  out.set(bytes);
}

/** Puts bytes back that were sorted by their place in the number; those that make no whole number stand at the end. */
function unshuffle(bytes: Uint8Array, itemSize: number): Uint8Array {
  if (itemSize < 2 || itemSize > bytes.length) return bytes;
  const count = Math.floor(bytes.length / itemSize);
  const out = new Uint8Array(bytes.length);
  for (let place = 0, from = 0; place < itemSize; place++) {
    for (let i = 0, to = place; i < count; i++, to += itemSize) out[to] = bytes[from++]!;
  }
  out.set(bytes.subarray(count * itemSize), count * itemSize);
  return out;
}
