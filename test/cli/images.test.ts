import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findImages } from '../../src/cli/images.ts';

const folder = mkdtempSync(join(tmpdir(), 'starfix-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const name of [
  'a.fits',
  'b.FIT',
  'c.fts.gz',
  'd.fits.fz',
  'e.fz',
  'f.jpeg',
  'g.tif',
  'h.webp',
  'i.png',
  'i.annotated.png',
  'k.txt',
  'l.gz',
]) {
  writeFileSync(join(folder, name), 'x');
}
mkdirSync(join(folder, 'sub.fits'));
writeFileSync(join(folder, 'sub.fits', 'deep.fits'), 'x');
symlinkSync('a.fits', join(folder, 'link.fits'));
symlinkSync('nowhere', join(folder, 'dangling.fits'));
symlinkSync('.', join(folder, 'loop'));

const names = async (operands: string[], recursive = false): Promise<string[]> =>
  (await findImages(operands, recursive)).map(({ name }) => name.replace(`${folder}/`, ''));

test('a folder gives its images by name, also linked ones', async () => {
  const found = ['a.fits', 'b.FIT', 'c.fts.gz', 'd.fits.fz', 'e.fz', 'f.jpeg', 'g.tif', 'h.webp', 'i.png', 'link.fits'];
  expect(await names([folder])).toEqual(found);
  expect(await names([folder], true)).toEqual([...found, 'sub.fits/deep.fits']);
});

test('a file named twice, in whatever way, is solved once', async () => {
  expect(await names([join(folder, 'a.fits'), `${folder}/./a.fits`, '-', '-'])).toEqual(['a.fits', '-']);
  expect(await names([join(folder, 'i.png'), folder])).toHaveLength(10);
});

test('a folder without images is a fault of its own; an address on the web is an image', async () => {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  const items = await findImages([join(folder, 'empty'), 'HTTPS://example.org/a.fits', 'nowhere.fits'], false);
  expect(items.map((item) => (item.kind === 'fault' ? item.fault.code : item.kind))).toEqual([
    'FILE_NOT_FOUND',
    'url',
    'file',
  ]);
  const [broken] = await findImages(['http://a b/c.fits'], false);
  expect(broken).toMatchObject({ kind: 'fault', fault: { code: 'BAD_OPTION' } });
});
