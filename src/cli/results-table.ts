import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { makeFolder } from './products.ts';
import { renderJson } from './render-json.ts';
import type { ImageResult } from './result.ts';

/** The columns of the table, named as in the output of `--json`. */
const COLUMNS = [
  'file',
  'status',
  'engine',
  'width',
  'height',
  'ra',
  'dec',
  'radius',
  'pixelScale',
  'orientation',
  'parity',
  'positionAngle',
  'mirrored',
  'fieldWidth',
  'fieldHeight',
  'matched',
  'rms',
  'logOdds',
  'elapsedMs',
  'message',
] as const;

const HEADING = `${COLUMNS.join(',')}\r\n`;

/** A table of what came of images, one line each. */
export interface ResultsTable {
  /**
   * Adds a line. A process that is killed leaves whole lines, and at worst the beginning of one more.
   *
   * @throws {SolveError} `FILE_UNWRITABLE`
   */
  add(file: string, result: ImageResult): Promise<void>;
  /** Brings it to the disk. */
  close(): Promise<void>;
}

/**
 * Begins a table, or goes on with one.
 *
 * @param whenThere what becomes of a file that is there: `refuse`, `replace`, or `append` to its whole lines
 * @throws {SolveError} `FILE_EXISTS`, `FILE_UNWRITABLE`
 */
export async function openResultsTable(
  path: string,
  whenThere: 'refuse' | 'replace' | 'append',
): Promise<ResultsTable> {
  await makeFolder(dirname(path));
  if (whenThere === 'append') {
    await writeFileAtomic(path, Buffer.from(HEADING)).catch(async (error: unknown) => {
      if (!(error instanceof SolveError) || error.code !== 'FILE_EXISTS') throw error;
      await cutLastLine(path);
    });
  } else {
    await writeFileAtomic(path, Buffer.from(HEADING), { overwrite: whenThere === 'replace' });
  }
  const handle = await guarded(path, () => open(path, constants.O_WRONLY | constants.O_APPEND));
  return {
    add: (file, result) => guarded(path, async () => void (await handle.write(lineOf(file, result)))),
    async close() {
      await handle.sync().catch(() => {});
      await handle.close();
    },
  };
}

/** Takes away what a killed process has left of a line. */
async function cutLastLine(path: string): Promise<void> {
  await guarded(path, async () => {
    const handle = await open(path, 'r+');
    try {
      const { size } = await handle.stat();
      const end = await endOfLines(handle, size);
      if (end < size) await handle.truncate(end);
      if (end === 0) await handle.write(HEADING, 0);
    } finally {
      await handle.close();
    }
  });
}

/** Longer than any line is. */
const TAIL_BYTES = 65_536;

async function endOfLines(handle: FileHandle, size: number): Promise<number> {
  const from = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - from);
  await handle.read(tail, 0, tail.length, from);
  const newline = tail.lastIndexOf(0x0a);
  return newline < 0 ? from : from + newline + 1;
}

/** Every column is a plain value in JSON as well. */
type JsonRecord = { [name in (typeof COLUMNS)[number]]?: string | number | boolean | null } & {
  error?: { message: string };
  reason?: string;
};

function lineOf(file: string, result: ImageResult): string {
  const { error, reason, ...record } = JSON.parse(renderJson(file, result)) as JsonRecord;
  const fields = { ...record, message: error?.message ?? reason };
  return `${COLUMNS.map((name) => quoted(fields[name])).join(',')}\r\n`;
}

/** As RFC 4180 wants it. */
function quoted(value: string | number | boolean | null | undefined): string {
  if (value === undefined || value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SolveError) throw error;
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
