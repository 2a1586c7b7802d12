import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { localAddress } from './local-socket.ts';
import { ensurePrivateFolder, isOpen, isOwn } from './private-folder.ts';
import { type SessionToken, readToken } from './session-token.ts';

/** A token has some hundred bytes. */
const LONGEST_FILE = 4096;

/** The file that keeps the token of a server and an API key: the key itself stands neither in it nor in its name. */
export function tokenPath(folder: string, server: string, apiKey: string): string {
  return join(folder, 'sessions', `${identify(server, apiKey)}.json`);
}

/**
 * The token of one API key at one server, kept on the disk for whoever comes next: readable by the user alone.
 *
 * It is never a fault: what cannot be trusted is not read, and what cannot be written is not kept. Each is told once.
 */
export class SessionCache {
  readonly #folder: string;
  readonly #path: string;
  readonly #server: string;
  readonly #onWarning: (message: string) => void;
  #warnedOf: 'nothing' | 'reading' | 'writing' = 'nothing';

  /** @param folder the cache folder; made when something is to be kept in it */
  constructor(folder: string, server: string, apiKey: string, onWarning: (message: string) => void) {
    this.#path = tokenPath(folder, server, apiKey);
    this.#folder = join(folder, 'sessions');
    this.#server = server;
    this.#onWarning = onWarning;
  }

  /** The token that is kept; undefined if there is none, or none to be trusted. */
  async read(): Promise<SessionToken | undefined> {
    let fact: string | undefined;
    try {
      // On Windows the last two are not there, and count as 0.
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      const file = await open(this.#path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        const stats = await file.stat();
        if (!stats.isFile()) fact = 'is no regular file';
        else if (!isOwn(stats)) fact = `belongs to another user (${stats.uid})`;
        else if (isOpen(stats)) fact = 'others than its owner can read or write it';
        else if (stats.size > LONGEST_FILE) fact = `has ${stats.size} bytes`;
        else {
          const token = parse(await file.readFile('utf8'));
          if (token?.server === this.#server) return token;
          fact = 'is damaged';
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      fact = code === 'ELOOP' ? 'is a link' : message;
    }
    this.#warn('reading', `${this.#path}: ${fact}; the session kept there is not used`);
    return undefined;
  }

  /** Keeps a token, in place of what is there. */
  async write(token: SessionToken): Promise<void> {
    try {
      await ensurePrivateFolder(this.#folder);
      await writeFileAtomic(this.#path, Buffer.from(`${JSON.stringify(token)}\n`), { overwrite: true, mode: 0o600 });
    } catch (error) {
      if (!(error instanceof SolveError)) throw error;
      this.#warn('writing', `${error.message}; the next process logs in again`);
    }
  }

  /**
   * Where the processes that want to log in with this key meet.
   *
   * @returns undefined if they cannot
   */
  async meetingPlace(): Promise<string | undefined> {
    try {
      // A home folder may be on several machines at once, a socket is on one.
      const name = `${identify(this.#path, hostname())}.lock`;
      return await localAddress(this.#folder, name);
    } catch (error) {
      if (!(error instanceof SolveError)) throw error;
      this.#warn('writing', `${error.message}; the session is not kept for the next process`);
      return undefined;
    }
  }

  #warn(of: 'reading' | 'writing', message: string): void {
    if (this.#warnedOf === 'writing' || this.#warnedOf === of) return;
    this.#warnedOf = of;
    this.#onWarning(message);
  }
}

/**
 * Forgets the token that is kept for an API key.
 *
 * @throws {SolveError} `FILE_UNWRITABLE`
 */
export async function forgetToken(folder: string, server: string, apiKey: string): Promise<void> {
  const path = tokenPath(folder, server, apiKey);
  try {
    await unlink(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${message}`, { cause: error });
  }
}

function identify(server: string, apiKey: string): string {
  return createHash('sha256').update(`${server}\n${apiKey}`).digest('hex').slice(0, 16);
}

function parse(text: string): SessionToken | undefined {
  try {
    return readToken(JSON.parse(text));
  } catch {
    return undefined;
  }
}
