import type { FileHandle } from 'node:fs/promises';
import { SolveError } from '../errors.ts';
import { scanLines } from './journal-file.ts';
import { JournalIndex, RunMemory } from './journal-index.ts';
import { FIRST_LINE, type JournalRecord, decodeLine, wholeLineWithin } from './journal-line.ts';

/** What the lines of a journal come to. */
export interface Replay {
  readonly index: JournalIndex;
  readonly run: RunMemory;
  readonly folder: string | undefined;
  /** Where the last whole line ends. */
  readonly end: number;
  /** Length of the file. */
  readonly size: number;
  /** Lines that tell of images and runs. */
  readonly lines: number;
  /** There is nothing yet: the program was killed, or the disk full, when the file was made. */
  readonly blank: boolean;
  /** The first line is damaged, and the second says what it is. */
  readonly headless: boolean;
}

/**
 * Reads a journal from its first line to its last.
 *
 * @throws {SolveError} `JOURNAL_DAMAGED` if it is none, or of a newer version
 * @throws the error of the system
 */
export async function replayJournal(
  handle: FileHandle,
  path: string,
  onWarning: (message: string) => void = () => {},
): Promise<Replay> {
  const { size } = await handle.stat();
  const index = new JournalIndex();
  const run = new RunMemory();
  let number = 0;
  let lines = 0;
  let headed = false;
  let about: Extract<JournalRecord, { type: 'about' }> | undefined;

  const take = (record: JournalRecord, offset: number): void => {
    if (record.type === 'about') {
      about ??= record;
      return;
    }
    lines++;
    if (record.type === 'begin' || record.type === 'end') run.apply(record, offset);
    else index.apply(record, offset);
  };
  const onLine = (line: Buffer, offset: number): void => {
    number++;
    if (number === 1) {
      headed = line.toString('latin1') === FIRST_LINE;
      if (headed) return;
      const version = /^starfix journal (\d{1,9})$/.exec(line.toString('latin1', 0, 100))?.[1];
      if (version !== undefined && Number(version) > 1) {
        throw new SolveError('JOURNAL_DAMAGED', `${path}: is of version ${version}; version 1 is read here`);
      }
    }
    const record = decodeLine(line);
    if (record !== undefined) take(record, offset);
    else {
      const within = wholeLineWithin(line);
      onWarning(`${path}: line ${number}, at byte ${offset}, is damaged and left out`);
      if (within !== -1) take(decodeLine(line.subarray(within))!, offset + within);
    }
    // The second line says what it is as well; damage may have made several lines of the first.
    const past = offset + line.length > FIRST_LINE.length;
    if (past && !headed && about === undefined) throw noJournal(path);
  };

  const end = await scanLines(handle, path, onLine);
  if (!headed && about === undefined && !(number === 0 && (await isBeginning(handle)))) throw noJournal(path);
  const blank = number <= 1 && about === undefined;
  return { index, run, folder: about?.folder, end, size, lines, blank, headless: !blank && !headed };
}

/** Is it all there is of a first line? */
async function isBeginning(handle: FileHandle): Promise<boolean> {
  const bytes = Buffer.alloc(FIRST_LINE.length + 1);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
  return FIRST_LINE.startsWith(bytes.toString('latin1', 0, bytesRead));
}

function noJournal(path: string): SolveError {
  return new SolveError('JOURNAL_DAMAGED', `${path}: is no journal of starfix`);
}
