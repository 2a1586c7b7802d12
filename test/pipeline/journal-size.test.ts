import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FIRST_LINE, type JournalRecord, encodeLine, placeFields } from '../../src/pipeline/journal-line.ts';
import { openJournal } from '../../src/pipeline/journal.ts';
import { identityFor, journalTestFolder, placeFor } from './journal-set-up.ts';
import { journalProcess } from './journal-process.ts';

const COUNT = 200_000;

test('200,000 images take 30 MB of memory at most, and are all there', { timeout: 120_000 }, async () => {
  const path = join(journalTestFolder(), 'j');
  const lines = [Buffer.from(`${FIRST_LINE}\n`), encodeLine({ type: 'about', version: 1 })];
  const add = (record: JournalRecord, result?: unknown): number => lines.push(encodeLine(record, result));
  for (let n = 0; n < COUNT; n++) {
    const id = identityFor(n);
    add({
      type: 'queued',
      id,
      at: n,
      ...placeFields(placeFor(n, `/data/astronomy/2026/lights/night/frame_${n}.fits`)),
    });
    add({ type: 'running', id, at: n, attempt: 1 });
    add({ type: 'solved', id, at: n }, { n });
  }
  writeFileSync(path, Buffer.concat(lines));
  lines.length = 0;
  const process = journalProcess(['weigh', path]);
  await process.gone;
  const bytes = Number(process.lines[1]);
  expect(bytes).toBeGreaterThan(COUNT * 20);
  expect(bytes).toBeLessThan(30e6);
  const journal = await openJournal(path);
  expect(journal.states().solved).toBe(COUNT);
  let n = 0;
  for await (const { identity, state, place } of journal.entries()) {
    if (identity !== identityFor(n) || state !== 'solved' || place?.size !== 1000 + n) expect.unreachable(`image ${n}`);
    n++;
  }
  expect(n).toBe(COUNT);
  for (const k of [0, 1, 99_999, COUNT - 1]) expect(await journal.result(identityFor(k))).toEqual({ n: k });
  await journal.close();
});
