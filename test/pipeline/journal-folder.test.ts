import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../src/pipeline/journal.ts';
import { journalPathFor, journalsOf } from '../../src/pipeline/journal-folder.ts';
import { journalTestFolder } from './journal-set-up.ts';

test('the journal of a folder is among the files of the user, and the same by every name of the folder', async () => {
  const folder = journalTestFolder();
  const env = { XDG_STATE_HOME: join(folder, 'state') };
  const images = join(folder, 'tonight');
  mkdirSync(images);
  symlinkSync(images, join(folder, 'link'));
  const path = await journalPathFor(images, env);
  expect(path.startsWith(join(folder, 'state', 'starfix', 'journals', 'tonight-'))).toBe(true);
  expect(await journalPathFor(`${images}/`, env)).toBe(path);
  expect(await journalPathFor(join(folder, 'link'), env)).toBe(path);
  expect(readdirSync(folder).sort()).toEqual(['link', 'tonight']);
});

test('folders of the same name have journals of their own, and a folder that is not there has one too', async () => {
  const folder = journalTestFolder();
  const env = { XDG_STATE_HOME: folder };
  const paths = await Promise.all(
    ['a/lights', 'b/lights', 'gone'].map((name) => journalPathFor(join(folder, name), env)),
  );
  expect(new Set(paths).size).toBe(3);
  expect(basename(paths[2]!)).toMatch(/^gone-[0-9a-f]{12}\.journal$/);
  mkdirSync(join(folder, 'gone'));
  expect(await journalPathFor(join(folder, 'gone'), env)).toBe(paths[2]);
});

test.each(['/', '/data/two words', '/data/\u661f\u7a7a', `/data/${'x'.repeat(255)}`, '/data/a\nb\tc:*?'])(
  'the name for %j can be written everywhere',
  async (folder) => {
    const name = basename(await journalPathFor(folder, { XDG_STATE_HOME: '/state' }));
    expect(Buffer.byteLength(name)).toBeLessThan(230);
    expect(name).toMatch(/^[\p{L}\p{N}._-]+-[0-9a-f]{12}\.journal$/u);
  },
);

test('all journals are listed with their folders', async () => {
  const folder = journalTestFolder();
  const env = { XDG_STATE_HOME: folder };
  expect(await journalsOf(env)).toEqual([]);
  const paths = [];
  for (const name of ['/data/b', '/data/a']) {
    const path = await journalPathFor(name, env);
    await (await openJournal(path, { folder: name })).close();
    paths.push({ path, folder: name });
  }
  const journals = join(folder, 'starfix', 'journals');
  writeFileSync(join(journals, 'notes.txt'), 'mine');
  writeFileSync(join(journals, 'z.journal'), 'broken');
  mkdirSync(join(journals, 'zz.journal'));
  const found = [
    ...paths.toReversed(),
    ...['z', 'zz'].map((n) => ({ path: join(journals, `${n}.journal`), folder: undefined })),
  ];
  expect(await journalsOf(env)).toEqual(found);
  renameSync(journals, `${journals}-gone`);
  expect(await journalsOf(env)).toEqual([]);
});
