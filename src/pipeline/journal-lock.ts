import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Socket } from 'node:net';
import { SolveError } from '../errors.ts';
import { runtimeFolder } from '../io/user-folders.ts';
import { type LocalServer, connectLocal, listenAlone, localAddress } from '../session/local-socket.ts';

/** The process that has a journal. */
export interface JournalHolder {
  /** Undefined if it does not say: it is too busy. */
  readonly pid: number | undefined;
}

/** A journal that is this process's alone until it is released, or the process ends, whatever ends it. */
export interface JournalLock {
  release(): Promise<void>;
}

/** A path of a socket, and what is put behind it for a while, must fit into 104 bytes on macOS and 108 on Linux. */
const LONGEST_ADDRESS = 90;

/** Who has a journal says so at once, unless it computes. */
const ANSWER_MS = 2000;

/** A holder may end between being found and being asked. */
const MOST_TRIES = 5;

/** What a file system that cannot hold sockets or links says, and a folder that is not ours to write in. */
const NO_SOCKETS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'EACCES',
  'EROFS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'ENXIO',
]);

/**
 * Takes a journal. The lock is a socket beside it: the system itself says whether its process lives, and every process
 * finds it there, whatever its environment. Where there can be none, it stands in the folder for sockets.
 *
 * @param path real path of the journal, in a folder that exists
 * @throws {SolveError} `JOURNAL_BUSY` if another process, or another part of this one, has it; `FILE_UNWRITABLE`
 */
export async function lockJournal(path: string): Promise<JournalLock> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const lock = (await lockBeside(path)) ?? (await lockElsewhere(path));
    if (lock !== 'taken') return lock;
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    const who = holder.pid === undefined ? 'another process' : `process ${holder.pid}`;
    const self = holder.pid === process.pid ? ' (this one)' : '';
    throw new SolveError('JOURNAL_BUSY', `${path}: ${who}${self} works with this journal`);
  }
  throw new SolveError('JOURNAL_BUSY', `${path}: others take this journal again and again`);
}

/**
 * Who has a journal now; undefined if nobody has.
 *
 * @param path real path of the journal
 */
export async function holderOf(path: string): Promise<JournalHolder | undefined> {
  const place = await placeBeside(path);
  try {
    const holder = place && (await ask(place.address));
    return holder ?? (await ask(await addressElsewhere(path)));
  } finally {
    await place?.close();
  }
}

async function ask(address: string): Promise<JournalHolder | undefined> {
  try {
    const socket = await connectLocal(address);
    return socket && { pid: await pidFrom(socket) };
  } catch {
    // Too many ask it at once, or it is another user's: it is there.
    return { pid: undefined };
  }
}

/** @returns undefined if no socket can stand there */
async function lockBeside(path: string): Promise<JournalLock | 'taken' | undefined> {
  const place = await placeBeside(path);
  if (place === undefined) return undefined;
  let server: LocalServer | undefined;
  try {
    server = await listenAlone(place.address, answer);
    if (server === undefined) return 'taken';
  } catch (error) {
    if (NO_SOCKETS.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw unwritable(path, error);
  } finally {
    if (server === undefined) await place.close();
  }
  return {
    async release() {
      await server.close();
      await place.close();
    },
  };
}

async function lockElsewhere(path: string): Promise<JournalLock | 'taken'> {
  try {
    const server = await listenAlone(await localAddress(runtimeFolder({}), nameFor(path)), answer);
    return server === undefined ? 'taken' : { release: () => server.close() };
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): SolveError {
  if (error instanceof SolveError) return error;
  return new SolveError('FILE_UNWRITABLE', `${path}: it cannot be locked: ${(error as Error).message}`, {
    cause: error,
  });
}

function nameFor(path: string): string {
  return `journal-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

/** Where `localAddress` will put it; asking makes no folder. */
async function addressElsewhere(path: string): Promise<string> {
  const name = nameFor(path);
  return process.platform === 'win32' ? localAddress(runtimeFolder({}), name) : join(runtimeFolder({}), name);
}

/** An address in the folder of the journal; undefined if it would be too long. */
async function placeBeside(path: string): Promise<{ readonly address: string; close(): Promise<void> } | undefined> {
  if (process.platform === 'win32') return undefined;
  const name = `.${nameFor(basename(path))}.lock`;
  const address = join(dirname(path), name);
  if (Buffer.byteLength(address) <= LONGEST_ADDRESS) return { address, close: async () => {} };
  if (process.platform !== 'linux') return undefined;
  // Linux names a folder that is open by a short path.
  let folder: FileHandle;
  try {
    folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  return { address: `/proc/self/fd/${folder.fd}/${name}`, close: () => folder.close() };
}

/** Says who has the journal. */
function answer(socket: Socket): void {
  // Who only looks whether somebody is here is gone before it is answered.
  socket.on('error', () => {});
  socket.end(`${JSON.stringify({ pid: process.pid })}\n`);
}

async function pidFrom(socket: Socket): Promise<number | undefined> {
  let text = '';
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  try {
    for await (const piece of socket.setEncoding('utf8')) {
      text += piece as string;
      if (text.length > 1000 || text.includes('\n')) break;
    }
    const { pid } = JSON.parse(text) as { pid?: unknown };
    return Number.isSafeInteger(pid) ? (pid as number) : undefined;
  } catch {
    return undefined;
  }
}
