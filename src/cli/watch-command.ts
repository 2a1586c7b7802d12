import { availableParallelism } from 'node:os';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SolveError } from '../errors.ts';
import type { ArrivedFile } from '../pipeline/folder-watch-settling.ts';
import { type FolderEvent, watchFolder } from '../pipeline/folder-watch.ts';
import { journalPathFor } from '../pipeline/journal-folder.ts';
import { askedOf } from '../pipeline/asked.ts';
import { openJournal } from '../pipeline/journal.ts';
import { runJournaled } from '../pipeline/journaled.ts';
import type { Command, OptionValues } from './command.ts';
import { openEngines } from './engines.ts';
import { writeFaultIni } from './fault-ini.ts';
import { type ImageItem, isImageName } from './images.ts';
import { readNumber } from './option-value.ts';
import { planProducts } from './products.ts';
import { type ImageResult, faultLine, faultRecord } from './result.ts';
import { openResultsTable } from './results-table.ts';
import { deliver } from './delivery.ts';
import type { ProductFiles } from './product-kinds.ts';
import { bundle, print } from './solve-command.ts';
import { SOLVE_OPTIONS } from './solve-options.ts';
import { type SolveSettings, readSettings } from './solve-settings.ts';
import { INTERRUPTED, type Terminal } from './terminal.ts';
import { type StatusServer, type WatchState, keepHealthFile, openStatusServer } from './watch-health.ts';
import { WatchTally } from './watch-tally.ts';

const WATCHING = 'Watching';

/** `solve watch FOLDER`. */
export const watchCommand: Command = {
  name: 'watch',
  summary: 'solve images as they come into a folder',
  usage: 'watch [options] FOLDER',
  about: [
    'Solves every image in FOLDER, those that are there and those that come, each when it has stood still for a while, and none twice: the journal among your own files remembers them, also after a crash.',
    'The first Ctrl-C finishes what is being solved and prints what happened; the second stops at once.',
    'With --json each line is an answer as solve prints it, or has an event: watching, ready, gone, back, trouble, summary.',
  ],
  options: [
    { name: 'settle', value: 'S', group: WATCHING, text: 'how long a file must stand still before it is read; 2 s' },
    {
      name: 'poll-folder',
      value: 'S',
      group: WATCHING,
      text: 'look every S seconds: network drives do not tell what other machines write',
    },
    { name: 'new-only', group: WATCHING, text: 'leave out the images that are there at the start' },
    {
      name: 'health-file',
      value: 'FILE',
      names: 'file',
      group: WATCHING,
      text: 'write what it is doing to FILE, as JSON, every 10 s',
    },
    {
      name: 'status-port',
      value: 'N',
      group: WATCHING,
      text: 'serve /metrics (Prometheus) and /health at this port of this machine; 0: any that is free',
    },
    ...SOLVE_OPTIONS.filter(({ name }) => name !== 'resume'),
  ],
  examples: [
    ['solve watch --wcs --out-dir solved /data/tonight', 'a WCS file for every frame of the night'],
    ['solve watch -r --json --status-port 9100 /data > log.jsonl', 'unattended'],
  ],
  run,
};

/** Nobody may be there to see that an image hangs: a server that does not answer, say. */
const DEFAULT_LIMIT_MS = 900_000;
/** To end the threads, print what happened and tell the journal, after the second Ctrl-C, ms. */
const GRACE_MS = 500;
/** Enough to keep up with most cameras, and the machine is left to others. */
const MOST_JOBS = 4;

async function run(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
  words: readonly string[],
): Promise<number> {
  const [folder] = operands;
  if (folder === undefined || operands.length > 1) throw new SolveError('BAD_OPTION', 'watch takes one folder');
  const settings = readSettings(values);
  for (const [name, file] of settings.products) {
    if (file !== true) throw new SolveError('BAD_OPTION', `--${name} names one file for all images`);
  }
  const options = readWatchOptions(values);
  const engines = await openEngines(settings, terminal.note);
  const draining = terminal.drainFirst();
  terminal.allow(GRACE_MS);
  const state: WatchState = { folder: resolve(folder), tally: new WatchTally(), troubles: new Map(), stopped: false };
  const tell: Tell = (event, text, more = {}) => {
    if (settings.json) terminal.out(`${JSON.stringify({ event, at: new Date().toISOString(), ...more })}\n`);
    else if (!settings.quiet) terminal.note(text);
  };
  const cleanUps: (() => unknown)[] = [];
  try {
    return await watch(folder, { settings, options, engines, words, draining, state, tell, terminal, cleanUps });
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

interface Watch {
  readonly settings: SolveSettings;
  readonly options: WatchOptions;
  readonly engines: Awaited<ReturnType<typeof openEngines>>;
  readonly words: readonly string[];
  /** The first Ctrl-C. */
  readonly draining: AbortSignal;
  readonly state: WatchState;
  readonly tell: Tell;
  readonly terminal: Terminal;
  /** Done at the end, the last first. */
  readonly cleanUps: (() => unknown)[];
}

/** Tells what happens, apart from answers. */
type Tell = (event: string, text: string, more?: object) => void;

async function watch(folder: string, all: Watch): Promise<number> {
  const { settings, options, engines, words, draining, state, tell, terminal, cleanUps } = all;
  const { tally } = state;
  // Nothing is opened for a folder that is not there.
  await checkFolder(folder);
  const events = watchFolder(folder, {
    ...options.watch,
    recursive: settings.recursive,
    accepts: isImageName,
    signal: draining,
    onWarning: terminal.note,
  });
  const journal = await openJournal(await journalPathFor(folder), { folder: state.folder, onWarning: terminal.note });
  cleanUps.push(() => journal.close());
  if (options.healthFile !== undefined) cleanUps.push(await keepHealthFile(options.healthFile, state, terminal.note));
  let status: StatusServer | undefined;
  if (options.statusPort !== undefined) {
    status = await openStatusServer(options.statusPort, state);
    cleanUps.push(() => status?.close());
  }
  const table = settings.csv === undefined ? undefined : await openResultsTable(settings.csv, 'append');
  if (table !== undefined) cleanUps.push(() => table.close());
  await journal.begin({ command: 'watch', arguments: words, cwd: process.cwd() });
  const where = status === undefined ? '' : `, status at ${status.url}`;
  tell('watching', `watching ${folder}${where}`, { folder: state.folder, ...(status && { url: status.url }) });

  let ready = false;
  /** Images as they were left when the solution was written into them, by path. */
  const updated = new Map<string, bigint>();
  const inputs = async function* (): AsyncGenerator<Arrival> {
    for await (const event of untilAborted(events, draining)) {
      if (event.kind === 'file') {
        if (updated.get(event.file.path) === event.file.mtimeNs) continue;
        tally.atWork++;
        yield arrivalOf(event.file, ready, settings);
      } else {
        ready ||= event.kind === 'ready';
        tellFolder(event, state, tell);
      }
    }
    if (!terminal.signal.aborted && tally.atWork > 0) {
      tell('stopping', `finishing ${tally.atWork === 1 ? 'an image' : `${tally.atWork} images`}; Ctrl-C stops at once`);
    }
  };
  const results = runJournaled<Arrival>(inputs(), {
    timeoutMs: DEFAULT_LIMIT_MS,
    ...settings.image,
    engines,
    signal: terminal.signal,
    journal,
    asked: askedOf(settings.image, engines, { upload: settings.service.upload, isPublic: settings.service.isPublic }),
    preExist: 'ignore',
    inputOf: ({ item }) => item.name,
    deliver: async ({ item, files, fault }, outcome) => {
      if (fault !== undefined) throw fault;
      const { signal, note } = terminal;
      const now = await deliver({ item, input: item.name, outcome, files, signal, note }, settings);
      if (now !== undefined) updated.set(item.name, now.mtimeNs);
      return now;
    },
    onStuck: (fault) => {
      state.troubles.set('journal', fault.message);
      tell('trouble', `${fault.message}; waiting until it can be written`, { message: fault.message });
    },
    concurrency: settings.jobs ?? Math.min(MOST_JOBS, Math.max(2, availableParallelism())),
  });
  try {
    for await (const { item: arrival, outcome, error, elapsedMs, known } of results) {
      tally.atWork--;
      const result: ImageResult =
        outcome === undefined
          ? { fault: faultRecord(error), elapsedMs }
          : { outcome, elapsedMs, ...(known && { known }) };
      // It is being written to again: it comes again when it stands still.
      if ('fault' in result && isUnderWay(result.fault.code)) continue;
      state.troubles.delete('journal');
      const { item, file, isNew } = arrival;
      tally.add(item.name, result);
      status?.count(result, isNew ? Date.now() - file.writtenAt : undefined);
      // Of hundreds that were solved last night there is nothing new to say.
      if (known && !isNew) continue;
      await print(item, result, settings, terminal);
      await bundle(item, result, settings, terminal);
      await writeFaultIni(item, result, arrival.files, settings.overwrite);
      await table?.add(item.name, result).catch((error: unknown) => terminal.note(faultLine(faultRecord(error))));
    }
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  }
  state.stopped = true;
  const { solved, unsolved, failed, known } = tally;
  if (settings.json) tell('summary', '', { solved, unsolved, failed, known });
  for (const line of tally.summary(folder)) terminal.note(line);
  await journal.end({ stopped: terminal.signal.aborted }).catch(() => {});
  return terminal.signal.reason === INTERRUPTED ? 130 : tally.exitCode;
}

/** A file that has come, and what is to be written of it. */
interface Arrival {
  readonly item: ImageItem;
  readonly file: ArrivedFile;
  /** It was not there at the start. */
  readonly isNew: boolean;
  readonly files: ProductFiles | undefined;
  /** What is in the way of writing it. */
  readonly fault: SolveError | undefined;
}

function arrivalOf(file: ArrivedFile, isNew: boolean, settings: SolveSettings): Arrival {
  const named: ImageItem = { kind: 'file', name: file.path };
  const { items, files } = planProducts([named], settings, true);
  const [item] = items;
  const fault = item?.kind === 'fault' ? new SolveError(item.fault.code, item.fault.message) : undefined;
  return { item: named, file, isNew, files: files.get(named), fault };
}

/** @throws {SolveError} `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `BAD_OPTION` if it is no folder */
async function checkFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new SolveError('FILE_NOT_FOUND', `${folder}: no such folder`);
    throw new SolveError('FILE_UNREADABLE', `${folder}: ${message}`, { cause: error });
  }
  throw new SolveError('BAD_OPTION', `${folder}: is a file, and a folder is watched`);
}

/** The events; the end of the watch is the end of them. */
async function* untilAborted(events: AsyncGenerator<FolderEvent>, signal: AbortSignal): AsyncGenerator<FolderEvent> {
  try {
    yield* events;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function tellFolder(event: Exclude<FolderEvent, { kind: 'file' }>, state: WatchState, tell: Tell): void {
  const { folder } = state;
  switch (event.kind) {
    case 'ready':
      tell('ready', `${basename(folder)}: what was there has been looked at; waiting for more`);
      break;
    case 'gone':
      state.troubles.set('folder', `${folder}: ${event.reason}`);
      tell('gone', `${folder} is gone (${event.reason}); waiting until it is back`, { reason: event.reason });
      break;
    case 'back':
      state.troubles.delete('folder');
      tell('back', `${folder} is back`);
      break;
  }
}

/** Faults of a file that somebody is still busy with. */
function isUnderWay(code: string): boolean {
  return code === 'FILE_CHANGED' || code === 'FILE_NOT_FOUND';
}

interface WatchOptions {
  readonly watch: { readonly settleMs?: number; readonly pollMs?: number; readonly existing: boolean };
  readonly healthFile: string | undefined;
  readonly statusPort: number | undefined;
}

function readWatchOptions(values: OptionValues): WatchOptions {
  const { settle, 'poll-folder': poll, 'health-file': healthFile, 'status-port': port } = Object.fromEntries(values);
  const seconds = (name: string, text: string): number =>
    1000 * readNumber(name, text, { low: 0, above: true, high: 3600 });
  return {
    watch: {
      ...(typeof settle === 'string' ? { settleMs: seconds('--settle', settle) } : {}),
      ...(typeof poll === 'string' ? { pollMs: seconds('--poll-folder', poll) } : {}),
      existing: !values.has('new-only'),
    },
    healthFile: typeof healthFile === 'string' ? healthFile : undefined,
    statusPort:
      typeof port === 'string' ? readNumber('--status-port', port, { low: 0, high: 65_535, integer: true }) : undefined,
  };
}
