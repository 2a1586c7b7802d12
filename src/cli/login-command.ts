import { SolveError } from '../errors.ts';
import { configFolder } from '../io/user-folders.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, type ServiceChoice, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

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
  refuseOperands('login', operands);
  const choice = await readServiceOptions(values);
  const { server, timeoutMs } = choice;
  const apiKey = await obtainKey(choice, terminal);
  if (apiKey === undefined) return 130;
  const [{ Session }, { storeKey }, { findKey }] = await Promise.all([
    import('../session/session.ts'),
    import('../session/key-store.ts'),
    import('../session/key-sources.ts'),
  ]);
  const session = new Session({ apiKey, server, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  await session.login({ signal: terminal.signal });
  const path = await storeKey(configFolder(), server, session.apiKey);
  const user = session.user === '' ? undefined : session.user;
  if (choice.json) terminal.out(`${JSON.stringify({ server, user, key: session.maskedKey, stored: path })}\n`);
  else {
    terminal.out(`logged in at ${server}${user === undefined ? '' : ` as ${user}`}\n`);
    terminal.out(`the key ${session.maskedKey} is stored in ${path}\n`);
  }
  const used = findKey(server, { onWarning: terminal.note });
  if (used.source.kind !== 'config') {
    terminal.note(`${used.source.name} goes before the stored key: unset it, or it is used instead`);
  }
  return 0;
}

/** @returns undefined if the user has changed their mind at the prompt */
async function obtainKey({ keyFile, server }: ServiceChoice, terminal: Terminal): Promise<string | undefined> {
  const { findKey, checkKey } = await import('../session/key-sources.ts');
  if (keyFile !== undefined) return findKey(server, { keyFile, onWarning: terminal.note }).apiKey;
  if (!process.stdin.isTTY) {
    const { readStream } = await import('../io/read-stream.ts');
    const bytes = await readStream(process.stdin, 'standard input', { signal: terminal.signal }).catch(noBytes);
    return checkKey(new TextDecoder().decode(bytes.subarray(0, 10_000)), 'standard input');
  }
  const { default: password } = await import('@inquirer/password');
  try {
    const text = await password(
      { message: `API key for ${server}:` },
      { signal: terminal.signal, output: process.stderr },
    );
    return checkKey(text, 'what was typed');
  } catch (error) {
    if (error instanceof SolveError) throw error;
    // Ctrl-C at the prompt, or the end of what is typed.
    return undefined;
  }
}

/** Nothing at all is no key, rather than an empty image. */
function noBytes(error: unknown): Uint8Array {
  if (error instanceof SolveError && error.code === 'FILE_EMPTY') return new Uint8Array(0);
  throw error;
}
