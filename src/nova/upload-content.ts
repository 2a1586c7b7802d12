import { type FileHandle, open, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';

/** Bytes from somewhere else: their number must be known, since the server has to be told before. */
export interface UploadStream {
  /**
   * The bytes, as a stream or as a function that opens one. A stream can be read once: if the server then asks for it
   * again (a connection that broke, a session that expired) the upload fails; with a function it is begun anew.
   */
  readonly stream: AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);
  /** How many bytes it gives, exactly. */
  readonly length: number;
  /** What to call the file. */
  readonly name: string;
}

/** Bytes in memory and what to call them. */
export interface NamedBytes {
  /** All of the file. */
  readonly bytes: Uint8Array;
  /** What the server is told that it is called. */
  readonly name: string;
}

/** Something with bytes that is opened anew for each attempt to send it. */
export interface UploadContent {
  /** The last element of a path, without what cannot stand in a header or would be cut by the server. */
  readonly name: string;
  /** Can it be opened more than once? */
  readonly repeatable: boolean;
  /**
   * How many bytes there are now.
   *
   * @throws {SolveError} `FILE_NOT_FOUND` and the like; `FILE_CHANGED` if it is not what it was when first asked
   */
  measure(): Promise<number>;
  /**
   * The bytes from the start, as many as {@link measure} said. Breaking off closes what was opened. A piece is good until
   * the next but fourteen is asked for.
   */
  read(): AsyncIterable<Uint8Array>;
}

/** Large enough that throughput is not lost in calls, small enough that memory is not noticed. */
const PIECE_BYTES = 256 * 1024;

/**
 * The pieces of a file are read into this many buffers in turn, since new ones would pile up until the collector wakes.
 * Between the file and the network no more than five are on their way: who passes a piece on waits until the network has
 * taken the one before. Were that ever wrong, the SHA-1 that the server reports would not be that of the file.
 */
const SLOTS = 16;

/** Room that the server has for a name; what is more is cut off, and the ending with it. */
const LONGEST_NAME = 200;

/** Makes content of whatever holds the bytes of one file: a path, a `file:` URL, bytes, a stream. */
export function contentOf(input: string | URL | NamedBytes | UploadStream): UploadContent {
  if (typeof input === 'string') return fileContent(input);
  if (input instanceof URL) return fileContent(fileURLToPath(input));
  return 'bytes' in input ? bytesContent(input) : streamContent(input);
}

/** The same content under another name. */
export function renamed(content: UploadContent, name: string): UploadContent {
  return {
    name: safeName(name),
    repeatable: content.repeatable,
    measure: () => content.measure(),
    read: () => content.read(),
  };
}

/** A name for the server, which keeps the last path element and takes no empty name and none of dots alone. */
function safeName(path: string): string {
  // The server cuts at a backslash as well; a control character would break out of the header.
  // oxlint-disable-next-line no-control-regex
  const name = basename(path).replace(/[\\\u0000-\u001f\u007f]/g, '_');
  if (/^\.*$/.test(name)) return 'image';
  if (name.length <= LONGEST_NAME) return name;
  const ending = /(?:\.\w{1,8}){1,2}$/.exec(name)?.[0] ?? '';
  return name.slice(0, LONGEST_NAME - ending.length) + ending;
}

function bytesContent({ bytes, name }: NamedBytes): UploadContent {
  if (bytes.length === 0) throw new SolveError('FILE_EMPTY', `${name}: there are 0 bytes to send`);
  return {
    name: safeName(name),
    repeatable: true,
    measure: async () => bytes.length,
    async *read() {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
    },
  };
}

function streamContent({ stream, length, name }: UploadStream): UploadContent {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new SolveError('BAD_ARGUMENT', `${name}: its length is ${length}, a whole number of bytes is needed`);
  }
  if (length === 0) throw new SolveError('FILE_EMPTY', `${name}: there are 0 bytes to send`);
  let opened = false;
  return {
    name: safeName(name),
    repeatable: typeof stream === 'function',
    async measure() {
      if (opened && typeof stream !== 'function') {
        const fact = 'it must be sent again, and the stream was read already; a function that opens it would do';
        throw new SolveError('BAD_ARGUMENT', `${name}: ${fact}`);
      }
      return length;
    },
    async *read() {
      opened = true;
      let sent = 0;
      for await (const piece of typeof stream === 'function' ? stream() : stream) {
        sent += piece.length;
        if (sent > length) throw changed(name, `its stream gives more than the ${length} bytes that were said`);
        yield piece;
      }
      if (sent < length) throw changed(name, `its stream gave ${sent} of the ${length} bytes that were said`);
    },
  };
}

/** What a file was when it was first looked at. */
type Identity = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

function fileContent(path: string): UploadContent {
  let first: Identity | undefined;
  const look = async (): Promise<Identity> => {
    const now = await statFile(path, first !== undefined);
    first ??= now;
    if (now.size !== first.size) throw changed(path, `it had ${first.size} bytes and now has ${now.size}`);
    if (now.mtimeNs !== first.mtimeNs) throw changed(path, 'it was written to');
    if (now.ino !== first.ino || now.dev !== first.dev) throw changed(path, 'another file took its place');
    return now;
  };
  return {
    name: safeName(path),
    repeatable: true,
    measure: async () => Number((await look()).size),
    async *read() {
      const { size } = await look();
      // Without waiting for a writer: a named pipe may have taken the place of the file.
      const handle = await openFile(path);
      try {
        yield* readPieces(path, handle, Number(size));
        // Before the last bytes of the form are sent: then the server cannot make a submission of half a file.
        await look();
      } finally {
        await handle.close();
      }
    },
  };
}

async function* readPieces(path: string, handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  const slots: Buffer[] = [];
  for (let at = 0, count = 0; at < size; count++) {
    const slot = (slots[count % SLOTS] ??= Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, size)));
    const piece = slot.subarray(0, size - at);
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(piece, 0, piece.length, at));
    } catch (error) {
      throw new SolveError('FILE_UNREADABLE', `${path}: ${(error as Error).message}`, { cause: error });
    }
    if (bytesRead === 0) throw changed(path, `it had ${size} bytes and now ends at ${at}`);
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function statFile(path: string, begun: boolean): Promise<BigIntStats> {
  let stats: BigIntStats;
  try {
    stats = await stat(path, { bigint: true });
  } catch (error) {
    if (begun && (error as NodeJS.ErrnoException).code === 'ENOENT') throw changed(path, 'it is gone');
    throw fileFault(path, error);
  }
  if (!stats.isFile()) throw new SolveError('FILE_NOT_REGULAR', `${path}: is not a regular file`);
  if (stats.size === 0n) throw new SolveError('FILE_EMPTY', `${path}: the file has 0 bytes`);
  return stats;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fileFault(path, error);
  }
}

function fileFault(path: string, error: unknown): SolveError {
  const { code, message } = error as NodeJS.ErrnoException;
  const missing =
    code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE';
  const fact = missing ? 'no such file' : message;
  return new SolveError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', `${path}: ${fact}`, { cause: error });
}

function changed(name: string, fact: string): SolveError {
  return new SolveError('FILE_CHANGED', `${name}: ${fact} while it was uploaded`);
}
