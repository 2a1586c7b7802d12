import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ApiKeyError } from '../../src/session/faults.ts';
import { type KeySearch, findKey } from '../../src/session/key-sources.ts';
import { storeKey } from '../../src/session/key-store.ts';
import { Session } from '../../src/session/session.ts';
import { testFolder } from './folder.ts';

const SERVER = 'https://nova.astrometry.net';

/** Every source there is, each with a key of its own name. */
async function allSources(): Promise<
  Required<Pick<KeySearch, 'apiKey' | 'keyFile' | 'configFolder'>> & { env: NodeJS.ProcessEnv }
> {
  const folder = testFolder();
  const keyFile = join(folder, 'key');
  const envFile = join(folder, 'env-key');
  writeFileSync(keyFile, 'from-file\n', { mode: 0o600 });
  writeFileSync(envFile, 'from-env-file\n', { mode: 0o600 });
  await storeKey(folder, SERVER, 'from-config');
  const env = { ASTROMETRY_API_KEY: 'from-own', AN_API_KEY: 'from-an', ASTROMETRY_API_KEY_FILE: envFile };
  return { apiKey: 'from-argument', keyFile, configFolder: folder, env };
}

test('the sources are asked in their order, and each says where the key came from', async () => {
  const { apiKey, keyFile, configFolder, env } = await allSources();
  const found: unknown[] = [];
  const look = (search: KeySearch): void => void found.push(findKey(SERVER, { configFolder, ...search }));
  look({ apiKey, keyFile, env });
  look({ keyFile, env });
  look({ env });
  look({ env: { ...env, ASTROMETRY_API_KEY: '' } });
  look({ env: { ASTROMETRY_API_KEY_FILE: env['ASTROMETRY_API_KEY_FILE']! } });
  look({ env: {} });
  expect(found).toEqual([
    { apiKey: 'from-argument', source: { kind: 'argument', name: 'apiKey' } },
    { apiKey: 'from-file', source: { kind: 'file', name: keyFile } },
    { apiKey: 'from-own', source: { kind: 'environment', name: 'ASTROMETRY_API_KEY' } },
    { apiKey: 'from-an', source: { kind: 'environment', name: 'AN_API_KEY' } },
    {
      apiKey: 'from-env-file',
      source: { kind: 'environment', name: `ASTROMETRY_API_KEY_FILE (${env['ASTROMETRY_API_KEY_FILE']})` },
    },
    { apiKey: 'from-config', source: { kind: 'config', name: join(configFolder, 'credentials.json') } },
  ]);
});

test('without any key the error comes at construction and names every way', () => {
  const configFolder = testFolder();
  const make = (): Session => new Session({ env: {}, configFolder });
  expect(make).toThrow(ApiKeyError);
  for (const way of [
    'apiKey',
    'keyFile',
    '--api-key-file',
    'ASTROMETRY_API_KEY,',
    'AN_API_KEY',
    'ASTROMETRY_API_KEY_FILE',
    'solve login',
    join(configFolder, 'credentials.json'),
  ]) {
    expect(make).toThrow(expect.objectContaining({ code: 'API_KEY_MISSING', message: expect.stringContaining(way) }));
  }
});

test('a stored key is only for the server it was stored for', async () => {
  const configFolder = testFolder();
  await storeKey(configFolder, 'http://localhost:8000/net', 'other');
  expect(findKey('http://localhost:8000/net', { env: {}, configFolder }).apiKey).toBe('other');
  expect(() => findKey(SERVER, { env: {}, configFolder })).toThrow(
    /no API key .*keys for http:\/\/localhost:8000\/net/,
  );
});

describe('a source that is given and wrong is an error, though others are right', () => {
  test.each([
    ['', /apiKey: holds no key/],
    ['  \n', /apiKey: holds no key/],
    ['two words', /apiKey: holds 2 words/],
    ['k'.repeat(201), /apiKey: holds 201 characters/],
    ['ключ', /apiKey: holds other characters/],
    [12 as unknown as string, /apiKey: not a text/],
  ])('the argument %j', async (apiKey, message) => {
    const { keyFile, env, configFolder } = await allSources();
    const look = (): unknown => findKey(SERVER, { apiKey, keyFile, env, configFolder });
    expect(look).toThrow(expect.objectContaining({ code: 'API_KEY_INVALID', message: expect.stringMatching(message) }));
  });

  test.each([
    ['', /holds no key/],
    ['abc\ndef\n', /holds 2 words/],
    ['ASTROMETRY_API_KEY = abcdef', /holds 3 words/],
    ['\n'.repeat(2000), /holds more than a key/],
    [Buffer.from('abc', 'utf16le'), /holds other characters/],
  ])('a key file with %j', async (content, message) => {
    const { env, configFolder } = await allSources();
    const keyFile = join(configFolder, 'wrong');
    writeFileSync(keyFile, content, { mode: 0o600 });
    expect(() => findKey(SERVER, { keyFile, env, configFolder })).toThrow(message);
    const { ASTROMETRY_API_KEY: _, AN_API_KEY: __, ...rest } = env;
    expect(() => findKey(SERVER, { env: { ...rest, ASTROMETRY_API_KEY_FILE: keyFile }, configFolder })).toThrow(
      message,
    );
  });

  test('a key file that is not there, or a folder', async () => {
    const { env, configFolder } = await allSources();
    expect(() => findKey(SERVER, { keyFile: '/no/such/key', env, configFolder })).toThrow('/no/such/key: no such file');
    expect(() => findKey(SERVER, { keyFile: configFolder, env, configFolder })).toThrow(`${configFolder}: is a folder`);
  });

  test('a variable with blanks only', async () => {
    const { env, configFolder } = await allSources();
    expect(() => findKey(SERVER, { env: { ...env, ASTROMETRY_API_KEY: '  ' }, configFolder })).toThrow(
      'ASTROMETRY_API_KEY: holds no key',
    );
  });

  test('a config that is no config', () => {
    const configFolder = testFolder();
    writeFileSync(join(configFolder, 'credentials.json'), '{"keys": "secretsecret"}');
    expect(() => findKey(SERVER, { env: {}, configFolder })).toThrow(ApiKeyError);
    expect(() => findKey(SERVER, { env: {}, configFolder })).not.toThrow(/secretsecret/);
    mkdirSync(join(configFolder, 'sub', 'credentials.json'), { recursive: true });
    expect(() => findKey(SERVER, { env: {}, configFolder: join(configFolder, 'sub') })).toThrow(/EISDIR/);
  });
});

test('a key is trimmed, whatever the source', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'key'), '\uFEFF  abcdef\r\n', { mode: 0o600 });
  expect(findKey(SERVER, { apiKey: ' abcdef\n' }).apiKey).toBe('abcdef');
  expect(findKey(SERVER, { env: { AN_API_KEY: 'abcdef\r\n' }, configFolder: folder }).apiKey).toBe('abcdef');
  expect(findKey(SERVER, { keyFile: join(folder, 'key') }).apiKey).toBe('abcdef');
});

test('a key file that everybody can read is warned about, and used', async () => {
  const folder = testFolder();
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, 'abcdef');
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  for (const mode of [0o600, 0o640, 0o644]) {
    chmodSync(keyFile, mode);
    expect(findKey(SERVER, { keyFile, onWarning }).apiKey).toBe('abcdef');
  }
  expect(warnings).toEqual([
    `${keyFile}: everybody on this machine can read the API key in it; chmod 600 keeps it to you`,
  ]);
  const config = await storeKey(folder, SERVER, 'abcdef');
  findKey(SERVER, { env: {}, configFolder: folder, onWarning });
  expect(warnings).toHaveLength(1);
  chmodSync(config, 0o644);
  findKey(SERVER, { env: {}, configFolder: folder, onWarning });
  expect(warnings[1]).toContain(config);
});
