import { SolveError } from '../errors.ts';
import type { JournalRun, JournalView } from '../pipeline/journal-view.ts';
import type { Command, OptionValues } from './command.ts';
import { readAllJournals, readJournalOf } from './journal-of.ts';
import { parseArguments } from './parse.ts';
import type { Terminal } from './terminal.ts';

/** `solve resume [FOLDER]`. */
export const resumeCommand: Command = {
  name: 'resume',
  summary: 'go on with what an interrupted run had begun',
  usage: 'resume [options] [FOLDER]',
  about: [
    'Calls the last run in FOLDER again, as it was called and from where, with --resume: what it has answered is taken from the journal, and the rest is solved.',
    'Without FOLDER: the latest of all runs that were interrupted.',
  ],
  options: [{ name: 'json', group: 'Printing', text: 'print one JSON object a line, even if the run did not' }],
  examples: [
    ['solve resume', 'after a power cut'],
    ['solve resume /data/tonight', 'the run in this folder'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  if (operands.length > 1) throw new SolveError('BAD_OPTION', 'resume takes one folder');
  const last = await findRun(operands[0], terminal.note);
  if (last === undefined) return 0;
  try {
    process.chdir(last.cwd);
  } catch {
    throw new SolveError('FILE_NOT_FOUND', `${last.cwd}: the run was called from there, and the folder is gone`);
  }
  const { loadCommand } = await import('./commands.ts');
  const command = await loadCommand(last.command);
  const more = [
    ...(last.command === 'solve' && !last.arguments.includes('--resume') ? ['--resume'] : []),
    ...(values.has('json') && !last.arguments.includes('--json') ? ['--json'] : []),
  ];
  const words = [...more, ...last.arguments];
  const parsed = parseArguments(command, words);
  return await command.run(parsed.operands, parsed.values, terminal, words);
}

/** @returns undefined if there is nothing left, and that was said */
async function findRun(folder: string | undefined, note: (line: string) => void): Promise<JournalRun | undefined> {
  const views = folder === undefined ? await readAllJournals(note) : [await readJournalOf(folder)];
  try {
    const busy = views.find(({ holder }) => holder !== undefined);
    const view = views.findLast((one) => isLeft(one));
    if (view !== undefined) return view.lastRun;
    if (busy !== undefined) note(`${busy.folder ?? busy.path}: another process is at it`);
    else
      note(
        folder === undefined ? 'no run was interrupted' : `${folder}: the last run there has ended, nothing is left`,
      );
    return undefined;
  } finally {
    for (const view of views) await view.close();
  }
}

function isLeft({ lastRun, holder }: JournalView): boolean {
  return holder === undefined && lastRun !== undefined && (lastRun.interrupted || lastRun.stopped);
}
