import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { Outcome, SolveInput } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import type { ImageItem } from './images.ts';
import type { ProductFiles, ProductName } from './product-kinds.ts';
import { makeFolder } from './products.ts';
import type { SolveSettings } from './solve-settings.ts';

/** What is handed over of one image. */
export interface Delivery {
  readonly item: ImageItem;
  /** What was solved. */
  readonly input: SolveInput;
  readonly outcome: Outcome;
  /** Absent: no file is asked for. */
  readonly files: ProductFiles | undefined;
  readonly signal: AbortSignal;
  /** Takes the cards that `--dry-run` tells of. */
  readonly note: (line: string) => void;
}

/**
 * Writes what was asked for. Doing it again, as after a run that was cut off, writes the same.
 *
 * @returns the image as it is now, if the solution was written into it
 * @throws {SolveError} `FILE_EXISTS`, `FILE_UNWRITABLE`; for `--update` as `updateFits`
 */
export async function deliver(
  delivery: Delivery,
  settings: SolveSettings,
): Promise<{ readonly size: number; readonly mtimeNs: bigint } | undefined> {
  const { outcome, files, item } = delivery;
  if (settings.update?.dryRun !== true) {
    const sources = lazySources(delivery, settings);
    for (const [product, path] of files ?? []) {
      await write(path, () => productBytes(product, path, delivery, sources, settings), settings.overwrite);
    }
  }
  if (settings.update === undefined || outcome.status !== 'solved') return undefined;
  const { updateFits } = await import('../engines/solved-fits.ts');
  const { extension } = settings.image;
  const { written, removed, added } = await updateFits(item.name, outcome.solution, {
    ...settings.update,
    extension,
    signal: delivery.signal,
  });
  if (settings.update.dryRun) {
    for (const line of [...removed.map((card) => `- ${card}`), ...added.map((card) => `+ ${card}`)]) {
      delivery.note(`${item.name}: ${line}`);
    }
    if (removed.length + added.length === 0) delivery.note(`${item.name}: has this solution already`);
  }
  return written;
}

type Sources = () => Promise<SourceList>;

/** The sources of the image: those of this run, or found again where the answer is from a journal or from elsewhere. */
function lazySources({ outcome, input, signal }: Delivery, { image }: SolveSettings): Sources {
  let found: Promise<SourceList> | undefined;
  return () => {
    const { extension, downsample } = image;
    const options = {
      signal,
      ...(extension === undefined ? {} : { extension }),
      ...(downsample === undefined ? {} : { downsample }),
    };
    found ??=
      outcome.sources === undefined
        ? import('../engines/field-sources.ts').then(({ findSources }) => findSources(input, options))
        : Promise.resolve(outcome.sources);
    return found;
  };
}

/** What is in a file; undefined if there is none without a solution. */
async function productBytes(
  product: ProductName,
  path: string,
  { item, input, outcome, signal }: Delivery,
  sources: Sources,
  { image }: SolveSettings,
): Promise<Content | undefined> {
  if (product === 'sources') {
    const { writeXylist } = await import('../products/xylist.ts');
    return writeXylist(await sources());
  }
  if (product === 'ini') {
    const { writeAstapIni } = await import('../products/astap-ini.ts');
    return Buffer.from(writeAstapIni(outcome, `solve ${item.name}`));
  }
  if (outcome.status !== 'solved') return undefined;
  const { solution } = outcome;
  switch (product) {
    case 'wcs': {
      const { wcsHeaderBytes, wcsToCards } = await import('../wcs/header.ts');
      return wcsHeaderBytes(wcsToCards(solution.wcs, solution));
    }
    case 'new-fits': {
      const { newFits } = await import('../engines/solved-fits.ts');
      return newFits(input, solution, { extension: image.extension, signal });
    }
    case 'annotate': {
      const { annotatedPicture } = await import('./annotated-picture.ts');
      return annotatedPicture(path, input, solution, { extension: image.extension, signal });
    }
    case 'corr': {
      const { writeCorr } = await import('../products/corr.ts');
      return writeCorr(solution, item.kind === 'url' ? undefined : await sources());
    }
    case 'rdls': {
      const { writeRdls } = await import('../products/corr.ts');
      return writeRdls(solution);
    }
    case 'stars': {
      const { matchedStars, starsToCsv, starsToJson } = await import('../products/matched-stars.ts');
      const stars = matchedStars(solution);
      return Buffer.from(/\.json$/i.test(path) ? starsToJson(stars, solution) : starsToCsv(stars));
    }
  }
}

type Content = Uint8Array | AsyncIterable<Uint8Array>;

async function write(path: string, make: () => Promise<Content | undefined>, overwrite: boolean): Promise<void> {
  const content = await make();
  if (content === undefined) return;
  await makeFolder(dirname(path));
  try {
    await writeFileAtomic(path, content, { overwrite });
  } catch (error) {
    // A run that was cut off may have written just this.
    const mayBe = error instanceof SolveError && error.code === 'FILE_EXISTS';
    if (!mayBe || !(await holds(path, (await make())!))) throw error;
  }
}

async function holds(path: string, content: Content): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    for await (const piece of content instanceof Uint8Array ? [content] : content) {
      const there = Buffer.alloc(piece.length);
      const { bytesRead } = await handle.read(there, 0, there.length);
      if (bytesRead < piece.length || Buffer.compare(there, piece) !== 0) return false;
    }
    return (await handle.read(Buffer.alloc(1), 0, 1)).bytesRead === 0;
  } finally {
    await handle.close();
  }
}
