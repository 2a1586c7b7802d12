import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIRST_LINE, decodeLine } from '../../src/pipeline/journal-line.ts';
import { type JournalStep, openJournal, readJournal } from '../../src/pipeline/journal.ts';
import { allOf, identityFor, journalTestFolder, placeFor } from './journal-set-up.ts';

const IMAGES = 4;

const step: fc.Arbitrary<JournalStep> = fc.oneof(
  fc
    .record({ n: fc.nat(6), path: fc.string({ unit: 'binary', minLength: 1 }), anew: fc.boolean() })
    .map(({ n, path, anew }): JournalStep => ({ state: 'queued', place: placeFor(n, path), anew })),
  fc.integer({ min: 1, max: 9 }).map((attempt): JournalStep => ({ state: 'running', attempt })),
  fc.nat().map((submissionId): JournalStep => ({ state: 'uploaded', server: 'https://s', submissionId })),
  fc.jsonValue().map((result): JournalStep => ({ state: 'solved', result })),
  fc.string({ unit: 'binary' }).map((message): JournalStep => ({ state: 'failed', code: 'NETWORK', message })),
  fc.constant<JournalStep>({ state: 'lost' }),
);

const steps = fc.array(fc.tuple(fc.nat(IMAGES - 1), step), { minLength: 1, maxLength: 25 });

/** A journal of these steps: its bytes, line by line. */
async function linesOf(path: string, story: readonly (readonly [number, JournalStep])[]): Promise<Buffer[]> {
  writeFileSync(path, '');
  const journal = await openJournal(path, { folder: '/data' });
  await journal.begin({ command: 'solve', arguments: ['a'], cwd: '/' });
  await Promise.all(story.map(([n, what]) => journal.record(identityFor(n), what)));
  await journal.close();
  return split(readFileSync(path));
}

function split(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at) + 1 || bytes.length;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}

/** What is in a file with these lines and nothing else. */
async function told(path: string, lines: readonly Buffer[]): Promise<unknown> {
  writeFileSync(path, Buffer.concat(lines));
  const journal = await readJournal(path);
  const all = { entries: await allOf(journal), run: journal.lastRun, states: journal.states() };
  await journal.close();
  return all;
}

test(
  'cut at any byte, a journal opens with the lines that are whole, and goes on from there',
  { timeout: 120_000 },
  async () => {
    const folder = journalTestFolder();
    const path = join(folder, 'j');
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (story, part, atStart) => {
          const lines = await linesOf(path, story);
          const bytes = Buffer.concat(lines);
          const cut = Math.round(part * (atStart ? Math.min(200, bytes.length) : bytes.length));
          const whole = split(bytes.subarray(0, cut)).filter((line) => line.at(-1) === 10);
          writeFileSync(path, bytes.subarray(0, cut));
          const journal = await openJournal(path, { folder: '/data', onWarning: (text) => expect.unreachable(text) });
          const there = { entries: await allOf(journal), run: journal.lastRun, states: journal.states() };
          await journal.record(identityFor(99), { state: 'solved', result: 'more' });
          await journal.close();
          // The first two lines are made again if they are not whole.
          const kept = whole.length < 2 ? lines.slice(0, 2) : whole;
          const now = split(readFileSync(path));
          expect(now.slice(0, -1).map(String)).toEqual(kept.map(String));
          expect(there).toEqual(await told(join(folder, 'k'), kept));
          expect(decodeLine(now.at(-1)!.subarray(0, -1))).toMatchObject({ type: 'solved', id: identityFor(99) });
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('damage to a line, its end included, loses that line alone', { timeout: 120_000 }, async () => {
  const folder = journalTestFolder();
  const path = join(folder, 'j');
  const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.double({ min: 0, max: 0.999, noNaN: true }), damage, async (story, which, flips) => {
      const lines = await linesOf(path, story);
      const hit = Math.floor(which * lines.length);
      const broken = Buffer.from(lines[hit]!);
      for (const [part, mask] of flips) broken[Math.round(part * (broken.length - 1))]! ^= mask;
      fc.pre(!broken.equals(lines[hit]!));
      const rest = hit === 0 ? lines : lines.filter((_, i) => i !== hit);
      const bytes = [...lines.slice(0, hit), broken, ...lines.slice(hit + 1)];
      const expected = await told(join(folder, 'k'), rest);
      expect(await told(path, bytes)).toEqual(expected);
      const journal = await openJournal(path);
      const there = { entries: await allOf(journal), run: journal.lastRun, states: journal.states() };
      await journal.close();
      expect(there).toEqual(expected);
      expect(readFileSync(path).toString('latin1', 0, FIRST_LINE.length)).toBe(FIRST_LINE);
    }),
    { numRuns: 60 },
  );
});
