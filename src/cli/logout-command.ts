import { configFolder } from '../io/user-folders.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve logout`. */
export const logoutCommand: Command = {
  name: 'logout',
  summary: 'forget the API key',
  usage: 'logout [options]',
  about: ['Forgets the API key that solve login has stored for a server.'],
  options: SERVICE_OPTIONS.filter(({ name }) => name === 'server' || name === 'json'),
  examples: [['solve logout', 'forget the key for nova.astrometry.net']],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('logout', operands);
  const { server, json } = await readServiceOptions(values);
  const [{ forgetKey }, { findKey }, { ApiKeyError }] = await Promise.all([
    import('../session/key-store.ts'),
    import('../session/key-sources.ts'),
    import('../session/faults.ts'),
  ]);
  const forgotten = await forgetKey(configFolder(), server);
  if (json) terminal.out(`${JSON.stringify({ server, forgotten })}\n`);
  else terminal.out(forgotten ? `the key for ${server} is forgotten\n` : `there was no key for ${server}\n`);
  try {
    const { source } = findKey(server, {});
    terminal.note(`${source.name} still gives a key`);
  } catch (error) {
    if (!(error instanceof ApiKeyError)) throw error;
  }
  return 0;
}
