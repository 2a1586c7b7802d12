import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SolveError } from '../errors.ts';
import { Watch } from '../session/watch.ts';

/** How a file is fetched. */
export interface FileDownloadOptions {
  /** Cancels: the promise rejects with the signal's reason. What has come is kept for the next time. */
  readonly signal?: AbortSignal;
  /** Told as bytes come in, those of earlier attempts among them. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** SHA-256 of the whole file in hexadecimal digits, if it is known. */
  readonly sha256?: string;
  /** Looks at the whole file before it takes its name; throws if it is not what it should be. */
  readonly check?: (path: string) => Promise<unknown>;
  /** The longest silence on the line, ms. Default: 30 s. */
  readonly stallMs?: number;
  /** Pause before the second attempt, ms; doubled for each one that brings nothing. Default: 0.5 s. */
  readonly pauseMs?: number;
}

/** What is known of a file that has come in part. */
interface Part {
  readonly url: string;
  /** ETag or date by which the server tells versions of the file apart; without one nothing can be continued. */
  readonly version: string;
  readonly total: number;
  /** Checksum that the server told, as {@link digestOf} gives it. */
  readonly digest?: string;
}

/** Attempts that bring nothing, one after the other, before it is given up. */
const VAIN_ATTEMPTS = 4;
const STALL_MS = 30_000;
const PAUSE_MS = 500;
/** Kept free on the disk. */
const SPARE_BYTES = 50_000_000;
/** A text is not longer than this. */
const LONGEST_TEXT = 10_000_000;

/**
 * Fetches a file of the web to the disk. What has come stands beside its place as `.part`, and is continued in the same run
 * and in later ones, if the server still has the same version. The file takes its name when all of it has come and its
 * length, its checksum (that of the caller, or the server's `Repr-Digest`, `Digest` or `Content-MD5`) and `check` are right.
 *
 * @returns how many bytes it has, and by what it was checked
 * @throws {SolveError} `DOWNLOAD_FAILED`; `NOT_ON_SERVER`; `FILE_UNWRITABLE`, as when the disk is full; what `check` throws
 * @throws the signal's reason if cancelled
 */
export async function downloadFile(
  url: string,
  path: string,
  options: FileDownloadOptions = {},
): Promise<{ bytes: number; checksum: string | undefined }> {
  const part = `${path}.part`;
  let vain = 0;
  for (;;) {
    const before = await sizeOf(part);
    try {
      const { total, digest } = await fetchRest(url, part, options);
      const checksum = await compare(part, url, options.sha256 === undefined ? digest : `sha256 ${options.sha256}`);
      await options.check?.(part);
      await rename(part, path).catch((error: unknown) => {
        throw unwritable(path, error);
      });
      await rm(`${part}.json`, { force: true });
      return { bytes: total, checksum };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Interruption)) {
        if (error instanceof SolveError && error.code !== 'FILE_UNWRITABLE' && error.code !== 'NOT_ON_SERVER')
          await forget(part);
        throw error;
      }
      vain = (await sizeOf(part)) > before ? 0 : vain + 1;
      if (vain >= VAIN_ATTEMPTS) throw new SolveError('DOWNLOAD_FAILED', error.message, { cause: error.cause });
      await pause((options.pauseMs ?? PAUSE_MS) * 2 ** vain, options.signal);
    }
  }
}

/** The line broke, or the server is busy: another attempt may bring more. */
class Interruption extends Error {
  override readonly name: string = 'Interruption';
}

async function fetchRest(
  url: string,
  part: string,
  { signal, onProgress, stallMs = STALL_MS }: FileDownloadOptions,
): Promise<{ total: number; digest: string | undefined }> {
  const known = await readPart(part, url);
  const size = known === undefined ? 0 : await sizeOf(part);
  if (known !== undefined && size === known.total) return { total: size, digest: known.digest };
  const watch = new Watch(stallMs);
  watch.touch();
  let come = '';
  try {
    const both = signal === undefined ? watch.signal : AbortSignal.any([signal, watch.signal]);
    const response = await get(
      url,
      both,
      known === undefined || size === 0 ? {} : { range: `bytes=${size}-`, 'if-range': known.version },
    );
    const { status, headers, body } = response;
    if (status === 404 || status === 410)
      throw new SolveError('NOT_ON_SERVER', `${url}: no such file (HTTP ${status})`);
    if (status === 416) {
      await forget(part);
      throw new Interruption(`${url}: what came before is longer than the file`);
    }
    if (status >= 500 || status === 429) throw new Interruption(`${url}: HTTP ${status}`);
    if (status !== 200 && status !== 206) throw new SolveError('DOWNLOAD_FAILED', `${url}: HTTP ${status}`);
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
    if (status === 206 && Number(range?.[1]) !== size) {
      throw new SolveError('DOWNLOAD_FAILED', `${url}: bytes from ${size} on were asked for, others came`);
    }
    const length = headers.get('content-length');
    const total = status === 206 ? Number(range![2]) : length === null ? undefined : Number(length);
    if (headers.get('content-type')?.startsWith('text/html'))
      throw new SolveError('DOWNLOAD_FAILED', `${url}: a web page came`);
    const from = status === 206 ? size : 0;
    await requireSpace(part, (total ?? 0) - from);
    const version = headers.get('etag') ?? headers.get('last-modified');
    const digest = digestOf(headers, status);
    if (status === 200) {
      // A weak ETag tells nothing of the bytes.
      const continued = version !== null && !version.startsWith('W/') && total !== undefined;
      await notePart(
        part,
        continued ? { url, version, total, ...(digest === undefined ? {} : { digest }) } : undefined,
      );
    }
    const told = (received: number): string => ` after ${received} of ${total ?? 'unknown many'} bytes`;
    come = told(from);
    const end = await append(part, from, body, (received) => {
      watch.touch();
      come = told(received);
      onProgress?.(received, total);
    });
    if (total !== undefined && end < total) throw new Interruption(`${url}: cut off${told(end)}`);
    if (total !== undefined && end > total) {
      throw new SolveError('DOWNLOAD_FAILED', `${url}: ${end} bytes came, ${total} were announced`);
    }
    return { total: end, digest: digest ?? known?.digest };
  } catch (error) {
    if (error instanceof SolveError || error instanceof Interruption || signal?.aborted) throw error;
    const fact = watch.signal.aborted ? `nothing came for ${stallMs / 1000} s` : innermost(error);
    throw new Interruption(`${url}: ${fact}${come}`, { cause: error });
  } finally {
    watch.stop();
  }
}

async function get(url: string, signal: AbortSignal, headers: Record<string, string>): Promise<Response> {
  // Loaded when something is fetched: most runs of the program fetch nothing.
  const { default: ky } = await import('ky');
  return await ky(url, {
    // A packed body has another length and cannot be continued.
    headers: { 'user-agent': 'starfix', 'accept-encoding': 'identity', ...headers },
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    signal,
  });
}

/**
 * A small text of the web.
 *
 * @returns undefined if there is none, whatever the reason
 */
export async function fetchText(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await get(url, AbortSignal.any([signal, AbortSignal.timeout(STALL_MS)]), {});
    if (response.status === 200 && Number(response.headers.get('content-length') ?? 0) <= LONGEST_TEXT)
      return await response.text();
    await response.body?.cancel();
    return undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Writes a body behind the bytes that are there; returns where it ends. */
async function append(
  part: string,
  from: number,
  body: ReadableStream<Uint8Array> | null,
  onBytes: (received: number) => void,
): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await open(part, from === 0 ? 'w' : 'r+');
  } catch (error) {
    throw unwritable(part, error);
  }
  let at = from;
  try {
    for await (const piece of body ?? []) {
      await handle.write(piece, 0, piece.length, at).catch((error: unknown) => {
        throw unwritable(part, error);
      });
      at += piece.length;
      onBytes(at);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return at;
}

/** The checksum that a server tells of the whole file: its kind and the digits. */
function digestOf(headers: Headers, status: number): string | undefined {
  const told = `${headers.get('repr-digest') ?? ''},${headers.get('digest') ?? ''}`;
  const sha = /(?:^|,)\s*sha-256=:?([\w+/]{43}=)/i.exec(told)?.[1];
  if (sha !== undefined) return `sha256 ${Buffer.from(sha, 'base64').toString('hex')}`;
  const md5 = status === 200 ? /^[\w+/]{22}==$/.exec(headers.get('content-md5') ?? '')?.[0] : undefined;
  return md5 === undefined ? undefined : `md5 ${Buffer.from(md5, 'base64').toString('hex')}`;
}

/** @returns the kind of checksum that was compared */
async function compare(path: string, url: string, digest: string | undefined): Promise<string | undefined> {
  const [kind, wanted] = digest?.split(' ') ?? [];
  if (kind === undefined || wanted === undefined) return undefined;
  const hash: Hash = createHash(kind);
  const handle = await open(path, 'r');
  try {
    for await (const piece of handle.createReadStream({ autoClose: false })) hash.update(piece as Uint8Array);
  } finally {
    await handle.close();
  }
  const found = hash.digest('hex');
  if (found === wanted.toLowerCase()) return kind;
  throw new SolveError(
    'DOWNLOAD_FAILED',
    `${url}: what came has the ${kind} checksum ${found}, it should be ${wanted}`,
  );
}

async function readPart(part: string, url: string): Promise<Part | undefined> {
  try {
    const found = JSON.parse(await readFile(`${part}.json`, 'utf8')) as Partial<Part>;
    const { version, total, digest } = found;
    if (found.url !== url || typeof version !== 'string' || typeof total !== 'number') return undefined;
    return { url, version, total, ...(typeof digest === 'string' ? { digest } : {}) };
  } catch {
    return undefined;
  }
}

/** Before the first byte is written, so that bytes are never taken for those of another version. */
async function notePart(part: string, note: Part | undefined): Promise<void> {
  await forget(part);
  if (note === undefined) return;
  const { writeFileAtomic } = await import('../io/atomic-write.ts');
  await writeFileAtomic(`${part}.json`, Buffer.from(JSON.stringify(note)), { overwrite: true });
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

async function requireSpace(part: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part)).catch(() => ({ bavail: Infinity, bsize: 1 }));
  const free = bavail * bsize;
  if (free >= bytes + SPARE_BYTES) return;
  throw new SolveError('FILE_UNWRITABLE', `${part}: ${bytes} bytes are to come, the disk has ${free} left`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    const handle = await open(path, 'r');
    try {
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  } catch {
    return 0;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { setTimeout: wait } = await import('node:timers/promises');
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
}

function unwritable(path: string, cause: unknown): SolveError {
  return new SolveError('FILE_UNWRITABLE', `${path}: ${(cause as Error).message}`, { cause });
}

/** fetch says "fetch failed" or "terminated", and why in the cause. */
function innermost(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
