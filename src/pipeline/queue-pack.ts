import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourcesOf } from '../engines/field-sources.ts';
import { isInMemory, openField } from '../engines/input.ts';
import type { HeaderHint, Hints } from '../hints.ts';
import { createPace } from '../pace.ts';
import type { SolveInput } from '../solution.ts';
import { type JobData, type JobOptions, sourcesToJson } from './queue-message.ts';

/** What is asked for of an input, and what of it is sent. */
export interface PackJobOptions extends JobOptions {
  /** What is known of the picture. A wrong hint costs time, never the solution. */
  readonly hints?: Hints;
  /**
   * What of a file goes to the workers: its absolute path, for workers that see the same files under the same names; or the
   * sources, found here, some kilobytes. Default: paths. What has no path goes as sources.
   */
  readonly send?: 'paths' | 'sources';
}

/** A scale in a header is right within this factor, a position within so many degrees. */
const SCALE_SLACK = 1.12;
const POSITION_DEG = 10;

/**
 * Makes the data of a job.
 *
 * @param run all jobs of one call
 * @throws {SolveError} for an input whose sources cannot be found
 */
export async function packJob(
  input: SolveInput,
  index: number,
  run: string,
  options: PackJobOptions,
  signal: AbortSignal,
): Promise<JobData> {
  const {
    hints = {},
    send = 'paths',
    timeoutMs,
    downsample,
    tweakOrder,
    headerHints,
    extension,
    crpixCenter,
    sequence,
  } = options;
  const parcel = await packInput(input, send, options, signal);
  return {
    version: 1,
    run,
    index,
    ...parcel,
    hints,
    options: {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(downsample === undefined ? {} : { downsample }),
      ...(tweakOrder === undefined ? {} : { tweakOrder }),
      ...(headerHints === undefined ? {} : { headerHints }),
      ...(extension === undefined ? {} : { extension }),
      ...(crpixCenter === undefined ? {} : { crpixCenter }),
      ...(sequence === undefined ? {} : { sequence }),
    },
  };
}

async function packInput(
  input: SolveInput,
  send: 'paths' | 'sources',
  { extension, downsample, headerHints = true }: PackJobOptions,
  signal: AbortSignal,
): Promise<Pick<JobData, 'name' | 'input'>> {
  if (input instanceof URL && input.protocol !== 'file:') {
    return { name: input.href, input: { kind: 'url', url: input.href } };
  }
  const path = typeof input === 'string' ? input : input instanceof URL ? fileURLToPath(input) : undefined;
  if (path !== undefined && send === 'paths') return { name: path, input: { kind: 'path', path: resolve(path) } };
  const name =
    path ?? (!(input instanceof Uint8Array) && !isInMemory(input) ? (input as { name: string }).name : 'image');
  const pace = createPace(signal, undefined);
  const field = await openField(input, { pace, signal, extension });
  const sources = sourcesToJson(await sourcesOf(field, downsample, pace));
  const found = 'hints' in field && headerHints ? fromHeader(field.hints) : {};
  return {
    name,
    input: {
      kind: 'sources',
      sources,
      rowOrder: 'rowOrder' in field ? field.rowOrder : 'bottom-up',
      headerHints: found,
    },
  };
}

/** The best of what a header says, as a hint. */
function fromHeader(header: readonly HeaderHint[]): Hints {
  const position = header.find((hint) => hint.kind === 'position');
  const scale = header.find((hint) => hint.kind === 'scale');
  return {
    ...(position === undefined
      ? {}
      : { position: { raDeg: position.raDeg, decDeg: position.decDeg, radiusDeg: POSITION_DEG } }),
    ...(scale === undefined
      ? {}
      : { scale: { lowArcsec: scale.scaleArcsec / SCALE_SLACK, highArcsec: scale.scaleArcsec * SCALE_SLACK } }),
  };
}
