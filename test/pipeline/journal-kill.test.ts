import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JournalView } from '../../src/pipeline/journal-view.ts';
import { openJournal, readJournal } from '../../src/pipeline/journal.ts';
import { allOf, faultOf, identityFor, journalTestFolder, placeFor } from './journal-set-up.ts';
import { journalProcess } from './journal-process.ts';

/** Every line said must be in the journal; what is further on may be. */
async function expectTold(journal: JournalView, lines: readonly string[]): Promise<void> {
  const reached = new Map<number, string>();
  for (const line of lines) {
    const [, state, n] = /^(queued|running|solved) (\d+)$/.exec(line) ?? [];
    if (state !== undefined) reached.set(Number(n), state);
  }
  for (const [n, state] of reached) {
    const there = journal.stateOf(identityFor(n));
    const allowed = { queued: ['queued', 'lost', 'solved'], running: ['lost', 'solved'], solved: ['solved'] }[state];
    expect(allowed, `image ${n} was ${state}`).toContain(there);
    if (there === 'solved') expect(await journal.result(identityFor(n))).toMatchObject({ n });
  }
}

test('killed 20 times at any moment, it has what it had said was on the disk', { timeout: 120_000 }, async () => {
  const path = join(journalTestFolder(), 'j');
  const said: string[] = [];
  for (let round = 0; round < 20; round++) {
    const worker = journalProcess(['append', path, String(1 + (round % 8)), String(round * 10_000)]);
    await worker.said(20 + 37 * (round % 6));
    worker.child.kill('SIGKILL');
    await worker.gone;
    expect(worker.lines[0]).toBe('open');
    said.push(...worker.lines);
    const journal = await readJournal(path, { onWarning: (text) => expect.unreachable(text) });
    expect(journal.holder).toBeUndefined();
    expect(journal.lastRun).toMatchObject({ command: 'append', interrupted: true });
    await expectTold(journal, said);
    await journal.close();
  }
  expect(said.length).toBeGreaterThan(1000);
});

test('a second process is told the number of the first, and has the journal at once when that is killed', async () => {
  const path = join(journalTestFolder(), 'a night.journal');
  const first = journalProcess(['hold', path]);
  await first.said(1);
  expect(first.lines).toEqual(['open']);
  const second = journalProcess(['open', path]);
  await second.gone;
  expect(second.child.exitCode).toBe(1);
  expect(second.lines).toEqual([`JOURNAL_BUSY ${path}: process ${first.child.pid} works with this journal`]);
  expect((await faultOf(openJournal(path))).code).toBe('JOURNAL_BUSY');
  const seen = await readJournal(path);
  expect(seen.holder).toEqual({ pid: first.child.pid });
  await seen.close();
  first.child.kill('SIGKILL');
  await first.gone;
  await (await openJournal(path)).close();
});

test('a run that was killed stays interrupted while another process, which began none, has the journal', async () => {
  const path = join(journalTestFolder(), 'j');
  const first = journalProcess(['append', path, '1', '0']);
  await first.said(3);
  const during = await readJournal(path);
  expect(during.lastRun).toMatchObject({ pid: first.child.pid, interrupted: false });
  await during.close();
  first.child.kill('SIGKILL');
  await first.gone;
  const second = journalProcess(['hold', path]);
  await second.said(1);
  const seen = await readJournal(path);
  expect(seen.holder).toEqual({ pid: second.child.pid });
  expect(seen.lastRun).toMatchObject({ pid: first.child.pid, interrupted: true });
  await seen.close();
});

test('a process that does not answer has the journal all the same', async () => {
  const path = join(journalTestFolder(), 'j');
  const first = journalProcess(['hold', path]);
  await first.said(1);
  first.child.kill('SIGSTOP');
  const { code, message } = await faultOf(openJournal(path));
  expect(code).toBe('JOURNAL_BUSY');
  expect(message).toContain('another process');
});

test('of many that open it at the same time, one has it', async () => {
  const path = join(journalTestFolder(), 'j');
  const all = Array.from({ length: 6 }, () => journalProcess(['hold', path]));
  await Promise.all(all.map((one) => one.said(1)));
  const has = all.filter(({ lines }) => lines[0] === 'open');
  expect(has).toHaveLength(1);
  const named = all.filter((one) => one !== has[0]).map(({ lines }) => /process (\d+) works/.exec(lines[0]!)?.[1]);
  expect(named).toEqual(Array.from({ length: 5 }, () => String(has[0]!.child.pid)));
});

test('killed while it writes the file anew, it has all there was', { timeout: 120_000 }, async () => {
  const folder = journalTestFolder();
  const path = join(folder, 'j');
  const journal = await openJournal(path);
  const text = 'x'.repeat(1000);
  for (let round = 1; round <= 6; round++) {
    await Promise.all(
      Array.from({ length: 3000 }, (_, n) =>
        journal.record(identityFor(n), { state: 'solved', result: { round, text } }),
      ),
    );
  }
  await journal.record(identityFor(0), { state: 'queued', place: placeFor(0) });
  const before = await allOf(journal);
  await journal.close();
  const size = statSync(path).size;
  let whole = 0;
  let left = 0;
  // From before it begins until it is done: the moment is another one each time.
  for (let wait = 0; statSync(path).size === size && wait < 1000; wait += 1 + Math.floor(wait / 4)) {
    const worker = journalProcess(['open', path]);
    await begun(folder, worker.gone);
    await new Promise((resolve) => setTimeout(resolve, wait));
    worker.child.kill('SIGKILL');
    await worker.gone;
    if (readdirSync(folder).some((name) => name.endsWith('.tmp'))) left++;
    const seen = await readJournal(path, { onWarning: (warning) => expect.unreachable(warning) });
    expect(seen.states()).toMatchObject({ solved: 2999, queued: 1 });
    await seen.close();
    whole++;
  }
  expect(left).toBeGreaterThan(0);
  expect(whole).toBeGreaterThan(1);
  const after = await openJournal(path);
  expect(await allOf(after)).toEqual(before);
  await after.close();
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

/** Resolves when the new file is there, or the process gone. */
async function begun(folder: string, gone: Promise<void>): Promise<void> {
  const over = gone.then(() => true);
  while (!readdirSync(folder).some((name) => name.endsWith('.tmp'))) {
    if (await Promise.race([over, new Promise((resolve) => setImmediate(resolve, false))])) return;
  }
}
