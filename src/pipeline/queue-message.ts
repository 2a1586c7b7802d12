import { type ZodType, z } from 'zod';
import { FAULTS, type FaultCode, SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Outcome, Progress, RemoteJob, Solution } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import { outcomeToRecord } from './outcome-record.ts';

/** Queue that workers and submitters meet in unless another is named. */
export const QUEUE_NAME = 'starfix';
/** Name of all jobs: dashboards show it. */
export const JOB_NAME = 'solve';

/** A source list as JSON: columns of equal length. */
export interface SourcesJson {
  readonly width: number;
  readonly height: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly flux: readonly number[];
  readonly sigma: readonly number[];
  readonly flags: readonly number[];
  readonly fwhm: number;
}

/** What a job asks for: plain JSON, paths or positions of stars, never pixels. */
export interface JobData {
  readonly version: 1;
  /** All jobs of one call of `submitMany`. */
  readonly run: string;
  /** Place among the inputs of the run, from 0. */
  readonly index: number;
  /** What people call it. */
  readonly name: string;
  readonly input:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'url'; readonly url: string }
    | {
        readonly kind: 'sources';
        readonly sources: SourcesJson;
        /** Of the picture that they were found in. */
        readonly rowOrder: Solution['rowOrder'];
        /** What the file says: for the engine of this package alone. */
        readonly headerHints?: Hints;
      };
  readonly hints: Hints;
  readonly options: JobOptions;
  /** Where a server has it already: written by the worker that sent it there, for the one that takes over. */
  readonly submitted?: RemoteJob;
}

/** What a job can be told beside its hints: as in `SolveImageOptions`. */
export interface JobOptions {
  /** Limit for each image, in ms; a worker may allow less. */
  readonly timeoutMs?: number;
  /** Bin this many by as many pixels before looking for stars. Default: chosen by the size of the stars. */
  readonly downsample?: number;
  /** Highest order of the SIP distortion; 0: plain TAN. Default: as high as the stars support, up to 5. */
  readonly tweakOrder?: number;
  /** Whether hints in the file are used. Default: true. */
  readonly headerHints?: boolean;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Put the reference pixel of the WCS at the centre of the image. */
  readonly crpixCenter?: boolean;
  /** Whether a worker tries the place of its last image of the same run first. Default: yes. */
  readonly sequence?: boolean;
}

/** @throws {SolveError} `BAD_ARGUMENT` for a name that BullMQ does not take */
export function checkQueueName(name: string): void {
  // A colon parts the names of keys.
  if (!/^[^:\s]{1,200}$/.test(name)) throw new SolveError('BAD_ARGUMENT', `queue: '${name}' is no name of a queue`);
}

/** More sources than this are not sent: the brightest are enough. */
const MOST_SENT = 1000;
/** More than this are not taken. */
const MOST_TAKEN = 10_000;
const LONGEST_SIDE = 2 ** 24;

const side = z.int().min(1).max(LONGEST_SIDE);
const positive = z.number().positive();

/** Numbers of a typed array; NaN and infinity have no place in JSON. */
const numbers = z.array(z.number().nullable()).max(1_000_000);
const float64s = numbers.transform((values) => Float64Array.from(values, (value) => value ?? Number.NaN));
const float32s = numbers.transform((values) => Float32Array.from(values, (value) => value ?? Number.NaN));

const scaleBand = z.strictObject({ lowArcsec: positive, highArcsec: positive });
const place = { raDeg: z.number(), decDeg: z.number().min(-90).max(90), radiusDeg: positive };
const parity = z.literal([1, -1]);

const hints: ZodType<Hints> = z.strictObject({
  position: z.strictObject(place).exactOptional(),
  scale: scaleBand.exactOptional(),
  fieldWidth: z.strictObject({ lowDeg: positive, highDeg: positive }).exactOptional(),
  previous: z.strictObject({ ...place, scaleArcsec: positive, parity }).exactOptional(),
  parity: parity.exactOptional(),
});

const column = z.array(z.number()).max(MOST_TAKEN);

const sourceList: ZodType<SourcesJson> = z
  .strictObject({
    width: side,
    height: side,
    x: column,
    y: column,
    flux: column,
    sigma: column,
    flags: z.array(z.int().min(0).max(255)).max(MOST_TAKEN),
    fwhm: z.number().nonnegative(),
  })
  .refine(({ x, y, flux, sigma, flags }) => [y, flux, sigma, flags].every(({ length }) => length === x.length), {
    error: 'the columns of the source list differ in length',
  });

const remoteJob = z.object({ server: z.string(), submissionId: z.int(), jobId: z.int().exactOptional() });

const jobData: ZodType<JobData> = z.strictObject({
  version: z.literal(1),
  run: z.string().min(1).max(100),
  index: z.int().min(0),
  name: z.string().max(4096),
  input: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('path'), path: z.string().min(1).max(4096) }),
    z.strictObject({ kind: z.literal('url'), url: z.url({ protocol: /^https?$/ }).max(4096) }),
    z.strictObject({
      kind: z.literal('sources'),
      sources: sourceList,
      rowOrder: z.enum(['bottom-up', 'top-down']),
      headerHints: hints.exactOptional(),
    }),
  ]),
  hints,
  options: z.strictObject({
    timeoutMs: positive.exactOptional(),
    downsample: z.int().min(1).max(16).exactOptional(),
    tweakOrder: z.int().min(0).max(5).exactOptional(),
    headerHints: z.boolean().exactOptional(),
    extension: z.int().min(0).max(9999).exactOptional(),
    crpixCenter: z.boolean().exactOptional(),
    sequence: z.boolean().exactOptional(),
  }),
  submitted: remoteJob.exactOptional(),
});

/** The data of a job, checked: they come from outside. */
export function readJob(data: unknown): JobData {
  const { success, data: job, error } = jobData.safeParse(data);
  if (!success)
    throw new SolveError('BAD_ARGUMENT', `the data of the job are not as they should be: ${issueOf(error)}`);
  return job;
}

function issueOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'unknown' : `${issue.path.join('.') || 'data'}: ${issue.message}`;
}

/** A source list as JSON: the brightest, to a thousandth of a pixel. */
export function sourcesToJson(sources: SourceList): SourcesJson {
  const { width, height, x, y, flux, sigma, flags, fwhm } = sources;
  const rounded = (values: Float64Array | Float32Array, digits: (value: number) => string): number[] =>
    Array.from(values.subarray(0, MOST_SENT), (value) => Number(digits(value)));
  return {
    width,
    height,
    x: rounded(x, (value) => value.toFixed(3)),
    y: rounded(y, (value) => value.toFixed(3)),
    flux: rounded(flux, (value) => value.toPrecision(6)),
    sigma: rounded(sigma, (value) => value.toPrecision(4)),
    flags: Array.from(flags.subarray(0, MOST_SENT)),
    fwhm,
  };
}

/** The source list of a job. */
export function jsonToSources(json: SourcesJson): SourceList {
  return {
    ...json,
    x: Float64Array.from(json.x),
    y: Float64Array.from(json.y),
    flux: Float32Array.from(json.flux),
    sigma: Float32Array.from(json.sigma),
    flags: Uint8Array.from(json.flags),
  };
}

const pair = z.tuple([z.number(), z.number()]);
const nanable = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const report = z.object({
  stages: z.record(z.string(), z.number()),
  sources: z.number(),
  fwhm: nanable,
  candidates: z.number(),
  notes: z.array(z.string()),
  remote: remoteJob.exactOptional(),
});

const solution = z.object({
  engine: z.string(),
  width: side,
  height: side,
  rowOrder: z.enum(['bottom-up', 'top-down']),
  wcs: z.object({
    crval: pair,
    crpix: pair,
    cd: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    sip: z
      .object({ order: z.int(), a: float64s, b: float64s, inverseOrder: z.int(), ap: float64s, bp: float64s })
      .exactOptional(),
  }),
  calibration: z.object({
    ra: z.number(),
    dec: z.number(),
    radius: z.number(),
    pixelScale: z.number(),
    orientation: z.number(),
    parity,
    positionAngle: z.number(),
    mirrored: z.boolean(),
    fieldWidth: z.number(),
    fieldHeight: z.number(),
  }),
  matches: z.object({
    x: float64s,
    y: float64s,
    ra: float64s,
    dec: float64s,
    magnitude: float32s,
    residual: float32s,
  }),
  rms: nanable,
  logOdds: nanable,
  reported: z
    .object({
      ra: z.number(),
      dec: z.number(),
      radius: z.number(),
      pixelScale: z.number(),
      orientation: z.number(),
      parity: z.number(),
      widthArcsec: z.number().exactOptional(),
      heightArcsec: z.number().exactOptional(),
    })
    .exactOptional(),
});

const jobResult: ZodType<JobResult> = z.object({
  version: z.literal(1),
  elapsedMs: z.number(),
  worker: z.string(),
  outcome: z.discriminatedUnion('status', [
    z.object({ status: z.literal('solved'), solution, report }),
    z.object({
      status: z.literal('unsolved'),
      reason: z.enum(['too-few-sources', 'exhausted', 'no-index', 'time-limit']),
      message: z.string(),
      report,
    }),
  ]),
});

/** What came of a job that an engine gave an answer to. */
export interface JobResult {
  readonly outcome: Outcome;
  /** Milliseconds from the start of the work to the answer. */
  readonly elapsedMs: number;
  /** Who solved it: host and process. */
  readonly worker: string;
}

/** A result as JSON that {@link readResult} makes the same of. */
export function resultToJson({ outcome, ...result }: JobResult): unknown {
  return { version: 1, ...result, outcome: outcomeToRecord(outcome) };
}

/** @throws {SolveError} `REPLY_INVALID` for what is none */
export function readResult(json: unknown): JobResult {
  const { success, data, error } = jobResult.safeParse(json);
  if (!success) throw new SolveError('REPLY_INVALID', `the result in the queue is none: ${issueOf(error)}`);
  return data;
}

/** A fault as the words that stand in `failedReason`. */
export function faultToText({ code, message }: SolveError): string {
  return `${code}: ${message}`;
}

/** The fault that {@link faultToText} wrote; what the queue itself says is that workers were lost. */
export function textToFault(text: string): SolveError {
  const [, code = '', message = ''] = /^([A-Z_]+): ([^]*)$/.exec(text) ?? [];
  if (Object.hasOwn(FAULTS, code)) return new SolveError(code as FaultCode, message);
  if (/stalled/.test(text)) {
    return new SolveError('WORKER_LOST', `every worker that took the image ended while it worked on it (${text})`);
  }
  return new SolveError('INTERNAL', `unexpected failure: ${text}`);
}

const progress = z.object({
  stage: z.enum(['read', 'detect', 'search', 'fit', 'upload', 'wait', 'fetch']),
  fraction: z.number().exactOptional(),
  text: z.string().exactOptional(),
});

/** Progress of a job; undefined for what is none. */
export function readProgress(json: unknown): Progress | undefined {
  return progress.safeParse(json).data;
}
