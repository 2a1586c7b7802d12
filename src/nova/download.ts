import { existsSync } from 'node:fs';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { HtmlReplyError, NetworkError } from '../session/faults.ts';
import type { StreamReply } from '../session/request-spec.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import {
  MAGIC_BYTES,
  PRODUCTS,
  type ProductFormat,
  type ProductKind,
  type ProductName,
  TAIL_BYTES,
  beginsLike,
  endsLike,
} from './product.ts';

/** How a file is fetched. */
export interface DownloadOptions {
  /** Cancels: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Limit for all of it, in ms. Default: the session's. */
  readonly timeoutMs?: number;
  /** Told as bytes come in; the total is undefined where the server does not say it. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
}

/** How a file is fetched to the disk. */
export interface SaveOptions extends DownloadOptions {
  /** Replace a file that is there. Default: no, it is `FILE_EXISTS`. */
  readonly overwrite?: boolean;
}

/** More than this is not kept in memory: 1 GiB. */
const MOST_IN_MEMORY = 2 ** 30;

/** What is quoted of a page that came instead of a file. */
const LONGEST_QUOTE = 300;

/**
 * Fetches a file of the server into memory.
 *
 * @param id number of the job; of the calibration for `sky-plot-…`; of the image for `image`, `thumbnail`, `wwt-image`
 * @throws {HtmlReplyError} the server sent a page, or says why it cannot make the file
 * @throws {SolveError} `REPLY_INVALID` for a file of another kind; `NETWORK` if it is cut short, after all attempts
 */
export async function fetchProduct(
  session: Session,
  product: ProductName,
  id: number,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  return await fetchFile(session, product, id, options, async (pieces, where) => {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const piece of pieces) {
      length += piece.length;
      if (length > MOST_IN_MEMORY) throw new SolveError('REPLY_INVALID', `${where}: more than ${MOST_IN_MEMORY} bytes`);
      parts.push(piece);
    }
    return new Uint8Array(Buffer.concat(parts, length));
  });
}

/**
 * Fetches a file of the server to the disk, piece by piece. At any moment either nothing (or the old file) or all of it
 * stands under its name.
 *
 * @param id as for {@link fetchProduct}
 * @returns how many bytes it has
 * @throws {SolveError} `FILE_EXISTS` before anything is asked; `FILE_UNWRITABLE`, as when the disk is full; and what
 *   {@link fetchProduct} throws
 */
export async function saveProduct(
  session: Session,
  product: ProductName,
  id: number,
  path: string,
  options: SaveOptions = {},
): Promise<number> {
  const { overwrite = false } = options;
  if (!overwrite && existsSync(path)) throw new SolveError('FILE_EXISTS', `${path}: already there`);
  return await fetchFile(session, product, id, options, async (pieces) => {
    let length = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces) {
        length += piece.length;
        yield piece;
      }
    };
    await writeFileAtomic(path, counted(), { overwrite });
    return length;
  });
}

async function fetchFile<T>(
  session: Session,
  product: ProductName,
  id: number,
  { signal, timeoutMs, onProgress }: DownloadOptions,
  consume: (pieces: AsyncIterable<Uint8Array>, where: string) => Promise<T>,
): Promise<T> {
  const kind: ProductKind = PRODUCTS[product];
  if (!Number.isSafeInteger(id) || id < 0)
    throw new SolveError('BAD_ARGUMENT', `${product}: ${id} is no number of a ${kind.of}`);
  const path = `/${kind.path}/${id}`;
  const where = session.transport.where(path, false);
  const clean = (text: string): string => session.transport.secrets.clean(text);
  const request = new SessionRequest(session, {
    path,
    consume: async (reply) => await consume(checked(reply, kind.format, where, clean, onProgress), where),
  });
  return await request.send({
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** The bytes of a reply, passed on when they begin as they should, and followed by an error if they do not end so. */
async function* checked(
  reply: StreamReply,
  format: ProductFormat,
  where: string,
  clean: (text: string) => string,
  onProgress: DownloadOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  const { body, length, contentType, status } = reply;
  const held: Uint8Array[] = [];
  let received = 0;
  let tail: Uint8Array = new Uint8Array(0);
  let begun = false;
  for await (const piece of body) {
    received += piece.length;
    if (length !== undefined && received > length) {
      throw new SolveError('REPLY_INVALID', `${where}: more than the ${length} bytes that were announced`);
    }
    tail = Buffer.concat([tail, piece.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    if (begun) yield piece;
    else {
      held.push(piece);
      // Of a page, enough is read to tell what it says.
      const page = contentType.startsWith('text/');
      if (received < (page ? LONGEST_QUOTE : MAGIC_BYTES)) continue;
      const head = Buffer.concat(held);
      if (page || !beginsLike(format, head)) throw wrongKind(head, format, contentType, status, where, clean);
      begun = true;
      yield head;
    }
    onProgress?.(received, length);
  }
  // The next attempt may bring all of it.
  if (length !== undefined && received < length) {
    throw new NetworkError(`${where}: cut short after ${received} of ${length} bytes`, 'CUT_SHORT');
  }
  if (!begun) {
    const head = Buffer.concat(held);
    if (received === 0) throw new NetworkError(`${where}: the file is empty`, 'CUT_SHORT');
    throw wrongKind(head, format, contentType, status, where, clean);
  }
  if (!endsLike(format, received, tail)) {
    throw new NetworkError(`${where}: cut short after ${received} bytes, where no ${format} file ends`, 'CUT_SHORT');
  }
}

function wrongKind(
  head: Buffer,
  format: ProductFormat,
  contentType: string,
  status: number,
  where: string,
  clean: (text: string) => string,
): Error {
  const text = head.toString('utf8');
  if (!contentType.startsWith('text/') && !/^\s*</.test(text)) {
    const type = contentType === '' ? '' : ` (${contentType})`;
    return new SolveError('REPLY_INVALID', `${where}: what came${type} is no ${format} file`);
  }
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim() ?? '';
  // What the server could not make, it explains in plain text that calls itself HTML.
  const said = (/^\s*</.test(text) ? title : text).replace(/\s+/g, ' ').trim().slice(0, LONGEST_QUOTE);
  const shown = said === '' ? 'a web page' : `"${clean(said)}"`;
  return new HtmlReplyError('REPLY_HTML', `${where}: ${shown} came instead of a ${format} file`, status, clean(title));
}
