import { spawnSync } from 'node:child_process';
import { statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal, readJournal } from '../../src/pipeline/journal.ts';
import { faultOf, identityFor, journalTestFolder } from './journal-set-up.ts';
import { journalProcess } from './journal-process.ts';
import { mounts, smallDisk } from './small-disk.ts';

test.skipIf(!mounts)('on a full disk a record fails, and succeeds when there is room again', async () => {
  const folder = smallDisk();
  const path = join(folder, 'j');
  const ballast = join(folder, 'ballast');
  const journal = await openJournal(path);
  const result = 'x'.repeat(20_000);
  writeFileSync(ballast, Buffer.alloc(150 * 1024));
  let failed: number | undefined;
  for (let n = 0; failed === undefined; n++) {
    const before = statSync(path).size;
    const told = await Promise.all(
      [0, 1, 2].map((k) => faultOf(journal.record(identityFor(3 * n + k), { state: 'solved', result }))),
    );
    if (told[0]!.code === 'NONE') continue;
    failed = n;
    for (const { code, message } of told) {
      expect(code).toBe('FILE_UNWRITABLE');
      expect(message).toMatch(/ENOSPC/);
    }
    expect(statSync(path).size).toBe(before);
    expect(journal.stateOf(identityFor(3 * n))).toBeUndefined();
  }
  expect(failed).toBeGreaterThan(0);
  unlinkSync(ballast);
  await journal.record(identityFor(3 * failed), { state: 'solved', result: 'there is room' });
  expect(await journal.result(identityFor(3 * failed))).toBe('there is room');
  await journal.close();
  const seen = await readJournal(path, { onWarning: (text) => expect.unreachable(text) });
  expect(seen.states().solved).toBe(3 * failed + 1);
  await seen.close();
});

test.skipIf(!mounts)('a journal that cannot be made for want of room can be made when there is', async () => {
  const folder = smallDisk();
  const path = join(folder, 'j');
  const ballast = join(folder, 'ballast');
  expect(spawnSync('cp', ['/dev/zero', ballast]).status).not.toBe(0);
  expect((await faultOf(openJournal(path))).code).toBe('FILE_UNWRITABLE');
  unlinkSync(ballast);
  const journal = await openJournal(path);
  await journal.record(identityFor(1), { state: 'solved', result: 1 });
  await journal.close();
});

test.skipIf(!mounts)('a journal that cannot be written anew for want of room is used as it is', async () => {
  const path = join(journalTestFolder(), 'j');
  const large = await openJournal(path);
  const result = 'x'.repeat(1000);
  for (let round = 0; round < 60; round++) {
    await Promise.all(Array.from({ length: 30 }, (_, n) => large.record(identityFor(n), { state: 'solved', result })));
  }
  await large.close();
  const size = statSync(path).size;
  const folder = smallDisk(Math.ceil(size / 4096) * 4096 + 32 * 1024);
  spawnSync('cp', [path, join(folder, 'j')]);
  const warnings: string[] = [];
  const journal = await openJournal(join(folder, 'j'), { onWarning: (text) => warnings.push(text) });
  expect(warnings).toEqual([expect.stringMatching(/it stays as large as it is: .*ENOSPC/)]);
  await journal.record(identityFor(99), { state: 'lost' });
  expect(journal.states()).toMatchObject({ solved: 30, lost: 1 });
  expect(statSync(join(folder, 'j')).size).toBeGreaterThan(size);
  await journal.close();
});

test('a file that reaches the limit of its process keeps its whole lines', async () => {
  const path = join(journalTestFolder(), 'j');
  // In kB.
  const worker = journalProcess(['fill', path], 'ulimit -f 64');
  await worker.gone;
  expect(worker.lines.at(-1)).toMatch(/^FILE_UNWRITABLE .*EFBIG/);
  expect(worker.child.exitCode).toBe(0);
  const told = worker.lines.filter((line) => line.startsWith('solved')).length;
  expect(told).toBeGreaterThan(50);
  const journal = await readJournal(path, { onWarning: (text) => expect.unreachable(text) });
  expect(journal.states().solved).toBe(told);
  await journal.close();
  const again = await openJournal(path);
  await again.record(identityFor(999), { state: 'solved', result: 'x'.repeat(1000) });
  expect(again.states().solved).toBe(told + 1);
  await again.close();
});
