import type { FieldObject } from '../objects/field-objects.ts';
import type { Outcome, Solution } from '../solution.ts';
import { wcsToCards } from '../wcs/header.ts';
import { objectRecords } from './render-objects.ts';
import type { ImageResult } from './result.ts';

/**
 * The result of one image as a line of NDJSON, without the newline.
 *
 * @param objects what lies in the field, if that is asked for
 * @param extension HDU of the file, where each of its images gets an answer
 */
export function renderJson(
  file: string,
  result: ImageResult,
  objects?: readonly FieldObject[],
  extension?: number,
): string {
  const which = extension === undefined ? { file } : { file, extension };
  const elapsedMs = Math.round(result.elapsedMs);
  if ('fault' in result) return JSON.stringify({ ...which, status: 'error', error: result.fault, elapsedMs });
  const { outcome } = result;
  const resumed = result.known === true ? { resumed: true } : {};
  if (outcome.status === 'unsolved') {
    const { status, message, reason } = outcome;
    return JSON.stringify({
      ...which,
      status,
      reason: message,
      reasonCode: reason,
      ...remoteRecord(outcome),
      elapsedMs,
      ...resumed,
    });
  }
  const { status, solution } = outcome;
  return JSON.stringify({
    ...which,
    status,
    ...solutionRecord(solution),
    ...(objects === undefined ? {} : { objects: objectRecords(objects) }),
    ...remoteRecord(outcome),
    elapsedMs,
    ...resumed,
  });
}

/** Where on a server it was done, if it was. */
function remoteRecord({ report: { remote } }: Outcome): Record<string, unknown> {
  return remote === undefined ? {} : { server: remote.server, submission: remote.submissionId, job: remote.jobId };
}

/** The fields of a solution in the order of the contract, rounded below what any of them can mean; the cards are exact. */
function solutionRecord(solution: Solution): Record<string, unknown> {
  const { engine, width, height, calibration, matches, wcs } = solution;
  return {
    engine,
    width,
    height,
    ra: round(calibration.ra, 8),
    dec: round(calibration.dec, 8),
    radius: round(calibration.radius, 6),
    pixelScale: round(calibration.pixelScale, 6),
    orientation: round(calibration.orientation, 5),
    parity: calibration.parity,
    positionAngle: round(calibration.positionAngle, 5),
    mirrored: calibration.mirrored,
    fieldWidth: round(calibration.fieldWidth, 6),
    fieldHeight: round(calibration.fieldHeight, 6),
    matched: matches.x.length,
    rms: round(solution.rms, 4),
    logOdds: round(solution.logOdds, 2),
    wcs: wcsToCards(wcs, { width, height }),
  };
}

function round(value: number, decimals: number): number {
  const unit = 10 ** decimals;
  // Adding 0 turns -0 into 0.
  return Math.round(value * unit) / unit + 0;
}
