import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '../io/atomic-write.ts';
import { type ImageItem, labelOf } from './images.ts';
import { ownVersion } from './own-version.ts';
import { makeFolder } from './products.ts';
import { renderJson } from './render-json.ts';
import type { ImageResult } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/**
 * Stores what is needed to understand why an image has no solution: a folder with the result and the options, the header,
 * the sources found, and the image itself only if that is asked for. Nothing in it is a secret: keys are no options.
 *
 * @returns the folder; undefined if there was nothing to store
 * @throws {SolveError} `FILE_UNWRITABLE`
 */
export async function keepFailed(
  item: ImageItem,
  result: ImageResult,
  settings: SolveSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { keepFailed: wanted } = settings;
  const solved = 'outcome' in result && result.outcome.status === 'solved';
  if (wanted === undefined || solved || item.kind !== 'file') return undefined;
  // Images of the same name in other folders get bundles of their own.
  const code = createHash('sha256').update(resolve(item.name)).digest('hex').slice(0, 8);
  const folder = join(wanted.folder, `${basename(labelOf(item))}-${code}`);
  await makeFolder(folder);
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await writeFileAtomic(join(folder, name), bytes, { overwrite: true });
  };
  await put('report.json', Buffer.from(`${JSON.stringify(await reportOf(item, result, settings), undefined, 2)}\n`));
  const header = await headerOf(item.name);
  if (header !== undefined) await put('header.txt', Buffer.from(header));
  const sources = await sourcesOf(item.name, settings, signal);
  if (sources !== undefined) await put('sources.xyls', sources);
  if (wanted.pixels)
    await copyFile(item.name, join(folder, basename(item.name)), constants.COPYFILE_FICLONE).catch(() => {});
  return folder;
}

async function reportOf(item: ImageItem, result: ImageResult, settings: SolveSettings): Promise<unknown> {
  const version = await ownVersion();
  const { image, engines } = settings;
  const report = 'outcome' in result ? result.outcome.report : undefined;
  return {
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    at: new Date().toISOString(),
    file: resolve(item.name),
    options: { ...image, engines },
    result: JSON.parse(renderJson(labelOf(item), result)) as unknown,
    ...(report === undefined
      ? {}
      : { sources: report.sources, fwhm: report.fwhm, stages: report.stages, notes: report.notes }),
  };
}

/** The cards of all HDUs of a FITS file; undefined of other files. */
async function headerOf(path: string): Promise<string | undefined> {
  const [{ openFile }, { readHdus }, { isGzip, gunzipSource }] = await Promise.all([
    import('../io/file-source.ts'),
    import('../fits/hdu.ts'),
    import('../io/gzip-source.ts'),
  ]);
  try {
    const source = await openFile(path);
    try {
      const plain = isGzip(await source.read(0, 16)) ? await gunzipSource(source) : source;
      const hdus = await readHdus(plain);
      return hdus
        .map(({ header }) => header.cards.map(({ raw }) => raw.replaceAll(/.{80}/g, '$&\n')).join(''))
        .join('\n');
    } finally {
      await source.close();
    }
  } catch {
    // Whatever is wrong with it stands in the report.
    return undefined;
  }
}

async function sourcesOf(path: string, { image }: SolveSettings, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const [{ findSources }, { writeXylist }] = await Promise.all([
    import('../engines/field-sources.ts'),
    import('../products/xylist.ts'),
  ]);
  const { extension, downsample } = image;
  try {
    const sources = await findSources(path, {
      signal,
      ...(extension === undefined ? {} : { extension }),
      ...(downsample === undefined ? {} : { downsample }),
    });
    return writeXylist(sources);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
