import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SolveError } from '../errors.ts';
import { openFile } from '../io/file-source.ts';

/** What a file holds, and how it looked in its folder at that time. */
export interface FileContent {
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string;
  readonly size: number;
  /** When it was last written to, in ns. */
  readonly mtimeNs: bigint;
}

/** Large enough that throughput is not lost in calls. */
const PIECE_BYTES = 256 * 1024;

/**
 * What an image is to the journal: its bytes and what was asked of them. The same bytes under another name are the same;
 * the same file asked about in another way is not.
 *
 * @param contentSha256 hex
 * @param asked options that change the answer: plain data as JSON has it. The order of keys does not matter, and
 *   `undefined` is as good as absent
 * @returns 32 hex digits
 * @throws {SolveError} `BAD_ARGUMENT` if `asked` holds something else
 */
export function identityOf(contentSha256: string, asked: object): string {
  const text = `${contentSha256.toLowerCase()}\n${canonical(asked, 'asked')}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** JSON with the keys in order. What JSON would leave out or change silently is refused: two questions must not look alike. */
function canonical(value: unknown, name: string): string {
  if (Array.isArray(value)) return `[${value.map((item, i) => canonical(item, `${name}[${i}]`)).join(',')}]`;
  const plain = typeof value === 'object' && value !== null && isPlain(value);
  if (plain) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field, `${name}.${key}`)}`);
    return `{${fields.join(',')}}`;
  }
  const scalar = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!scalar)
    throw new SolveError('BAD_ARGUMENT', `${name}: a ${typeof value} of this kind cannot be told from others`);
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Reads a file for its SHA-256, in constant memory.
 *
 * @throws {SolveError} as `openFile`; `FILE_CHANGED` if it is not the same file, or was written to, when all is read
 * @throws the signal's reason if cancelled
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileContent> {
  signal?.throwIfAborted();
  // Looked at before it is opened: then whatever takes its place from here on is noticed at the end.
  const before = await look(path);
  const source = await openFile(path);
  const hash = createHash('sha256');
  try {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, source.size));
    let at = 0;
    while (at < source.size) {
      const got = await source.readInto(piece.subarray(0, source.size - at), at, signal);
      if (got === 0) throw changed(path, `it had ${source.size} bytes and now ends at ${at}`);
      hash.update(piece.subarray(0, got));
      at += got;
    }
  } finally {
    await source.close();
  }
  signal?.throwIfAborted();
  const after = await look(path);
  if (before === undefined || after === undefined) throw changed(path, 'it came or went');
  if (after.size !== before.size || after.size !== BigInt(source.size)) {
    throw changed(path, `it had ${before.size} bytes and now has ${after.size}`);
  }
  if (after.ino !== before.ino || after.dev !== before.dev) throw changed(path, 'another file took its place');
  if (after.mtimeNs !== before.mtimeNs) throw changed(path, 'it was written to');
  return { sha256: hash.digest('hex'), size: source.size, mtimeNs: after.mtimeNs };
}

/** What is wrong with a file that cannot be looked at is told by opening it. */
function look(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

function changed(path: string, fact: string): SolveError {
  return new SolveError('FILE_CHANGED', `${path}: ${fact} while it was read`);
}
