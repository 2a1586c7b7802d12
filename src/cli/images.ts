import { readdir, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { SolveError } from '../errors.ts';
import { faultRecord } from './result.ts';
import type { FaultRecord } from './result.ts';

/** One thing to solve, as the user named it or as it was found in a folder. */
export type ImageItem =
  | { readonly kind: 'file'; readonly name: string; readonly extension?: number }
  | { readonly kind: 'stdin'; readonly name: '-' }
  | { readonly kind: 'url'; readonly name: string }
  | { readonly kind: 'fault'; readonly name: string; readonly fault: FaultRecord };

/** What to call an image: `m31.fits`, and one of several in a file `m31.fits[2]`. */
export function labelOf(item: ImageItem): string {
  const { name } = item;
  return item.kind === 'file' && item.extension !== undefined ? `${name}[${item.extension}]` : name;
}

/** What an image is called when it lies in a folder; a file that is named goes by its bytes alone. */
const IMAGE_NAME = /\.(?:(?:fits?|fts)(?:\.(?:gz|fz))?|fz|xisf|jpe?g|png|tiff?|webp)$/i;
/** The same of cameras' raw files. */
const RAW_NAME = /\.(?:3fr|arw|cr[23w]|dcr|dng|erf|fff|iiq|kdc|mef|mos|mrw|nef|nrw|orf|pef|raf|rw2|sr[2fw]|x3f)$/i;

/** What `--annotate` makes of an image, beside it. */
const DRAWING_NAME = /\.annotated\.png$/i;

/** Is it the name of an image, as a folder has them? */
export function isImageName(name: string): boolean {
  return (IMAGE_NAME.test(name) || RAW_NAME.test(name)) && !DRAWING_NAME.test(name);
}

/**
 * Turns operands into images: folders into their images in order of name, each file once.
 *
 * @param recursive look into folders of folders; links to folders are not followed, so there is no way round in circles
 */
export async function findImages(operands: readonly string[], recursive: boolean): Promise<ImageItem[]> {
  const items: ImageItem[] = [];
  const seen = new Set<string>();
  const add = (name: string): void => {
    const path = resolve(name);
    if (!seen.has(path)) items.push({ kind: 'file', name });
    seen.add(path);
  };
  for (const operand of operands) {
    if (operand === '-') {
      if (!seen.has('-')) items.push({ kind: 'stdin', name: '-' });
      seen.add('-');
    } else if (/^https?:\/\//i.test(operand)) {
      items.push(webImage(operand));
    } else if (await isFolder(operand)) {
      try {
        const found = await imagesIn(operand, recursive);
        if (found.length === 0) {
          const deeper = recursive ? '' : ' (folders in it are searched with -r)';
          throw new SolveError('FILE_NOT_FOUND', `${operand}: the folder holds no image${deeper}`);
        }
        for (const name of found) add(name);
      } catch (error) {
        items.push(faulty(operand, folderFault(operand, error)));
      }
    } else {
      add(operand);
    }
  }
  return items;
}

function webImage(name: string): ImageItem {
  if (URL.canParse(name)) return { kind: 'url', name };
  return faulty(name, new SolveError('BAD_OPTION', `${name}: no URL`));
}

function faulty(name: string, error: unknown): ImageItem {
  return { kind: 'fault', name, fault: faultRecord(error) };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever is wrong with it, opening it tells.
    return false;
  }
}

async function imagesIn(folder: string, recursive: boolean): Promise<string[]> {
  const found: string[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.name.startsWith('.'));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) found.push(...(await imagesIn(path, true)));
    } else if (isImageName(basename(entry.name)) && (await isImageFile(entry, path))) {
      found.push(path);
    }
  }
  return found;
}

async function isImageFile(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function folderFault(folder: string, error: unknown): unknown {
  if (error instanceof SolveError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const fact = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : message;
  return new SolveError('FILE_UNREADABLE', `${folder}: ${fact}`, { cause: error });
}
