import type { Hints } from '../hints.ts';
import { DEGREE, raDecToVector } from '../math/sphere.ts';
import type { Pace } from '../pace.ts';
import { type IndexBand, type OpenBand, QuadHits, type SkyIndex, StarBuffer } from '../skyindex/sky-index.ts';
import { quadCode } from '../skyindex/quad-code.ts';
import type { SourceList } from '../sources/source-list.ts';
import { cameraOfPair, directionOfPixel, directionsOfPixels, newCamera } from './camera.ts';
import { type Fitted, growMatch, oddsOfMatch, polish, takePairs } from './confirm.ts';
import { createField, type Field } from './field.ts';
import { fieldCode } from './field-quads.ts';
import { ladder, type Rung, scaleOfWidth } from './ladder.ts';
import { type Verdict, type VerifyScratch, verifyCamera } from './verify.ts';

/** How a search ended. */
export type Finding =
  | {
      readonly kind: 'found';
      readonly match: Fitted;
      readonly logOdds: number;
      readonly rung: string;
      readonly tried: number;
    }
  | { readonly kind: 'exhausted' | 'time-limit' | 'too-few-sources'; readonly tried: number };

/** What a search may be told. */
export interface SearchOptions {
  readonly pace: Pace;
  /** Told as rungs begin: name, and how much of the ladder is done, 0 to 1. */
  readonly onRung?: (name: string, fraction: number) => void;
  /** Told as rungs end. */
  readonly onRungEnd?: (ending: RungEnding) => void;
  /** The rungs to climb. Default: {@link ladder}. */
  readonly ladder?: typeof ladder;
  /** Hypotheses tried for this field before, in another index: the more, the higher the odds must be. */
  readonly tried?: number;
}

/** What came of one rung of the search. */
export interface RungEnding {
  /** Which one. */
  readonly name: string;
  /** Places in the sky that were looked at. */
  readonly tried: number;
  /** Natural log of the odds of the best first look; -Infinity if there was none. */
  readonly bestLook: number;
  /**
   * `found`; `all-tried`: its quads fit nothing; `most-tried`: it had as many hypotheses as it may have; `no-quads`: the index
   * has none of the sizes that fit into the frame; `time-limit`.
   */
  readonly end: 'found' | 'all-tried' | 'most-tried' | 'no-quads' | 'time-limit';
}

/** Natural log of the odds at which a match is believed, 1e9 to 1, on top of the number of hypotheses tried. */
const SURE = Math.log(1e9);
/** A hypothesis whose first look is better than this is grown and fitted. Chance passes once in some hundred. */
const PROMISING = 4.5;
/** Fewer sources cannot make a quad and leave anything to check it with. */
const FEWEST_SOURCES = 6;
/** Sources of the last fit. */
const FIT_SOURCES = 500;
/** Fields narrower or wider are not looked for. */
const NARROWEST_DEG = 0.08;
const WIDEST_DEG = 100;
/** How far the scale may be from that of an assumed field width. */
const WIDTH_SLACK = 1.25;
/** Quads and hypotheses between two looks at the clock: a millisecond or two. */
const WORK_PER_LOOK = 64;
/** Surroundings of a quad in which a hypothesis is tested, in units of the distance A to B. */
const SURROUNDINGS = 2.5;

/**
 * Finds where a field points. Hints are tried first, then everything.
 *
 * @param guesses each a set of hints that may hold together; the search begins where any of them holds
 */
export async function search(
  sources: SourceList,
  guesses: readonly Hints[],
  index: SkyIndex,
  options: SearchOptions,
): Promise<Finding> {
  const field = createField(sources);
  if (field.x.length < FEWEST_SOURCES) return { kind: 'too-few-sources', tried: 0 };
  const run = new Run(field, index, options.pace);
  run.tried = options.tried ?? 0;
  const rungs = (options.ladder ?? ladder)(field, guesses);
  for (const [i, rung] of rungs.entries()) {
    options.onRung?.(rung.name, i / rungs.length);
    const before = run.tried;
    const found = await run.climb(rung);
    const end = found !== undefined ? 'found' : options.pace.expired ? 'time-limit' : run.end;
    options.onRungEnd?.({ name: rung.name, tried: run.tried - before, bestLook: run.bestLook, end });
    if (options.pace.expired) return { kind: 'time-limit', tried: run.tried };
    if (found) return { kind: 'found', ...found, rung: rung.name, tried: run.tried };
  }
  return { kind: 'exhausted', tried: run.tried };
}

/**
 * The last fit of a match that was found: with all its sources, up to a SIP order.
 *
 * @param match as {@link search} found it in the same sources and index
 * @param tweakOrder highest SIP order; 0 for a plain TAN
 * @returns the fit, its pairs by the brightness of the source
 */
export function finish(sources: SourceList, match: Fitted, index: SkyIndex, tweakOrder: number): Fitted {
  const field = createField(sources, FIT_SOURCES);
  const fitted = polish(field, index.stars, match, tweakOrder, new StarBuffer());
  const rankOf = (i: number): number => field.rank[fitted.source[i]!]!;
  return takePairs(
    fitted,
    Int32Array.from(fitted.source.keys()).sort((i, j) => rankOf(i) - rankOf(j)),
  );
}

/** One search: what is open and what is reused between hypotheses. */
class Run {
  tried: number = 0;
  /** Of the rung that was climbed last. */
  bestLook: number = -Infinity;
  /** Why the rung that was climbed last ended without a match. */
  end: 'all-tried' | 'most-tried' | 'no-quads' = 'all-tried';
  readonly #stars: StarBuffer = new StarBuffer();
  readonly #field: Field;
  readonly #index: SkyIndex;
  readonly #pace: Pace;
  readonly #hits: QuadHits = new QuadHits();
  readonly #code: Float64Array = new Float64Array(4);
  readonly #camera: Float64Array = newCamera();
  readonly #direction: Float64Array = new Float64Array(3);
  readonly #verdict: Verdict = { logOdds: 0, predicted: 0, found: 0 };
  readonly #scratch: VerifyScratch;

  constructor(field: Field, index: SkyIndex, pace: Pace) {
    this.#field = field;
    this.#index = index;
    this.#pace = pace;
    this.#scratch = {
      stars: new StarBuffer(),
      direction: new Float64Array(3),
      claimed: new Uint32Array(field.x.length),
      round: 0,
      ratios: new Float64Array(256),
    };
  }

  /** Tries all quads of a rung. */
  async climb(rung: Rung): Promise<{ match: Fitted; logOdds: number } | undefined> {
    const field = this.#field;
    this.bestLook = -Infinity;
    this.end = 'all-tried';
    const limits = limitsOf(rung, field);
    // In wide fields codes come from directions, not from the plane of the image.
    const directions =
      rung.widthDeg === undefined
        ? undefined
        : directionsOfPixels(field.x, field.y, scaleOfWidth(rung.widthDeg, field.width));
    const bands = this.#index.bands.filter((band) => rung.bands(band));
    const open: { band: IndexBand; quads: OpenBand }[] = [];
    for (const band of bands) {
      // A band whose quads would have to be larger than the frame, or too small to measure, at every allowed scale.
      if (band.quadHigh < limits.leastScale * rung.least || band.quadLow > limits.mostScale * rung.most) continue;
      open.push({ band, quads: await band.open() });
    }
    if (open.length === 0) {
      this.end = 'no-quads';
      return undefined;
    }
    const narrowest = Math.max(limits.leastScale, Math.min(...open.map(({ band }) => band.quadLow / rung.most)));
    await this.#index.stars.open(this.#direction, (narrowest * Math.hypot(field.width, field.height)) / 2);
    let work = 0;
    const most = this.tried + rung.hypotheses;
    for (const quad of rung.quads()) {
      if (work > WORK_PER_LOOK) {
        work = 0;
        if (this.tried > most) {
          this.end = 'most-tried';
          return undefined;
        }
        if (this.#pace.due()) {
          await this.#pace.breathe();
          if (this.#pace.expired) return undefined;
        }
      }
      const size = fieldCode(field.x, field.y, quad, this.#code);
      if (directions) quadCode(directions, quad[0]!, quad[1]!, quad[2]!, quad[3]!, this.#code);
      const tolerance = Math.min(0.05, rung.slack + (rung.errors * field.sigma) / size);
      this.#hits.clear();
      for (const { band, quads } of open) {
        if (band.quadHigh < limits.leastScale * size || band.quadLow > limits.mostScale * size) continue;
        quads.search(this.#code, tolerance, this.#hits);
      }
      work += 1 + this.#hits.count;
      for (let hit = 0; hit < this.#hits.count; hit++) {
        const found = this.#test(quad, size, hit, limits);
        if (found) return found;
      }
    }
    return undefined;
  }

  /** One hypothesis: the quad's A and B are two known stars. */
  #test(quad: Int32Array, size: number, hit: number, limits: Limits): { match: Fitted; logOdds: number } | undefined {
    const field = this.#field;
    const { vectors, parity } = this.#hits;
    const camera = this.#camera;
    const a = quad[0]!;
    const b = quad[1]!;
    const ax = field.x[a]!;
    const ay = field.y[a]!;
    const bx = field.x[b]!;
    const by = field.y[b]!;
    if (!cameraOfPair(ax, ay, bx, by, vectors, 6 * hit, parity[hit]!, camera)) return undefined;
    if (!allows(limits, camera, parity[hit]!)) return undefined;
    this.tried++;
    const verdict = this.#verdict;
    verifyCamera(field, this.#index.stars, camera, quad, size, SURROUNDINGS * size, this.#scratch, verdict);
    if (verdict.logOdds > this.bestLook) this.bestLook = verdict.logOdds;
    if (verdict.logOdds < PROMISING) return undefined;
    const x = (ax + bx) / 2;
    const y = (ay + by) / 2;
    const fitted = growMatch(field, this.#index.stars, camera, parity[hit]!, x, y, size, this.#stars);
    if (fitted === undefined) return undefined;
    const logOdds = oddsOfMatch(field, fitted) - Math.log(1 + this.tried);
    return logOdds >= SURE ? { match: fitted, logOdds } : undefined;
  }
}

/** What hypotheses a rung allows. */
interface Limits {
  /** Radians per pixel. */
  readonly leastScale: number;
  readonly mostScale: number;
  /** Empty: everything is allowed. */
  readonly guesses: readonly Limit[];
}

interface Limit {
  readonly leastScale: number;
  readonly mostScale: number;
  readonly centre: Float64Array | undefined;
  readonly cosRadius: number;
  readonly parity: number | undefined;
}

function limitsOf(rung: Rung, field: Field): Limits {
  const { guesses, widthDeg } = rung;
  const all =
    widthDeg === undefined
      ? { leastScale: scaleOfWidth(NARROWEST_DEG, field.width), mostScale: scaleOfWidth(WIDEST_DEG, field.width) }
      : {
          leastScale: scaleOfWidth(widthDeg, field.width) / WIDTH_SLACK,
          mostScale: scaleOfWidth(widthDeg, field.width) * WIDTH_SLACK,
        };
  if (guesses.length === 0) return { ...all, guesses: [] };
  const arcsec = Math.PI / 648000;
  const limits = guesses.map(({ position, scale, parity }): Limit => ({
    leastScale: scale ? scale.lowArcsec * arcsec : all.leastScale,
    mostScale: scale ? scale.highArcsec * arcsec : all.mostScale,
    centre: position ? raDecToVector(position.raDeg * DEGREE, position.decDeg * DEGREE) : undefined,
    cosRadius: position ? Math.cos(Math.min(Math.PI, (position.radiusDeg * Math.PI) / 180)) : -1,
    parity,
  }));
  return {
    leastScale: Math.min(...limits.map((limit) => limit.leastScale)),
    mostScale: Math.max(...limits.map((limit) => limit.mostScale)),
    guesses: limits,
  };
}

const centre = new Float64Array(3);

function allows(limits: Limits, camera: Float64Array, parity: number): boolean {
  const scale = camera[9]!;
  if (scale < limits.leastScale || scale > limits.mostScale) return false;
  if (limits.guesses.length === 0) return true;
  directionOfPixel(camera, 0, 0, centre);
  for (const limit of limits.guesses) {
    if (scale < limit.leastScale || scale > limit.mostScale) continue;
    if (limit.parity !== undefined && limit.parity !== parity) continue;
    const c = limit.centre;
    if (c === undefined || c[0]! * centre[0]! + c[1]! * centre[1]! + c[2]! * centre[2]! >= limit.cosRadius) return true;
  }
  return false;
}
