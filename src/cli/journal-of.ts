import { stat } from 'node:fs/promises';
import { SolveError } from '../errors.ts';
import { journalPathFor, journalsOf } from '../pipeline/journal-folder.ts';
import { readJournal } from '../pipeline/journal.ts';
import type { JournalEntry, JournalView } from '../pipeline/journal-view.ts';

/**
 * The journal of a folder, for reading.
 *
 * @throws {SolveError} `FILE_NOT_FOUND` if nothing was solved there, `BAD_OPTION` if it is no folder
 */
export async function readJournalOf(folder: string): Promise<JournalView> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isFile() === true)
    throw new SolveError('BAD_OPTION', `${folder}: is a file; the journal is that of its folder`);
  try {
    return await readJournal(await journalPathFor(folder));
  } catch (error) {
    if (!(error instanceof SolveError) || error.code !== 'FILE_NOT_FOUND') throw error;
    const fact = stats === undefined ? 'no such folder, and none that was' : 'has no journal: no images were';
    throw new SolveError('FILE_NOT_FOUND', `${folder}: ${fact} solved there by this user`);
  }
}

/**
 * The images without a solution that somebody may care about: those that are still there, and have not been solved since by
 * another question, or under their content after they could not be read.
 */
export async function* imagesLeft(view: JournalView): AsyncGenerator<JournalEntry, void, undefined> {
  if (view.size === view.states().solved) return;
  const [contents, paths] = [new Set<string>(), new Set<string>()];
  for await (const { state, place } of view.entries()) {
    if (state !== 'solved' || place === undefined) continue;
    contents.add(place.sha256);
    paths.add(place.absolutePath);
  }
  for await (const entry of view.entries()) {
    if (entry.state === 'solved' || !(await isStillThere(entry))) continue;
    const { sha256, absolutePath, mtimeNs } = entry.place!;
    if (!contents.has(sha256) && (mtimeNs !== 0n || !paths.has(absolutePath))) yield entry;
  }
}

/** Is the image still where it was, with the bytes that the journal speaks of? */
async function isStillThere({ place }: JournalEntry): Promise<boolean> {
  if (place === undefined) return false;
  if (isUrl(place.path)) return true;
  const stats = await stat(place.absolutePath, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return false;
  // A file that could not be read has neither size nor time in the journal.
  return place.mtimeNs === 0n || (stats.size === BigInt(place.size) && stats.mtimeNs === place.mtimeNs);
}

/** Is it the address of an image on the web? */
export function isUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** The journals of all folders, the one that was last worked on at the end; those that cannot be read are told of. */
export async function readAllJournals(note: (line: string) => void): Promise<JournalView[]> {
  const views: JournalView[] = [];
  for (const { path } of await journalsOf()) {
    try {
      views.push(await readJournal(path));
    } catch (error) {
      note((error as Error).message);
    }
  }
  return views.sort((a, b) => (a.lastRun?.startedAt ?? 0) - (b.lastRun?.startedAt ?? 0));
}
