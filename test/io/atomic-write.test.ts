import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/io/atomic-write.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'io-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const BYTES = Buffer.from('new');

test('a new file has all bytes and its mode, and nothing else is left in the folder', async () => {
  await writeFileAtomic(join(folder, 'a.wcs'), BYTES, { mode: 0o600 });
  expect(readFileSync(join(folder, 'a.wcs'), 'utf8')).toBe('new');
  expect(statSync(join(folder, 'a.wcs')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['a.wcs']);
});

test('an existing file is kept unless it may be replaced', async () => {
  const path = join(folder, 'a.wcs');
  writeFileSync(path, 'old');
  await expect(writeFileAtomic(path, BYTES)).rejects.toMatchObject({
    code: 'FILE_EXISTS',
    message: `${path}: already there`,
  });
  expect(readFileSync(path, 'utf8')).toBe('old');
  await writeFileAtomic(path, BYTES, { overwrite: true });
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['a.wcs']);
});

test('of two writers that do not replace, one wins', async () => {
  const path = join(folder, 'a.wcs');
  const writers = Array.from({ length: 8 }, (_, i) => writeFileAtomic(path, Buffer.from(String(i))));
  const outcomes = await Promise.allSettled(writers);
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  expect(outcomes[Number(readFileSync(path, 'utf8'))]!.status).toBe('fulfilled');
  expect(readdirSync(folder)).toEqual(['a.wcs']);
});

test('a place that cannot be written is named, and nothing is left behind', async () => {
  await expect(writeFileAtomic(join(folder, 'no', 'a.wcs'), BYTES)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  mkdirSync(join(folder, 'sub', 'deep'), { recursive: true });
  await expect(writeFileAtomic(join(folder, 'sub'), BYTES, { overwrite: true })).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  });
  expect(readdirSync(folder)).toEqual(['sub']);
});

test('a long name leaves room for the temporary one', async () => {
  const name = `${'n'.repeat(240)}.wcs`;
  await writeFileAtomic(join(folder, name), BYTES);
  expect(readdirSync(folder)).toEqual([name]);
});
