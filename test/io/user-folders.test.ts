import { join } from 'node:path';
import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { configFolder } from '../../src/io/user-folders.ts';

test.each([
  ['linux', { HOME: '/home/ada' }, '/home/ada/.config/starfix'],
  ['linux', { HOME: '/home/ada', XDG_CONFIG_HOME: '/cfg' }, '/cfg/starfix'],
  ['linux', { HOME: '/home/ada', XDG_CONFIG_HOME: 'relative' }, '/home/ada/.config/starfix'],
  ['linux', { HOME: '/home/ada', XDG_CONFIG_HOME: '' }, '/home/ada/.config/starfix'],
  ['linux', {}, join(homedir(), '.config', 'starfix')],
  ['darwin', { HOME: '/Users/ada', XDG_CONFIG_HOME: '/cfg' }, '/Users/ada/Library/Application Support/starfix'],
  ['win32', { APPDATA: '/ada/Roaming' }, '/ada/Roaming/starfix'],
  ['win32', { USERPROFILE: '/ada' }, '/ada/AppData/Roaming/starfix'],
] as const)('the config folder on %s with %j is %s', (platform, env, folder) => {
  expect(configFolder(env, platform)).toBe(folder);
});
