import { FAULTS } from '../errors.ts';
import type { ImageResult } from './result.ts';

/** From the gravest to the mildest: interrupted, wrong usage, credentials, service, input, unsolved. */
const GRAVEST_FIRST = [130, 2, 4, 5, 3, 1];

/** The exit code of one image. */
export function exitCodeOf(result: ImageResult): number {
  if ('fault' in result) return FAULTS[result.fault.code].exit;
  return result.outcome.status === 'solved' ? 0 : 1;
}

/** The larger problem of two. */
export function worse(a: number, b: number): number {
  return GRAVEST_FIRST.find((code) => code === a || code === b) ?? 0;
}
