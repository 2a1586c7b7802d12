import { join } from 'node:path';
import { downloadFile, fetchText } from '../engines/file-download.ts';
import { installFolder } from '../engines/index-folders.ts';
import { checkIndexFile } from '../engines/index-check.ts';
import { FAULTS, SolveError } from '../errors.ts';
import {
  INDEX_SERIES,
  type IndexSeries,
  type PublishedFile,
  publishedFile,
  publishedFiles,
} from '../skyindex/index-series.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { worse } from './exit-code.ts';
import { findNeeds, readWantedField, seriesFor } from './index-need.ts';
import { readPlace, shownBytes } from './index-options.ts';
import { faultLine, faultRecord } from './result.ts';
import type { Terminal } from './terminal.ts';

/** `solve index install [FILE|SCALE...]`. */
export async function installIndexes(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
): Promise<number> {
  const json = values.has('json');
  const { 'out-dir': outDir } = Object.fromEntries(values);
  const folder = typeof outDir === 'string' ? outDir : installFolder();
  const wanted = operands.length > 0 ? operands.flatMap((word) => filesOf(word, values)) : await recommended(values);
  const files = await lacking(wanted, folder);
  if (files.length === 0) {
    if (!json) terminal.note(`nothing to fetch: all ${wanted.length} files are there`);
    return 0;
  }
  const mirror = readMirror(values);
  if (!(await isAllowed(files, folder, mirror, values, terminal))) {
    terminal.note('nothing was fetched');
    return 2;
  }
  const { makeFolder } = await import('./products.ts');
  await makeFolder(folder);
  const sums = new Map<string, Promise<ReadonlyMap<string, string>>>();
  let exitCode = 0;
  for (const [i, file] of files.entries()) {
    const address = addressOf(file.series, mirror);
    const known = sums.get(address) ?? readSums(address, terminal.signal);
    sums.set(address, known);
    try {
      await fetchOne(file, address, folder, await known, `${i + 1} of ${files.length}`, json, terminal);
    } catch (error) {
      terminal.signal.throwIfAborted();
      const fault = faultRecord(error);
      exitCode = worse(exitCode, FAULTS[fault.code].exit);
      if (json) terminal.out(`${JSON.stringify({ file: file.name, status: 'error', error: fault })}\n`);
      else terminal.note(`solve: ${faultLine(fault)}`);
    } finally {
      terminal.progress('');
    }
  }
  return exitCode;
}

/** A scale (`5203`), or a file (`index-5203-17.fits`). */
function filesOf(word: string, values: OptionValues): PublishedFile[] {
  const scale = /^(?:index-)?(4[12]|52)(\d\d)(?:\.fits)?$/.exec(word);
  const series = INDEX_SERIES.find(({ name }) => name === `${scale?.[1]}00`);
  if (scale !== null && series !== undefined) {
    const files = publishedFiles(series, Number(scale[2]), readPlace(values));
    if (files.length > 0) return files;
  }
  const file = publishedFile(word);
  if (file === undefined) {
    throw new SolveError('BAD_OPTION', `'${word}' is no published index: give one as 5203, 4107 or index-5203-17.fits`);
  }
  return [file];
}

/** The best scale that a field needs, unless one of those is there. */
async function recommended(values: OptionValues): Promise<PublishedFile[]> {
  const field = await readWantedField(values);
  if (field === undefined)
    throw new SolveError('BAD_OPTION', 'index install takes names, or --like IMAGE, or --fov DEG');
  const needs = await findNeeds(field, values);
  if (needs.some(({ covered }) => covered)) return [];
  const best = needs.find(({ published }) => published.length > 0)?.published[0];
  if (best === undefined) {
    const names = seriesFor(values).map(({ name }) => name);
    throw new SolveError('BAD_OPTION', `series ${names.join(', ')}: nothing for fields ${field.widthDeg} degrees wide`);
  }
  return [...best.files];
}

/** Files that are not there, or not whole. */
async function lacking(files: readonly PublishedFile[], folder: string): Promise<PublishedFile[]> {
  const { listIndexFiles } = await import('../engines/index-folders.ts');
  const there = new Set((await listIndexFiles([folder], false)).files.map(({ path }) => path));
  return files.filter(({ name }) => !there.has(join(folder, name)));
}

function readMirror(values: OptionValues): string | undefined {
  const text = values.get('mirror');
  if (typeof text !== 'string') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new SolveError('BAD_OPTION', '--mirror takes an address like https://mirror.example.org/astrometry');
  }
  return url.href.replace(/\/+$/, '');
}

function addressOf({ name, address }: IndexSeries, mirror: string | undefined): string {
  return mirror === undefined ? address : `${mirror}/${name}`;
}

async function isAllowed(
  files: readonly PublishedFile[],
  folder: string,
  mirror: string | undefined,
  values: OptionValues,
  terminal: Terminal,
): Promise<boolean> {
  const bytes = shownBytes(files.reduce((sum, file) => sum + file.bytes, 0));
  const addresses = [...new Set(files.map(({ series }) => addressOf(series, mirror)))];
  const names =
    files.length === 1 ? files[0]!.name : `${files.length} files, ${files[0]!.name} to ${files.at(-1)!.name}`;
  const plan = `${names}, about ${bytes}, from ${addresses.map(withoutPassword).join(' and ')} into ${folder}`;
  if (!values.has('json')) terminal.note(plan);
  if (values.has('yes')) return true;
  if (!process.stdin.isTTY || !terminal.noteIsTerminal) {
    throw new SolveError('BAD_OPTION', `index install asks before it fetches, and nobody can answer: add --yes`);
  }
  const { askYes } = await import('./ask.ts');
  return await askYes('Fetch them?', terminal.signal);
}

function withoutPassword(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/** Checksums by name from the `SHA256SUMS` of a folder on the web; none if it has no such file. */
async function readSums(address: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const text = (await fetchText(`${address}/SHA256SUMS`, signal)) ?? '';
  return new Map(
    [...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gim)].map((match) => [match[2]!, match[1]!.toLowerCase()]),
  );
}

async function fetchOne(
  { name }: PublishedFile,
  address: string,
  folder: string,
  sums: ReadonlyMap<string, string>,
  count: string,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const sha256 = sums.get(name);
  const path = join(folder, name);
  const { bytes, checksum } = await downloadFile(`${address}/${name}`, path, {
    signal: terminal.signal,
    ...(sha256 === undefined ? {} : { sha256 }),
    check: checkIndexFile,
    onProgress: (received, total) =>
      terminal.progress(
        `${count}: ${name} ${total === undefined ? shownBytes(received) : `${Math.floor((100 * received) / total)} % of ${shownBytes(total)}`}`,
      ),
  });
  const by = checksum === undefined ? 'its contents agree' : `${checksum} and its contents agree`;
  terminal.out(
    json
      ? `${JSON.stringify({ file: name, status: 'installed', path, bytes, ...(checksum === undefined ? {} : { checksum }) })}\n`
      : `${escapeControls(path)}: ${shownBytes(bytes)}, ${by}\n`,
  );
}
