import { statSync } from 'node:fs';
import { checkIndexFile } from '../engines/index-check.ts';
import { listIndexFiles, usualIndexFolders } from '../engines/index-folders.ts';
import { SolveError } from '../errors.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { readIndexFolders } from './index-options.ts';
import { faultLine, faultRecord } from './result.ts';
import type { Terminal } from './terminal.ts';

/** `solve index check [FILE|FOLDER...]`. */
export async function checkIndexes(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
): Promise<number> {
  const json = values.has('json');
  const paths = await pathsToCheck(operands, values);
  let broken = 0;
  for (const [i, path] of paths.entries()) {
    terminal.signal.throwIfAborted();
    terminal.progress(`${i + 1} of ${paths.length}: ${path}`);
    try {
      const { quads, bytes } = await checkIndexFile(path);
      terminal.out(
        json
          ? `${JSON.stringify({ path, status: 'ok', quads, bytes })}\n`
          : `${escapeControls(path)}: ok, ${quads} quads\n`,
      );
    } catch (error) {
      if (!(error instanceof SolveError)) throw error;
      broken++;
      const fault = faultRecord(error);
      if (json) terminal.out(`${JSON.stringify({ path, status: 'broken', error: fault })}\n`);
      else terminal.note(`solve: ${faultLine(fault)}`);
    }
  }
  terminal.progress('');
  if (!json && paths.length === 0) terminal.note('no index files');
  return broken > 0 ? 3 : 0;
}

async function pathsToCheck(operands: readonly string[], values: OptionValues): Promise<string[]> {
  const { folders, named } = readIndexFolders(values);
  const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const wanted = [...folders, ...operands.filter(isFolder)];
  const files = operands.filter((path) => !isFolder(path));
  const anything = named || operands.length > 0;
  const found = await listIndexFiles(anything ? wanted : usualIndexFolders(), anything);
  return [...found.files.map(({ path }) => path), ...found.broken.map(({ path }) => path), ...files];
}
