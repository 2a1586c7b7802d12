import type { Frame } from '../image/frame.ts';
import { ELONGATED, SATURATED, type SourceList, TRUNCATED } from '../sources/source-list.ts';
import { drawOver } from './picture.ts';
import { fixed } from './svg.ts';

/** Longer pictures are reduced to this, pixels: a look is enough. */
const LONGEST_SIDE = 2000;

/** The brightest, which the search begins with. */
const FIRST = 30;

/**
 * An image with the stars that were found in it: green ones serve the search first, blue ones later, orange ones are at the border
 * or longer than wide, red ones saturated.
 *
 * @returns a PNG file, rows as a viewer shows them
 */
export async function drawSources(frame: Frame, sources: SourceList): Promise<Uint8Array> {
  const { width, height, rowOrder } = frame;
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const size = { width: Math.max(1, Math.round(width * shrink)), height: Math.max(1, Math.round(height * shrink)) };
  const { x, y, flags, fwhm } = sources;
  const radius = Math.max(5 / shrink, 1.5 * (fwhm || 3));
  const circles = Array.from(x, (_, i) => {
    const down = rowOrder === 'bottom-up' ? height - 1 - y[i]! : y[i]!;
    // Where a pixel is drawn from 0 to 1, its centre is at a half.
    const at = `cx="${fixed(x[i]! + 0.5)}" cy="${fixed(down + 0.5)}"`;
    return `<circle ${at} r="${fixed(i < FIRST ? 1.4 * radius : radius)}" stroke="${inkOf(flags[i]!, i)}"/>`;
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${width} ${height}">` +
    `<g fill="none" stroke-width="${fixed(1.4 / shrink)}">${circles.join('')}</g></svg>`;
  return await drawOver(frame, { width, height, rowOrder }, false, size, '#000', svg);
}

function inkOf(flags: number, rank: number): string {
  if ((flags & SATURATED) !== 0) return '#ff5a4d';
  if ((flags & (ELONGATED | TRUNCATED)) !== 0) return '#ffab4d';
  return rank < FIRST ? '#5dff8f' : '#5db1ff';
}
