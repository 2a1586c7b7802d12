import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Environment, configFolder } from '../io/user-folders.ts';
import { ApiKeyError } from './faults.ts';
import { keyStorePath, readStoredKeys } from './key-store.ts';

/** Where a key came from. */
export interface KeySource {
  /**
   * Which kind of source; `none` for a session without a key. `token` and `sharing`: the session has none and needs none,
   * since it was given a token, or asks another process for it.
   */
  readonly kind: 'argument' | 'file' | 'environment' | 'config' | 'prompt' | 'none' | 'token' | 'sharing';
  /** For people: the path, the variable (and the path in it), the name of the argument, or that there is none. */
  readonly name: string;
}

/** A key and where it came from. */
export interface FoundKey {
  /** The API key, trimmed. */
  readonly apiKey: string;
  /** Its source. */
  readonly source: KeySource;
}

/** Where to look for a key. */
export interface KeySearch {
  /** The key itself. */
  readonly apiKey?: string;
  /** Path of a file that holds the key and nothing else. */
  readonly keyFile?: string;
  /** Default: the environment of the process. */
  readonly env?: Environment;
  /** File of stored keys. Default: the one that `solve login` writes in the config folder. */
  readonly configPath?: string;
  /** Folder of the file that `solve login` writes. Default: the user's own, see {@link configFolder}. */
  readonly configFolder?: string;
  /** Told about a key file that others can read. */
  readonly onWarning?: (message: string) => void;
}

/** The longest key that is taken; the ones of the public site have 16 characters. */
const LONGEST_KEY = 200;

/** A key file may have line ends and blanks around the key, and no more. */
const LONGEST_KEY_FILE = 1024;

/**
 * Finds the API key for a server: argument, key file argument, `ASTROMETRY_API_KEY`, `AN_API_KEY`,
 * `ASTROMETRY_API_KEY_FILE`, the user's config. The first source that is given counts: if it is wrong that is an error,
 * and no other one is asked. A variable that is set to nothing counts as not set.
 *
 * @param server address as {@link parseServer} gives it; the config holds a key for each server
 * @throws {ApiKeyError} `API_KEY_INVALID`, `API_KEY_MISSING`
 */
export function findKey(server: string, search: KeySearch): FoundKey {
  const { apiKey, keyFile, env = process.env, onWarning } = search;
  if (apiKey !== undefined) {
    return { apiKey: checkKey(apiKey, 'apiKey'), source: { kind: 'argument', name: 'apiKey' } };
  }
  if (keyFile !== undefined) {
    return { apiKey: readKeyFile(keyFile, keyFile, onWarning), source: { kind: 'file', name: keyFile } };
  }
  for (const name of ['ASTROMETRY_API_KEY', 'AN_API_KEY']) {
    const value = env[name];
    if (value) return { apiKey: checkKey(value, name), source: { kind: 'environment', name } };
  }
  const named = env['ASTROMETRY_API_KEY_FILE'];
  if (named) {
    const name = `ASTROMETRY_API_KEY_FILE (${named})`;
    return { apiKey: readKeyFile(named, name, onWarning), source: { kind: 'environment', name } };
  }
  const path = search.configPath ?? keyStorePath(search.configFolder ?? configFolder(env));
  if (search.configPath !== undefined && !existsSync(path)) {
    throw new ApiKeyError('API_KEY_INVALID', `${path}: no such file`);
  }
  const stored = readStoredKeys(path);
  const own = stored[server];
  if (own !== undefined) {
    warnIfOpen(path, onWarning);
    return { apiKey: checkKey(own, path), source: { kind: 'config', name: path } };
  }
  const others = Object.keys(stored);
  throw new ApiKeyError(
    'API_KEY_MISSING',
    `no API key for ${server}: none given as apiKey or keyFile (--api-key-file), none in ASTROMETRY_API_KEY, AN_API_KEY ` +
      `or a file named by ASTROMETRY_API_KEY_FILE, none stored by solve login in ${path}` +
      (others.length === 0 ? '' : ` (it has keys for ${others.join(', ')})`),
  );
}

/**
 * A key, trimmed.
 *
 * @param place names the source in the error; the key itself is never shown
 * @throws {ApiKeyError} `API_KEY_INVALID`
 */
export function checkKey(text: string, place: string): string {
  if (typeof text !== 'string') throw new ApiKeyError('API_KEY_INVALID', `${place}: not a text`);
  const key = text.trim();
  if (key === '') throw new ApiKeyError('API_KEY_INVALID', `${place}: holds no key`);
  if (/\s/.test(key)) {
    throw new ApiKeyError('API_KEY_INVALID', `${place}: holds ${key.split(/\s+/).length} words, a key is one`);
  }
  if (key.length > LONGEST_KEY) {
    throw new ApiKeyError(
      'API_KEY_INVALID',
      `${place}: holds ${key.length} characters, a key has up to ${LONGEST_KEY}`,
    );
  }
  if (!/^[!-~]+$/.test(key)) throw new ApiKeyError('API_KEY_INVALID', `${place}: holds other characters than ASCII`);
  return key;
}

/** The key in a file. A pipe is fine too, so that a password manager can hand the key over. */
function readKeyFile(path: string, place: string, onWarning: KeySearch['onWarning']): string {
  const bytes = Buffer.alloc(LONGEST_KEY_FILE + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let got = 1; got > 0 && length < bytes.length; length += got) {
        got = readSync(file, bytes, length, bytes.length - length, null);
      }
      warnIfReadable(path, fstatSync(file), onWarning);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fact = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder' : message;
    throw new ApiKeyError('API_KEY_INVALID', `${place}: ${fact}`, { cause: error });
  }
  if (length > LONGEST_KEY_FILE) {
    throw new ApiKeyError('API_KEY_INVALID', `${place}: holds more than a key`);
  }
  return checkKey(bytes.toString('utf8', 0, length), place);
}

function warnIfOpen(path: string, onWarning: KeySearch['onWarning']): void {
  const file = openSync(path, 'r');
  try {
    warnIfReadable(path, fstatSync(file), onWarning);
  } finally {
    closeSync(file);
  }
}

/** Windows has no such bits: there a folder's access list decides, and `mode` says 0o666 of everything. */
function warnIfReadable(
  path: string,
  stats: { readonly mode: number; isFile(): boolean },
  onWarning: KeySearch['onWarning'],
): void {
  if (process.platform === 'win32' || !stats.isFile() || (stats.mode & 0o004) === 0) return;
  onWarning?.(`${path}: everybody on this machine can read the API key in it; chmod 600 keeps it to you`);
}
