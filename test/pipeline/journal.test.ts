import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Journal, openJournal, readJournal } from '../../src/pipeline/journal.ts';
import { FIRST_LINE, encodeLine } from '../../src/pipeline/journal-line.ts';
import { allOf, faultOf, identityFor, journalTestFolder, placeFor } from './journal-set-up.ts';

const ID = identityFor(1);

/** Opens, works, closes. */
async function withJournal(path: string, work: (journal: Journal) => Promise<void>): Promise<void> {
  const journal = await openJournal(path);
  try {
    await work(journal);
  } finally {
    await journal.close();
  }
}

test('an image goes from queued to solved, and all of it is there when the journal is opened again', async () => {
  const path = join(journalTestFolder(), 'night.journal');
  const result = { file: 'a.fits', status: 'solved', ra: 10.5, text: 'tab\tand\nline "quoted" \u{1f30c}' };
  await withJournal(path, async (journal) => {
    expect(journal.stateOf(ID)).toBeUndefined();
    await journal.record(ID, { state: 'queued', place: placeFor(1) });
    expect(journal.stateOf(ID)).toBe('queued');
    await journal.record(ID, { state: 'running', attempt: 1 });
    expect(journal.stateOf(ID)).toBe('running');
    await journal.record(ID, { state: 'uploaded', server: 'https://nova.example', submissionId: 7 });
    expect((await journal.get(ID))?.remote).toEqual({ server: 'https://nova.example', submissionId: 7 });
    await journal.record(ID, { state: 'uploaded', server: 'https://nova.example', submissionId: 7, jobId: 8 });
    expect(await journal.result(ID)).toBeUndefined();
    await journal.record(ID, { state: 'solved', result });
    expect(await journal.result(ID)).toEqual(result);
  });
  const journal = await openJournal(path);
  const { at, ...entry } = (await journal.get(ID))!;
  expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
  expect(entry).toEqual({
    identity: ID,
    state: 'solved',
    attempt: 1,
    place: placeFor(1),
    remote: { server: 'https://nova.example', submissionId: 7, jobId: 8 },
    fault: undefined,
  });
  expect(await journal.result(ID)).toEqual(result);
  expect(journal.states()).toEqual({
    queued: 0,
    running: 0,
    uploaded: 0,
    solved: 1,
    unsolved: 0,
    failed: 0,
    lost: 0,
  });
  await journal.close();
});

test('a failure keeps its code, its message and what was printed', async () => {
  const path = join(journalTestFolder(), 'j');
  await withJournal(path, async (journal) => {
    await journal.record(ID, { state: 'queued', place: placeFor(1) });
    await journal.record(ID, {
      state: 'failed',
      code: 'FITS_TRUNCATED',
      message: 'a.fits: cut',
      result: { file: 'a.fits' },
    });
  });
  const journal = await readJournal(path);
  const entry = await journal.get(ID);
  expect(entry).toMatchObject({ state: 'failed', fault: { code: 'FITS_TRUNCATED', message: 'a.fits: cut' } });
  expect(await journal.result(ID)).toEqual({ file: 'a.fits' });
  await journal.close();
});

test('what was running when the journal was closed is lost, with its submission; what was uploaded still is', async () => {
  const path = join(journalTestFolder(), 'j');
  const remote = { server: 'https://s', submissionId: 5 };
  await withJournal(path, async (journal) => {
    for (const n of [1, 2, 3]) await journal.record(identityFor(n), { state: 'queued', place: placeFor(n) });
    for (const n of [1, 2]) await journal.record(identityFor(n), { state: 'running', attempt: 3 });
    await journal.record(identityFor(2), { state: 'uploaded', ...remote });
    await journal.record(identityFor(3), { state: 'uploaded', ...remote });
    await journal.record(identityFor(3), { state: 'running', attempt: 2 });
  });
  await withJournal(path, async (journal) => {
    expect((await allOf(journal)).map(({ state, attempt, remote }) => ({ state, attempt, remote }))).toEqual([
      { state: 'lost', attempt: 3, remote: undefined },
      { state: 'uploaded', attempt: 3, remote },
      { state: 'lost', attempt: 2, remote },
    ]);
    expect(journal.states()).toMatchObject({ lost: 2, uploaded: 1, running: 0, queued: 0 });
  });
});

test('a submission is good until the image is queued anew', async () => {
  const path = join(journalTestFolder(), 'j');
  await withJournal(path, async (journal) => {
    await journal.record(ID, { state: 'uploaded', server: 'https://s', submissionId: 5 });
    await journal.record(ID, { state: 'failed', code: 'NETWORK', message: 'gone' });
    await journal.record(ID, { state: 'queued', place: placeFor(1) });
    expect((await journal.get(ID))?.remote?.submissionId).toBe(5);
    await journal.record(ID, { state: 'queued', place: placeFor(1), anew: true });
    expect((await journal.get(ID))?.remote).toBeUndefined();
    expect(await journal.result(ID)).toBeUndefined();
  });
});

test('the content of a place is known as long as nobody has written to it', async () => {
  const path = join(journalTestFolder(), 'j');
  const place = { ...placeFor(1), path: 'frame 1.fits' };
  const moved = { ...place, path: '/b.fits', absolutePath: '/b.fits' };
  await withJournal(path, async (journal) => {
    await journal.record(ID, { state: 'queued', place });
    await journal.record(ID, { state: 'solved', result: 1 });
    await journal.addPlace(ID, moved);
    expect(journal.stateOf(ID)).toBe('solved');
  });
  const journal = await readJournal(path);
  expect(await journal.contentAt(place)).toBe(place.sha256);
  expect(await journal.contentAt(moved)).toBe(place.sha256);
  expect(await journal.contentAt({ ...place, size: place.size + 1 })).toBeUndefined();
  expect(await journal.contentAt({ ...place, mtimeNs: place.mtimeNs + 1n })).toBeUndefined();
  expect(await journal.contentAt({ ...place, absolutePath: '/other.fits' })).toBeUndefined();
  expect((await journal.get(ID))?.place).toEqual(moved);
  expect(await journal.result(ID)).toBe(1);
  await journal.close();
});

test('entries come in the order in which they first appeared', async () => {
  const path = join(journalTestFolder(), 'j');
  await withJournal(path, async (journal) => {
    await Promise.all([3, 1, 2].map((n) => journal.record(identityFor(n), { state: 'queued', place: placeFor(n) })));
    await journal.record(identityFor(3), { state: 'solved', result: 3 });
    await journal.record(identityFor(1), { state: 'queued', place: placeFor(1) });
    expect((await allOf(journal)).map(({ identity }) => identity)).toEqual([3, 1, 2].map(identityFor));
  });
});

test('a run is known by what it said, and as interrupted if it did not say that it ended', async () => {
  const path = join(journalTestFolder(), 'j');
  const run = { command: 'watch', arguments: ['/data/tonight', '-r'], cwd: '/home/ada' };
  await withJournal(path, async (journal) => {
    expect(journal.lastRun).toBeUndefined();
    await journal.begin(run);
    expect(journal.lastRun).toMatchObject({ ...run, pid: process.pid, endedAt: undefined, interrupted: false });
    const seen = await readJournal(path);
    expect(seen.holder).toEqual({ pid: process.pid });
    expect(seen.lastRun?.interrupted).toBe(false);
    await seen.close();
  });
  const interrupted = await readJournal(path);
  expect(interrupted.holder).toBeUndefined();
  expect(interrupted.lastRun).toMatchObject({ ...run, interrupted: true });
  await interrupted.close();
  await withJournal(path, async (journal) => {
    expect(journal.lastRun?.interrupted).toBe(true);
    await journal.begin(run);
    await journal.end();
  });
  const ended = await readJournal(path);
  expect(ended.lastRun?.interrupted).toBe(false);
  expect(ended.lastRun?.endedAt).toBeGreaterThanOrEqual(ended.lastRun?.startedAt ?? Infinity);
  await ended.close();
});

test("the file is the user's alone, and so is a folder that is made for it", async () => {
  const folder = journalTestFolder();
  const path = join(folder, 'deep', 'er', 'j');
  await (await openJournal(path, { folder: '/data/tonight' })).close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'deep', 'er')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['j']);
  const journal = await readJournal(path);
  expect(journal.folder).toBe('/data/tonight');
  await journal.close();
});

test('a second one to open it is told who has it, by whatever name', async () => {
  const folder = journalTestFolder();
  const path = join(folder, 'j');
  symlinkSync(path, join(folder, 'other name'));
  const journal = await openJournal(path);
  for (const name of [path, join(folder, 'other name'), join(folder, '.', 'j')]) {
    const { code, message } = await faultOf(openJournal(name));
    expect(code).toBe('JOURNAL_BUSY');
    expect(message).toContain(`process ${process.pid}`);
  }
  await journal.close();
  await (await openJournal(path)).close();
});

test.each(['a folder with spaces', 'x'.repeat(200), '\u661f'.repeat(60)])(
  'the lock works in folder %s',
  async (name) => {
    const folder = join(journalTestFolder(), name, name);
    const path = join(folder, 'y'.repeat(240));
    const journal = await openJournal(path);
    expect((await faultOf(openJournal(path))).message).toContain(`process ${process.pid}`);
    const seen = await readJournal(path);
    expect(seen.holder).toEqual({ pid: process.pid });
    await seen.close();
    await journal.close();
    expect(readdirSync(folder)).toHaveLength(1);
  },
);

test('a torn last line is cut off before anything is appended, and is not there for those who read', async () => {
  const path = join(journalTestFolder(), 'j');
  await withJournal(path, (journal) => journal.record(ID, { state: 'queued', place: placeFor(1) }));
  const whole = readFileSync(path);
  appendFileSync(path, encodeLine({ type: 'lost', id: ID, at: 1 }).subarray(0, -1));
  const warnings: string[] = [];
  const seen = await readJournal(path, { onWarning: (text) => warnings.push(text) });
  expect(seen.stateOf(ID)).toBe('queued');
  await seen.close();
  expect(statSync(path).size).toBeGreaterThan(whole.length);
  await (await openJournal(path)).close();
  expect(readFileSync(path)).toEqual(whole);
  expect(warnings).toEqual([]);
});

test('a damaged line is left out and told of, and the others are there', async () => {
  const path = join(journalTestFolder(), 'j');
  await withJournal(path, async (journal) => {
    for (const n of [1, 2, 3]) await journal.record(identityFor(n), { state: 'queued', place: placeFor(n) });
  });
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('frame 2')] = 0x46;
  writeFileSync(path, bytes);
  const warnings: string[] = [];
  const journal = await openJournal(path, { onWarning: (text) => warnings.push(text) });
  expect((await allOf(journal)).map(({ identity }) => identity)).toEqual([1, 3].map(identityFor));
  expect(warnings).toEqual([expect.stringMatching(/j: line 4, at byte \d+, is damaged and left out$/)]);
  await journal.close();
});

test('a first line that is damaged is written again', async () => {
  const path = join(journalTestFolder(), 'j');
  const first = await openJournal(path, { folder: '/data' });
  await first.record(ID, { state: 'queued', place: placeFor(1) });
  await first.close();
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.concat([Buffer.from('STAR\0'), whole.subarray(5)]));
  const warnings: string[] = [];
  const journal = await openJournal(path, { onWarning: (text) => warnings.push(text) });
  expect(journal.stateOf(ID)).toBe('queued');
  expect(journal.folder).toBe('/data');
  expect(warnings).toHaveLength(1);
  await journal.close();
  expect(readFileSync(path)).toEqual(whole);
});

test.each([
  ['text', 'this is\nno journal\n'],
  ['text without an end', 'starfix is no journal'],
  ['a newer version', `starfix journal 2\n${encodeLine({ type: 'about', version: 1 }).toString()}`],
  ['a FITS header', 'SIMPLE  =                    T'.padEnd(80).repeat(36)],
  ['zeros', '\0'.repeat(5000)],
])('%s is refused and not touched', async (_, text) => {
  const folder = journalTestFolder();
  const path = join(folder, 'j');
  writeFileSync(path, text);
  const before = statSync(path, { bigint: true });
  expect((await faultOf(openJournal(path))).code).toBe('JOURNAL_DAMAGED');
  expect((await faultOf(readJournal(path))).code).toBe('JOURNAL_DAMAGED');
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(statSync(path, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  expect(readdirSync(folder)).toEqual(['j']);
});

test('folders, pipes and files that are not there are told apart', async () => {
  const folder = journalTestFolder();
  mkdirSync(join(folder, 'd'));
  expect(spawnSync('mkfifo', [join(folder, 'p')]).status).toBe(0);
  expect((await faultOf(openJournal(join(folder, 'd')))).code).toBe('FILE_NOT_REGULAR');
  expect((await faultOf(openJournal(join(folder, 'p')))).code).toBe('FILE_NOT_REGULAR');
  expect((await faultOf(readJournal(join(folder, 'p')))).code).toBe('FILE_NOT_REGULAR');
  expect((await faultOf(readJournal(join(folder, 'none')))).code).toBe('FILE_NOT_FOUND');
  writeFileSync(join(folder, 'file'), '');
  expect((await faultOf(openJournal(join(folder, 'file', 'j')))).code).toBe('FILE_UNWRITABLE');
  expect(readdirSync(folder).sort()).toEqual(['d', 'file', 'p']);
});

test('what else is in the folder stays there, but for what an interrupted rewriting has left', async () => {
  const folder = journalTestFolder();
  const path = join(folder, 'j');
  const left = '.j.01234567-89ab-cdef-0123-456789abcdef.tmp';
  for (const name of [left, `.k${left.slice(2)}`, '.j.mine.tmp', 'j.tmp']) writeFileSync(join(folder, name), 'x');
  await (await openJournal(path)).close();
  expect(readdirSync(folder).sort()).toEqual(['.j.mine.tmp', `.k${left.slice(2)}`, 'j', 'j.tmp'].sort());
});

test('another program that writes to the file is noticed before it is overwritten', async () => {
  const path = join(journalTestFolder(), 'j');
  const journal = await openJournal(path);
  appendFileSync(path, 'hello\n');
  expect((await faultOf(journal.record(ID, { state: 'lost' }))).code).toBe('JOURNAL_DAMAGED');
  truncateSync(path, statSync(path).size - 6);
  await journal.record(ID, { state: 'lost' });
  unlinkSync(path);
  expect((await faultOf(journal.record(ID, { state: 'lost' }))).code).toBe('FILE_UNWRITABLE');
  await journal.close();
});

test('what cannot be told is refused, and nothing of it is written', async () => {
  const path = join(journalTestFolder(), 'j');
  const journal = await openJournal(path);
  const before = statSync(path).size;
  expect((await faultOf(journal.record('m31.fits', { state: 'lost' }))).code).toBe('BAD_ARGUMENT');
  const huge = 'x'.repeat(2 ** 26);
  expect((await faultOf(journal.record(ID, { state: 'solved', result: huge }))).code).toBe('BAD_ARGUMENT');
  expect(statSync(path).size).toBe(before);
  expect(await journal.get('m31.fits')).toBeUndefined();
  await journal.close();
  await journal.close();
  expect((await faultOf(journal.record(ID, { state: 'lost' }))).code).toBe('BAD_ARGUMENT');
});

test('closing waits for what was told before', async () => {
  const path = join(journalTestFolder(), 'j');
  const journal = await openJournal(path);
  const told = Array.from({ length: 100 }, (_, n) =>
    journal.record(identityFor(n), { state: 'queued', place: placeFor(n) }),
  );
  await journal.close();
  await Promise.all(told);
  const seen = await readJournal(path);
  expect(seen.size).toBe(100);
  await seen.close();
});

test('a file of mostly superseded lines is written anew, and means the same', async () => {
  const path = join(journalTestFolder(), 'j');
  const text = 'x'.repeat(2000);
  const first = await openJournal(path, { folder: '/data' });
  await first.begin({ command: 'solve', arguments: [], cwd: '/' });
  await first.end();
  for (let round = 1; round <= 12; round++) {
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const id = identityFor(n);
        await first.record(id, { state: 'queued', place: placeFor(n), anew: round === 4 });
        await first.record(id, { state: 'running', attempt: round });
        if (round < 3 || round === 5) await first.record(id, { state: 'uploaded', server: 's', submissionId: round });
        if (n % 4 === 0) return;
        if (n % 4 === 1) await first.record(id, { state: 'failed', code: 'NETWORK', message: text });
        else await first.record(id, { state: n % 4 === 2 ? 'solved' : 'unsolved', result: { round, text } });
      }),
    );
  }
  const before = await allOf(first);
  await first.close();
  const size = statSync(path).size;
  expect(size).toBeGreaterThan(2 ** 20);
  const warnings: string[] = [];
  const journal = await openJournal(path, { onWarning: (message) => warnings.push(message) });
  expect(statSync(path).size).toBeLessThan(size / 4);
  expect(await allOf(journal)).toEqual(
    before.map((entry) => ({ ...entry, state: entry.state === 'running' ? 'lost' : entry.state })),
  );
  expect(journal.folder).toBe('/data');
  expect(journal.lastRun).toMatchObject({ command: 'solve', interrupted: false });
  expect(await journal.contentAt(placeFor(7))).toBe(placeFor(7).sha256);
  await journal.record(ID, { state: 'lost' });
  await journal.close();
  const small = readFileSync(path);
  await (await openJournal(path)).close();
  expect(readFileSync(path)).toEqual(small);
  expect(small.toString('latin1', 0, FIRST_LINE.length)).toBe(FIRST_LINE);
  expect(warnings).toEqual([]);
});
