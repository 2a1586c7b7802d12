import type { Hints } from '../hints.ts';
import type { IndexBand } from '../skyindex/sky-index.ts';
import type { Field } from './field.ts';
import { brightQuads, directionQuads, localQuads, type QuadStream } from './field-quads.ts';
import { directionsOfPixels } from './camera.ts';

/** One step of the search: which quads of the field are looked up in which bands of the index, and how sharply. */
export interface Rung {
  readonly name: string;
  readonly quads: () => QuadStream;
  /** Range of the sizes of its quads, pixels. */
  readonly least: number;
  readonly most: number;
  readonly bands: (band: IndexBand) => boolean;
  /** Codes may differ by `slack` (distortion, proper motion) plus `errors` position errors over the quad's size. */
  readonly slack: number;
  readonly errors: number;
  /** Hypotheses that may be tested before the next rung has its turn. */
  readonly hypotheses: number;
  /**
   * Field width that codes are computed for, degrees; absent: codes are taken from the plane of the image as they are, which
   * is good for quads up to some ten degrees.
   */
  readonly widthDeg?: number;
  /** Only hypotheses that one of these allows; empty: all. */
  readonly guesses: readonly Hints[];
}

/** Bands from here on are small enough to be read at once; the others hold most of the index and serve narrow fields. */
const WIDE_BAND = (0.56 * Math.PI) / 180;
const isWide = (band: IndexBand): boolean => band.quadLow >= WIDE_BAND;
const isNarrow = (band: IndexBand): boolean => band.quadLow < WIDE_BAND;
const isAny = (): boolean => true;

/**
 * The search: where hints hold first, then few quads of the brightest sources against the small bands of the index, then
 * more and more of everything. Hints order the search and never end it.
 *
 * @param guesses each a set of hints that may hold together
 */
export function ladder(field: Field, guesses: readonly Hints[]): Rung[] {
  const placed = guesses.filter((guess) => guess.position);
  const hinted = { bands: isAny, guesses: placed };
  const scaled = { bands: isAny, guesses };
  const wide = { bands: isWide, guesses: [] };
  const narrow = { bands: isNarrow, guesses: [] };
  const any = { bands: isAny, guesses: [] };
  const few = { ...SHARP, hypotheses: 10_000 };
  const rungs: Rung[] = [
    { name: 'hinted bright', ...bright(field, 0, 10), ...few, ...hinted },
    { name: 'hinted local', ...local(field, 6, 4, MIDDLE), ...few, ...hinted },
    { name: 'scaled bright', ...bright(field, 0, 10), ...few, ...scaled },
    { name: 'scaled local', ...local(field, 6, 4, MIDDLE), ...few, ...scaled },
    { name: 'bright, wide', ...bright(field, 0, 10), ...SHARP, ...wide },
    { name: 'local, wide', ...local(field, 6, 4, MIDDLE), ...SHARP, ...wide },
    { name: 'bright, narrow', ...bright(field, 0, 10), ...SHARP, ...narrow },
    { name: 'local, narrow', ...local(field, 6, 4, MIDDLE), ...SHARP, ...narrow },
    { name: 'hinted tolerant', ...local(field, 8, 5, MIDDLE), ...TOLERANT, ...hinted },
    { name: 'scaled tolerant', ...local(field, 8, 5, MIDDLE), ...TOLERANT, ...scaled },
    { name: 'bright 18', ...bright(field, 10, 18), ...SHARP, ...any },
    ...WIDE_FIELDS.map((widthDeg) => ({
      name: `${widthDeg} degrees`,
      ...spread(field, 13, widthDeg),
      ...WIDE,
      ...wide,
    })),
    { name: 'deep local', ...local(field, 10, 6, LEAST), ...SHARP, ...any },
    { name: 'tolerant', ...local(field, 7, 5, MIDDLE), ...TOLERANT, ...any },
    { name: 'bright 30', ...bright(field, 18, 30), ...SHARP, ...any },
    ...WIDE_FIELDS.map((widthDeg) => ({
      name: `${widthDeg} degrees, deep`,
      ...spread(field, 20, widthDeg),
      ...WIDE,
      ...wide,
    })),
    { name: 'tolerant deep', ...local(field, 12, 7, MIDDLE), ...TOLERANT, ...any },
  ];
  // Rungs for hints that nobody gave.
  return rungs.filter(({ guesses: allowed, name }) => allowed.length > 0 || !/^(hinted|scaled)/.test(name));
}

/**
 * A search where the hints hold and nowhere else, for an index that is worth reading only if they do. Hypotheses beyond the
 * hints cost nothing, so that it goes deep at once.
 */
export function hintedLadder(field: Field, guesses: readonly Hints[]): Rung[] {
  const hinted = { hypotheses: 10_000, bands: isAny, guesses };
  return [
    { name: 'hinted bright', ...bright(field, 0, 10), ...SHARP, ...hinted },
    { name: 'hinted local', ...local(field, 6, 4, MIDDLE), ...SHARP, ...hinted },
    { name: 'hinted bright 18', ...bright(field, 10, 18), ...SHARP, ...hinted },
    { name: 'hinted deep local', ...local(field, 10, 6, LEAST), ...SHARP, ...hinted },
    { name: 'hinted tolerant', ...local(field, 8, 5, MIDDLE), ...TOLERANT, ...hinted },
    { name: 'hinted bright 30', ...bright(field, 18, 30), ...SHARP, ...hinted },
  ];
}

/** Rungs that nearly every field is solved on, and that end soon where it is not. */
export function isQuick({ name }: Rung): boolean {
  return /^(hinted|scaled) (bright|local)$|^(bright|local), /.test(name);
}

/** A tested hypothesis costs some 10 microseconds: these keep a rung within a second or two. */
const SHARP = { slack: 0.002, errors: 3, hypotheses: 80_000 };
const TOLERANT = { slack: 0.01, errors: 3.5, hypotheses: 80_000 };

/** Lens distortion is larger in wide fields, and the assumed width is only near the true one. */
const WIDE = { slack: 0.012, errors: 3, hypotheses: 30_000 };
/** Field widths tried for pictures of a few bright stars only, whose quads span the frame; each serves 15 % around it. */
const WIDE_FIELDS = [25, 32, 40, 49, 60];

/** Smallest quads, of the diagonal: smaller ones say little about the whole frame, and there are many of them. */
const LEAST = 0.06;
const MIDDLE = 0.12;

function bright(field: Field, from: number, to: number): Pick<Rung, 'quads' | 'least' | 'most'> {
  const diagonal = Math.hypot(field.width, field.height);
  const least = LEAST * diagonal;
  return { quads: () => brightQuads(field, from, to, least, diagonal), least, most: diagonal };
}

/** Quads from half the diagonal down to `part` of it, chosen at each size as the index chooses them. */
function local(field: Field, perTile: number, inner: number, part: number): Pick<Rung, 'quads' | 'least' | 'most'> {
  const diagonal = Math.hypot(field.width, field.height);
  const sizes = [0.35, 0.25, 0.18, 0.12, 0.085, 0.06].filter((size) => size >= part).map((size) => size * diagonal);
  return {
    *quads() {
      for (const low of sizes) yield* localQuads(field, low, low * Math.SQRT2, perTile, inner);
    },
    least: part * diagonal,
    most: 0.5 * diagonal,
  };
}

/** All quads of the first sources, with codes as a camera of that field width sees them. */
function spread(field: Field, to: number, widthDeg: number): Pick<Rung, 'quads' | 'least' | 'most' | 'widthDeg'> {
  const scale = scaleOfWidth(widthDeg, field.width);
  return {
    quads: () => directionQuads(directionsOfPixels(field.x, field.y, scale), to),
    least: 0,
    most: Math.hypot(field.width, field.height),
    widthDeg,
  };
}

/** Pixel scale at the centre, radians, of an undistorted image. */
export function scaleOfWidth(widthDeg: number, width: number): number {
  return (2 * Math.tan((widthDeg * Math.PI) / 360)) / width;
}
