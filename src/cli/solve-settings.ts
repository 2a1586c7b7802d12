import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import { parseDec, parseRa } from '../math/angle.ts';
import type { WhatToSend } from '../engines/parcel.ts';
import type { FrameSolverOptions } from '../pipeline/frame-solver.ts';
import { type OptionValues, valuesOf } from './command.ts';
import { readChoice, readNumber } from './option-value.ts';
import type { NumberRule } from './option-value.ts';
import { PRODUCT_NAMES, type ProductName } from './product-kinds.ts';

/** How a server is asked. */
export interface ServiceSettings {
  readonly server?: string;
  readonly keyFile?: string;
  readonly upload?: WhatToSend;
  readonly isPublic: boolean;
  readonly pollMs?: number;
}

/** What the options of `solve` mean. */
export interface SolveSettings {
  /** What the engine is told of every image. */
  readonly image: Omit<FrameSolverOptions, 'engines'>;
  /** Engines in their order; absent: not said. */
  readonly engines?: readonly EngineName[];
  readonly service: ServiceSettings;
  /** Images at once; absent: not said. */
  readonly jobs?: number;
  readonly recursive: boolean;
  /** Every image of a FITS file, not the first alone. */
  readonly allExtensions: boolean;
  /** Take the answers of earlier runs. */
  readonly resume: boolean;
  readonly json: boolean;
  /** List what lies in the field. */
  readonly objects: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly overwrite: boolean;
  readonly outDir?: string;
  /** Files to be written of each image: their name, or true: derived from the image's. */
  readonly products: ReadonlyMap<ProductName, string | true>;
  /** Write the solution into the image itself. */
  readonly update?: { readonly backup: boolean; readonly dryRun: boolean };
  /** The table of all images. */
  readonly csv?: string;
  /** Where to store what is needed to understand why an image has no solution; with its pixels? */
  readonly keepFailed?: { readonly folder: string; readonly pixels: boolean };
}

/** Engines that can be named. */
export type EngineName = 'embedded' | 'solve-field' | 'nova';

/** If the user gives a position without a radius: pointing models and finder errors stay within this. */
const DEFAULT_RADIUS_DEG = 5;
/** Bounds of the field width, degrees, that solve-field supposes for the bound that is not given. */
const WIDTH_BOUNDS_DEG = [0.1, 180] as const;
/** The same for arcsec per pixel: from the finest camera behind the longest telescope to a fisheye on few pixels. */
const SCALE_BOUNDS_ARCSEC = [0.01, 3600] as const;

/**
 * Turns the options of `solve` into what they mean.
 *
 * @param takesAll the command takes `--extension all`
 * @throws {SolveError} `BAD_OPTION` naming the option, `NOT_AVAILABLE` for what is not there yet
 */
export function readSettings(values: OptionValues, takesAll = false): SolveSettings {
  const allExtensions = values.get('extension') === 'all';
  if (allExtensions && !takesAll) {
    throw new SolveError('BAD_OPTION', '--extension all is for solve and retry: name one HDU here');
  }
  const engines = readEngines(values);
  const jobs = number(values, 'jobs', { low: 1, high: 256, integer: true }, '-j');
  const outDir = text(values, 'out-dir');
  const products = readProducts(values);
  const update = readUpdate(values);
  const csv = text(values, 'csv');
  const failedFolder = text(values, 'keep-failed');
  if (values.has('keep-pixels') && failedFolder === undefined) {
    throw new SolveError('BAD_OPTION', '--keep-pixels needs --keep-failed');
  }
  return {
    image: { ...readImageOptions(values), keepSources: products.has('sources') || products.has('corr') },
    ...(engines === undefined ? {} : { engines }),
    service: readService(values),
    ...(jobs === undefined ? {} : { jobs }),
    recursive: values.has('recursive'),
    allExtensions,
    resume: values.has('resume'),
    json: values.has('json'),
    objects: values.has('objects'),
    quiet: values.has('quiet'),
    verbose: values.has('verbose'),
    overwrite: values.has('overwrite'),
    ...(outDir === undefined ? {} : { outDir }),
    products,
    ...(update === undefined ? {} : { update }),
    ...(csv === undefined ? {} : { csv }),
    ...(failedFolder === undefined ? {} : { keepFailed: { folder: failedFolder, pixels: values.has('keep-pixels') } }),
  };
}

function readProducts(values: OptionValues): Map<ProductName, string | true> {
  return new Map(
    PRODUCT_NAMES.flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function readUpdate(values: OptionValues): { backup: boolean; dryRun: boolean } | undefined {
  const [backup, dryRun] = [values.has('backup'), values.has('dry-run')];
  if (values.has('update')) return { backup, dryRun };
  if (backup) throw new SolveError('BAD_OPTION', '--backup needs --update');
  if (dryRun) throw new SolveError('BAD_OPTION', '--dry-run needs --update');
  return undefined;
}

function readImageOptions(values: OptionValues): FrameSolverOptions {
  const position = readPosition(values);
  const parity = readParity(values);
  const { scale, fieldWidth } = readScale(values);
  const extension = readExtension(values);
  const downsample = number(values, 'downsample', { low: 1, high: 16, integer: true });
  const tweakOrder = number(values, 'tweak-order', { low: 0, high: 5, integer: true });
  const seconds = number(values, 'timeout', { low: 0, above: true, high: 86_400 });
  const indexDirs = valuesOf(values, 'index-dir');
  return {
    hints: {
      ...(position === undefined ? {} : { position }),
      ...(scale === undefined ? {} : { scale }),
      ...(fieldWidth === undefined ? {} : { fieldWidth }),
      ...(parity === undefined ? {} : { parity }),
    },
    headerHints: !values.has('no-hints'),
    ...(extension === undefined ? {} : { extension }),
    ...(downsample === undefined ? {} : { downsample }),
    ...(tweakOrder === undefined ? {} : { tweakOrder }),
    crpixCenter: values.has('crpix-center'),
    ...(indexDirs.length === 0 ? {} : { indexDirs }),
    ...(seconds === undefined ? {} : { timeoutMs: seconds * 1000 }),
  };
}

function readPosition(values: OptionValues): { raDeg: number; decDeg: number; radiusDeg: number } | undefined {
  const ra = text(values, 'ra');
  const dec = text(values, 'dec');
  const radiusDeg = number(values, 'radius', { low: 0, above: true, high: 180 });
  if (ra === undefined && dec === undefined) {
    if (radiusDeg !== undefined) throw new SolveError('BAD_OPTION', '--radius needs --ra and --dec');
    return undefined;
  }
  if (ra === undefined) throw new SolveError('BAD_OPTION', '--dec needs --ra');
  if (dec === undefined) throw new SolveError('BAD_OPTION', '--ra needs --dec');
  const raDeg = parseRa(ra);
  if (raDeg === undefined) {
    throw new SolveError('BAD_OPTION', `--ra takes degrees, 12:34:56 or 12h34m56s, not '${ra}'`);
  }
  const decDeg = parseDec(dec);
  if (decDeg === undefined) {
    throw new SolveError('BAD_OPTION', `--dec takes degrees from -90 to 90, +45:10:30 or +45d10m, not '${dec}'`);
  }
  return { raDeg, decDeg, radiusDeg: radiusDeg ?? DEFAULT_RADIUS_DEG };
}

/** `pos` is solve-field's word for det(CD) < 0. */
function readParity(values: OptionValues): 1 | -1 | undefined {
  const word = text(values, 'parity');
  if (word === undefined) return undefined;
  const parity = readChoice('--parity', word, ['pos', 'neg', 'both']);
  return parity === 'both' ? undefined : parity === 'pos' ? -1 : 1;
}

function readScale(values: OptionValues): Pick<Hints, 'scale' | 'fieldWidth'> {
  const positive: NumberRule = { low: 0, above: true, high: Infinity };
  const low = number(values, 'scale-low', positive);
  const high = number(values, 'scale-high', positive);
  const fov = number(values, 'fov', { low: 0, above: true, high: 180 });
  const word = text(values, 'scale-units');
  const units =
    word === undefined
      ? 'degwidth'
      : readChoice('--scale-units', word, ['degwidth', 'arcminwidth', 'arcsecperpix', 'dw', 'aw', 'amw', 'app']);
  const bounded = low !== undefined || high !== undefined;
  if (low !== undefined && high !== undefined && low > high) {
    throw new SolveError('BAD_OPTION', `--scale-low ${low} is above --scale-high ${high}`);
  }
  if (fov !== undefined) {
    if (bounded) throw new SolveError('BAD_OPTION', 'give --fov or --scale-low and --scale-high, not both');
    return { fieldWidth: { lowDeg: fov * 0.8, highDeg: Math.min(180, fov * 1.2) } };
  }
  if (!bounded) {
    if (word !== undefined) throw new SolveError('BAD_OPTION', '--scale-units needs --scale-low or --scale-high');
    return {};
  }
  if (units === 'arcsecperpix' || units === 'app') {
    const lowArcsec = low ?? Math.min(SCALE_BOUNDS_ARCSEC[0], high ?? Infinity);
    return { scale: { lowArcsec, highArcsec: high ?? Math.max(SCALE_BOUNDS_ARCSEC[1], lowArcsec) } };
  }
  const perDegree = units === 'degwidth' || units === 'dw' ? 1 : 60;
  return {
    fieldWidth: {
      lowDeg: Math.min(180, (low ?? WIDTH_BOUNDS_DEG[0] * perDegree) / perDegree),
      highDeg: Math.min(180, (high ?? WIDTH_BOUNDS_DEG[1] * perDegree) / perDegree),
    },
  };
}

function readExtension(values: OptionValues): number | undefined {
  if (values.get('extension') === 'all') return undefined;
  return number(values, 'extension', { low: 0, high: 9999, integer: true });
}

function readEngines(values: OptionValues): EngineName[] | undefined {
  const list = text(values, 'engine');
  if (list === undefined) return undefined;
  const engines = list
    .split(',')
    .map((word): EngineName => readChoice('--engine', word.trim(), ['embedded', 'solve-field', 'nova']));
  if (new Set(engines).size < engines.length)
    throw new SolveError('BAD_OPTION', `--engine ${list}: one is named twice`);
  return engines;
}

function readService(values: OptionValues): ServiceSettings {
  const server = text(values, 'server');
  const keyFile = text(values, 'api-key-file');
  const upload = text(values, 'upload');
  const seconds = number(values, 'poll', { low: 0, above: true, high: 3600 });
  return {
    ...(server === undefined ? {} : { server }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(upload === undefined ? {} : { upload: readChoice('--upload', upload, ['image', 'sources', 'auto']) }),
    isPublic: values.has('public'),
    ...(seconds === undefined ? {} : { pollMs: seconds * 1000 }),
  };
}

function text(values: OptionValues, name: string): string | undefined {
  const value = values.get(name);
  return value === true ? undefined : value;
}

function number(values: OptionValues, name: string, rule: NumberRule, shown = `--${name}`): number | undefined {
  const value = text(values, name);
  return value === undefined ? undefined : readNumber(shown, value, rule);
}
