import { unlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SolveError } from '../../src/errors.ts';
import { openJournal } from '../../src/pipeline/journal.ts';
import { runJournaled } from '../../src/pipeline/journaled.ts';
import { ScriptedEngine, solvedAt } from './engines-for-tests.ts';
import { journalTestFolder } from './journal-set-up.ts';
import { mounts, smallDisk } from './small-disk.ts';

for (const waits of [true, false]) {
  const name = waits
    ? 'a journal on a full disk is waited for, and no answer is lost'
    : 'where nobody waits for a full disk, that is the fault of the image';
  test.skipIf(!mounts)(name, async () => {
    const disk = smallDisk();
    const ballast = join(disk, 'ballast');
    await using journal = await openJournal(join(disk, 'j'));
    const images = ['a.fits', 'b.fits'].map((file) => join(journalTestFolder(), file));
    for (const image of images) writeFileSync(image, image);
    const engine = new ScriptedEngine((n) => {
      // The disk is full when the first answer is to be written.
      if (n === 0) spawnSync('cp', ['/dev/zero', ballast]);
      const outcome = solvedAt(n + 1);
      return { ...outcome, report: { ...outcome.report, notes: ['x'.repeat(8192)] } };
    });
    const stuck: SolveError[] = [];
    const results = runJournaled(images, {
      concurrency: 1,
      signal: new AbortController().signal,
      journal,
      asked: {},
      preExist: 'ignore',
      inputOf: (path) => path,
      engines: [engine],
      ...(waits
        ? {
            onStuck: (fault) => {
              stuck.push(fault);
              unlinkSync(ballast);
            },
          }
        : {}),
    });
    const first = (await results.next()).value;
    if (!waits) {
      expect(first).toMatchObject({ item: images[0], error: { code: 'FILE_UNWRITABLE' } });
      unlinkSync(ballast);
    } else {
      expect(first).toMatchObject({ item: images[0], known: false, outcome: { status: 'solved' } });
      expect(stuck).toMatchObject([{ code: 'FILE_UNWRITABLE' }]);
    }
    expect((await results.next()).value).toMatchObject({ item: images[1], outcome: { status: 'solved' } });
    expect((await results.next()).done).toBe(true);
    expect(journal.states().solved).toBe(waits ? 2 : 1);
    expect(engine.asked).toHaveLength(2);
  });
}
