import type { Pace } from '../pace.ts';
import type { Pixels } from './frame.ts';

/** Pixels mixed between two looks at the clock: about a millisecond of work. */
const STRIDE = 2 ** 18;

/**
 * One plane out of channels that stand side by side (`RGBRGB...`), with equal weights.
 *
 * Eight-bit values are added up, so that no bit of the mean is lost; others are averaged in place, to need no second
 * array (whole numbers round down). NaN in any channel makes the pixel NaN.
 *
 * @param samples length `n * channels`; overwritten
 * @param channels two or more
 * @returns length n
 */
export async function mixInterleaved(samples: Pixels, channels: number, pace: Pace): Promise<Pixels> {
  const count = samples.length / channels;
  const sums = samples instanceof Uint8Array ? new Uint16Array(count) : samples;
  const weight = samples instanceof Uint8Array ? 1 : 1 / channels;
  for (let from = 0; from < count; from += STRIDE) {
    addInterleaved(samples, sums, channels, weight, from, Math.min(count, from + STRIDE));
    if (pace.due()) await pace.breathe();
  }
  return sums === samples ? samples.slice(0, count) : sums;
}

function addInterleaved(
  samples: Pixels,
  sums: Pixels,
  channels: number,
  weight: number,
  from: number,
  to: number,
): void {
  for (let i = from, at = from * channels; i < to; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += samples[at++]!;
    sums[i] = sum * weight;
  }
}

/**
 * One plane out of planes that follow each other (`RRR...GGG...BBB...`), with equal weights.
 * Numbers are kept as in {@link mixInterleaved}.
 *
 * @param samples length `n * planes`; overwritten
 * @param planes two to 257: so many sums of eight bits fit into sixteen
 * @param blank the value that means "no value here": a pixel blank in any plane is blank in the result
 * @returns length n
 */
export async function mixPlanes(
  samples: Pixels,
  planes: number,
  blank: number | undefined,
  pace: Pace,
): Promise<Pixels> {
  const count = samples.length / planes;
  // A blank value of eight bits would be a likely sum.
  const summed = samples instanceof Uint8Array && blank === undefined;
  const sums = summed ? new Uint16Array(count) : samples;
  const weight = summed ? 1 : 1 / planes;
  for (let from = 0; from < count; from += STRIDE) {
    addPlanes(samples, sums, planes, weight, blank, from, Math.min(count, from + STRIDE));
    if (pace.due()) await pace.breathe();
  }
  return sums === samples ? samples.slice(0, count) : sums;
}

function addPlanes(
  samples: Pixels,
  sums: Pixels,
  planes: number,
  weight: number,
  blank: number | undefined,
  from: number,
  to: number,
): void {
  const count = samples.length / planes;
  for (let i = from; i < to; i++) {
    let sum = 0;
    let hole = false;
    for (let p = 0, at = i; p < planes; p++, at += count) {
      const value = samples[at]!;
      if (value === blank) hole = true;
      sum += value;
    }
    sums[i] = hole ? blank! : sum * weight;
  }
}
