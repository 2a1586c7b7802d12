import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { gzipPieces } from '../../src/io/gzip-pieces.ts';
import { removeLeftBehind, temporaryPath } from '../../src/io/left-behind.ts';
import { rewriteFile } from '../../src/io/rewrite-file.ts';
import { scratchFolder } from '../helpers/scratch.ts';

const scratch = scratchFolder();
let count = 0;

/** A file in a folder of its own. */
function put(text: string): string {
  const folder = join(scratch, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.fits'), text);
  return join(folder, 'a.fits');
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const names = (path: string): string[] => readdirSync(join(path, '..')).sort();

test('a file is replaced as a whole, with its mode', async () => {
  const path = put('old');
  chmodSync(path, 0o606);
  const done = await rewriteFile(path, async () => pieces('new', 'er'));
  expect(readFileSync(path, 'utf8')).toBe('newer');
  expect(statSync(path).mode & 0o777).toBe(0o606);
  const { size, mtimeNs } = statSync(path, { bigint: true });
  expect(done).toEqual({ size: Number(size), mtimeNs });
  expect(names(path)).toEqual(['a.fits']);
});

test('nothing happens to a file that nothing is made of', async () => {
  const path = put('old');
  const { ino } = statSync(path);
  expect(await rewriteFile(path, async () => undefined, { backup: true })).toBeUndefined();
  expect(statSync(path).ino).toBe(ino);
  expect(names(path)).toEqual(['a.fits']);
});

test('each backup gets a name of its own', async () => {
  const path = put('1');
  for (const text of ['2', '3', '4']) await rewriteFile(path, async () => pieces(text), { backup: true });
  expect(names(path)).toEqual(['a.fits', 'a.fits.bak', 'a.fits.bak.2', 'a.fits.bak.3']);
  expect(['.bak', '.bak.2', '.bak.3', ''].map((end) => readFileSync(path + end, 'utf8'))).toEqual(['1', '2', '3', '4']);
});

test('a backup that a killed run has made of the same file is taken', async () => {
  const path = put('1');
  linkSync(path, `${path}.bak`);
  const done = await rewriteFile(path, async () => pieces('2'), { backup: true });
  expect(done?.backup).toBe(`${path}.bak`);
  expect(names(path)).toEqual(['a.fits', 'a.fits.bak']);
});

test('what another program writes meanwhile is kept, and there is no backup', async () => {
  const path = put('old');
  const make = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new');
    appendFileSync(path, ' and more');
  };
  await expect(rewriteFile(path, async () => make(), { backup: true })).rejects.toMatchObject({ code: 'FILE_CHANGED' });
  expect(readFileSync(path, 'utf8')).toBe('old and more');
  expect(names(path)).toEqual(['a.fits']);
});

test('a fault on the way leaves everything as it was', async () => {
  const path = put('old');
  const make = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new');
    throw new Error('the disk is gone');
  };
  await expect(rewriteFile(path, async () => make(), { backup: true })).rejects.toThrow('the disk is gone');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(names(path)).toEqual(['a.fits']);
});

test('a read-only file is refused, and a link is followed', async () => {
  const path = put('old');
  chmodSync(path, 0o444);
  await expect(rewriteFile(path, async () => pieces('new'))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: `${path}: is read-only`,
  });
  chmodSync(path, 0o644);
  symlinkSync('a.fits', `${path}.link`);
  const done = await rewriteFile(`${path}.link`, async () => pieces('new'), { backup: true });
  expect(done?.backup).toBe(`${path}.bak`);
  expect(readFileSync(path, 'utf8')).toBe('new');
});

test('a name of 80 characters of three bytes each can be written', async () => {
  const path = put('old');
  const long = join(path, '..', `${'星'.repeat(80)}.fits`);
  writeFileSync(long, 'old');
  await rewriteFile(long, async () => pieces('new'));
  expect(readFileSync(long, 'utf8')).toBe('new');
});

test('of temporary files only those go whose writers have ended', async () => {
  const folder = join(put(''), '..');
  const mine = temporaryPath(join(folder, 'a.fits'));
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  const as = (pid: number): string => mine.replace(`-${process.pid}-`, `-${pid}-`);
  const elsewhere = mine.replace(/\.[0-9a-f]{8}-/, '.00000000-');
  const ofUser = join(folder, '.a.fits.tmp');
  const earlier = temporaryPath(join(folder, 'b.fits'));
  for (const path of [mine, as(dead), as(process.ppid), elsewhere, ofUser, earlier]) writeFileSync(path, '');
  // Of a process that had our number before us.
  utimesSync(earlier, 1, 1);
  await removeLeftBehind(folder);
  const left = [mine, as(process.ppid), elsewhere, ofUser].map((path) => basename(path));
  expect(readdirSync(folder).sort()).toEqual(['a.fits', ...left].sort());
});

test('packing gives the same bytes each time, and passes a fault on', async () => {
  const pack = async (): Promise<Buffer> => {
    const list: Uint8Array[] = [];
    for await (const piece of gzipPieces(pieces('a', 'b'))) list.push(piece);
    return Buffer.concat(list);
  };
  expect((await pack()).equals(await pack())).toBe(true);
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw new Error('no more');
  };
  await expect(
    (async () => {
      for await (const _ of gzipPieces(failing()));
    })(),
  ).rejects.toThrow('no more');
});
