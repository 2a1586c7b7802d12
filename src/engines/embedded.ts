import type { Hints } from '../hints.ts';
import type { Frame } from '../image/frame.ts';
import { vectorToDegrees } from '../math/sphere.ts';
import { createPace } from '../pace.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';
import type { Matches, Outcome, Report, Solution, SolveInput, SolveOptions, Solver } from '../solution.ts';
import type { Fitted } from '../solver/confirm.ts';
import { type RungEnding, finish } from '../solver/search.ts';
import { detectSources, estimateBackground } from '../sources/detection.ts';
import { fillsCircle } from '../sources/round-field.ts';
import type { SourceList } from '../sources/source-list.ts';
import { calibrate } from '../wcs/calibration.ts';
import { fitInverse } from '../wcs/sip.ts';
import type { Wcs } from '../wcs/wcs.ts';
import { guessesOf } from './guesses.ts';
import { isInMemory, openField } from './input.ts';
import { searchSky } from './sky-search.ts';
import { openBundledIndex } from './star-data.ts';

/** How the engine inside the package works. Everything may be left out. */
export interface EmbeddedOptions {
  /** Bin this many by as many pixels before looking for stars. Default: chosen by the size of the stars. */
  readonly downsample?: number;
  /** Highest order of the SIP distortion; 0: plain TAN. Default: as high as the stars support, up to 5. */
  readonly tweakOrder?: number;
  /** Whether hints in the file are used. Default: true. */
  readonly headerHints?: boolean;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Stars and quads to search. Default: those of the package. */
  readonly index?: SkyIndex;
  /**
   * Folders of Astrometry.net index files (41xx, 42xx, 52xx and others), searched beside the data of the package: for fields
   * narrower than 0.6 degrees. Default: the folders where other programs keep them, of which only what the package lacks is
   * used, and only for fields that are narrow or not found otherwise. An empty list: none.
   */
  readonly indexDirs?: readonly string[];
  /** Told as the steps of the search end: for whoever wants to know why nothing was found. */
  readonly onRungEnd?: (ending: RungEnding) => void;
}

/** Highest SIP order that is tried unless told. */
const TWEAK_ORDER = 5;

/** The engine inside the package: no network, no key, nothing to install. */
export function createEmbeddedSolver(options: EmbeddedOptions = {}): Solver {
  return {
    name: 'embedded',
    solve: (input, hints = {}, solveOptions = {}) => solveEmbedded(input, hints, solveOptions, options),
  };
}

async function solveEmbedded(
  input: SolveInput,
  hints: Hints,
  solveOptions: SolveOptions,
  options: EmbeddedOptions,
): Promise<Outcome> {
  const { signal, timeoutMs, onProgress, keepSources } = solveOptions;
  signal?.throwIfAborted();
  const pace = createPace(signal, timeoutMs);
  const stages: Record<string, number> = {};
  const timed = async <T>(stage: string, work: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work;
    stages[stage] = performance.now() - start;
    return result;
  };
  const index = options.index ?? (await openBundledIndex());
  const extension = solveOptions.extension ?? options.extension;
  const field = isInMemory(input)
    ? input
    : await timed('read', openField(input, { pace, signal, onProgress, extension }));
  warmUp(index);
  onProgress?.({ stage: 'detect' });
  const sources = 'flux' in field ? field : await detect(field, options.downsample, pace, timed);
  onProgress?.({ stage: 'search' });
  const headerHints = 'hints' in field && options.headerHints !== false ? field.hints : [];
  const guesses = guessesOf(hints, headerHints, field.width);
  const indexDirs = options.indexDirs ?? (options.index === undefined ? undefined : []);
  const found = await timed(
    'match',
    searchSky(sources, guesses, index, indexDirs, {
      pace,
      onRung: (text, fraction) => onProgress?.({ stage: 'search', text, fraction }),
      ...(options.onRungEnd === undefined ? {} : { onRungEnd: options.onRungEnd }),
    }),
  );
  const { finding } = found;
  const notes = headerHints.map((hint) =>
    hint.kind === 'position'
      ? `hint: ${hint.raDeg.toFixed(4)} ${hint.decDeg.toFixed(4)} deg from ${hint.from}`
      : `hint: ${hint.scaleArcsec.toFixed(3)} arcsec/px from ${hint.from}`,
  );
  if (hints.previous !== undefined) {
    notes.unshift(
      `hint: ${hints.previous.raDeg.toFixed(4)} ${hints.previous.decDeg.toFixed(4)} deg from the frame before`,
    );
  }
  notes.push(...found.notes);
  if (finding.kind === 'found') notes.push(`solved on rung "${finding.rung}" after ${finding.tried} hypotheses`);
  const report: Report = { stages, sources: sources.x.length, fwhm: sources.fwhm, candidates: finding.tried, notes };
  const kept = keepSources === true ? { sources } : {};
  if (finding.kind !== 'found') {
    // Few sources say little if there was no time to look for them.
    const reason = pace.expired ? 'time-limit' : found.lacksIndex ? 'no-index' : finding.kind;
    return { status: 'unsolved', reason, message: explain(reason, sources), report, ...kept };
  }
  const fitStart = performance.now();
  const fitted = finish(sources, finding.match, found.index, options.tweakOrder ?? TWEAK_ORDER);
  stages['fit'] = performance.now() - fitStart;
  const rowOrder = 'rowOrder' in field ? field.rowOrder : 'bottom-up';
  return {
    status: 'solved',
    solution: toSolution(fitted, finding.logOdds, field.width, field.height, rowOrder),
    report,
    ...kept,
  };
}

/** The bands that nearly every search needs: small, and read while the processor looks for stars. */
const WARM_QUADS = 1_000_000;

function warmUp(index: SkyIndex): void {
  for (const band of index.bands) {
    // A fault shows when the search opens the band.
    if (band.quads < WARM_QUADS) band.open().catch(() => {});
  }
}

async function detect(
  frame: Frame,
  downsample: number | undefined,
  pace: ReturnType<typeof createPace>,
  timed: <T>(stage: string, work: Promise<T>) => Promise<T>,
): Promise<SourceList> {
  const binning = downsample === undefined ? {} : { downsample };
  const flat = await timed('background', estimateBackground(frame, { pace, ...binning }));
  return timed('detect', detectSources(flat, { pace }));
}

function toSolution(
  fitted: Fitted,
  logOdds: number,
  width: number,
  height: number,
  rowOrder: Solution['rowOrder'],
): Solution {
  const wcs = withInverse(fitted.wcs, width, height);
  return {
    engine: 'embedded',
    width,
    height,
    rowOrder,
    wcs,
    calibration: calibrate(wcs, width, height, rowOrder),
    matches: matchesOf(fitted),
    rms: fitted.rms,
    logOdds,
  };
}

function withInverse(wcs: Wcs, width: number, height: number): Wcs {
  if (wcs.sip === undefined) return wcs;
  const { inverseOrder, ap, bp } = fitInverse(wcs.sip, width, height, wcs.crpix);
  return { ...wcs, sip: { ...wcs.sip, inverseOrder, ap, bp } };
}

function matchesOf(fitted: Fitted): Matches {
  const { pairs, magnitude, residual } = fitted;
  const n = magnitude.length;
  const ra = new Float64Array(n);
  const dec = new Float64Array(n);
  for (let i = 0; i < n; i++) [ra[i], dec[i]] = vectorToDegrees(pairs.vectors, 3 * i);
  return { x: pairs.x, y: pairs.y, ra, dec, magnitude, residual: Float32Array.from(residual) };
}

function explain(reason: 'exhausted' | 'no-index' | 'time-limit' | 'too-few-sources', sources: SourceList): string {
  const count = sources.x.length;
  switch (reason) {
    case 'too-few-sources':
      return `${count === 1 ? 'only 1 star' : count === 0 ? 'no stars' : `only ${count} stars`} found, at least 6 are needed: expose longer, or check focus and that this is a picture of the night sky`;
    case 'exhausted':
      if (fillsCircle(sources)) {
        return `${count} sources found in a round field, as fish-eye lenses and all-sky cameras have: pictures wider than about 60 degrees are not solved; cut out a part of it`;
      }
      return `${count} sources found, but no place in the sky fits them: fields of 0.6 to 60 degrees with a dozen Tycho-2 stars can be solved, narrower ones with index files (solve index recommend); check focus`;
    case 'no-index':
      return `${count} sources found, but the field is narrower than 0.6 degrees, and there are no index files for it: solve index recommend tells which ones it needs`;
    case 'time-limit':
      return `the time limit was reached with ${count} sources found: allow more time, or give a position or scale hint`;
  }
}
