import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { Solution } from '../solution.ts';
import { wcsHeaderBytes, wcsToCards } from '../wcs/header.ts';
import type { ImageItem } from './images.ts';
import { faultRecord } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/** The endings that give way to the product's: `m31.fits.gz` makes `m31.wcs`. */
const ENDING = /(?:\.(?:fits?|fts))?\.(?:gz|fz)$|\.[^.]+$/i;

/**
 * Decides where the WCS of each image goes, before any work is done, and turns the images for which that cannot be
 * into faults: the file is there already, it is the image itself, or another image of this call writes it.
 *
 * @param mayExist a file that is there is no fault yet: an earlier run may have written it
 * @returns items in the same order, and the file of each that has one
 * @throws {SolveError} `BAD_OPTION` if one file is named for several images
 */
export function planProducts(
  items: readonly ImageItem[],
  settings: SolveSettings,
  mayExist: boolean = settings.overwrite,
): { items: ImageItem[]; wcsFiles: Map<ImageItem, string> } {
  const wcsFiles = new Map<ImageItem, string>();
  if (settings.wcs === undefined) return { items: [...items], wcsFiles };
  if (settings.wcs !== true && items.length > 1) {
    throw new SolveError('BAD_OPTION', `--wcs names one file, ${settings.wcs}, for ${items.length} images`);
  }
  const images = new Set(items.map((item) => resolve(item.name)));
  const writers = new Map<string, string>();
  const planned = items.map((item): ImageItem => {
    if (item.kind === 'fault') return item;
    const path = wcsPath(item, settings);
    const target = resolve(path);
    const other = writers.get(target);
    const fault = images.has(target)
      ? new SolveError('BAD_OPTION', `${item.name}: its WCS would be written over the image ${path}`)
      : other !== undefined
        ? new SolveError('FILE_EXISTS', `${item.name}: ${path} is written for ${other} already`)
        : !mayExist && existsSync(path)
          ? new SolveError('FILE_EXISTS', `${item.name}: ${path} is there already`)
          : undefined;
    if (fault !== undefined) return { kind: 'fault', name: item.name, fault: faultRecord(fault) };
    writers.set(target, item.name);
    wcsFiles.set(item, path);
    return item;
  });
  return { items: planned, wcsFiles };
}

function wcsPath(item: ImageItem, settings: SolveSettings): string {
  const own = ownName(item);
  const name =
    settings.wcs === true ? `${basename(own).replace(ENDING, '') || basename(own)}.wcs` : (settings.wcs ?? '');
  if (settings.outDir !== undefined && !isAbsolute(name)) return join(settings.outDir, name);
  return settings.wcs === true && item.kind === 'file' ? join(dirname(own), name) : name;
}

function ownName(item: ImageItem): string {
  if (item.kind === 'stdin') return 'stdin';
  return item.kind === 'url' ? basename(new URL(item.name).pathname) || 'image' : item.name;
}

/**
 * Writes the WCS of a solution as a FITS header, whole or not at all.
 *
 * @throws {SolveError} `FILE_EXISTS`, `FILE_UNWRITABLE`
 */
export async function writeWcs(path: string, solution: Solution, overwrite: boolean): Promise<void> {
  await makeFolder(dirname(path));
  const { width, height } = solution;
  const bytes = wcsHeaderBytes(wcsToCards(solution.wcs, { width, height }));
  try {
    await writeFileAtomic(path, bytes, { overwrite });
  } catch (error) {
    // A run that was cut off may have written just this.
    const same = error instanceof SolveError && error.code === 'FILE_EXISTS' && (await holds(path, bytes));
    if (!same) throw error;
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  const there = await readFile(path).catch(() => undefined);
  return there !== undefined && Buffer.compare(there, bytes) === 0;
}

/** Makes a folder and those above it. Not by `mkdir -p` of Node 20, which never ends where the system refuses with ENOENT, as in /proc. */
export async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have been faster.
    if (existsSync(path)) return;
    throw new SolveError('FILE_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
