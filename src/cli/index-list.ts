import { type IndexFile, listIndexFiles, usualIndexFolders } from '../engines/index-folders.ts';
import { isSearchable } from '../engines/sky-search.ts';
import { SolveError } from '../errors.ts';
import { scaleOfQuads, widthsServed } from '../skyindex/index-series.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { readIndexFolders, shownAngle, shownBytes } from './index-options.ts';
import type { Terminal } from './terminal.ts';

/** `solve index list`. */
export async function listIndexes(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
): Promise<number> {
  if (operands.length > 0) throw new SolveError('BAD_OPTION', 'index list takes no names: --index-dir names folders');
  const { folders, named } = readIndexFolders(values);
  const places = named ? folders : usualIndexFolders();
  const json = values.has('json');
  let total = 0;
  let exitCode = 0;
  for (const folder of places) {
    const { files, broken } = await listIndexFiles([folder], named);
    total += files.length;
    if (json) for (const file of files) terminal.out(`${JSON.stringify(fileJson(file))}\n`);
    else if (files.length > 0) terminal.out(folderText(folder, files));
    for (const { path, error } of broken) {
      exitCode = 3;
      const { code, message } = error;
      if (json) terminal.out(`${JSON.stringify({ path, error: { code, message } })}\n`);
      else terminal.note(`broken: ${message}`);
    }
  }
  if (total === 0 && !json) {
    terminal.note(`no index files in ${places.join(', ')}`);
    terminal.note('fields of 0.6 to 60 degrees need none; solve index recommend tells what narrower ones need');
  }
  return exitCode;
}

/** What is told of a file to programs. Angles are degrees. */
function fileJson(file: IndexFile): object {
  const { path, bytes, quads, stars, dimension, tile, quadLow, quadHigh } = file;
  const [low, high] = widthsServed(quadLow, quadHigh);
  return {
    path,
    bytes,
    scale: scaleOfQuads(quadLow, quadHigh),
    quadsArcmin: [quadLow, quadHigh].map((angle) => round((angle * 10_800) / Math.PI)),
    fieldWidths: [round(low), round(high)],
    quads,
    stars,
    starsPerQuad: dimension,
    healpix: tile === undefined ? undefined : { nside: tile.nside, number: tile.number },
    searched: isSearchable(file),
  };
}

function folderText(folder: string, files: readonly IndexFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const lines = [
    `${escapeControls(folder)}: ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${shownBytes(bytes)}`,
  ];
  // Files of one size of quads together, the narrowest first.
  const groups = groupBy(files, ({ quadLow, quadHigh }) => `${quadLow} ${quadHigh}`);
  for (const group of [...groups.values()].toSorted((a, b) => a[0]!.quadLow - b[0]!.quadLow)) {
    const { quadLow, quadHigh } = group[0]!;
    const scale = scaleOfQuads(quadLow, quadHigh);
    const [low, high] = widthsServed(quadLow, quadHigh);
    const quads = `quads ${shownAngle(quadLow)} to ${shownAngle(quadHigh)}`;
    const fields = `fields ${Number(low.toPrecision(2))} to ${Number(high.toPrecision(2))} deg`;
    const sky = skyCovered(group);
    const covered = sky >= 0.999 ? 'all sky' : `${Math.max(1, Math.round(100 * sky))} % of the sky`;
    const size = shownBytes(group.reduce((sum, file) => sum + file.bytes, 0));
    const idle = group.every(isSearchable) ? '' : ', not searched: wide fields are in the bundled data';
    lines.push(
      `  scale ${scale === undefined ? '--' : String(scale).padStart(2, '0')}  ${quads.padEnd(24)} ${fields.padEnd(24)} ${covered}, ${group.length} ${group.length === 1 ? 'file' : 'files'}, ${size}${idle}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The part of the sky that files of one scale cover, as far as they tell. */
function skyCovered(files: readonly IndexFile[]): number {
  const tiles = new Map<string, number>();
  for (const { tile } of files) {
    if (tile === undefined) return 1;
    tiles.set(`${tile.nside} ${tile.number}`, 1 / (12 * tile.nside ** 2));
  }
  return Math.min(
    1,
    [...tiles.values()].reduce((sum, part) => sum + part, 0),
  );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
