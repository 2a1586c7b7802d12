import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, lstat, open, unlink } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SolveError } from '../errors.ts';
import { runtimeFolder } from '../io/user-folders.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { ensurePrivateFolder, isOwn } from './private-folder.ts';

/** A place on this machine where one process listens and others of the same user come: a unix socket, or a named pipe. */
export interface LocalServer {
  /** Stops listening, ends all connections, and frees the place. */
  close(): Promise<void>;
}

/** What a path of a socket may have, less what is put behind it for a while: 104 bytes on macOS, 108 on Linux. */
const LONGEST_PATH = 90;

/** Tries to take a place that was abandoned, against others who try the same. */
const MOST_TRIES = 200;

/** Between these tries, while another one is at it. */
const PAUSE_MS = 5;

/** To remove an abandoned socket takes a moment; who needs longer was killed over it. */
const LONGEST_REMOVAL_MS = 5000;

/**
 * The address for a name in a folder: of the two, nothing else. A path that is too long for a socket is replaced by a
 * short one in the folder for temporary files. The folder is made, for the user alone.
 *
 * @param name a file name
 * @throws {SolveError} `FILE_UNWRITABLE`
 */
export async function localAddress(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const short = createHash('sha256').update(`${homedir()}\n${path}`).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\starfix-${short}`;
  await ensurePrivateFolder(folder);
  if (Buffer.byteLength(path) <= LONGEST_PATH) return path;
  const nearby = runtimeFolder({});
  await ensurePrivateFolder(nearby);
  const other = join(nearby, short);
  if (Buffer.byteLength(other) > LONGEST_PATH) {
    throw new SolveError('FILE_UNWRITABLE', `${tmpdir()}: its path is too long for a socket`);
  }
  return other;
}

/**
 * Listens at an address unless somebody does. What a dead process has left there is replaced.
 *
 * The system says who lives: a socket whose process is gone refuses connections from that moment on, whatever killed it.
 *
 * @param onConnection is given each connection; it must handle its errors
 * @returns undefined if another one listens there
 * @throws the error of the system
 */
export async function listenAlone(
  address: string,
  onConnection: (socket: Socket) => void,
): Promise<LocalServer | undefined> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    onConnection(socket);
  });
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of connections) socket.destroySoon();
    await closed;
  };
  if (process.platform === 'win32') {
    // The first instance of a pipe is made once, and is gone with its process.
    return (await listen(server, address)) ? { close: stop } : undefined;
  }
  // Under a name of its own until it listens: at no time does a socket stand at the address that refuses and yet lives.
  const own = `${address}.${randomBytes(4).toString('hex')}`;
  await listen(server, own);
  let mark: string | undefined;
  try {
    await chmod(own, 0o600);
    mark = await markOf(own);
    if (!(await take(own, address))) {
      await stop();
      return undefined;
    }
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await unlink(own).catch(() => {});
  }
  return {
    async close() {
      if ((await markOf(address)) === mark) await unlink(address).catch(() => {});
      await stop();
    },
  };
}

/**
 * Connects.
 *
 * @returns undefined if nobody listens there
 * @throws {SolveError} `SESSION_NOT_SHARED` if what listens belongs to another user
 * @throws the error of the system
 */
export async function connectLocal(address: string): Promise<Socket | undefined> {
  if (process.platform !== 'win32') {
    const stats = await lstat(address).catch(() => undefined);
    if (stats === undefined) return undefined;
    if (!isOwn(stats)) throw new SolveError('SESSION_NOT_SHARED', `${address}: belongs to another user (${stats.uid})`);
  }
  return await new Promise<Socket | undefined>((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
    const fail = (error: NodeJS.ErrnoException): void => {
      const nobody = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(error.code ?? '');
      if (nobody) resolve(undefined);
      else reject(error);
    };
    socket.once('error', fail);
  });
}

/** @returns false if the address is taken, which only a pipe can be */
async function listen(server: Server, address: string): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(address, () => resolve(true));
  });
}

/** Gives a listening socket its address. False if another one that lives has it. */
async function take(own: string, address: string): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (await linked(own, address)) return true;
    const mark = await markOf(address);
    if (mark === undefined) continue;
    if (await lives(address)) return false;
    if (!(await remove(address, mark))) await SYSTEM_CLOCK.sleep(PAUSE_MS);
  }
  return false;
}

/** Makes a second name for a file unless there is one like it. */
async function linked(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function lives(address: string): Promise<boolean> {
  try {
    const socket = await connectLocal(address);
    socket?.on('error', () => {});
    socket?.destroy();
    return socket !== undefined;
  } catch (error) {
    // Its queue is full, or it is not ours: it is there.
    return (error as NodeJS.ErrnoException).code !== 'EINVAL';
  }
}

/**
 * Removes what a dead process has left, and never anything alive that was put there since it was judged: who found the same
 * corpse must first make a file named after it, which one alone can do, and then look again.
 *
 * @returns false if another one is at it
 */
async function remove(address: string, mark: string): Promise<boolean> {
  const permit = `${address}.${createHash('sha256').update(mark).digest('hex').slice(0, 8)}`;
  try {
    await (await open(permit, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const stats = await lstat(permit).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > LONGEST_REMOVAL_MS) await unlink(permit).catch(() => {});
    return false;
  }
  try {
    if ((await markOf(address)) === mark) await unlink(address);
  } finally {
    await unlink(permit).catch(() => {});
  }
  return true;
}

/** What tells a file from one that was later made under its name; undefined if there is none. */
async function markOf(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
}
