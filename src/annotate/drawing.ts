import type { FieldObject } from '../objects/field-objects.ts';
import { DEGREE } from '../math/sphere.ts';
import type { Matches } from '../solution.ts';
import { chooseObjects, labelOf } from './choice.ts';
import { compass, heading, scaleBar } from './furniture.ts';
import { gridLines } from './grid.ts';
import type { GridLine } from './grid.ts';
import { LabelPlacer } from './label-placer.ts';
import type { Box, PlacedLabel, Wish } from './label-placer.ts';
import type { Lettering } from './lettering.ts';
import { labelSize, objectMark, starMark } from './object-marks.ts';
import type { Mark } from './object-marks.ts';
import { escapeXml, fixed, linePath } from './svg.ts';
import { THEMES, inkOf } from './theme.ts';
import type { Theme } from './theme.ts';
import type { View } from './view.ts';

/** What is drawn over a picture. */
export interface DrawingOptions {
  /** Light ink for a dark sky (the default), or dark ink for a light one: the picture is shown as a negative then. */
  readonly theme?: 'dark' | 'light' | undefined;
  /** The grid of right ascension and declination; drawn if absent. */
  readonly grid?: boolean | undefined;
  /** Circles around the sources that were matched with stars; not drawn if absent. */
  readonly matches?: boolean | undefined;
  /** A line in the upper left corner. */
  readonly title?: string | undefined;
  /** A line in the upper right corner: whose picture it is. */
  readonly credit?: string | undefined;
}

/** Draws over a picture, in its pixels. @returns the inside of an SVG element: definitions and groups */
export function draw(
  view: View,
  objects: readonly FieldObject[],
  matches: Matches,
  lettering: Lettering,
  options: DrawingOptions,
): string {
  const theme = THEMES[options.theme ?? 'dark'];
  const u = view.unit;
  const placer = new LabelPlacer(view.width, view.height, 4 * u, lettering);
  const furniture = [compass(view, theme, lettering), scaleBar(view, theme, lettering)];
  if (options.title !== undefined) furniture.push(heading(view, theme, lettering, options.title, 'left'));
  if (options.credit !== undefined) furniture.push(heading(view, theme, lettering, options.credit, 'right'));
  for (const { box } of furniture) placer.reserve(box);

  const { deepSky, stars } = chooseObjects(objects, view.radius / DEGREE, Math.min(view.width, view.height));
  const marks: Mark[] = [];
  for (const object of deepSky) {
    const mark = objectMark(view, object);
    if (mark !== undefined) marks.push(mark);
  }
  const rings = stars
    .map((star) => starMark(view, star))
    .filter((ring) => !furniture.some((it) => meet(it.box, ring.box)));
  for (const { box } of rings) placer.avoid(box);
  for (const { box } of marks) if (box.right - box.left < 90 * u) placer.avoid(box);

  // Labels are placed in the order of what would be missed most.
  const labels: string[] = [];
  const write = (label: PlacedLabel | undefined, ink: string, name: string): void => {
    if (label === undefined) return;
    labels.push(lettering.draw(label.text, label.x, label.y, label.size, `class="label ${name}" fill="${ink}"`));
  };
  const drawn = options.grid === false ? [] : gridLines(view);
  for (const line of drawn) write(placeGridLabel(view, placer, line), theme.gridLabel, 'grid-label');
  for (const { object, wishes } of [...marks.filter(isFamous), ...rings, ...marks.filter((mark) => !isFamous(mark))]) {
    const size = labelSize(object) * u;
    const [long, short] = [labelOf(object), object.name];
    const label = placer.place(long, size, wishes) ?? (short === long ? undefined : placer.place(short, size, wishes));
    write(label, inkOf(theme, object.type), 'object-label');
  }

  const line = (width: number): string => `fill="none" stroke-width="${fixed(width * u)}"`;
  const shapes = [...marks, ...rings].map(({ shape }) => shape).join('');
  const groups = [
    drawn.length > 0 &&
      `<g class="grid" ${line(0.9)} stroke="${theme.grid}" stroke-opacity="0.5">${drawn.map(gridPath).join('')}</g>`,
    options.matches === true && matchRings(view, matches, theme),
    // Ink alone would be lost on bright stars and nebulae.
    `<g class="shade" ${line(3.6)} stroke="${theme.halo}" stroke-opacity="0.45">${shapes}</g>`,
    `<g class="objects" ${line(1.5)}>${marks.map((mark) => shapeOf(mark, theme)).join('')}</g>`,
    `<g class="stars" ${line(1.3)}>${rings.map((mark) => shapeOf(mark, theme)).join('')}</g>`,
    `<g class="furniture" stroke-width="${fixed(2 * u)}">${furniture.map(({ svg }) => svg).join('')}</g>`,
    `<g class="labels">${labels.join('')}</g>`,
  ];
  const style =
    `.label{stroke:${theme.halo};stroke-opacity:.75;stroke-width:420;stroke-linejoin:round;paint-order:stroke}` +
    '.label.heading{stroke-width:300}.objects,.stars{stroke-linejoin:round}';
  return `<style>${style}</style>${lettering.definitions()}${groups.filter((group) => group !== false).join('')}`;
}

function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function isFamous({ object }: Mark): boolean {
  return object.commonNames.length > 0 || /^M \d/.test(object.name);
}

function shapeOf({ object, shape }: Mark, theme: Theme): string {
  // What a viewer shows when the pointer rests on a mark.
  const names = [...object.designations, ...object.commonNames].join(', ');
  return `<g class="object" stroke="${inkOf(theme, object.type)}"><title>${escapeXml(names)}</title>${shape}</g>`;
}

function gridPath({ kind, runs }: GridLine): string {
  return `<path class="${kind}" d="${runs.map((run) => linePath(run)).join('')}"/>`;
}

function matchRings(view: View, { x, y }: Matches, theme: Theme): string {
  const radius = fixed(4.5 * view.unit);
  const rings = Array.from(x, (_, i) => {
    const [cx, cy] = view.place(x[i]!, y[i]!);
    return `<circle cx="${fixed(cx)}" cy="${fixed(cy)}" r="${radius}"/>`;
  });
  const width = fixed(view.unit);
  return `<g class="matches" fill="none" stroke="${theme.match}" stroke-width="${width}" stroke-opacity="0.8">${rings.join('')}</g>`;
}

/**
 * Beside a line where it leaves the picture: meridians at the lower and upper edge, parallels at the sides if they do,
 * else wherever. Those that stay inside, around a pole, have it where they begin.
 */
function placeGridLabel(view: View, placer: LabelPlacer, { kind, label, runs }: GridLine): PlacedLabel | undefined {
  const size = 11 * view.unit;
  const gap = 5 * view.unit;
  const { width, height } = view;
  const near = 0.01;
  const wishes: { rank: number; wish: Wish }[] = [];
  for (const run of runs) {
    for (const i of [0, run.length - 2]) {
      const [x, y] = [run[i]!, run[i + 1]!];
      const atSide = kind === 'dec' ? 0 : 2;
      const atEnd = kind === 'dec' ? 2 : 0;
      // From the corner into the picture, above or to the right of the line.
      if (y > height - near) wishes.push({ rank: atEnd, wish: { x: x + gap, y: y - gap, alongX: 1, alongY: -1 } });
      else if (y < near) wishes.push({ rank: atEnd + 1, wish: { x: x + gap, y: y + gap, alongX: 1, alongY: 1 } });
      else if (x < near) wishes.push({ rank: atSide, wish: { x: x + gap, y: y - 0.3 * gap, alongX: 1, alongY: -1 } });
      else if (x > width - near)
        wishes.push({ rank: atSide + 1, wish: { x: x - gap, y: y - 0.3 * gap, alongX: -1, alongY: -1 } });
      else if (kind === 'dec') wishes.push({ rank: 4, wish: { x: x + gap, y: y - 0.3 * gap, alongX: 1, alongY: -1 } });
    }
  }
  wishes.sort((a, b) => a.rank - b.rank);
  return placer.place(
    label,
    size,
    wishes.map(({ wish }) => wish),
  );
}
