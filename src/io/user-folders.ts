import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The name of the folders that belong to this program. */
const OWN_NAME = 'starfix';

/**
 * The folder for what the user set up by hand, after the custom of the system: `$XDG_CONFIG_HOME` or `~/.config` on
 * Linux, `~/Library/Application Support` on macOS, `%APPDATA%` on Windows. It need not exist.
 *
 * @param platform as `process.platform` has it
 */
export function configFolder(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  switch (platform) {
    case 'win32':
      return join(env['APPDATA'] || join(env['USERPROFILE'] || homedir(), 'AppData', 'Roaming'), OWN_NAME);
    case 'darwin':
      return join(home(env), 'Library', 'Application Support', OWN_NAME);
    default: {
      // The XDG specification says to ignore a relative path.
      const configured = env['XDG_CONFIG_HOME'];
      const base = configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.config');
      return join(base, OWN_NAME);
    }
  }
}

function home(env: Environment): string {
  return env['HOME'] || homedir();
}
