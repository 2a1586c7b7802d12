import { z } from 'zod';
import { SolveError } from '../errors.ts';

// What can be asked of the server along with an upload, both ways. The server checks nothing: a value that cannot be meant
// makes a job that fails, an exception, or is dropped in silence. So it is checked here, and written so that it counts.

/** Width of the image in degrees or arcmin, arcsec per pixel, or focal length in mm of a 35 mm camera. */
export type ScaleUnits = 'degwidth' | 'arcminwidth' | 'arcsecperpix' | 'focalmm';

/** The scale as a range, or as an estimate and its error. */
export type ScaleSetting =
  | { readonly units: ScaleUnits; readonly lower: number; readonly upper: number }
  | { readonly units: ScaleUnits; readonly estimate: number; readonly errorPercent: number };

/** What can be asked of the server along with an upload. All of it may be left out. */
export interface UploadSettings {
  /** Show the picture on the web pages of the server. Its results can be read by anybody in any case. Default: no. */
  readonly publiclyVisible?: boolean | undefined;
  /** Default: what the user's profile says. */
  readonly allowCommercialUse?: 'yes' | 'no' | 'default' | undefined;
  /** Default: what the user's profile says. */
  readonly allowModifications?: 'yes' | 'no' | 'share-alike' | 'default' | undefined;
  /** How large the image is on the sky. Default: 0.1 to 180 degrees wide. */
  readonly scale?: ScaleSetting | undefined;
  /** Where the image is: degrees, J2000. The server looks nowhere else. */
  readonly position?: { readonly raDeg: number; readonly decDeg: number; readonly radiusDeg: number } | undefined;
  /** Sign of det(CD) in the pixels as stored: -1 for a usual FITS image, 1 for a usual JPEG. Default: both are tried. */
  readonly parity?: 1 | -1 | undefined;
  /** Order of the distortion polynomials, 0 to 9; 0: none. Default: 2. High orders take long. */
  readonly tweakOrder?: number | undefined;
  /** Pixels are binned by this before sources are looked for; 1: not at all. Default: 2. */
  readonly downsampleFactor?: number | undefined;
  /** Find sources with SourceExtractor, if the server has it. */
  readonly useSourceExtractor?: boolean | undefined;
  /** Put the reference pixel of the WCS into the centre of the image. */
  readonly crpixCenter?: boolean | undefined;
  /** The stars are dark on a bright sky. */
  readonly invert?: boolean | undefined;
  /** Error of the positions of sources, pixels. Default: the solver's own, 1. */
  readonly positionalError?: number | undefined;
  /** Title of an album that exists on the server. */
  readonly album?: string | undefined;
}

/** The keys of `request-json`, beside the session, that settings become. */
export type WireSettings = Record<string, string | number | boolean>;

/** Where the server would take 0 as "not given", this is as good as 0: a third of a milliarcsecond. */
const ALMOST_ZERO = 1e-9;

/** The server's own range where it is told none, in whatever unit. */
const DEFAULT_LOWER = 0.1;
const DEFAULT_UPPER = 180;

const LICENCE = { default: 'd', yes: 'y', no: 'n', 'share-alike': 'sa' } as const;

/**
 * Parity as the server counts it: 0 becomes `--parity pos`, which is a negative determinant, and 1 `--parity neg`; the
 * solver's log says "neg" of a solution whose determinant is positive. The result's `parity` is the sign itself.
 */
const PARITY_NEGATIVE = 0;
const PARITY_POSITIVE = 1;

/** Keys of text that the server keeps as it is: null is an exception there, or the word None. */
const NEVER_NULL = ['publicly_visible', 'allow_commercial_use', 'allow_modifications', 'scale_units', 'scale_type'];

const positive = z.number().positive();

const UNITS = z.enum(['degwidth', 'arcminwidth', 'arcsecperpix', 'focalmm']);

const RANGE = z
  .strictObject({ units: UNITS, lower: z.number().nonnegative(), upper: positive })
  .refine(({ lower, upper }) => lower < upper, 'lower is not below upper');

const ESTIMATE = z.strictObject({ units: UNITS, estimate: positive, errorPercent: positive.max(100) });

const SETTINGS = z.strictObject({
  publiclyVisible: z.boolean().optional(),
  allowCommercialUse: z.enum(['yes', 'no', 'default']).optional(),
  allowModifications: z.enum(['yes', 'no', 'share-alike', 'default']).optional(),
  scale: z.looseObject({}).optional(),
  position: z
    .strictObject({
      raDeg: z.number().min(-360).max(360),
      decDeg: z.number().min(-90).max(90),
      radiusDeg: positive.max(180),
    })
    .optional(),
  parity: z.literal([1, -1]).optional(),
  tweakOrder: z.int().min(0).max(9).optional(),
  downsampleFactor: z.int().min(1).max(1000).optional(),
  useSourceExtractor: z.boolean().optional(),
  crpixCenter: z.boolean().optional(),
  invert: z.boolean().optional(),
  positionalError: positive.optional(),
  album: z.string().min(1).optional(),
});

/**
 * Checks settings and writes them as the server reads them. The image is not public unless that is asked for.
 *
 * @throws {SolveError} `BAD_ARGUMENT`, naming the setting
 */
export function encodeSettings(settings: UploadSettings = {}): WireSettings {
  const { scale, ...rest } = settings;
  check('settings', SETTINGS, settings);
  if (scale !== undefined) check('settings.scale', 'estimate' in scale ? ESTIMATE : RANGE, scale);
  return {
    publicly_visible: rest.publiclyVisible === true ? 'y' : 'n',
    allow_commercial_use: LICENCE[rest.allowCommercialUse ?? 'default'],
    allow_modifications: LICENCE[rest.allowModifications ?? 'default'],
    ...(scale === undefined ? {} : encodeScale(scale)),
    ...(rest.position === undefined ? {} : encodePosition(rest.position)),
    ...(rest.parity === undefined ? {} : { parity: rest.parity < 0 ? PARITY_NEGATIVE : PARITY_POSITIVE }),
    ...(rest.tweakOrder === undefined ? {} : { tweak_order: rest.tweakOrder }),
    ...(rest.downsampleFactor === undefined ? {} : { downsample_factor: rest.downsampleFactor }),
    ...(rest.useSourceExtractor === undefined ? {} : { use_sextractor: rest.useSourceExtractor }),
    ...(rest.crpixCenter === undefined ? {} : { crpix_center: rest.crpixCenter }),
    ...(rest.invert === undefined ? {} : { invert: rest.invert }),
    ...(rest.positionalError === undefined ? {} : { positional_error: rest.positionalError }),
    ...(rest.album === undefined ? {} : { album: rest.album }),
  };
}

/**
 * Reads settings from `request-json` with the meaning that the real server gives them: numbers may be text, booleans are
 * truth values of Python, a position of which a part is missing or 0 does not count, other keys are ignored.
 *
 * @throws {SolveError} `BAD_ARGUMENT` where the real server fails, or the job would fail at once
 */
export function decodeSettings(json: Readonly<Record<string, unknown>>): UploadSettings {
  for (const key of NEVER_NULL) if (json[key] === null) throw refuse(key, 'is null');
  const ra = number(json, 'center_ra');
  const dec = number(json, 'center_dec');
  const radius = number(json, 'radius');
  const parity = whole(json, 'parity');
  const tweakOrder = whole(json, 'tweak_order');
  const downsample = whole(json, 'downsample_factor');
  const positionalError = number(json, 'positional_error');
  if (parity !== undefined && parity < 0) throw refuse('parity', `${parity} is negative`);
  if (downsample !== undefined && downsample < 0) throw refuse('downsample_factor', `${downsample} is negative`);
  const settings: UploadSettings = {
    publiclyVisible: (json['publicly_visible'] ?? 'y') === 'y',
    allowCommercialUse: licence(json, 'allow_commercial_use') as 'yes' | 'no' | 'default',
    allowModifications: licence(json, 'allow_modifications'),
    scale: decodeScale(json),
    ...(ra && dec && radius ? { position: { raDeg: ra, decDeg: dec, radiusDeg: radius } } : {}),
    ...(parity === undefined || parity > PARITY_POSITIVE ? {} : { parity: parity === PARITY_NEGATIVE ? -1 : 1 }),
    ...(tweakOrder === undefined ? {} : { tweakOrder: Math.min(9, Math.max(0, tweakOrder)) }),
    ...(downsample === undefined ? {} : { downsampleFactor: Math.max(1, downsample) }),
    useSourceExtractor: truth(json['use_sextractor']),
    crpixCenter: truth(json['crpix_center']),
    invert: truth(json['invert']),
    ...(positionalError ? { positionalError } : {}),
    ...(json['album'] === undefined ? {} : { album: text(json, 'album') }),
  };
  encodeSettings(settings);
  return settings;
}

function encodeScale(scale: ScaleSetting): WireSettings {
  // The server reads an estimate only if it is told so, and has a default for either bound: all is said, always.
  if ('estimate' in scale) {
    const { units, estimate, errorPercent } = scale;
    return { scale_units: units, scale_type: 'ev', scale_est: estimate, scale_err: errorPercent };
  }
  return { scale_units: scale.units, scale_type: 'ul', scale_lower: scale.lower, scale_upper: scale.upper };
}

function decodeScale(json: Readonly<Record<string, unknown>>): ScaleSetting {
  const units = json['scale_units'] ?? 'degwidth';
  if (json['scale_type'] === 'ev') {
    return {
      units: units as ScaleUnits,
      estimate: number(json, 'scale_est') ?? Number.NaN,
      errorPercent: number(json, 'scale_err') ?? Number.NaN,
    };
  }
  if ((json['scale_type'] ?? 'ul') !== 'ul') throw refuse('scale_type', 'is neither ul nor ev');
  return {
    units: units as ScaleUnits,
    lower: number(json, 'scale_lower') ?? DEFAULT_LOWER,
    upper: number(json, 'scale_upper') ?? DEFAULT_UPPER,
  };
}

function encodePosition({ raDeg, decDeg, radiusDeg }: NonNullable<UploadSettings['position']>): WireSettings {
  const ra = ((raDeg % 360) + 360) % 360;
  return { center_ra: ra || ALMOST_ZERO, center_dec: decDeg || ALMOST_ZERO, radius: radiusDeg };
}

function check(where: string, schema: z.ZodType, value: unknown): void {
  const result = schema.safeParse(value);
  if (result.success) return;
  const facts = result.error.issues.slice(0, 3).map(({ path, message }) => `${[where, ...path].join('.')}: ${message}`);
  throw new SolveError('BAD_ARGUMENT', facts.join('; '));
}

/** Python's float(): a number, true and false, or text that holds a number. */
function number(json: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = json[key];
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof parsed !== 'number' || !Number.isFinite(parsed)) throw refuse(key, 'is not a number');
  return parsed;
}

/** Python's int(): cuts a number, but refuses text with a fraction. */
function whole(json: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = number(json, key);
  if (value === undefined) return undefined;
  if (typeof json[key] === 'string' && !Number.isInteger(value)) throw refuse(key, 'is not a whole number');
  return Math.trunc(value);
}

function text(json: Readonly<Record<string, unknown>>, key: string): string {
  const value = json[key];
  if (typeof value !== 'string') throw refuse(key, 'is no text');
  return value;
}

/** Python's bool(), of what JSON can hold: the text "false" is true. */
function truth(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function licence(json: Readonly<Record<string, unknown>>, key: string): 'yes' | 'no' | 'share-alike' | 'default' {
  switch (json[key] ?? 'd') {
    case 'd':
      return 'default';
    case 'y':
      return 'yes';
    case 'n':
      return 'no';
    case 'sa':
      return 'share-alike';
    default:
      throw refuse(key, 'is none of d, y, n, sa');
  }
}

function refuse(key: string, fact: string): SolveError {
  return new SolveError('BAD_ARGUMENT', `${key} ${fact}`);
}
