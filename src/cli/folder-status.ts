import type { JournalEntry, JournalRun, JournalView } from '../pipeline/journal-view.ts';
import { escapeControls } from './escape.ts';
import { imagesLeft, readAllJournals, readJournalOf } from './journal-of.ts';
import type { Terminal } from './terminal.ts';

/** What is printed. */
interface Wanted {
  readonly json: boolean;
  /** Each image too. */
  readonly verbose: boolean;
}

/**
 * Tells what the journal of a folder says, or of all folders.
 *
 * @returns the exit code: 1 if a folder was named and has an image without a solution, or its last run left work
 */
export async function folderStatus(folder: string | undefined, wanted: Wanted, terminal: Terminal): Promise<number> {
  const views = folder === undefined ? await readAllJournals(terminal.note) : [await readJournalOf(folder)];
  if (views.length === 0) terminal.note('no images of a folder were solved by this user so far');
  let exitCode = 0;
  for (const view of views) {
    const left = await countLeft(view);
    if (wanted.json) terminal.out(`${JSON.stringify(record(view, left))}\n`);
    else for (const line of lines(view, left)) terminal.out(`${escapeControls(line)}\n`);
    if (wanted.verbose) await tellImages(view, wanted, terminal);
    const { lastRun } = view;
    const unfinished = lastRun?.interrupted === true || lastRun?.stopped === true;
    if (folder !== undefined && (left > 0 || unfinished)) exitCode = 1;
    await view.close();
  }
  return exitCode;
}

async function countLeft(view: JournalView): Promise<number> {
  let left = 0;
  for await (const _ of imagesLeft(view)) left++;
  return left;
}

async function tellImages(view: JournalView, { json }: Wanted, terminal: Terminal): Promise<void> {
  for await (const entry of view.entries()) {
    terminal.out(json ? `${JSON.stringify(imageRecord(entry))}\n` : `  ${escapeControls(imageLine(entry))}\n`);
  }
}

function record(view: JournalView, left: number): Record<string, unknown> {
  const { lastRun, holder, folder, path } = view;
  return {
    folder,
    journal: path,
    images: view.size,
    ...view.states(),
    left,
    ...(holder === undefined ? {} : { pid: holder.pid }),
    ...(lastRun === undefined ? {} : { lastRun: { ...lastRun, ...times(lastRun) } }),
  };
}

function times({ startedAt, endedAt }: JournalRun): Record<string, unknown> {
  return {
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === undefined ? undefined : new Date(endedAt).toISOString(),
  };
}

function lines(view: JournalView, left: number): string[] {
  const counts = Object.entries(view.states())
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const { lastRun, holder } = view;
  const settled = view.size - view.states().solved - left;
  return [
    `${view.folder ?? view.path}: ${counts.length === 0 ? 'no images' : counts.join(', ')}${settled === 0 ? '' : ` (${settled} without a solution gone, replaced or solved otherwise since)`}`,
    ...(lastRun === undefined ? [] : [`  last run: ${runLine(lastRun, holder?.pid)}`]),
  ];
}

function runLine(
  { command, arguments: words, startedAt, endedAt, interrupted, stopped }: JournalRun,
  pid?: number,
): string {
  const call = ['solve', ...(command === 'solve' ? [] : [command]), ...words].join(' ');
  const began = `${call}, begun ${time(startedAt)}`;
  if (interrupted) return `${began}, cut off: solve resume goes on with it`;
  if (endedAt === undefined) return `${began}, at work${pid === undefined ? '' : ` (process ${pid})`}`;
  return stopped
    ? `${began}, stopped ${time(endedAt)}: solve resume goes on with it`
    : `${began}, ended ${time(endedAt)}`;
}

function imageRecord({ place, state, at, attempt, remote, fault }: JournalEntry): Record<string, unknown> {
  return {
    file: place?.path,
    state,
    at: new Date(at).toISOString(),
    attempt,
    ...(remote === undefined ? {} : { server: remote.server, submission: remote.submissionId, job: remote.jobId }),
    ...(fault === undefined ? {} : { error: fault }),
  };
}

function imageLine({ place, state, remote, fault }: JournalEntry): string {
  const where = remote === undefined ? '' : `, submission ${remote.submissionId}`;
  return `${place?.path ?? 'an image'}: ${state}${where}${fault === undefined ? '' : `: ${fault.message}`}`;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
