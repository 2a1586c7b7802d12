import { cacheFolder, configFolder } from '../io/user-folders.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, readServiceOptions, refuseOperands } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve logout`. */
export const logoutCommand: Command = {
  name: 'logout',
  summary: 'forget the API key',
  usage: 'logout [options]',
  about: [
    'Forgets the API key that solve login has stored for a server, and the session that was kept for it, and says when another source still gives one. The key itself stays good: only the site can take it back.',
  ],
  options: SERVICE_OPTIONS.filter(({ name }) => name === 'server' || name === 'json'),
  examples: [['solve logout', 'forget the key for nova.astrometry.net']],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('logout', operands);
  const { server, json } = await readServiceOptions(values);
  const [{ forgetKey, keyStorePath, readStoredKeys }, { forgetToken }, { environmentKeys }] = await Promise.all([
    import('../session/key-store.ts'),
    import('../session/session-cache.ts'),
    import('./key-list.ts'),
  ]);
  const folder = configFolder();
  const { [server]: stored } = readStoredKeys(keyStorePath(folder));
  const forgotten = await forgetKey(folder, server);
  if (stored !== undefined) await forgetToken(cacheFolder(), server, stored);
  const still = environmentKeys(server).map(({ source }) => source.name);
  if (json) terminal.out(`${JSON.stringify({ server, forgotten, still })}\n`);
  else terminal.out(forgotten ? `the key for ${server} is forgotten\n` : `there was no key for ${server}\n`);
  for (const name of still) terminal.note(`${name} still gives a key`);
  return 0;
}
