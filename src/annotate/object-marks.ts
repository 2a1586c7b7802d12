import { outlineOf } from '../objects/field-objects.ts';
import type { FieldObject } from '../objects/field-objects.ts';
import { fameOf } from './choice.ts';
import type { Box, Wish } from './label-placer.ts';
import { clipLine, fixed, linePath } from './svg.ts';
import type { Point } from './svg.ts';
import type { View } from './view.ts';

/** An object as it is drawn. */
export interface Mark {
  readonly object: FieldObject;
  /** SVG element without its colour. */
  readonly shape: string;
  /** What the shape covers, cut at the edges of the picture. */
  readonly box: Box;
  /** Where its label may stand, the best place first. */
  readonly wishes: readonly Wish[];
}

/** Radius of what has no size worth drawing, in units. */
const SMALL = 7;

/** A ring around a star. */
export function starMark(view: View, star: FieldObject): Mark {
  const radius = SMALL * view.unit * (1 + 0.12 * Math.max(0, 4 - (star.magnitude ?? 4)));
  return ring(view, star, radius);
}

/**
 * The outline of an object, or a ring where that would be too small to see.
 *
 * @returns undefined if nothing of it lies in the picture: it holds the whole picture
 */
export function objectMark(view: View, object: FieldObject): Mark | undefined {
  const { majorPx = 0 } = object;
  if (majorPx < 2 * SMALL * view.unit) {
    return object.centreInside ? ring(view, object, SMALL * view.unit) : undefined;
  }
  const outline = outlineOf(object);
  if (outline === undefined) return undefined;
  const points = view.project(outline);
  const runs = clipLine(points, view.width, view.height);
  if (runs.length === 0) return undefined;
  const whole = runs.length === 1 && runs[0]!.length === points.length;
  const shape = `<path d="${runs.map((run) => linePath(whole ? run.slice(0, -2) : run, whole)).join('')}"/>`;
  const box = boxOf(runs.flat());
  return { object, shape, box, wishes: whole ? aroundBox(box, view.unit) : alongArc(runs, view) };
}

function ring(view: View, object: FieldObject, radius: number): Mark {
  const [x, y] = view.place(object.x, object.y);
  const shape = `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="${fixed(radius)}"/>`;
  const box = { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
  return { object, shape, box, wishes: aroundBox(box, view.unit) };
}

function boxOf(points: readonly number[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]!);
    right = Math.max(right, points[i]!);
    top = Math.min(top, points[i + 1]!);
    bottom = Math.max(bottom, points[i + 1]!);
  }
  return { left, top, right, bottom };
}

function aroundBox({ left, top, right, bottom }: Box, unit: number): Wish[] {
  const gap = 3 * unit;
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const slant = 0.15 * (right - left);
  return [
    { x: right + gap, y, alongX: 1, alongY: 0 },
    { x: left - gap, y, alongX: -1, alongY: 0 },
    { x, y: bottom + gap, alongX: 0, alongY: 1 },
    { x, y: top - gap, alongX: 0, alongY: -1 },
    { x: right - slant, y: top + slant, alongX: 1, alongY: -1 },
    { x: right - slant, y: bottom - slant, alongX: 1, alongY: 1 },
    { x: left + slant, y: top + slant, alongX: -1, alongY: -1 },
    { x: left + slant, y: bottom - slant, alongX: -1, alongY: 1 },
  ];
}

/** Beside points of an outline that is cut by the edge, towards the middle of the picture and away from it. */
function alongArc(runs: readonly (readonly number[])[], view: View): Wish[] {
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a));
  const gap = 3 * view.unit;
  const wishes: Wish[] = [];
  for (const part of [0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9]) {
    const i = 2 * Math.floor((longest.length / 2 - 1) * part);
    const [x, y]: Point = [longest[i]!, longest[i + 1]!];
    const toMiddle = x < view.width / 2 ? 1 : -1;
    const down = y < view.height / 2 ? 1 : -1;
    wishes.push(
      { x: x + toMiddle * gap, y, alongX: toMiddle, alongY: 0 },
      { x, y: y + down * gap, alongX: 0, alongY: down },
      { x: x - toMiddle * gap, y, alongX: toMiddle === 1 ? -1 : 1, alongY: 0 },
    );
  }
  return wishes;
}

/** Size of the letters of an object's label, in units: famous ones are larger. */
export function labelSize(object: FieldObject): number {
  return fameOf(object) === 0 ? 15.5 : fameOf(object) === 1 ? 13.5 : 12;
}
