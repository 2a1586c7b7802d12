import { homedir, tmpdir, userInfo } from 'node:os';
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

/**
 * The folder for what may be deleted at any time: `$XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS,
 * `%LOCALAPPDATA%` on Windows. It need not exist.
 *
 * @param platform as `process.platform` has it
 */
export function cacheFolder(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(env['USERPROFILE'] || homedir(), 'AppData', 'Local'), OWN_NAME, 'Cache');
    case 'darwin':
      return join(home(env), 'Library', 'Caches', OWN_NAME);
    default: {
      const configured = env['XDG_CACHE_HOME'];
      const base = configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.cache');
      return join(base, OWN_NAME);
    }
  }
}

/**
 * The folder for what is to last from one run to the next and was not set up by hand: `$XDG_STATE_HOME` or
 * `~/.local/state` on Linux, `~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows. It need not exist.
 *
 * @param platform as `process.platform` has it
 */
export function stateFolder(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(env['USERPROFILE'] || homedir(), 'AppData', 'Local'), OWN_NAME);
    case 'darwin':
      return configFolder(env, platform);
    default: {
      const configured = env['XDG_STATE_HOME'];
      const base = configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.local', 'state');
      return join(base, OWN_NAME);
    }
  }
}

/**
 * The folder for sockets, which end with the processes that made them: in `$XDG_RUNTIME_DIR`, or one for the user in the
 * folder for temporary files. It need not exist, and in the latter case may be there and belong to somebody else.
 */
export function runtimeFolder(env: Environment = process.env): string {
  const configured = env['XDG_RUNTIME_DIR'];
  if (configured !== undefined && isAbsolute(configured)) return join(configured, OWN_NAME);
  return join(tmpdir(), `${OWN_NAME}-${process.getuid?.() ?? userInfo().username}`);
}

function home(env: Environment): string {
  return env['HOME'] || homedir();
}
