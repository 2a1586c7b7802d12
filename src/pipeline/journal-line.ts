import { crc32 } from 'node:zlib';

/** The first line of a journal. */
export const FIRST_LINE = 'starfix journal 1';

/** Where an image stood when it was looked at. */
export interface ImagePlace {
  /** As the user gave it. */
  readonly path: string;
  readonly absolutePath: string;
  readonly size: number;
  /** When it was last written to, in ns. */
  readonly mtimeNs: bigint;
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string;
}

/** A place as a line has it. */
interface PlaceFields {
  readonly path: string;
  /** Absent if it is `path`. */
  readonly file?: string;
  readonly size: number;
  readonly mtime: string;
  readonly sha256: string;
}

/** What a line is about an image. `id` is its identity. */
export type ImageRecord = { readonly id: string; readonly at: number } & (
  | ({ readonly type: 'queued'; readonly anew?: true } & PlaceFields)
  | ({ readonly type: 'place' } & PlaceFields)
  | { readonly type: 'running'; readonly attempt: number }
  | { readonly type: 'uploaded'; readonly server: string; readonly submissionId: number; readonly jobId?: number }
  | { readonly type: 'solved' | 'unsolved' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'lost'; readonly message?: string }
);

/** What a line is about a run of the program. */
export type RunRecord =
  | {
      readonly type: 'begin';
      readonly at: number;
      readonly pid: number;
      readonly command: string;
      readonly cwd: string;
      readonly arguments: readonly string[];
    }
  | { readonly type: 'end'; readonly at: number; readonly stopped?: true };

/** What the journal is about: its second line. */
export interface AboutRecord {
  readonly type: 'about';
  readonly version: 1;
  readonly folder?: string;
}

/** One line: eight hex digits of a checksum, a blank, JSON; behind a tab, for those that have one, a result as JSON. */
export type JournalRecord = ImageRecord | RunRecord | AboutRecord;

const IMAGE_TYPES: ReadonlySet<string> = new Set<ImageRecord['type']>([
  'queued',
  'place',
  'running',
  'uploaded',
  'solved',
  'unsolved',
  'failed',
  'lost',
]);

const TAB = 9;
const BLANK = 32;
const SUM_LENGTH = 8;

/** A record as a line, with its end. */
export function encodeLine(record: JournalRecord, result?: unknown): Buffer {
  const json = JSON.stringify(result) as string | undefined;
  const tail = json === undefined ? '' : `\t${json}`;
  // JSON has neither tabs nor ends of lines but as \t and \n.
  const text = Buffer.from(`00000000 ${JSON.stringify(record)}${tail}\n`);
  text.write(sumOf(text.subarray(SUM_LENGTH + 1, -1)), 'latin1');
  return text;
}

/** The record of a line without its end; undefined if the line is damaged. The result is not looked at. */
export function decodeLine(line: Uint8Array): JournalRecord | undefined {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
  if (bytes[SUM_LENGTH] !== BLANK) return undefined;
  const content = bytes.subarray(SUM_LENGTH + 1);
  if (bytes.toString('latin1', 0, SUM_LENGTH) !== sumOf(content)) return undefined;
  const tab = content.indexOf(TAB);
  try {
    const record: unknown = JSON.parse(content.toString('utf8', 0, tab === -1 ? content.length : tab));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The result in a line that {@link decodeLine} has found whole; undefined if it has none. */
export function decodeResult(line: Buffer): unknown {
  const tab = line.indexOf(TAB);
  return tab === -1 ? undefined : JSON.parse(line.toString('utf8', tab + 1));
}

/**
 * Where in a damaged line a whole one begins: the end of the line before it was lost. -1 if there is none.
 */
export function wholeLineWithin(line: Buffer): number {
  for (let at = line.indexOf(' {', SUM_LENGTH); at !== -1; at = line.indexOf(' {', at + 1)) {
    const start = at - SUM_LENGTH;
    if (/^[0-9a-f]{8}$/.test(line.toString('latin1', start, at)) && decodeLine(line.subarray(start)) !== undefined) {
      return start;
    }
  }
  return -1;
}

/** Where a `queued` or `place` line says that the image is. */
export function placeOf(record: JournalRecord): ImagePlace | undefined {
  if (record.type !== 'queued' && record.type !== 'place') return undefined;
  const { path, file = path, size, mtime, sha256 } = record;
  return { path, absolutePath: file, size, mtimeNs: BigInt(mtime), sha256 };
}

/** The other way. */
export function placeFields({ path, absolutePath, size, mtimeNs, sha256 }: ImagePlace): PlaceFields {
  return { path, ...(absolutePath !== path && { file: absolutePath }), size, mtime: `${mtimeNs}`, sha256 };
}

function sumOf(content: Buffer): string {
  return crc32(content).toString(16).padStart(SUM_LENGTH, '0');
}

/** The checksum tells that a journal wrote it; this, that it was one of this version. */
function isRecord(value: unknown): value is JournalRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { type, id, at, version, size, mtime, attempt } = value as Record<string, unknown>;
  if (type === 'about') return version === 1;
  if (typeof at !== 'number') return false;
  if (type === 'begin' || type === 'end') return true;
  if (typeof type !== 'string' || !IMAGE_TYPES.has(type)) return false;
  if (typeof id !== 'string' || !isIdentity(id)) return false;
  if (type === 'running') return Number.isSafeInteger(attempt);
  if (type === 'queued' || type === 'place') return Number.isSafeInteger(size) && /^-?\d{1,30}$/.test(String(mtime));
  return true;
}

/** Is it what `identityOf` gives? */
export function isIdentity(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
