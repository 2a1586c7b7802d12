import { stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { SolveError } from '../errors.ts';
import type { Journal } from '../pipeline/journal.ts';
import type { PreExist } from '../pipeline/journaled.ts';
import type { ImageItem } from './images.ts';
import type { SolveSettings } from './solve-settings.ts';

/** What a run goes by. */
export interface RunJournal {
  /** Absent: nothing is remembered. */
  readonly journal?: Journal;
  /** What becomes of images that it has an answer for. */
  readonly preExist: PreExist;
}

/** How the run was called. */
export interface RunCall {
  readonly command: string;
  readonly words: readonly string[];
  /** Where the words were said; absent: here. */
  readonly cwd?: string;
  /** What was named on the command line. */
  readonly operands: readonly string[];
  /** Folder whose journal it is; absent: the deepest that all operands are in. */
  readonly folder?: string;
}

/**
 * The journal for a call of `solve`: for one image that is solved here there is none, since it is solved again before a
 * journal is found. A run that was cut off is gone on with; otherwise a run answers everything anew, unless it is told to
 * resume.
 *
 * @throws {SolveError} if there is no journal to resume by
 */
export async function openRunJournal(
  items: readonly ImageItem[],
  settings: SolveSettings,
  call: RunCall,
  note: (line: string) => void,
): Promise<RunJournal> {
  const named = items.filter(({ kind }) => kind === 'file' || kind === 'url');
  const asksServer = settings.engines?.includes('nova') === true;
  const worthIt = named.length > 1 || (named.length === 1 && asksServer);
  if (!worthIt && !settings.resume && call.folder === undefined) return { preExist: 'replace' };
  const [{ openJournal }, { journalPathFor }] = await Promise.all([
    import('../pipeline/journal.ts'),
    import('../pipeline/journal-folder.ts'),
  ]);
  const folder = call.folder ?? (await commonFolder(call.operands));
  const path = await journalPathFor(folder);
  let journal: Journal;
  try {
    journal = await openJournal(path, { folder, onWarning: note });
  } catch (error) {
    if (settings.resume || !(error instanceof SolveError)) throw error;
    if (error.code === 'JOURNAL_BUSY' ? !settings.quiet : settings.verbose) {
      note(`this run cannot be resumed: ${error.message}`);
    }
    return { preExist: 'replace' };
  }
  const { lastRun } = journal;
  const cutOff = lastRun?.interrupted === true && call.folder === undefined;
  if (cutOff && !settings.resume && !settings.quiet) {
    const count = journal.states().solved + journal.states().unsolved;
    note(`the last run here was cut off: answers that it had found are not looked for again (${count} in its journal)`);
  }
  return { journal, preExist: settings.resume || cutOff ? 'ignore' : 'replace' };
}

/**
 * The deepest folder that all operands are in, or are: it does not depend on which images are there now. Of images on the web,
 * the one that the user is in.
 */
export async function commonFolder(operands: readonly string[]): Promise<string> {
  const local = operands.filter((operand) => operand !== '-' && !/^https?:\/\//i.test(operand));
  const folders = await Promise.all(
    local.map(async (operand) => {
      const path = resolve(operand);
      const stats = await stat(path).catch(() => undefined);
      return (stats?.isDirectory() === true ? path : dirname(path)).split(sep);
    }),
  );
  const [first] = folders;
  if (first === undefined) return process.cwd();
  let depth = first.length;
  for (const parts of folders) {
    while (depth > 0 && parts.slice(0, depth).join(sep) !== first.slice(0, depth).join(sep)) depth--;
  }
  return join(sep, ...first.slice(0, depth));
}
