import type { HeaderHint } from '../hints.ts';
import type { Pace } from '../pace.ts';
import type { Frame, Pixels, Planes } from './frame.ts';
import { mixChannels } from './luminance.ts';

/** What a decoder of pictures gives: channels alternate from pixel to pixel, the first row is the uppermost. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Pixels;
  readonly hints: readonly HeaderHint[];
}

/** One plane for the detector; `format` is what the bytes were recognised as. The samples may be overwritten. */
export async function samplesToFrame(from: Samples, format: string, pace: Pace): Promise<Frame> {
  const { width, height, channels, samples, hints } = from;
  const pixels = channels === 1 ? samples : await mixChannels(samples, channels, 'interleaved', undefined, pace);
  return { width, height, pixels, rowOrder: 'top-down', format, hints };
}

/** Colours, plane after plane. */
export async function samplesToPlanes({ width, height, channels, samples }: Samples, pace: Pace): Promise<Planes> {
  if (channels === 1) return { width, height, planes: 1, pixels: samples, rowOrder: 'top-down' };
  const area = width * height;
  const pixels = samples.slice();
  for (let plane = 0; plane < channels; plane++) {
    const end = (plane + 1) * area;
    for (let to = plane * area, from = plane; to < end; to++, from += channels) pixels[to] = samples[from]!;
    if (pace.due()) await pace.breathe();
  }
  return { width, height, planes: channels, pixels, rowOrder: 'top-down' };
}
