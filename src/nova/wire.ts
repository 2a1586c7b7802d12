import { type ZodType, z } from 'zod';
import type { NovaCalibration } from '../solution.ts';

// The replies of the API, both ways: a client decodes them, a server encodes them. The facts behind each line stand in
// fixtures/nova, which the tests replay. Refusals (`errormessage`) are met before a reply gets here.

/** Identification numbers: positive, and 0 for "no image yet" in databases that begin there. */
const ID = z.int().nonnegative();

/** The time of something that has not happened, as the server writes it. */
const NEVER = 'None';

/** A good answer to `upload` and `url_upload`. */
export interface UploadReply {
  /** Number of the submission. */
  readonly submissionId: number;
  /** SHA-1 of the file as it arrived, lower-case hex; undefined if no file and no source list did. */
  readonly sha1: string | undefined;
}

/** What the server knows of a submission. The three lists run side by side, one entry for each image. */
export interface SubmissionState {
  /** Number of the user; undefined if the server does not say. */
  readonly user: number | undefined;
  /** When the server began to unpack it. */
  readonly started: Date | undefined;
  /** When it was unpacked, which has nothing to do with solving: jobs may have ended before. */
  readonly finished: Date | undefined;
  /** Numbers of the user's images. */
  readonly userImages: readonly number[];
  /** Numbers of the stored images, equal for equal files: what the products `image` and `thumbnail` go by. */
  readonly images: readonly number[];
  /** Numbers of the jobs; null where there is none yet, or none any more because the server began anew. */
  readonly jobs: readonly (number | null)[];
  /** The jobs that are solved, and what the products `sky-plot` go by. */
  readonly calibrations: readonly { readonly jobId: number; readonly calibrationId: number }[];
  /** Why the submission failed: the end of a Python traceback. Then no job will come. */
  readonly error: string | undefined;
}

/**
 * State of a job. `processing`: waits for its turn. `failure`: not solved, for whatever reason. `unknown`: the server says
 * something that is not understood here, and may still end it.
 */
export type JobStatus = 'processing' | 'solving' | 'success' | 'failure' | 'unknown';

/** An object in the picture. */
export interface NovaAnnotation {
  /** `ngc`, `ic`, `bright`, and where the server has the catalogues `hd`, `HIP`, `abell`, `tycho2`, `uzc`. */
  readonly type: string;
  /** What it is called, the usual name first. */
  readonly names: readonly string[];
  /** Along the rows of the stored picture, 0-based (the server's own number is one more). */
  readonly x: number;
  /** Across the rows, 0-based. */
  readonly y: number;
  /** Pixels; 0 if it has none. */
  readonly radius: number;
  /** Visual magnitude, of bright stars. */
  readonly magnitude?: number | undefined;
}

/** All that the server tells about a job at once. */
export interface JobInfo {
  /** How far it is. */
  readonly status: JobStatus;
  /** Name of the file as it was uploaded, or of the member of an archive; `json-xy` for a source list. */
  readonly originalFilename: string;
  /** All tags, of people and of the server. */
  readonly tags: readonly string[];
  /** Tags of the server alone. */
  readonly machineTags: readonly string[];
  /** Names of the objects that it has found in the field. */
  readonly objectsInField: readonly string[];
  /** Undefined until it is solved. */
  readonly calibration: NovaCalibration | undefined;
}

/** Answer to `upload` and `url_upload`. */
export const UPLOAD: ZodType<UploadReply> = z.codec(
  z.object({
    status: z.literal('success'),
    subid: ID,
    hash: z
      .string()
      .regex(/^[0-9a-f]{40}$/i, 'not a SHA-1')
      .optional(),
  }),
  z.custom<UploadReply>(),
  {
    decode: ({ subid, hash }) => ({ submissionId: subid, sha1: hash?.toLowerCase() }),
    encode: ({ submissionId, sha1 }) => ({
      status: 'success' as const,
      subid: submissionId,
      ...(sha1 === undefined ? {} : { hash: sha1 }),
    }),
  },
);

/** Answer to `submissions/ID`. */
export const SUBMISSION: ZodType<SubmissionState> = z.codec(
  z.object({
    user: ID.nullish(),
    processing_started: z.string().nullable(),
    processing_finished: z.string().nullable(),
    user_images: z.array(ID),
    images: z.array(ID),
    jobs: z.array(ID.nullable()),
    job_calibrations: z.array(z.tuple([ID, ID])),
    error_message: z.string().nullish(),
  }),
  z.custom<SubmissionState>(),
  {
    decode: (wire, context) => ({
      user: wire.user ?? undefined,
      started: decodeTime(wire.processing_started, context),
      finished: decodeTime(wire.processing_finished, context),
      userImages: wire.user_images,
      images: wire.images,
      jobs: wire.jobs,
      calibrations: wire.job_calibrations.map(([jobId, calibrationId]) => ({ jobId, calibrationId })),
      error: wire.error_message ?? undefined,
    }),
    encode: (state) => ({
      user: state.user,
      processing_started: encodeTime(state.started),
      processing_finished: encodeTime(state.finished),
      user_images: [...state.userImages],
      images: [...state.images],
      jobs: [...state.jobs],
      job_calibrations: state.calibrations.map(({ jobId, calibrationId }): [number, number] => [jobId, calibrationId]),
      ...(state.error === undefined ? {} : { error_message: state.error }),
    }),
  },
);

/** Answer to `jobs/ID`. */
export const JOB: ZodType<JobStatus> = z.codec(z.object({ status: z.string() }), z.custom<JobStatus>(), {
  decode: ({ status }) => decodeStatus(status),
  encode: (status) => ({ status }),
});

const WIRE_CALIBRATION = z.object({
  ra: z.number(),
  dec: z.number(),
  width_arcsec: z.number().optional(),
  height_arcsec: z.number().optional(),
  radius: z.number(),
  pixscale: z.number(),
  orientation: z.number(),
  parity: z.number(),
});

/** What comes with status 200 instead of a calibration or annotations while the job has none, and for ever if it failed. */
const NO_CALIBRATION = z.object({ error: z.string() });

/** Answer to `jobs/ID/calibration`; undefined if there is none (yet). */
export const CALIBRATION: ZodType<NovaCalibration | undefined> = z.codec(
  z.union([WIRE_CALIBRATION, NO_CALIBRATION]),
  z.custom<NovaCalibration | undefined>(),
  {
    decode: (wire) => ('error' in wire ? undefined : decodeCalibration(wire)),
    encode: (value) => (value === undefined ? noCalibration() : encodeCalibration(value)),
  },
);

/** Answer to `jobs/ID/annotations`; undefined if there is no calibration (yet). */
export const ANNOTATIONS: ZodType<readonly NovaAnnotation[] | undefined> = z.codec(
  z.union([
    z.object({
      annotations: z.array(
        z.object({
          type: z.string(),
          names: z.array(z.string()),
          pixelx: z.number(),
          pixely: z.number(),
          radius: z.number(),
          vmag: z.number().optional(),
        }),
      ),
    }),
    NO_CALIBRATION,
  ]),
  z.custom<readonly NovaAnnotation[] | undefined>(),
  {
    decode: (wire) =>
      'error' in wire
        ? undefined
        : wire.annotations.map(({ type, names, pixelx, pixely, radius, vmag }) => ({
            type,
            names,
            x: pixelx - 1,
            y: pixely - 1,
            radius,
            ...(vmag === undefined ? {} : { magnitude: vmag }),
          })),
    encode: (value) =>
      value === undefined
        ? noCalibration()
        : {
            annotations: value.map(({ type, names, x, y, radius, magnitude }) => ({
              type,
              names: [...names],
              pixelx: x + 1,
              pixely: y + 1,
              radius,
              ...(magnitude === undefined ? {} : { vmag: magnitude }),
            })),
          },
  },
);

/** Answer to `jobs/ID/info`. */
export const INFO: ZodType<JobInfo> = z.codec(
  z.object({
    status: z.string(),
    original_filename: z.string(),
    tags: z.array(z.string()),
    machine_tags: z.array(z.string()),
    objects_in_field: z.array(z.string()),
    calibration: WIRE_CALIBRATION.optional(),
  }),
  z.custom<JobInfo>(),
  {
    decode: (wire) => ({
      status: decodeStatus(wire.status),
      originalFilename: wire.original_filename,
      tags: wire.tags,
      machineTags: wire.machine_tags,
      objectsInField: wire.objects_in_field,
      calibration: wire.calibration === undefined ? undefined : decodeCalibration(wire.calibration),
    }),
    encode: (info) => ({
      objects_in_field: [...info.objectsInField],
      machine_tags: [...info.machineTags],
      tags: [...info.tags],
      status: info.status,
      original_filename: info.originalFilename,
      ...(info.calibration === undefined ? {} : { calibration: encodeCalibration(info.calibration) }),
    }),
  },
);

/** Answer to `jobs/ID/tags` and `jobs/ID/machine_tags`: both use the key `tags`. */
export const TAGS: ZodType<readonly string[]> = z.codec(
  z.object({ tags: z.array(z.string()) }),
  z.custom<readonly string[]>(),
  { decode: ({ tags }) => tags, encode: (tags) => ({ tags: [...tags] }) },
);

/** Answer to `jobs/ID/objects_in_field`. */
export const OBJECTS_IN_FIELD: ZodType<readonly string[]> = z.codec(
  z.object({ objects_in_field: z.array(z.string()) }),
  z.custom<readonly string[]>(),
  { decode: (wire) => wire.objects_in_field, encode: (objects) => ({ objects_in_field: [...objects] }) },
);

/** Answer to `myjobs`: the numbers of all jobs of the user, ascending. */
export const MY_JOBS: ZodType<readonly number[]> = z.codec(
  z.object({ status: z.literal('success'), jobs: z.array(ID) }),
  z.custom<readonly number[]>(),
  { decode: ({ jobs }) => jobs, encode: (jobs) => ({ jobs: [...jobs], status: 'success' as const }) },
);

/** Answer to `jobs_by_tag`: a job stands there once for each tag that fits. */
export const JOBS_BY_TAG: ZodType<readonly number[]> = z.codec(
  z.object({ job_ids: z.array(ID) }),
  z.custom<readonly number[]>(),
  { decode: (wire) => wire.job_ids, encode: (jobs) => ({ job_ids: [...jobs] }) },
);

/** Answer to `submission_images`: numbers of user images. */
export const SUBMISSION_IMAGES: ZodType<readonly number[]> = z.codec(
  z.object({ status: z.literal('success'), image_ids: z.array(ID) }),
  z.custom<readonly number[]>(),
  { decode: (wire) => wire.image_ids, encode: (ids) => ({ status: 'success' as const, image_ids: [...ids] }) },
);

/** The answer of a server: what a client will decode to `value`, ready for `JSON.stringify`. */
export function encode<T>(schema: ZodType<T>, value: T): unknown {
  return z.encode(schema, value);
}

function decodeStatus(status: string): JobStatus {
  switch (status) {
    case 'processing':
    case 'solving':
    case 'success':
    case 'failure':
      return status;
    // Ended without a verdict.
    case '?':
      return 'failure';
    default:
      return 'unknown';
  }
}

/** Reads what Python's str() makes of a date: Django 3.2 writes no zone and means UTC; no fraction if it is 0. */
function decodeTime(text: string | null, { issues }: z.core.ParsePayload): Date | undefined {
  if (text === null || text === NEVER) return undefined;
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const date = new Date(`${day}T${time}${zone ?? 'Z'}`);
  if (!Number.isNaN(date.getTime())) return date;
  issues.push({ code: 'custom', message: `${JSON.stringify(text.slice(0, 40))} is no time`, input: text });
  return undefined;
}

function encodeTime(date: Date | undefined): string {
  if (date === undefined) return NEVER;
  const [day, time] = date.toISOString().slice(0, -1).split('T') as [string, string];
  return `${day} ${time.endsWith('.000') ? time.slice(0, -4) : `${time}000`}`;
}

function decodeCalibration(wire: z.infer<typeof WIRE_CALIBRATION>): NovaCalibration {
  const { ra, dec, radius, pixscale, orientation, parity, width_arcsec, height_arcsec } = wire;
  return {
    ra,
    dec,
    radius,
    pixelScale: pixscale,
    orientation,
    parity,
    ...(width_arcsec === undefined ? {} : { widthArcsec: width_arcsec }),
    ...(height_arcsec === undefined ? {} : { heightArcsec: height_arcsec }),
  };
}

function encodeCalibration(calibration: NovaCalibration): z.infer<typeof WIRE_CALIBRATION> {
  const { ra, dec, radius, pixelScale, orientation, parity, widthArcsec, heightArcsec } = calibration;
  return {
    ra,
    dec,
    ...(widthArcsec === undefined ? {} : { width_arcsec: widthArcsec }),
    ...(heightArcsec === undefined ? {} : { height_arcsec: heightArcsec }),
    radius,
    pixscale: pixelScale,
    orientation,
    parity,
  };
}

function noCalibration(): z.infer<typeof NO_CALIBRATION> {
  return { error: 'no calibration data available' };
}
