import { SolveError } from '../errors.ts';
import type { HeaderHint } from '../hints.ts';
import type { Frame } from '../image/frame.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { RungEnding } from '../solver/search.ts';
import type { Outcome } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import { ELONGATED, SATURATED, TRUNCATED } from '../sources/source-list.ts';
import type { Command, OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { renderBlock } from './render-text.ts';
import { SOLVE_OPTIONS } from './solve-options.ts';
import { readSettings } from './solve-settings.ts';
import type { Terminal } from './terminal.ts';

/** Options of `solve` that change what the engine of this package does. */
const TAKEN = new Set(
  'ra dec radius scale-low scale-high scale-units fov parity no-hints extension downsample tweak-order timeout json overwrite'.split(
    ' ',
  ),
);

/** `solve explain IMAGE`. */
export const explainCommand: Command = {
  name: 'explain',
  summary: 'tell how an image is solved, or why it is not',
  usage: 'explain [options] IMAGE',
  about: [
    'Solves an image here and tells every step: what was read and which hints it holds, the stars that were found, each rung of the search and why it ended, and the answer.',
    'Exit codes as those of solve.',
  ],
  options: [
    {
      name: 'picture',
      value: 'FILE',
      names: 'file',
      group: 'Files',
      text: 'draw the stars that were found over the image, as PNG',
    },
    ...SOLVE_OPTIONS.filter(({ name }) => TAKEN.has(name)),
  ],
  examples: [
    ['solve explain m31.fits', 'why is it not solved?'],
    ['solve explain --picture found.png m31.fits', 'were stars found, or something else?'],
    ['solve explain --no-hints m31.fits', 'would it be found without its header?'],
  ],
  run,
};

/** What is known of an image when it was looked at. */
interface Explanation {
  readonly file: string;
  readonly image: {
    readonly width: number;
    readonly height: number;
    /** Of a list of sources there is none. */
    readonly format?: string;
    readonly rowOrder?: string;
    readonly bayer?: string;
    readonly pixels?: string;
  };
  readonly hints: readonly (HeaderHint & { readonly used: boolean })[];
  readonly sources: ReturnType<typeof countSources>;
  readonly rungs: readonly RungEnding[];
  readonly stages: Readonly<Record<string, number>>;
  readonly outcome: Outcome;
}

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const [file] = operands;
  if (file === undefined || operands.length > 1) throw new SolveError('BAD_OPTION', 'explain takes one image');
  const { image } = readSettings(values);
  const [{ openField }, { sourcesOf }, { createEmbeddedSolver }, { createPace }] = await Promise.all([
    import('../engines/input.ts'),
    import('../engines/field-sources.ts'),
    import('../engines/embedded.ts'),
    import('../pace.ts'),
  ]);
  const { signal } = terminal;
  const pace = createPace(signal, undefined);
  const start = performance.now();
  const field = await openField(file, { pace, signal, extension: image.extension });
  const readMs = performance.now() - start;
  const sources = await sourcesOf(field, image.downsample, pace);
  const detectMs = performance.now() - start - readMs;
  const rungs: RungEnding[] = [];
  const solver = createEmbeddedSolver({ ...image, onRungEnd: (ending) => rungs.push(ending) });
  // The sources are looked for again by the engine: a list alone would lose the hints of the file.
  const outcome = await solver.solve(field, image.hints, {
    signal,
    ...(image.timeoutMs === undefined ? {} : { timeoutMs: image.timeoutMs }),
  });
  const elapsedMs = performance.now() - start;
  const frame = 'pixels' in field ? field : undefined;
  const picture = values.get('picture');
  if (typeof picture === 'string' && frame !== undefined) {
    const { drawSources } = await import('../annotate/source-picture.ts');
    await writeFileAtomic(picture, await drawSources(frame, sources), { overwrite: values.has('overwrite') });
  }
  const explanation: Explanation = {
    file,
    image: {
      width: field.width,
      height: field.height,
      ...(frame && { format: frame.format, rowOrder: frame.rowOrder, pixels: pixelType(frame.pixels) }),
      ...(frame?.bayer && { bayer: frame.bayer }),
    },
    hints: frame === undefined ? [] : frame.hints.map((hint) => ({ ...hint, used: image.headerHints !== false })),
    sources: countSources(sources),
    rungs,
    stages: { read: readMs, detect: detectMs, ...outcome.report.stages },
    outcome,
  };
  if (values.has('json')) terminal.out(`${JSON.stringify(toJson(explanation))}\n`);
  else {
    for (const line of toLines(explanation, sources)) terminal.out(`${escapeControls(line)}\n`);
    terminal.out(renderBlock(file, { outcome, elapsedMs }));
  }
  return outcome.status === 'solved' ? 0 : 1;
}

function pixelType(pixels: Frame['pixels']): string {
  return pixels.constructor.name.replace('Array', '').toLowerCase();
}

function countSources({ x, flags, fwhm }: SourceList): {
  readonly found: number;
  readonly fwhm: number;
  readonly saturated: number;
  readonly elongated: number;
  readonly atTheBorder: number;
} {
  const count = (bit: number): number => flags.reduce((sum, flag) => sum + ((flag & bit) === 0 ? 0 : 1), 0);
  return {
    found: x.length,
    fwhm: Number(fwhm.toFixed(2)),
    saturated: count(SATURATED),
    elongated: count(ELONGATED),
    atTheBorder: count(TRUNCATED),
  };
}

function toJson({ outcome, rungs, stages, ...rest }: Explanation): unknown {
  const answer =
    outcome.status === 'solved'
      ? {
          ra: outcome.solution.calibration.ra,
          dec: outcome.solution.calibration.dec,
          logOdds: outcome.solution.logOdds,
        }
      : { reason: outcome.message, reasonCode: outcome.reason };
  return {
    ...rest,
    rungs: rungs.map((rung) => ({ ...rung, bestLook: Number.isFinite(rung.bestLook) ? rung.bestLook : null })),
    stages: Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, Math.round(ms)])),
    status: outcome.status,
    ...answer,
  };
}

const ENDS: Readonly<Record<RungEnding['end'], string>> = {
  found: 'found the place',
  'all-tried': 'all its figures were looked up: none fits',
  'most-tried': 'stopped at its limit of places to look at',
  'no-quads': 'no figures of a size that fits into the frame',
  'time-limit': 'stopped by the time limit',
};

/** The brightest that are listed one by one. */
const MOST_LISTED = 10;

function toLines({ image, hints, sources, rungs, stages }: Explanation, list: SourceList): string[] {
  const { width, height, format, rowOrder, bayer, pixels } = image;
  const shown = Math.min(MOST_LISTED, list.x.length);
  const { found, fwhm, saturated, elongated, atTheBorder } = sources;
  const kind = format === undefined ? ', a list of sources' : `, ${format}, ${pixels}, ${rowOrder}`;
  return [
    'image',
    `  ${width} x ${height} pixels${kind}${bayer === undefined ? '' : `, Bayer ${bayer}`}`,
    'hints in the file',
    ...(hints.length === 0 ? ['  none'] : hints.map(hintLine)),
    'stars found',
    `  ${found}, typically ${fwhm} pixels wide; ${saturated} saturated, ${elongated} elongated, ${atTheBorder} at the border`,
    ...Array.from({ length: shown }, (_, i) => sourceLine(list, i)),
    'search',
    ...(rungs.length === 0 ? ['  none: too few stars'] : rungs.map(rungLine)),
    'time',
    `  ${Object.entries(stages)
      .map(([stage, ms]) => `${stage} ${Math.round(ms)} ms`)
      .join(', ')}`,
    'answer',
  ];
}

function hintLine(hint: Explanation['hints'][number]): string {
  const what =
    hint.kind === 'position'
      ? `position ${hint.raDeg.toFixed(4)} ${hint.decDeg.toFixed(4)} deg`
      : `scale ${hint.scaleArcsec.toPrecision(5)} arcsec/px`;
  return `  ${what}, from ${hint.from}${hint.used ? '' : ' (not used: --no-hints)'}`;
}

function sourceLine({ x, y, flux, sigma }: SourceList, i: number): string {
  const number = (value: number): string => value.toFixed(2).padStart(9);
  return `  ${String(i + 1).padStart(3)} ${number(x[i]! + 1)} ${number(y[i]! + 1)}   flux ${flux[i]!.toPrecision(4)}, known to ${sigma[i]!.toFixed(2)} px`;
}

function rungLine({ name, tried, bestLook, end }: RungEnding): string {
  const best = Number.isFinite(bestLook) ? `, best first look ${bestLook.toFixed(1)}` : '';
  return `  ${name.padEnd(20)} ${ENDS[end]} (${tried} places${best})`;
}
