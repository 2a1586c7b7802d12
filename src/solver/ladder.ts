import type { Hints } from '../hints.ts';
import type { IndexBand } from '../skyindex/sky-index.ts';
import type { Field } from './field.ts';
import { brightQuads, localQuads, type QuadStream } from './field-quads.ts';

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
  /** Only hypotheses that one of these allows; empty: all. */
  readonly guesses: readonly Hints[];
}

/** Bands from here on are small enough to be read at once; the others hold most of the index and serve narrow fields. */
const WIDE_BAND = (0.56 * Math.PI) / 180;
const isWide = (band: IndexBand): boolean => band.quadLow >= WIDE_BAND;
const isNarrow = (band: IndexBand): boolean => band.quadLow < WIDE_BAND;
const isAny = (): boolean => true;

/**
 * The search without hints: few quads of the brightest sources first, first against the small bands of the index, then
 * more and more of everything.
 */
export function blindRungs(field: Field): Rung[] {
  const wide = { bands: isWide, guesses: [] };
  const narrow = { bands: isNarrow, guesses: [] };
  const any = { bands: isAny, guesses: [] };
  return [
    { name: 'bright, wide', ...bright(field, 0, 10), ...SHARP, ...wide },
    { name: 'local, wide', ...local(field, 6, 4), ...SHARP, ...wide },
    { name: 'bright, narrow', ...bright(field, 0, 10), ...SHARP, ...narrow },
    { name: 'local, narrow', ...local(field, 6, 4), ...SHARP, ...narrow },
    { name: 'bright 18', ...bright(field, 10, 18), ...SHARP, ...any },
    { name: 'deep local', ...local(field, 10, 6), ...SHARP, ...any },
    { name: 'tolerant', ...local(field, 7, 5), ...TOLERANT, ...any },
    { name: 'bright 30', ...bright(field, 18, 30), ...SHARP, ...any },
    { name: 'tolerant deep', ...local(field, 12, 7), ...TOLERANT, ...any },
  ];
}

/** The search where hints hold: hypotheses are few, so tolerances can be wide from the start. */
export function hintedRungs(field: Field, guesses: readonly Hints[]): Rung[] {
  const hinted = { bands: isAny, guesses };
  return [
    { name: 'hinted bright', ...bright(field, 0, 10), ...SHARP, ...hinted },
    { name: 'hinted local', ...local(field, 8, 5), ...TOLERANT, ...hinted },
    { name: 'hinted bright 18', ...bright(field, 10, 18), ...TOLERANT, ...hinted },
  ];
}

const SHARP = { slack: 0.002, errors: 3 };
const TOLERANT = { slack: 0.012, errors: 4 };

/** Smallest quad, of the diagonal: smaller ones say little about the whole frame. */
const LEAST = 0.06;

function bright(field: Field, from: number, to: number): Pick<Rung, 'quads' | 'least' | 'most'> {
  const diagonal = Math.hypot(field.width, field.height);
  const least = LEAST * diagonal;
  return { quads: () => brightQuads(field, from, to, least, diagonal), least, most: diagonal };
}

/** Quads of all sizes from half the diagonal down, each as the index would choose them. */
function local(field: Field, perTile: number, inner: number): Pick<Rung, 'quads' | 'least' | 'most'> {
  const diagonal = Math.hypot(field.width, field.height);
  const sizes = [0.35, 0.25, 0.18, 0.12, 0.085, LEAST].map((part) => part * diagonal);
  return {
    *quads() {
      for (const low of sizes) yield* localQuads(field, low, low * Math.SQRT2, perTile, inner);
    },
    least: LEAST * diagonal,
    most: 0.5 * diagonal,
  };
}
