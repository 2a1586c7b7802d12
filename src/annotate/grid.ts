import { wrap180, wrap360 } from '../math/angle.ts';
import { DEGREE, raDecToVector, vectorToDegrees } from '../math/sphere.ts';
import { clipLine } from './svg.ts';
import type { View } from './view.ts';

/** A line of equal right ascension or declination. */
export interface GridLine {
  readonly kind: 'ra' | 'dec';
  /** Degrees. */
  readonly value: number;
  /** `5h30m`, `−2°30′`. */
  readonly label: string;
  /** What of it lies in the picture, flat lines. */
  readonly runs: readonly (readonly number[])[];
}

/** Steps of right ascension, seconds of time. */
const RA_STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
] as const;
/** Steps of declination, arcsec. */
const DEC_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000, 54_000, 108_000,
] as const;

/** Lines across the shorter side, about. */
const LINES = 4;
/** Points of a line: a hundredth of the field apart at most. */
const POINTS = 240;
/** Nearer to a pole than this many steps only four meridians are drawn. */
const CROWDED = 0.75;

/** The grid of right ascension and declination over a picture. */
export function gridLines(view: View): GridLine[] {
  const bounds = boundsOf(view);
  const shortSide =
    Math.min(view.width, view.height) / view.directions([view.width / 2, view.height / 2]).pixelsPerDegree;
  const wished = shortSide / LINES;
  const decStep = stepOf(DEC_STEPS, wished * 3600);
  // Where meridians run together at a pole, their distance half-way out counts.
  const [, centreDec] = vectorToDegrees(view.centre);
  const spread = Math.max(Math.cos(centreDec * DEGREE), Math.sin(view.radius / 2));
  const raStep = stepOf(RA_STEPS, ((wished / spread) * 3600) / 15);
  return [...meridians(view, bounds, raStep, decStep / 3600), ...parallels(view, bounds, decStep)];
}

interface Bounds {
  /** Degrees; `high` may exceed 360, `low` be below 0. */
  readonly raLow: number;
  readonly raHigh: number;
  readonly decLow: number;
  readonly decHigh: number;
}

/** What of the sky the picture shows, from points along its edge, and the poles if they are in it. */
function boundsOf(view: View): Bounds {
  const [centreRa] = vectorToDegrees(view.centre);
  let [east, west, decLow, decHigh] = [0, 0, 90, -90];
  const { width, height } = view;
  for (let i = 0; i <= 64; i++) {
    const [x, y] = [(width * i) / 64, (height * i) / 64];
    for (const place of [
      [x, 0],
      [x, height],
      [0, y],
      [width, y],
    ] as const) {
      const [ra, dec] = view.sky(place);
      const away = wrap180(ra - centreRa);
      east = Math.max(east, away);
      west = Math.min(west, away);
      decLow = Math.min(decLow, dec);
      decHigh = Math.max(decHigh, dec);
    }
  }
  const [, centreDec] = vectorToDegrees(view.centre);
  decLow = Math.min(decLow, centreDec);
  decHigh = Math.max(decHigh, centreDec);
  for (const pole of [-90, 90]) {
    const [x, y] = view.project(raDecToVector(0, pole * DEGREE));
    if (!(x! >= 0 && y! >= 0 && x! <= width && y! <= height)) continue;
    if (pole > 0) decHigh = 90;
    else decLow = -90;
    [west, east] = [-180, 180];
  }
  return { raLow: centreRa + west, raHigh: centreRa + east, decLow, decHigh };
}

/** The step nearest to the wish, by ratio. */
function stepOf(steps: readonly number[], wish: number): number {
  const off = (step: number): number => Math.abs(Math.log(step / wish));
  return steps.reduce((best, step) => (off(step) < off(best) ? step : best));
}

function meridians(view: View, bounds: Bounds, stepSeconds: number, decStep: number): GridLine[] {
  const { raLow, raHigh, decLow, decHigh } = bounds;
  const step = stepSeconds / 240;
  const lines: GridLine[] = [];
  const whole = raHigh - raLow >= 360;
  const last = whole ? Math.round(360 / step) - 1 : Math.floor(raHigh / step + 1e-9);
  for (let k = whole ? 0 : Math.ceil(raLow / step - 1e-9); k <= last; k++) {
    const ra = wrap360(k * step);
    const quarter = Math.abs(ra / 90 - Math.round(ra / 90)) < 1e-9;
    const limit = quarter ? 90 : 90 - CROWDED * decStep;
    const [from, to] = [Math.max(decLow, -limit), Math.min(decHigh, limit)];
    if (from >= to) continue;
    const points = sample((part) => [ra, from + part * (to - from)]);
    const runs = clipLine(view.project(points), view.width, view.height);
    if (runs.length > 0) lines.push({ kind: 'ra', value: ra, label: raLabel(k * stepSeconds, stepSeconds), runs });
  }
  return lines;
}

function parallels(view: View, bounds: Bounds, stepArcsec: number): GridLine[] {
  const { raLow, raHigh, decLow, decHigh } = bounds;
  const step = stepArcsec / 3600;
  const lines: GridLine[] = [];
  for (let k = Math.ceil(decLow / step - 1e-9); k <= Math.floor(decHigh / step + 1e-9); k++) {
    const dec = k * step;
    if (Math.abs(dec) > 89.999999) continue;
    const points = sample((part) => [raLow + part * (raHigh - raLow), dec]);
    const runs = clipLine(view.project(points), view.width, view.height);
    if (runs.length > 0) lines.push({ kind: 'dec', value: dec, label: decLabel(k * stepArcsec, stepArcsec), runs });
  }
  return lines;
}

function sample(at: (part: number) => readonly [ra: number, dec: number]): Float64Array {
  const vectors = new Float64Array(3 * (POINTS + 1));
  for (let i = 0; i <= POINTS; i++) {
    const [ra, dec] = at(i / POINTS);
    raDecToVector(ra * DEGREE, dec * DEGREE, vectors, 3 * i);
  }
  return vectors;
}

/** `5h`, `5h30m`, `5h30m20s`: as far as the step asks. */
function raLabel(seconds: number, step: number): string {
  const decimals = step < 1 ? 1 : 0;
  const ticks = Math.round((((seconds % 86_400) + 86_400) % 86_400) * 10);
  const [h, m, s] = [Math.floor(ticks / 36_000), Math.floor(ticks / 600) % 60, (ticks % 600) / 10];
  if (step % 3600 === 0) return `${h}h`;
  if (step % 60 === 0) return `${h}h${two(m)}m`;
  return `${h}h${two(m)}m${two(Math.floor(s))}${decimals === 1 ? `.${Math.round((s % 1) * 10)}` : ''}s`;
}

/** `+5°`, `−5°30′`, `+5°30′20″`: as far as the step asks. */
function decLabel(arcsec: number, step: number): string {
  const sign = arcsec < 0 ? '−' : arcsec > 0 ? '+' : '';
  const whole = Math.round(Math.abs(arcsec));
  const [d, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (step % 3600 === 0) return `${sign}${d}°`;
  if (step % 60 === 0) return `${sign}${d}°${two(m)}′`;
  return `${sign}${d}°${two(m)}′${two(s)}″`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
