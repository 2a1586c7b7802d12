import type { Header } from '../fits/header.ts';
import type { HeaderHint } from '../hints.ts';
import { pointingHints } from './pointing-hints.ts';
import { scaleHints } from './scale-hints.ts';

/**
 * What a FITS header says about where the image points and how large its pixels are.
 *
 * Headers are often wrong, stale or guessed, so every reading that makes sense is listed, likelier ones first, and
 * none of them may bound a search.
 *
 * @param header of the HDU that holds the image, or of the primary HDU if the writer put the facts there
 * @param width of the image, pixels
 * @param height of the image, pixels
 * @returns pointings (the image centre as far as that can be told), then pixel scales; nothing twice
 */
export function headerHints(header: Header, width: number, height: number): HeaderHint[] {
  return [...pointingHints(header, width, height), ...scaleHints(header)];
}
