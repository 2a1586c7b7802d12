import type { FieldObject } from '../objects/field-objects.ts';
import type { ObjectFilter } from '../objects/object-catalogue.ts';
import type { Matches } from '../solution.ts';
import { draw } from './drawing.ts';
import type { DrawingOptions } from './drawing.ts';
import { Lettering } from './lettering.ts';
import { objectsIn } from './object-data.ts';
import { drawOver, pictureAddress } from './picture.ts';
import type { Picture } from './picture.ts';
import { fixed } from './svg.ts';
import { THEMES } from './theme.ts';
import { View } from './view.ts';
import type { ShownImage } from './view.ts';

/** How a picture is annotated. */
export interface AnnotateOptions extends DrawingOptions, ObjectFilter {
  /** What is drawn, as {@link objectsIn} gives it; the objects of the field if absent. What is chosen of them depends on the field. */
  readonly objects?: readonly FieldObject[] | undefined;
  /** Longest side of the result, pixels; larger pictures are reduced. As large as the image if absent. */
  readonly maxSize?: number | undefined;
}

/** A solved image: what a `Solution` says of it. */
export interface AnnotatedImage extends ShownImage {
  /** The pairs that `matches` draws. */
  readonly matches: Matches;
}

/**
 * Draws the grid, the objects of the field, a compass and a scale bar: SVG whose user units are the pixels of the image, with the
 * centre of the first one shown at (0.5, 0.5), rows as a viewer shows them. Letters are outlines, so it needs no font.
 *
 * @param picture goes in beneath the drawing; if absent, the drawing is transparent
 * @throws {SolveError} `BAD_ARGUMENT` if the picture has another size than the solved image; those of reading a picture
 */
export async function annotate(
  image: AnnotatedImage,
  picture?: Picture,
  options: AnnotateOptions = {},
): Promise<string> {
  const size = sizeOf(image, options.maxSize);
  const address = picture && (await pictureAddress(picture, image, options.theme === 'light', size));
  const { width, height } = image;
  const below = address === undefined ? '' : `<image href="${address}" width="${width}" height="${height}"/>`;
  return await drawing(image, size, below, options);
}

/**
 * {@link annotate} as a PNG file.
 *
 * @param picture what is drawn over; if absent, an even sky
 */
export async function annotatePng(
  image: AnnotatedImage,
  picture?: Picture,
  options: AnnotateOptions = {},
): Promise<Uint8Array> {
  const size = sizeOf(image, options.maxSize);
  const theme = options.theme ?? 'dark';
  const svg = await drawing(image, size, '', options);
  return await drawOver(picture, image, theme === 'light', size, THEMES[theme].background, svg);
}

async function drawing(
  image: AnnotatedImage,
  size: { readonly width: number; readonly height: number },
  below: string,
  options: AnnotateOptions,
): Promise<string> {
  const lettering = await Lettering.open();
  const objects = options.objects ?? (await objectsIn(image, options));
  const inside = draw(new View(image, image.width / size.width), objects, image.matches, lettering, options);
  const box = `viewBox="0 0 ${fixed(image.width)} ${fixed(image.height)}" preserveAspectRatio="none"`;
  const frame = `width="${size.width}" height="${size.height}" ${box}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>${below}${inside}</svg>\n`;
}

function sizeOf({ width, height }: AnnotatedImage, maxSize = Infinity): { width: number; height: number } {
  const part = Math.min(1, maxSize / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * part)), height: Math.max(1, Math.round(height * part)) };
}
