import { SolveError } from '../errors.ts';
import { configFolder } from '../io/user-folders.ts';
import type { Session } from '../session/session.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { SERVICE_OPTIONS, type ServiceChoice, readServiceOptions } from './service.ts';
import type { Terminal } from './terminal.ts';

/** A key has up to 200 characters; blanks and line ends may stand around it. */
const LONGEST_PIPE = 1024;

/** Attempts after the first: somebody waits for the answer. */
const RETRIES = 2;

/** `solve login`. */
export const loginCommand: Command = {
  name: 'login',
  summary: 'store an API key and try it',
  usage: 'login [options]',
  about: [
    'Asks for the API key, or reads it from a pipe or a file, tries it at the server, and stores it where only you can read it. The site shows the key on its API help page when you are signed in.',
    'The key is no option and no operand: it would stand in the history of the shell.',
  ],
  options: SERVICE_OPTIONS,
  examples: [
    ['solve login', 'asks for the key, without showing it'],
    ['solve login < key.txt', 'from a file, or from a password manager through a pipe'],
    ['solve login --server http://localhost:8000', 'a key for another server'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  if (operands.length > 0) {
    // What stands there may well be the key: it is not repeated.
    throw new SolveError(
      'BAD_OPTION',
      'login takes no key as a word: it would stand in the history of the shell and in the list of processes; ' +
        'type it when asked, pipe it in, or name a file with --api-key-file',
    );
  }
  const choice = await readServiceOptions(values);
  const { server, json } = choice;
  const apiKey = await obtainKey(choice, terminal);
  if (apiKey === undefined) return 130;
  const session = await tryKey(apiKey, choice, terminal);
  const [{ storeKey }, { environmentKeys }] = await Promise.all([
    import('../session/key-store.ts'),
    import('./key-list.ts'),
  ]);
  const stored = await storeKey(configFolder(), server, apiKey);
  const first = environmentKeys(server)[0]?.source.name;
  const { user, maskedKey } = session;
  if (json) {
    const usedInstead = first === undefined ? {} : { usedInstead: first };
    terminal.out(`${JSON.stringify({ server, user: user || undefined, key: maskedKey, stored, ...usedInstead })}\n`);
  } else {
    terminal.out(`logged in at ${server}${user ? ` as ${escapeControls(user)}` : ''}\n`);
    terminal.out(`the key ${maskedKey} is stored in ${stored}\n`);
  }
  if (first !== undefined) terminal.note(`${first} goes before the stored key: unset it, or it is used instead`);
  return 0;
}

/**
 * The key from a file, a pipe, or the person at the terminal.
 *
 * @returns undefined if the person has changed their mind
 * @throws {ApiKeyError} `API_KEY_INVALID`
 */
async function obtainKey({ keyFile, server }: ServiceChoice, terminal: Terminal): Promise<string | undefined> {
  const { findKey, checkKey } = await import('../session/key-sources.ts');
  if (keyFile !== undefined) return findKey(server, { keyFile, onWarning: terminal.note }).apiKey;
  if (!process.stdin.isTTY) return checkKey(await readPipe(terminal.signal), 'standard input');
  terminal.note(`${server}/api_help shows the key when you are signed in there.`);
  const { askSecret } = await import('./ask.ts');
  const typed = await askSecret(`API key for ${server} (not shown):`, terminal.signal);
  return typed === undefined ? undefined : checkKey(typed, 'what was typed');
}

async function readPipe(signal: AbortSignal): Promise<string> {
  const [{ readStream }, { ApiKeyError }] = await Promise.all([
    import('../io/read-stream.ts'),
    import('../session/faults.ts'),
  ]);
  try {
    const bytes = await readStream(process.stdin, 'standard input', { signal, maxBytes: LONGEST_PIPE });
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    // That is no empty image, nor one that is too large.
    const fact = error.code === 'FILE_EMPTY' ? 'holds no key' : 'holds more than a key';
    throw new ApiKeyError('API_KEY_INVALID', `standard input: ${fact}`, { cause: error });
  }
}

/** Logs in. What goes wrong says that nothing was stored. */
async function tryKey(apiKey: string, { server, timeoutMs }: ServiceChoice, terminal: Terminal): Promise<Session> {
  const { Session } = await import('../session/session.ts');
  const session = new Session({ apiKey, server, retries: RETRIES, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  terminal.progress(`asking ${server}`);
  try {
    // A session that is kept from another day tells nothing of the key.
    await session.login({ force: true, signal: terminal.signal });
    return session;
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    const fact = error.code === 'LOGIN_FAILED' ? 'it is not stored' : 'the key could not be tried, so it is not stored';
    throw new SolveError(error.code, `${error.message}; ${fact}`, { cause: error });
  } finally {
    terminal.progress('');
  }
}
