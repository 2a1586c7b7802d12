import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JournalEntry, JournalView } from '../../src/pipeline/journal-view.ts';
import type { ImagePlace } from '../../src/pipeline/journal-line.ts';

/** A folder that lives as long as the test. */
export function journalTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An identity for a number. */
export function identityFor(n: number): string {
  return createHash('sha256').update(`image ${n}`).digest('hex').slice(0, 32);
}

/** A place for a number. */
export function placeFor(n: number, path = `/data/tonight/frame ${n}.fits`): ImagePlace {
  const sha256 = createHash('sha256').update(`bytes ${n}`).digest('hex');
  return { path, absolutePath: path, size: 1000 + n, mtimeNs: 1_700_000_000_123_456_789n + BigInt(n), sha256 };
}

/** Everything a journal tells of its images, in order; without the times. */
export async function allOf(journal: JournalView): Promise<(Omit<JournalEntry, 'at'> & { result: unknown })[]> {
  const all = [];
  for await (const { at: _, ...entry } of journal.entries()) {
    all.push({ ...entry, result: await journal.result(entry.identity) });
  }
  return all;
}

/** The one thing a promise rejects with. */
export async function faultOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return await promise.then(
    () => ({ code: 'NONE', message: 'it did not fail' }),
    (error: { code: string; message: string }) => error,
  );
}
