import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forgetKey, readStoredKeys, storeKey } from '../../src/session/key-store.ts';
import { testFolder } from './folder.ts';

test('a stored key is read again, and the file is for the user alone', async () => {
  const folder = join(testFolder(), 'deep', 'starfix');
  const path = await storeKey(folder, 'https://a', 'one');
  await storeKey(folder, 'https://b', 'two');
  await storeKey(folder, 'https://a', 'three');
  expect(readStoredKeys(path)).toEqual({ 'https://a': 'three', 'https://b': 'two' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['credentials.json']);
});

test('forgetting takes one key, and the file with the last one', async () => {
  const folder = testFolder();
  const path = await storeKey(folder, 'https://a', 'one');
  await storeKey(folder, 'https://b', 'two');
  expect(await forgetKey(folder, 'https://c')).toBe(false);
  expect(await forgetKey(folder, 'https://a')).toBe(true);
  expect(readStoredKeys(path)).toEqual({ 'https://b': 'two' });
  expect(await forgetKey(folder, 'https://b')).toBe(true);
  expect(existsSync(path)).toBe(false);
  expect(await forgetKey(folder, 'https://b')).toBe(false);
});

test('a file that makes no sense is replaced, with the mode of a secret', async () => {
  const folder = testFolder();
  const path = join(folder, 'credentials.json');
  writeFileSync(path, 'half a fi', { mode: 0o644 });
  await storeKey(folder, 'https://a', 'one');
  expect(readStoredKeys(path)).toEqual({ 'https://a': 'one' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a place that cannot be written keeps what was there', async () => {
  const folder = testFolder();
  await expect(storeKey(join(folder, 'file', 'sub'), 'https://a', 'one')).resolves.toBeDefined();
  writeFileSync(join(folder, 'plain'), 'x');
  await expect(storeKey(join(folder, 'plain'), 'https://a', 'one')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  expect(readFileSync(join(folder, 'plain'), 'utf8')).toBe('x');
  if (process.getuid?.() === 0) return;
  const path = await storeKey(folder, 'https://a', 'one');
  chmodSync(folder, 0o500);
  await expect(storeKey(folder, 'https://a', 'two')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  chmodSync(folder, 0o700);
  expect(readStoredKeys(path)).toEqual({ 'https://a': 'one' });
});
