import { SolveError } from '../errors.ts';
import { imagesOf } from '../engines/images-of.ts';
import type { ImageItem } from './images.ts';
import { faultRecord } from './result.ts';
import type { SolveSettings } from './solve-settings.ts';

/**
 * Puts the images of each FITS file in its place, as `--extension all` wants it. What is no FITS file, or cannot be read,
 * stays: solving it tells.
 */
export async function eachExtension(items: readonly ImageItem[], signal: AbortSignal): Promise<ImageItem[]> {
  const all: ImageItem[] = [];
  for (const item of items) {
    if (item.kind === 'stdin' || item.kind === 'url') {
      const error = new SolveError('BAD_OPTION', `${item.name}: --extension all takes files`);
      all.push({ kind: 'fault', name: item.name, fault: faultRecord(error) });
      continue;
    }
    const images = item.kind === 'file' ? await imagesOf(item.name, { signal }).catch(() => []) : [];
    signal.throwIfAborted();
    if (images.length === 0) all.push(item);
    for (const { extension } of images) {
      all.push(extension === undefined ? item : { kind: 'file', name: item.name, extension });
    }
  }
  return all;
}

/** The settings for one image: with its own HDU, where it is one of several of a file. */
export function settingsFor(item: ImageItem, settings: SolveSettings): SolveSettings {
  if (item.kind !== 'file' || item.extension === undefined) return settings;
  return { ...settings, image: { ...settings.image, extension: item.extension } };
}

/** Images by their HDU, those without one first: each group is asked for with other options. */
export function byExtension(items: readonly ImageItem[]): Map<number | undefined, ImageItem[]> {
  const groups = new Map<number | undefined, ImageItem[]>();
  const extensionOf = (item: ImageItem): number | undefined => (item.kind === 'file' ? item.extension : undefined);
  for (const item of items.toSorted((a, b) => (extensionOf(a) ?? -1) - (extensionOf(b) ?? -1))) {
    const group = groups.get(extensionOf(item)) ?? [];
    group.push(item);
    groups.set(extensionOf(item), group);
  }
  return groups;
}
