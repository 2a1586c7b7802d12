import type { Pace } from '../pace.ts';

/** Pixels worked on between two questions to the pace: under some 3 ms for every loop here. */
const STEP_PIXELS = 1 << 17;

/**
 * Runs a loop over image rows in steps short enough for timers and signals to be heard.
 *
 * @param height number of rows
 * @param width pixels touched per row
 * @param step works on rows `from` to `to - 1`
 * @returns false if the time limit is over; the rows after that are not done
 */
export async function inSteps(
  height: number,
  width: number,
  pace: Pace,
  step: (from: number, to: number) => void,
): Promise<boolean> {
  const rows = Math.max(1, Math.floor(STEP_PIXELS / width));
  for (let from = 0; from < height; from += rows) {
    if (pace.due()) await pace.breathe();
    if (pace.expired) return false;
    step(from, Math.min(height, from + rows));
  }
  return true;
}
