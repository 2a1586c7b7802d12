import { readFileSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { ApiKeyError } from './faults.ts';

/** API keys by server address: a key is only ever sent to the server it was stored for. */
export type StoredKeys = Readonly<Record<string, string>>;

/** The file of stored keys within the user's config folder. */
export function keyStorePath(folder: string): string {
  return join(folder, 'credentials.json');
}

/**
 * The stored keys; none if there is no file.
 *
 * @throws {ApiKeyError} `API_KEY_INVALID` if the file is there and cannot be read or understood
 */
export function readStoredKeys(path: string): StoredKeys {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new ApiKeyError('API_KEY_INVALID', `${path}: ${message}`, { cause: error });
  }
  const keys = parse(text);
  if (keys === undefined) {
    // The parser's own message would quote the file.
    throw new ApiKeyError('API_KEY_INVALID', `${path}: not a file of keys as solve login writes it; delete it`);
  }
  return keys;
}

/** The keys in the text of the file; undefined if it is something else. */
function parse(text: string): StoredKeys | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    if (typeof keys !== 'object' || keys === null) return undefined;
    const entries = Object.entries(keys);
    return entries.every(([, key]) => typeof key === 'string') ? Object.fromEntries(entries) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stores the key of a server, readable by the user alone, so that at any moment a whole file stands there.
 * A file that cannot be understood is replaced.
 *
 * @param folder the config folder; made if it is missing
 * @param server address as {@link parseServer} gives it
 * @returns path of the file
 * @throws {SolveError} `FILE_UNWRITABLE`
 */
export async function storeKey(folder: string, server: string, apiKey: string): Promise<string> {
  const path = keyStorePath(folder);
  await write(path, { ...readOrNone(path), [server]: apiKey });
  return path;
}

/**
 * Forgets the key of a server.
 *
 * @returns was there one?
 * @throws {SolveError} `FILE_UNWRITABLE`
 */
export async function forgetKey(folder: string, server: string): Promise<boolean> {
  const path = keyStorePath(folder);
  const { [server]: had, ...rest } = readStoredKeys(path);
  if (had === undefined) return false;
  if (Object.keys(rest).length > 0) {
    await write(path, rest);
    return true;
  }
  try {
    await unlink(path);
  } catch (error) {
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
  return true;
}

function readOrNone(path: string): StoredKeys {
  try {
    return readStoredKeys(path);
  } catch {
    return {};
  }
}

async function write(path: string, keys: StoredKeys): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SolveError('FILE_UNWRITABLE', `${dirname(path)}: ${(error as Error).message}`, { cause: error });
  }
  const bytes = Buffer.from(`${JSON.stringify({ keys }, null, 2)}\n`);
  await writeFileAtomic(path, bytes, { overwrite: true, mode: 0o600 });
}
