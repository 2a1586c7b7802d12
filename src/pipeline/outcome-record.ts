import type { Outcome } from '../solution.ts';

// An outcome as JSON, for the journal and for the queue: typed arrays are arrays there, and NaN is null.

/** An outcome as plain data that `JSON.stringify` loses nothing of. Sources are left out: the image has them. */
export function outcomeToRecord(outcome: Outcome): unknown {
  return JSON.parse(JSON.stringify({ ...outcome, sources: undefined }, plain));
}

function plain(_key: string, value: unknown): unknown {
  // Nine digits are all there are: seventeen would tell of the conversion.
  if (value instanceof Float32Array) return Array.from(value, (x) => Number(x.toPrecision(9)));
  return value instanceof Float64Array ? Array.from(value) : value;
}

/**
 * The outcome that {@link outcomeToRecord} was given.
 *
 * @param record what was written by this program: a checksum has said so, or a schema
 */
export function recordToOutcome(record: unknown): Outcome {
  return JSON.parse(JSON.stringify(record), typed) as Outcome;
}

const FLOAT64 = new Set(['x', 'y', 'ra', 'dec', 'a', 'b', 'ap', 'bp']);
const FLOAT32 = new Set(['magnitude', 'residual']);
const NANABLE = new Set(['rms', 'logOdds', 'fwhm']);

function typed(key: string, value: unknown): unknown {
  if (value === null && NANABLE.has(key)) return Number.NaN;
  if (!Array.isArray(value)) return value;
  const numbers = (): number[] => value.map((x: number | null) => x ?? Number.NaN);
  if (FLOAT64.has(key)) return Float64Array.from(numbers());
  return FLOAT32.has(key) ? Float32Array.from(numbers()) : value;
}
