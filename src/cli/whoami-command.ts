import { configFolder } from '../io/user-folders.ts';
import type { KeySource } from '../session/key-sources.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import type { ListedKey } from './key-list.ts';
import { SERVICE_OPTIONS, openSession, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve whoami`. */
export const whoamiCommand: Command = {
  name: 'whoami',
  summary: 'tell which API key is used and where it is from',
  usage: 'whoami [options]',
  about: [
    'Tells the server, the last characters of the API key and its source, the file of stored keys, and the sources that are not asked because that one goes before them. Asks no server, unless --check is given.',
    'The order: --api-key-file, ASTROMETRY_API_KEY, AN_API_KEY, ASTROMETRY_API_KEY_FILE, what solve login has stored.',
  ],
  options: [
    { name: 'check', group: 'Asking', text: 'log in, and tell who the server takes you for' },
    ...SERVICE_OPTIONS,
  ],
  examples: [
    ['solve whoami', 'which key would be used'],
    ['solve whoami --check', 'and does the server take it?'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('whoami', operands);
  const choice = await readServiceOptions(values);
  const session = await openSession(choice, terminal, false);
  const [{ listKeys }, { keyStorePath }, { maskKey }] = await Promise.all([
    import('./key-list.ts'),
    import('../session/key-store.ts'),
    import('../session/secrets.ts'),
  ]);
  const folder = configFolder();
  const unused = listKeys(choice.server, choice.keyFile, folder)
    .slice(1)
    .map((listed) => describe(listed, maskKey));
  if (values.has('check')) await session.login({ force: true, signal: terminal.signal });
  const { server, source, maskedKey, user } = session;
  const config = keyStorePath(folder);
  if (choice.json) {
    const known = user === undefined ? {} : { user };
    terminal.out(`${JSON.stringify({ server, key: maskedKey, source, config, unused, ...known })}\n`);
    return 0;
  }
  const rows: (readonly [string, string])[] = [
    ['server', server],
    ['key', `${maskedKey}, from ${source.name}`],
    ...(user === undefined ? [] : [['user', user === '' ? 'the server names none' : user] as const]),
    ['config', config],
    ...unused.map((one) => ['not used', 'key' in one ? `${one.key}, from ${one.source.name}` : one.error] as const),
  ];
  for (const [label, text] of rows) terminal.out(`${label.padEnd(8)}  ${escapeControls(text)}\n`);
  return 0;
}

/** A source that is not asked: its key, masked, or why it would be none. */
function describe(
  listed: ListedKey,
  mask: (key: string) => string,
): { readonly source: KeySource } & ({ readonly key: string } | { readonly error: string }) {
  const { source } = listed;
  return 'fault' in listed ? { source, error: listed.fault.message } : { source, key: mask(listed.apiKey) };
}
