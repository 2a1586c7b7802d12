import { DEGREE, raDecToVector, separation } from '../math/sphere.ts';
import type { Box } from './label-placer.ts';
import type { Lettering } from './lettering.ts';
import { ASCENT } from './lettering.ts';
import { fixed } from './svg.ts';
import type { Point } from './svg.ts';
import type { Theme } from './theme.ts';
import type { View } from './view.ts';

/** Something that stands in a corner of the picture, and the rectangle it needs. */
export interface Furniture {
  readonly svg: string;
  readonly box: Box;
}

/** Distance from the edges, in units. */
const MARGIN = 16;
const TEXT_SIZE = 14;

/** Arrows to the north and the east as they are at that place, in the lower right corner. */
export function compass(view: View, theme: Theme, lettering: Lettering): Furniture {
  const u = view.unit;
  const length = 40 * u;
  const size = TEXT_SIZE * u;
  const half = length + 0.9 * size;
  // The middle of the two arrows stands in the middle of the box, so that it needs half the room.
  const corner: Point = [view.width - MARGIN * u - half / 1.35, view.height - MARGIN * u - half / 1.35];
  const { north, east } = view.directions(corner);
  const shift = 0.32 * length;
  const from: Point = [corner[0] - shift * (north[0] + east[0]), corner[1] - shift * (north[1] + east[1])];
  const tip = (to: Point, along: number): Point => [from[0] + along * to[0], from[1] + along * to[1]];
  const arrow = (to: Point, ink: string, letter: string): string => {
    const end = tip(to, length);
    const [back, side] = [tip(to, length - 9 * u), 4 * u];
    const head = [
      end,
      [back[0] - side * to[1], back[1] + side * to[0]],
      [back[0] + side * to[1], back[1] - side * to[0]],
    ];
    const text = tip(to, length + 0.75 * size);
    const width = lettering.width(letter, size);
    const points = head.map((point) => point.map((value) => fixed(value ?? 0)).join(' ')).join(' ');
    const ends = `x1="${fixed(from[0])}" y1="${fixed(from[1])}" x2="${fixed(end[0])}" y2="${fixed(end[1])}"`;
    return (
      `<line ${ends} stroke="${theme.halo}" stroke-width="${fixed(5 * u)}" stroke-opacity="0.45"/>` +
      `<g stroke="${ink}" fill="${ink}"><line class="${letter}" ${ends}/><polygon points="${points}" stroke="none"/></g>` +
      lettering.draw(letter, text[0] - width / 2, text[1] + (ASCENT * size) / 2, size, `fill="${ink}" class="label"`)
    );
  };
  const reach = half / 1.35;
  return {
    svg: `<g class="compass">${arrow(east, theme.text, 'E')}${arrow(north, theme.north, 'N')}</g>`,
    box: { left: corner[0] - reach, top: corner[1] - reach, right: corner[0] + reach, bottom: corner[1] + reach },
  };
}

/** Lengths of scale bars, arcsec. */
const LENGTHS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 72_000] as const;

/** A bar of a round length on the sky, in the lower left corner. */
export function scaleBar(view: View, theme: Theme, lettering: Lettering): Furniture {
  const u = view.unit;
  const size = TEXT_SIZE * u;
  const [x, y] = [MARGIN * u, view.height - MARGIN * u];
  const most = Math.max(0.22 * view.width, 60 * u);
  const arcsec = LENGTHS.findLast((length) => lengthOf(view, [x, y], length) <= most) ?? LENGTHS[0];
  const length = lengthOf(view, [x, y], arcsec);
  const text = arcsec < 60 ? `${arcsec}″` : arcsec < 3600 ? `${arcsec / 60}′` : `${arcsec / 3600}°`;
  const width = lettering.width(text, size);
  const tick = 5 * u;
  const path = `M${fixed(x)} ${fixed(y - tick)}V${fixed(y)}H${fixed(x + length)}V${fixed(y - tick)}`;
  return {
    svg:
      `<g class="scale" fill="none"><path d="${path}" stroke="${theme.halo}" stroke-width="${fixed(5 * u)}" stroke-opacity="0.45"/>` +
      `<path class="bar" d="${path}" stroke="${theme.text}"/>` +
      `${lettering.draw(text, x + (length - width) / 2, y - 0.45 * size, size, `fill="${theme.text}" class="label"`)}</g>`,
    box: { left: x, top: y - 1.4 * size, right: x + Math.max(length, width), bottom: y },
  };
}

/** How far to the right of a place so much of the sky lies, pixels: found on the sky, since wide fields stretch. */
function lengthOf(view: View, place: Point, arcsec: number): number {
  const from = vectorAt(view, place);
  let [low, high] = [0, 2 * view.width];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    const away = separation(from, vectorAt(view, [place[0] + middle, place[1]])) / DEGREE;
    if (away * 3600 < arcsec) low = middle;
    else high = middle;
  }
  return high;
}

function vectorAt(view: View, place: Point): Float64Array {
  const [ra, dec] = view.sky(place);
  return raDecToVector(ra * DEGREE, dec * DEGREE);
}

/** A line of text in an upper corner. */
export function heading(
  view: View,
  theme: Theme,
  lettering: Lettering,
  text: string,
  side: 'left' | 'right',
): Furniture {
  const u = view.unit;
  const room = view.width / 2 - 1.5 * MARGIN * u;
  const wished = (side === 'left' ? 20 : 12) * u;
  const size = Math.min(wished, (wished * room) / Math.max(1, lettering.width(text, wished)));
  const width = lettering.width(text, size);
  const x = side === 'left' ? MARGIN * u : view.width - MARGIN * u - width;
  const y = MARGIN * u + ASCENT * size;
  return {
    svg: lettering.draw(text, x, y, size, `fill="${theme.text}" class="label heading"`),
    box: { left: x, top: y - ASCENT * size, right: x + width, bottom: y + 0.3 * size },
  };
}
