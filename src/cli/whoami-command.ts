import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, openSession, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve whoami`. */
export const whoamiCommand: Command = {
  name: 'whoami',
  summary: 'tell which API key is used and where it is from',
  usage: 'whoami [options]',
  about: ['Tells the server, the source of the API key and its last characters. Asks nobody, unless --check is given.'],
  options: [
    ...SERVICE_OPTIONS,
    { name: 'check', group: 'Asking', text: 'log in, and tell who the server takes you for' },
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
  const { server, source, maskedKey } = session;
  if (values.has('check')) await session.login({ signal: terminal.signal });
  const { user } = session;
  if (choice.json) {
    terminal.out(`${JSON.stringify({ server, key: maskedKey, source, ...(user === undefined ? {} : { user }) })}\n`);
    return 0;
  }
  terminal.out(`server  ${server}\nkey     ${maskedKey}, from ${source.name}\n`);
  if (user !== undefined) terminal.out(`user    ${user === '' ? 'the server names none' : user}\n`);
  return 0;
}
