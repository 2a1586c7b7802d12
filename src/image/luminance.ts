import type { Pace } from '../pace.ts';
import type { Pixels } from './frame.ts';

/** Pixels mixed between two looks at the clock: some milliseconds of work. */
const STRIDE = 2 ** 19;

/**
 * One plane out of several channels, with equal weights.
 *
 * Eight-bit values are added up, so that no bit of the mean is lost; others are averaged in place, to need no second
 * array of all channels (whole numbers lose the fraction). NaN in any channel makes the pixel NaN.
 *
 * @param samples length `n * channels`; overwritten
 * @param channels two to 257: so many sums of eight bits fit into sixteen
 * @param layout `interleaved`: RGBRGB...; `planar`: RRR...GGG...BBB...
 * @param blank the value that means "no value here": a pixel blank in any channel is blank in the result
 * @returns length n
 */
export async function mixChannels(
  samples: Pixels,
  channels: number,
  layout: 'interleaved' | 'planar',
  blank: number | undefined,
  pace: Pace,
): Promise<Pixels> {
  const count = samples.length / channels;
  // A blank value of eight bits would be a likely sum.
  const summed = samples instanceof Uint8Array && blank === undefined;
  const mixed = summed ? new Uint16Array(count) : samples;
  const divisor = summed ? 1 : channels;
  const step = layout === 'interleaved' ? channels : 1;
  const gap = layout === 'interleaved' ? 1 : count;
  for (let from = 0; from < count; from += STRIDE) {
    const to = Math.min(count, from + STRIDE);
    if (channels === 3 && blank === undefined) mixThree(samples, mixed, step, gap, divisor, from, to);
    else mixAny(samples, mixed, channels, step, gap, divisor, blank, from, to);
    if (pace.due()) await pace.breathe();
  }
  return mixed === samples ? samples.slice(0, count) : mixed;
}

/** Three channels, the usual number: four times as fast as the loop over any number (24 million pixels in 0.1 s). */
function mixThree(
  samples: Pixels,
  mixed: Pixels,
  step: number,
  gap: number,
  divisor: number,
  from: number,
  to: number,
): void {
  for (let i = from, at = from * step; i < to; i++, at += step) {
    mixed[i] = (samples[at]! + samples[at + gap]! + samples[at + 2 * gap]!) / divisor;
  }
}

function mixAny(
  samples: Pixels,
  mixed: Pixels,
  channels: number,
  step: number,
  gap: number,
  divisor: number,
  blank: number | undefined,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    let sum = 0;
    let hole = false;
    for (let c = 0, at = i * step; c < channels; c++, at += gap) {
      const value = samples[at]!;
      if (value === blank) hole = true;
      sum += value;
    }
    mixed[i] = hole ? blank! : sum / divisor;
  }
}
