import { resolve } from 'node:path';
import { SolveError } from '../errors.ts';
import type { JournalEntry } from '../pipeline/journal-view.ts';
import type { Command, OptionValues } from './command.ts';
import type { ImageItem } from './images.ts';
import { imagesLeft, isUrl, readAllJournals, readJournalOf } from './journal-of.ts';
import { parseArguments } from './parse.ts';
import { runSolve } from './solve-command.ts';
import { SOLVE_OPTIONS } from './solve-options.ts';
import { readSettings } from './solve-settings.ts';
import type { Terminal } from './terminal.ts';

const WHICH = 'Which images';

/** `solve retry [FOLDER]`. */
export const retryCommand: Command = {
  name: 'retry',
  summary: 'try again what failed',
  usage: 'retry [options] [FOLDER]',
  about: [
    'Solves again the images of FOLDER that have no solution, asked as the last run there was asked, unless other options are given here.',
    'Without FOLDER: that of the latest run.',
  ],
  options: [
    { name: 'failed', group: WHICH, text: 'all without a solution, be it that they could not be read; the default' },
    { name: 'errors', group: WHICH, text: 'only those that could not be read or asked about' },
    ...SOLVE_OPTIONS.filter(({ name }) => name !== 'resume'),
  ],
  examples: [
    ['solve retry --failed /data/tonight', 'once more'],
    ['solve retry --engine nova /data/tonight', 'what was not found here is asked of a server'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  if (operands.length > 1) throw new SolveError('BAD_OPTION', 'retry takes one folder');
  if (values.has('failed') && values.has('errors')) {
    throw new SolveError('BAD_OPTION', '--failed and --errors say which images: give one of them');
  }
  const [folder] = operands;
  const views = folder === undefined ? await readAllJournals(terminal.note) : [await readJournalOf(folder)];
  const view = views.at(-1);
  try {
    const { lastRun } = view ?? {};
    const about = folder ?? view?.folder;
    if (view === undefined || lastRun === undefined || about === undefined) {
      terminal.note('nothing was solved by this user so far');
      return 0;
    }
    const found = new Map<string, ImageItem>();
    for await (const entry of imagesLeft(view)) {
      if (!isWanted(entry, values.has('errors'))) continue;
      const item = itemOf(entry);
      found.set(item.name, item);
    }
    if (found.size === 0) {
      terminal.note(`${about}: nothing to try again`);
      return 0;
    }
    const { loadCommand } = await import('./commands.ts');
    const { command, arguments: words, cwd } = lastRun;
    const { operands: named, values: before } = parseArguments(await loadCommand(command), words);
    const known = new Map(SOLVE_OPTIONS.map((spec) => [spec.name, spec]));
    const paths = [...before].map(([name, value]): [string, string | true] => {
      const isPath = known.get(name)?.names !== undefined && value !== true;
      return [name, isPath ? resolve(cwd, value) : value];
    });
    const both = [...paths, ...values].filter(([name]) => known.has(name) && name !== 'resume');
    const call = { command, words, cwd, operands: named, folder: about };
    return await runSolve([...found.values()], readSettings(new Map(both), true), terminal, call);
  } finally {
    for (const one of views) await one.close();
  }
}

function isWanted({ state }: JournalEntry, errorsOnly: boolean): boolean {
  return state === 'failed' || (state === 'unsolved' && !errorsOnly) || state === 'lost';
}

function itemOf({ place }: JournalEntry): ImageItem {
  const { path, absolutePath } = place!;
  return isUrl(path) ? { kind: 'url', name: path } : { kind: 'file', name: absolutePath };
}
