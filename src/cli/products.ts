import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { MAKER } from '../annotate/maker.ts';
import { SolveError } from '../errors.ts';
import type { ImageItem } from './images.ts';
import { PRODUCT_ENDINGS, PRODUCT_NAMES, type ProductFiles, type ProductName } from './product-kinds.ts';
import { faultRecord } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/** The endings that give way to the product's: `m31.fits.gz` makes `m31.wcs`. */
const ENDING = /(?:\.(?:fits?|fts))?\.(?:gz|fz)$|\.[^.]+$/i;

/** What needs the pixels or the sources of an image: an image on the web is only ever seen by a server. */
const NEEDS_IMAGE: readonly ProductName[] = ['new-fits', 'annotate', 'sources'];

/**
 * Decides where the files of each image go, before any work is done, and turns the images for which that cannot be
 * into faults: a file is there already, it is an image itself, or another image of this call writes it.
 *
 * @param mayExist a file that is there is no fault yet: an earlier run may have written it
 * @returns items in the same order, and the files of each that has some
 * @throws {SolveError} `BAD_OPTION` if one file is named for several images
 */
export function planProducts(
  items: readonly ImageItem[],
  settings: SolveSettings,
  mayExist: boolean = settings.overwrite,
): { items: ImageItem[]; files: Map<ImageItem, ProductFiles> } {
  const files = new Map<ImageItem, ProductFiles>();
  for (const [name, file] of settings.products) {
    if (file !== true && items.length > 1) {
      throw new SolveError('BAD_OPTION', `--${name} names one file, ${file}, for ${items.length} images`);
    }
  }
  const images = new Set(items.map((item) => resolve(item.name)));
  const writers = new Map<string, string>();
  const planned = items.map((item): ImageItem => {
    if (item.kind === 'fault') return item;
    const own = new Map<ProductName, string>();
    for (const name of PRODUCT_NAMES) {
      const asked = settings.products.get(name);
      if (asked !== undefined) own.set(name, productPath(item, name, asked, settings));
    }
    const fault = kindFault(item, settings) ?? pathFault(item, own, images, writers, mayExist);
    if (fault !== undefined) return { kind: 'fault', name: item.name, fault: faultRecord(fault) };
    for (const path of own.values()) writers.set(resolve(path), item.name);
    if (own.size > 0) files.set(item, own);
    return item;
  });
  return { items: planned, files };
}

/** What cannot be had of such an image. */
function kindFault({ kind, name }: ImageItem, { products, update }: SolveSettings): SolveError | undefined {
  if (update !== undefined && kind !== 'file') {
    return new SolveError('BAD_OPTION', `${name}: --update writes into a file, and this is none`);
  }
  const needs = kind === 'url' ? NEEDS_IMAGE.find((product) => products.has(product)) : undefined;
  return needs && new SolveError('BAD_OPTION', `${name}: --${needs} needs the image here: download it first`);
}

function pathFault(
  { name }: ImageItem,
  own: ProductFiles,
  images: ReadonlySet<string>,
  writers: ReadonlyMap<string, string>,
  mayExist: boolean,
): SolveError | undefined {
  const seen = new Map<string, ProductName>();
  for (const [product, path] of own) {
    const target = resolve(path);
    const [twice, other] = [seen.get(target), writers.get(target)];
    seen.set(target, product);
    if (images.has(target)) {
      return new SolveError('BAD_OPTION', `${name}: --${product} would be written over the image ${path}`);
    }
    if (twice !== undefined) return new SolveError('BAD_OPTION', `--${twice} and --${product} name one file, ${path}`);
    if (other !== undefined) return new SolveError('FILE_EXISTS', `${name}: ${path} is written for ${other} already`);
    if (product === 'annotate' && existsSync(path) && isPhotograph(path)) {
      return new SolveError('FILE_EXISTS', `${name}: ${path} is a picture that --annotate has not made: it stays`);
    }
    if (!mayExist && existsSync(path)) return new SolveError('FILE_EXISTS', `${name}: ${path} is there already`);
  }
  return undefined;
}

/** Bytes at the head of a PNG file in which the mark of our drawings stands. */
const HEAD_BYTES = 4096;

/** Is it a PNG file that this program has not drawn? `--annotate a.png b.png` may have been meant for two images. */
function isPhotograph(path: string): boolean {
  if (!/\.png$/i.test(path)) return false;
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(file, head, 0, HEAD_BYTES, 0);
    return !head.includes(MAKER);
  } finally {
    closeSync(file);
  }
}

function productPath(item: ImageItem, product: ProductName, asked: string | true, settings: SolveSettings): string {
  const own = ownName(item);
  const which = item.kind === 'file' && item.extension !== undefined ? `.${item.extension}` : '';
  const stem = `${basename(own).replace(ENDING, '') || basename(own)}${which}`;
  const name = asked === true ? `${stem}${PRODUCT_ENDINGS[product]}` : asked;
  if (settings.outDir !== undefined && !isAbsolute(name)) return join(settings.outDir, name);
  return asked === true && item.kind === 'file' ? join(dirname(own), name) : name;
}

function ownName(item: ImageItem): string {
  // Not stdin: CFITSIO, and with it fitsverify and ds9, reads a file of that name from its own standard input.
  if (item.kind === 'stdin') return 'image';
  return item.kind === 'url' ? basename(new URL(item.name).pathname) || 'image' : item.name;
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
