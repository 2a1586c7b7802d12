import type { Frame } from '../image/frame.ts';
import { type Pace, createPace } from '../pace.ts';
import type { SolveInput } from '../solution.ts';
import { detectSources, estimateBackground } from '../sources/detection.ts';
import type { SourceList } from '../sources/source-list.ts';
import { openField } from './input.ts';

/** How sources are looked for. */
export interface FindSourcesOptions {
  /** Cancels: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Bin this many by as many pixels before looking for stars. Default: chosen by the size of the stars. */
  readonly downsample?: number;
}

/**
 * Finds the stars of an image: what a server needs to know of it, in kilobytes.
 *
 * @param input what `solve` takes
 * @returns positions and fluxes, brightest first
 * @throws {SolveError} for input that cannot be read
 */
export async function findSources(input: SolveInput, options: FindSourcesOptions = {}): Promise<SourceList> {
  const pace = createPace(options.signal, undefined);
  return await sourcesOf(await openField(input, { ...options, pace }), options.downsample, pace);
}

/** The sources of a field, found if they are not in memory. */
export async function sourcesOf(
  field: Frame | SourceList,
  downsample: number | undefined,
  pace: Pace,
): Promise<SourceList> {
  if ('flux' in field) return field;
  const flat = await estimateBackground(field, { pace, ...(downsample === undefined ? {} : { downsample }) });
  return await detectSources(flat, { pace });
}
