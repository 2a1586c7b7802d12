import { SolveError } from '../errors.ts';
import type { FieldObject } from '../objects/field-objects.ts';
import type { Progress, Solution } from '../solution.ts';
import { solveBatch } from './batch.ts';
import type { Command, OptionValues } from './command.ts';
import { eachExtension, settingsFor } from './each-extension.ts';
import { openEngines } from './engines.ts';
import { exitCodeOf, worse } from './exit-code.ts';
import { writeFaultIni } from './fault-ini.ts';
import { findImages, labelOf } from './images.ts';
import type { ImageItem } from './images.ts';
import { deliver } from './delivery.ts';
import { planProducts } from './products.ts';
import { createProgressLine } from './progress.ts';
import { renderJson } from './render-json.ts';
import { renderObjects } from './render-objects.ts';
import { renderBlock, renderLine, renderReport } from './render-text.ts';
import { type FaultRecord, faultLine } from './result.ts';
import { type RunCall, openRunJournal } from './run-journal.ts';
import type { ImageResult } from './result.ts';
import { SOLVE_OPTIONS } from './solve-options.ts';
import { readSettings } from './solve-settings.ts';
import type { SolveSettings } from './solve-settings.ts';
import type { ResultsTable } from './results-table.ts';
import { INTERRUPTED } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** `solve <image...>`: finds where images point. */
export const solveCommand: Command = {
  name: 'solve',
  summary: 'find where images point',
  usage: '[options] <image...>',
  about: [
    'An image is a FITS file (also .gz and .fz), XISF, JPEG, PNG, TIFF, WebP or a camera raw file, a folder of them, - for standard input, or with --engine nova a URL.',
    'Images are solved here. Only where an API key is configured, or with --engine nova, what cannot be solved goes to a server.',
    'What you know of it makes the search faster; a wrong hint costs time, never the solution.',
    'Without an option that names a file, nothing is written: the answer is printed.',
  ],
  options: SOLVE_OPTIONS,
  examples: [
    ['solve m31.fits', 'print where the picture points'],
    ['solve --wcs --out-dir solved -j 4 night/', 'all images of a folder, four at once, a WCS file for each'],
    ['solve --ra 10:08:22 --dec +11:58 --fov 2 --json a.jpg', 'with what is known, for a script'],
  ],
  run,
};

async function run(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
  words: readonly string[],
): Promise<number> {
  const settings = readSettings(values, true);
  if (operands.length === 0) throw new SolveError('BAD_OPTION', 'no image is named');
  const found = await findImages(operands, settings.recursive);
  return await runSolve(found, settings, terminal, { command: 'solve', words, operands });
}

/** What the journal may take to be told that the run is stopped, ms. */
const GRACE_MS = 250;

/**
 * Solves images and prints what came of them.
 *
 * @param call what the journal is told of this run, and which journal it is
 * @returns the exit code
 */
export async function runSolve(
  named: readonly ImageItem[],
  settings: SolveSettings,
  terminal: Terminal,
  call: RunCall,
): Promise<number> {
  const found = settings.allExtensions ? await eachExtension(named, terminal.signal) : named;
  const engines = await openEngines(settings, terminal.note);
  const { journal, preExist } = await openRunJournal(found, settings, call, terminal.note);
  const { items, files } = planProducts(found, settings, settings.overwrite || preExist === 'ignore');
  const table = await openTable(
    settings,
    preExist === 'ignore' ? 'replace' : call.folder === undefined ? 'refuse' : 'append',
  );
  await journal?.begin({ command: call.command, arguments: call.words, cwd: call.cwd ?? process.cwd() });
  /** What goes on at a server although nobody may wait for it any more. */
  const pending = new Set<number>();
  if (settings.outDir !== undefined && settings.products.size === 0 && !settings.quiet) {
    terminal.note('--out-dir has no effect without an option that writes a file, such as --wcs');
  }

  let exitCode = 0;
  let done = 0;
  const watched = terminal.noteIsTerminal && !settings.quiet;
  const line = createProgressLine(items.length, terminal.progress);
  // A run that cannot be told to have ended counts as cut off, and costs the next one nothing but a note.
  const end = async (stopped: boolean): Promise<void> => await journal?.end({ stopped }).catch(() => {});
  let ended: Promise<void> | undefined;
  if (journal !== undefined) terminal.allow(GRACE_MS);
  terminal.signal.addEventListener('abort', () => {
    ended = end(true);
    if (terminal.signal.reason !== INTERRUPTED) return;
    terminal.note(`interrupted: ${done} of ${items.length} images done`);
    for (const id of pending) terminal.note(`submission ${id} goes on at the server: solve status ${id} looks at it`);
  });
  try {
    await solveBatch(items, settings, engines, {
      signal: terminal.signal,
      ...(journal === undefined ? {} : { journal }),
      preExist,
      onSubmitted: ({ submissionId }) => pending.add(submissionId),
      deliver: (item, input, outcome) =>
        deliver(
          { item, input, outcome, files: files.get(item), signal: terminal.signal, note: terminal.note },
          settingsFor(item, settings),
        ),
      async onResult(item, result) {
        const remote = 'outcome' in result ? result.outcome.report.remote : undefined;
        if (remote !== undefined) pending.delete(remote.submissionId);
        line.finish();
        await print(item, result, settings, terminal);
        await bundle(item, result, settingsFor(item, settings), terminal);
        await writeFaultIni(item, result, files.get(item), settings.overwrite);
        await table?.add(labelOf(item), result);
        exitCode = worse(exitCode, exitCodeOf(result));
        done++;
      },
      ...(watched ? { onProgress: (item: ImageItem, progress: Progress) => line.update(labelOf(item), progress) } : {}),
    });
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  }
  await (ended ?? end(false));
  await table?.close();
  await journal?.close();
  return terminal.signal.reason === INTERRUPTED ? 130 : exitCode;
}

/**
 * The table of a run.
 *
 * @param whenThere what becomes of one that is there, unless it may be replaced anyway
 */
export async function openTable(
  { csv, overwrite }: SolveSettings,
  whenThere: 'refuse' | 'replace' | 'append',
): Promise<ResultsTable | undefined> {
  if (csv === undefined) return undefined;
  const { openResultsTable } = await import('./results-table.ts');
  return await openResultsTable(csv, overwrite && whenThere === 'refuse' ? 'replace' : whenThere);
}

/** Stores what tells of a failure, if that is wanted; what goes wrong with it is no fault of the image. */
export async function bundle(
  item: ImageItem,
  result: ImageResult,
  settings: SolveSettings,
  terminal: Terminal,
): Promise<void> {
  if (settings.keepFailed === undefined) return;
  const { keepFailed } = await import('./failed-bundle.ts');
  try {
    const folder = await keepFailed(item, result, settings, terminal.signal);
    if (folder !== undefined && !settings.quiet) terminal.note(`${labelOf(item)}: what may explain it is in ${folder}`);
  } catch (error) {
    terminal.signal.throwIfAborted();
    terminal.note(`${item.name}: --keep-failed: ${(error as Error).message}`);
  }
}

/** Prints what came of an image as the options say. */
export async function print(
  item: ImageItem,
  result: ImageResult,
  settings: SolveSettings,
  terminal: Terminal,
): Promise<void> {
  const name = labelOf(item);
  const extension = item.kind === 'file' ? item.extension : undefined;
  const solution = 'outcome' in result && result.outcome.status === 'solved' ? result.outcome.solution : undefined;
  const objects = settings.objects && solution !== undefined ? await listObjects(solution) : undefined;
  if (settings.verbose && 'outcome' in result)
    for (const line of renderReport(name, result.outcome)) terminal.note(line);
  if (settings.json) terminal.out(`${renderJson(name, result, objects, extension)}\n`);
  else if ('fault' in result) terminal.note(faultLine(renamed(result.fault, item.name, name), name));
  else {
    const answer = terminal.outIsTerminal ? renderBlock(name, result) : renderLine(name, result);
    terminal.out(objects === undefined || solution === undefined ? answer : answer + renderObjects(objects, solution));
  }
}

/** The fault of one image of several in a file: its message begins with the file. */
function renamed(fault: FaultRecord, file: string, label: string): FaultRecord {
  const { message } = fault;
  return message.startsWith(`${file}:`) ? { ...fault, message: `${label}${message.slice(file.length)}` } : fault;
}

async function listObjects(solution: Solution): Promise<FieldObject[]> {
  const { objectsIn } = await import('../annotate/object-data.ts');
  return await objectsIn(solution);
}
