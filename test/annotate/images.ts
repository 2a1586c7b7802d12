import { readFileSync } from 'node:fs';
import { parseHeader } from '../../src/fits/header.ts';
import type { AnnotatedImage } from '../../src/annotate/annotate.ts';
import type { FieldObject } from '../../src/objects/field-objects.ts';
import { DEGREE } from '../../src/math/sphere.ts';
import { headerToWcs } from '../../src/wcs/header.ts';

const NO_MATCHES = {
  x: new Float64Array(0),
  y: new Float64Array(0),
  ra: new Float64Array(0),
  dec: new Float64Array(0),
  magnitude: new Float32Array(0),
  residual: new Float32Array(0),
};

/** A plain TAN image whose +y axis is turned `turn` degrees from north to east. */
export function plainImage(
  ra: number,
  dec: number,
  fieldDeg: number,
  options: {
    turn?: number;
    parity?: 1 | -1;
    rowOrder?: 'bottom-up' | 'top-down';
    width?: number;
    height?: number;
  } = {},
): AnnotatedImage {
  const { turn = 0, parity = -1, rowOrder = 'bottom-up', width = 600, height = 400 } = options;
  const scale = fieldDeg / width;
  const [sin, cos] = [scale * Math.sin(turn * DEGREE), scale * Math.cos(turn * DEGREE)];
  return {
    wcs: {
      crval: [ra, dec],
      crpix: [(width - 1) / 2, (height - 1) / 2],
      cd: [parity * cos, sin, -parity * sin, cos],
    },
    width,
    height,
    rowOrder,
    matches: NO_MATCHES,
  };
}

/** The Big Dipper with the distortion of a wide lens: a JPEG, its rows count downwards. */
export function distortedImage(): AnnotatedImage {
  const bytes = readFileSync(new URL('../../fixtures/nova/products/wcs_file_3.fits', import.meta.url));
  const header = parseHeader(bytes);
  return {
    wcs: headerToWcs((key) => header.get(key))!,
    width: header.get('IMAGEW') as number,
    height: header.get('IMAGEH') as number,
    rowOrder: 'top-down',
    matches: NO_MATCHES,
  };
}

/** Fields that are difficult each in its own way. */
export const IMAGES: readonly (readonly [string, AnnotatedImage])[] = [
  ['the belt of Orion', plainImage(84, -2.5, 5)],
  ['a turned one', plainImage(84, -5, 2, { turn: 130 })],
  ['a mirrored one', plainImage(187.5, 12.5, 3, { parity: 1, turn: 20 })],
  ['one whose rows count downwards', plainImage(187.5, 12.5, 3, { rowOrder: 'top-down', parity: 1 })],
  ['one over the north pole', plainImage(40, 89.2, 14, { turn: 33 })],
  ['one over the south pole', plainImage(0, -88, 20)],
  ['one across RA 0', plainImage(359.9, 15, 8)],
  ['60 degrees', plainImage(80, 0, 60, { turn: 20 })],
  ['100 degrees', plainImage(270, -30, 100)],
  ['0.1 degrees', plainImage(187.7, 12.39, 0.1)],
  ['a distorted one', distortedImage()],
  ['a portrait', plainImage(10.7, 41.3, 1, { width: 300, height: 900 })],
];

/** An object at a pixel of an image. */
export function objectAt(x: number, y: number, rest: Partial<FieldObject> = {}): FieldObject {
  return {
    name: 'X 1',
    designations: ['X 1', 'HIP 1'],
    commonNames: [],
    type: 'star',
    ra: 0,
    dec: 0,
    magnitude: 4,
    centreInside: true,
    x,
    y,
    ...rest,
  };
}

/** A mark in a drawing. */
export interface DrawnMark {
  readonly title: string;
  /** `[x, y]` of a ring; undefined of an outline. */
  readonly centre?: readonly [number, number];
  /** Points of an outline. */
  readonly points: readonly (readonly [number, number])[];
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

const pointsOf = (path: string): [number, number][] =>
  Array.from(path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g), ([, x, y]) => [Number(x), Number(y)]);

/** Marks of a drawing. */
export function marksOf(svg: string): DrawnMark[] {
  const found = svg.matchAll(
    /<g class="object"[^>]*><title>([^<]*)<\/title>(?:<circle cx="([^"]+)" cy="([^"]+)"[^>]*>|<path d="([^"]+)"\/>)<\/g>/g,
  );
  return Array.from(found, ([, title, cx, cy, path]) => ({
    title: unescape(title!),
    ...(cx === undefined ? {} : { centre: [Number(cx), Number(cy)] as const }),
    points: path === undefined ? [] : pointsOf(path),
  }));
}

/** Lines of the grid: which kind, and their points. */
export function gridOf(svg: string): { kind: string; points: [number, number][] }[] {
  return Array.from(svg.matchAll(/<path class="(ra|dec)" d="([^"]+)"\/>/g), ([, kind, path]) => ({
    kind: kind!,
    points: pointsOf(path!),
  }));
}

/** Lines of text of a drawing: left end, baseline and scale of each. */
export function labelsOf(svg: string): { text: string; x: number; y: number; scale: number; kind: string }[] {
  const found = svg.matchAll(
    /<g ([^>]*) transform="translate\(([-\d.]+) ([-\d.]+)\) scale\(([^)]+)\)"><title>([^<]*)<\/title>/g,
  );
  return Array.from(found, ([, attributes, x, y, scale, text]) => ({
    text: unescape(text!),
    x: Number(x),
    y: Number(y),
    scale: Number(scale),
    kind: /class="([^"]*)"/.exec(attributes!)![1]!,
  }));
}
