import { join } from 'node:path';
import { homedir, tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { cacheFolder, configFolder, runtimeFolder, stateFolder } from '../../src/io/user-folders.ts';

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

test.each([
  ['linux', { HOME: '/home/ada' }, '/home/ada/.cache/starfix'],
  ['linux', { HOME: '/home/ada', XDG_CACHE_HOME: '/cache' }, '/cache/starfix'],
  ['linux', { HOME: '/home/ada', XDG_CACHE_HOME: 'relative' }, '/home/ada/.cache/starfix'],
  ['darwin', { HOME: '/Users/ada', XDG_CACHE_HOME: '/cache' }, '/Users/ada/Library/Caches/starfix'],
  ['win32', { LOCALAPPDATA: '/ada/Local' }, '/ada/Local/starfix/Cache'],
  ['win32', { USERPROFILE: '/ada' }, '/ada/AppData/Local/starfix/Cache'],
] as const)('the cache folder on %s with %j is %s', (platform, env, folder) => {
  expect(cacheFolder(env, platform)).toBe(folder);
});

test.each([
  ['linux', { HOME: '/home/ada' }, '/home/ada/.local/state/starfix'],
  ['linux', { HOME: '/home/ada', XDG_STATE_HOME: '/state' }, '/state/starfix'],
  ['linux', { HOME: '/home/ada', XDG_STATE_HOME: 'relative' }, '/home/ada/.local/state/starfix'],
  ['darwin', { HOME: '/Users/ada', XDG_STATE_HOME: '/state' }, '/Users/ada/Library/Application Support/starfix'],
  ['win32', { LOCALAPPDATA: '/ada/Local' }, '/ada/Local/starfix'],
  ['win32', { USERPROFILE: '/ada' }, '/ada/AppData/Local/starfix'],
] as const)('the state folder on %s with %j is %s', (platform, env, folder) => {
  expect(stateFolder(env, platform)).toBe(folder);
});

test('sockets stand in the folder that the system gives a user, or in one of theirs for temporary files', () => {
  expect(runtimeFolder({ XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/run/user/7/starfix');
  for (const env of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'relative' }]) {
    expect(runtimeFolder(env)).toBe(join(tmpdir(), `starfix-${process.getuid?.()}`));
  }
});
