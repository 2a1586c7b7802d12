import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFile } from '../../src/io/file-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'io-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test('a file is read in pieces, with less at its end and nothing behind it', async () => {
  const source = await openFile(written('ten', '0123456789'));
  expect(source.size).toBe(10);
  const text = async (offset: number, length: number): Promise<string> =>
    Buffer.from(await source.read(offset, length)).toString();
  expect(await text(0, 3)).toBe('012');
  expect(await text(7, 100)).toBe('789');
  expect(await text(10, 5)).toBe('');
  expect(await text(1000, 5)).toBe('');
  const target = new Uint8Array(6);
  expect(await source.readInto(target, 2)).toBe(6);
  expect(Buffer.from(target).toString()).toBe('234567');
  expect(await source.readInto(target, 8)).toBe(2);
  await source.close();
  await source.close();
  await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('a length far beyond the file asks for no memory', async () => {
  const source = await openFile(written('small', 'abc'));
  expect(await source.read(0, 1e15)).toHaveLength(3);
  await source.close();
});

test('a file that shrinks while it is open gives what is left', async () => {
  const path = written('shrinks', '0123456789');
  const source = await openFile(path);
  truncateSync(path, 4);
  expect(await source.read(2, 8)).toHaveLength(2);
  await source.close();
});

test('a cancelled read ends with the reason of its signal', async () => {
  const source = await openFile(written('cancelled', 'abc'));
  await expect(source.read(0, 3, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  await source.close();
});

test('what is no file has its own fault', async () => {
  mkdirSync(join(folder, 'sub'));
  written('empty', '');
  const cases = {
    missing: 'FILE_NOT_FOUND',
    'ten/inside': 'FILE_NOT_FOUND',
    ['x'.repeat(5000)]: 'FILE_NOT_FOUND',
    'nul\0byte': 'FILE_NOT_FOUND',
    sub: 'FILE_NOT_REGULAR',
    empty: 'FILE_EMPTY',
  };
  for (const [name, code] of Object.entries(cases)) {
    await expect(openFile(join(folder, name)), name.slice(0, 20)).rejects.toMatchObject({ code });
  }
});

test.skipIf(process.platform === 'win32')('pipes and devices are refused at once', async () => {
  const pipe = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  for (const path of [pipe, '/dev/zero', '/dev/null']) {
    await expect(openFile(path)).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' });
  }
});

// Root may read everything: there the system has nothing to refuse.
test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'a file without permission is unreadable',
  async () => {
    const path = written('secret', 'abc');
    chmodSync(path, 0);
    await expect(openFile(path)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: `${path}: permission denied`,
    });
  },
);
