import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/image/frame.ts';
import { UNHURRIED } from '../../src/pace.ts';
import { detectSources, estimateBackground } from '../../src/sources/detection.ts';
import type { SourceList } from '../../src/sources/source-list.ts';
import { ELONGATED, SATURATED, TRUNCATED } from '../../src/sources/source-list.ts';
import { convert, render } from './render.ts';
import type { Rendered, Scene } from './render.ts';

async function detect(frame: Frame, options: { downsample?: number; maxSources?: number } = {}): Promise<SourceList> {
  const flat = await estimateBackground(frame, { pace: UNHURRIED, ...options });
  return detectSources(flat, { pace: UNHURRIED, ...options });
}

/** How a list compares with what was drawn. */
interface Score {
  /** Drawn stars with a source within `radius`. */
  readonly found: number;
  /** Sources without a star. */
  readonly false: number;
  /** Of the first 20 sources, those that are stars. */
  readonly trueOfFirst20: number;
  /** Root mean square of one coordinate, pixels. */
  readonly rms: number;
}

function score(sources: SourceList, truth: Rendered, radius = 1.5): Score {
  const taken = new Set<number>();
  let found = 0;
  let squares = 0;
  for (let i = 0; i < truth.x.length; i++) {
    let best = -1;
    let bestDistance = radius;
    for (let k = 0; k < sources.x.length; k++) {
      const distance = Math.hypot(sources.x[k]! - truth.x[i]!, sources.y[k]! - truth.y[i]!);
      if (distance < bestDistance) {
        best = k;
        bestDistance = distance;
      }
    }
    if (best < 0) continue;
    found++;
    taken.add(best);
    squares += bestDistance ** 2 / 2;
  }
  const first = Array.from(sources.x.subarray(0, 20), (_, k) => k).filter((k) => taken.has(k)).length;
  return { found, false: sources.x.length - taken.size, trueOfFirst20: first, rms: Math.sqrt(squares / found) };
}

interface Case extends Scene {
  readonly name: string;
  /** Of 60 stars, at least so many are found. */
  readonly least: number;
  /** At most so many sources are no stars. */
  readonly wrong: number;
  readonly rms: number;
  readonly radius?: number;
}

const CASES: Case[] = [
  { name: 'a clean frame', seed: 1, least: 60, wrong: 0, rms: 0.05 },
  { name: 'stars with the wings of seeing', seed: 2, profile: 'moffat', least: 59, wrong: 1, rms: 0.08 },
  { name: 'stars of fwhm 1 px', seed: 3, fwhm: 1, faintest: 25, least: 59, wrong: 0, rms: 0.1 },
  { name: 'stars of fwhm 6 px', seed: 4, fwhm: 6, faintest: 8, least: 59, wrong: 1, rms: 0.12 },
  {
    name: 'stars of fwhm 15 px',
    seed: 5,
    fwhm: 15,
    faintest: 5,
    stars: 40,
    width: 900,
    height: 700,
    least: 38,
    wrong: 2,
    rms: 0.5,
    radius: 3,
  },
  { name: 'donuts 8 px wide', seed: 6, fwhm: 8, profile: 'donut', least: 58, wrong: 2, rms: 0.3, radius: 2 },
  {
    name: 'donuts 24 px wide',
    seed: 7,
    fwhm: 24,
    profile: 'donut',
    stars: 25,
    width: 900,
    height: 700,
    faintest: 4,
    range: 50,
    least: 24,
    wrong: 3,
    rms: 1,
    radius: 4,
  },
  { name: 'stars trailed by 9 px', seed: 8, trail: 9, least: 58, wrong: 2, rms: 0.3, radius: 2 },
  {
    name: 'stars trailed by 20 px',
    seed: 9,
    trail: 20,
    stars: 40,
    width: 900,
    height: 700,
    least: 38,
    wrong: 3,
    rms: 0.6,
    radius: 3,
  },
  { name: '0.15 % hot pixels', seed: 10, fwhm: 2, hot: 0.0015, least: 56, wrong: 1, rms: 0.08 },
  {
    name: '0.3 % hot pixels among stars of fwhm 1.2 px',
    seed: 11,
    fwhm: 1.2,
    hot: 0.003,
    faintest: 25,
    least: 54,
    wrong: 8,
    rms: 0.1,
  },
  { name: 'a strong gradient', seed: 12, gradient: 1.2, least: 59, wrong: 1, rms: 0.06 },
  { name: 'a glowing nebula', seed: 13, glow: 1.5, least: 57, wrong: 1, rms: 0.08 },
  { name: 'strong vignetting', seed: 14, vignette: 0.7, least: 56, wrong: 1, rms: 0.08 },
  { name: 'bad columns', seed: 15, badColumns: 8, least: 54, wrong: 1, rms: 0.12 },
  { name: 'row banding', seed: 16, banding: 25, least: 59, wrong: 1, rms: 0.07 },
  {
    name: 'saturated stars',
    seed: 17,
    fullWell: 12_000,
    profile: 'moffat',
    range: 2000,
    stars: 40,
    least: 37,
    wrong: 4,
    rms: 0.15,
  },
  {
    name: 'bleeding stars',
    seed: 18,
    fullWell: 20_000,
    bleed: true,
    range: 300,
    stars: 40,
    least: 37,
    wrong: 3,
    rms: 0.25,
  },
  { name: 'four satellite trails', seed: 19, lines: 4, least: 50, wrong: 5, rms: 0.15 },
  { name: 'a dark horizon', seed: 20, ground: 0.35, least: 34, wrong: 6, rms: 0.15 },
  { name: 'a colour mosaic', seed: 21, bayer: 'GBRG', fwhm: 2.5, faintest: 30, least: 58, wrong: 1, rms: 0.25 },
  { name: 'a border without values', seed: 22, nanBorder: 20, least: 50, wrong: 1, rms: 0.06 },
];

describe('detectSources', () => {
  it.each(CASES)('finds the stars of a frame with $name', async (scene) => {
    const truth = render(scene);
    const result = score(await detect(truth.frame), truth, scene.radius);
    expect(result.found).toBeGreaterThanOrEqual(scene.least);
    expect(result.false).toBeLessThanOrEqual(scene.wrong);
    expect(result.rms).toBeLessThan(scene.rms);
    expect(result.trueOfFirst20).toBeGreaterThanOrEqual(17);
  });

  it('reads every pixel type alike', async () => {
    const truth = render({ seed: 30 });
    const frames = [
      convert(truth.frame, (n) => new Uint16Array(n)),
      convert(truth.frame, (n) => new Int16Array(n), 0.1, -500),
      convert(truth.frame, (n) => new Int32Array(n), 1000, -2e9 + 1e7),
      convert(truth.frame, (n) => new Float32Array(n), 1 / 65535),
      convert(truth.frame, (n) => new Float64Array(n), 1e-12, -7),
    ];
    for (const frame of frames) {
      const result = score(await detect(frame), truth);
      expect(result.found).toBeGreaterThanOrEqual(58);
      expect(result.false).toBeLessThanOrEqual(1);
    }
  });

  it('finds stars in 8 bits of which the noise fills half a step', async () => {
    const truth = render({ seed: 31, faintest: 20, range: 20 });
    const clipped = {
      ...truth.frame,
      pixels: Uint8Array.from(truth.frame.pixels, (v) => Math.max(0, Math.min(255, v / 60))),
    };
    const result = score(await detect(clipped), truth);
    expect(result.found).toBeGreaterThanOrEqual(56);
    expect(result.false).toBeLessThanOrEqual(2);
  });

  it('ignores damage of any size in float frames', async () => {
    const truth = render({ seed: 32 });
    const pixels = Float32Array.from(truth.frame.pixels);
    for (const [k, value] of [Infinity, -Infinity, NaN, 3e38, -3e38, 1e12, -1e12].entries())
      pixels[k * 20_011 + 9000] = value;
    const result = score(await detect({ ...truth.frame, pixels }), truth);
    expect(result.found).toBeGreaterThanOrEqual(58);
    expect(result.false).toBeLessThanOrEqual(2);
  });

  it('takes the blank value of integer frames for no value', async () => {
    const truth = render({ seed: 33, nanBorder: 30 });
    const pixels = Int16Array.from(truth.frame.pixels, (v) => (Number.isNaN(v) ? -32768 : Math.min(32767, v)));
    const result = score(await detect({ ...truth.frame, pixels, blank: -32768 }), truth);
    expect(result.found).toBeGreaterThanOrEqual(44);
    expect(result.false).toBeLessThanOrEqual(1);
  });

  it('sees a mosaic that nobody declared', async () => {
    const truth = render({ seed: 34, bayer: 'RGGB', faintest: 30 });
    const { bayer: _, ...undeclared } = truth.frame;
    const result = score(await detect(undeclared), truth);
    expect(result.found).toBeGreaterThanOrEqual(58);
    expect(result.false).toBeLessThanOrEqual(1);
  });

  it('ranks saturated stars first and flags them', async () => {
    const truth = render({ seed: 35, fullWell: 6000, range: 1000, profile: 'moffat', stars: 50 });
    const sources = await detect(truth.frame);
    const saturated = truth.peak.filter((peak) => peak > 12_000).length;
    expect(saturated).toBeGreaterThan(10);
    for (let k = 0; k < saturated - 2; k++) {
      expect(sources.flags[k]! & SATURATED).toBe(SATURATED);
      const rank = truth.x.findIndex((x, i) => Math.hypot(x - sources.x[k]!, truth.y[i]! - sources.y[k]!) < 2);
      expect(rank).toBeLessThan(saturated + 6);
    }
  });

  it('orders unsaturated stars by their light', async () => {
    const truth = render({ seed: 36, range: 300, vignette: 0, fullWell: 1e9 });
    const sources = await detect(truth.frame);
    for (let k = 0; k < 40; k++) {
      const rank = truth.x.findIndex((x, i) => Math.hypot(x - sources.x[k]!, truth.y[i]! - sources.y[k]!) < 1.5);
      expect(Math.abs(rank - k)).toBeLessThanOrEqual(3);
    }
  });

  it('keeps burned-in text from leading the list', async () => {
    const truth = render({ seed: 37, text: 60_000, range: 400 });
    const sources = await detect(truth.frame);
    expect(score(sources, truth).found).toBeGreaterThanOrEqual(50);
    let letters = 0;
    for (let k = 0; k < 60; k++)
      if (sources.x[k]! < 205 && sources.y[k]! < 40 && (sources.flags[k]! & ELONGATED) === 0) letters++;
    expect(letters).toBeLessThanOrEqual(15);
  });

  it('flags what the border cuts', async () => {
    const truth = render({ seed: 38, stars: 30 });
    // Cut the frame in the middle of its brightest star.
    const left = Math.round(truth.x[0]!);
    const width = truth.frame.width - left;
    const pixels = new Float64Array(width * truth.frame.height);
    for (let p = 0; p < pixels.length; p++) {
      pixels[p] = truth.frame.pixels[Math.floor(p / width) * truth.frame.width + left + (p % width)]!;
    }
    const sources = await detect({ ...truth.frame, width, pixels });
    const at = sources.x.findIndex((x, k) => x < 4 && Math.abs(sources.y[k]! - truth.y[0]!) < 4);
    expect(at).toBeGreaterThanOrEqual(0);
    expect(sources.flags[at]! & TRUNCATED).toBe(TRUNCATED);
  });

  it('measures how wide stars are', async () => {
    for (const [seed, fwhm] of [
      [40, 2],
      [41, 3],
      [42, 5],
      [43, 8],
      [44, 12],
    ] as const) {
      const truth = render({ seed, fwhm, stars: 40, width: 700, height: 500, range: 50, faintest: 20 });
      const sources = await detect(truth.frame);
      expect(sources.fwhm / fwhm).toBeGreaterThan(0.85);
      expect(sources.fwhm / fwhm).toBeLessThan(1.3);
    }
  });

  it('tells position errors that fit the real ones', async () => {
    const ratios: number[] = [];
    for (let seed = 50; seed < 54; seed++) {
      const truth = render({ seed, faintest: 6, range: 30 });
      const sources = await detect(truth.frame);
      for (let i = 0; i < truth.x.length; i++) {
        const k = sources.x.findIndex((x, j) => Math.hypot(x - truth.x[i]!, sources.y[j]! - truth.y[i]!) < 1.5);
        if (k >= 0)
          ratios.push(Math.hypot(sources.x[k]! - truth.x[i]!, sources.y[k]! - truth.y[i]!) / sources.sigma[k]!);
      }
    }
    ratios.sort((a, b) => a - b);
    // The median of a Rayleigh distribution is 1.18; a cautious estimate lies below.
    const middle = ratios[ratios.length >> 1]!;
    expect(middle).toBeGreaterThan(0.3);
    expect(middle).toBeLessThan(1.3);
    expect(ratios[Math.floor(0.95 * ratios.length)]!).toBeLessThan(3.2);
  });

  it('bins large frames without losing positions', async () => {
    const truth = render({ seed: 60, width: 3200, height: 2400, stars: 150, faintest: 20 });
    const sources = await detect(convert(truth.frame, (n) => new Uint16Array(n)));
    const result = score(sources, truth);
    expect(result.found).toBeGreaterThanOrEqual(147);
    expect(result.false).toBeLessThanOrEqual(3);
    expect(result.rms).toBeLessThan(0.1);
    expect([sources.width, sources.height]).toEqual([3200, 2400]);
  }, 20_000);

  it('keeps full-frame coordinates when asked to bin', async () => {
    const truth = render({ seed: 61, fwhm: 5, faintest: 20 });
    for (const downsample of [2, 3, 4]) {
      const result = score(await detect(truth.frame, { downsample }), truth);
      expect(result.found).toBeGreaterThanOrEqual(57);
      expect(result.rms).toBeLessThan(0.25);
    }
  });
});

describe('frames without stars', () => {
  const size = { width: 200, height: 160, rowOrder: 'bottom-up', format: 'fits', hints: [] } as const;
  const count = size.width * size.height;

  it.each([
    ['constant', new Uint16Array(count).fill(1000)],
    ['zero', new Uint8Array(count)],
    ['all NaN', new Float32Array(count).fill(NaN)],
    ['saturated', new Uint8Array(count).fill(255)],
    ['a smooth ramp', Float32Array.from({ length: count }, (_, p) => p)],
    ['one odd pixel', Float32Array.from({ length: count }, (_, p) => (p === 9000 ? 1 : 0))],
    ['a chessboard', Uint8Array.from({ length: count }, (_, p) => ((p + Math.floor(p / 200)) % 2) * 200)],
  ])('gives nothing for a %s frame', async (_, pixels) => {
    const sources = await detect({ ...size, pixels });
    expect(sources.x.length).toBe(0);
  });

  it('gives nearly nothing for noise', async () => {
    let total = 0;
    for (let seed = 70; seed < 74; seed++) total += (await detect(render({ seed, stars: 0 }).frame)).x.length;
    expect(total).toBeLessThanOrEqual(3);
  });

  it('gives nothing for frames too small for a field', async () => {
    for (const [width, height] of [
      [1, 1],
      [8, 8],
      [3, 3000],
      [15, 400],
    ] as const) {
      const pixels = Uint16Array.from({ length: width * height }, (_, p) => (p * 7919) % 4096);
      expect((await detect({ ...size, width, height, pixels })).x.length).toBe(0);
    }
  });

  it('copes with thin frames', async () => {
    const pixels = Uint16Array.from({ length: 16 * 3000 }, (_, p) => (p * 7919) % 4096);
    const sources = await detect({ ...size, width: 16, height: 3000, pixels });
    expect(sources.x.every(Number.isFinite)).toBe(true);
  });
});

describe('pace', () => {
  it('breathes, and stops when the time is over', async () => {
    const { frame } = render({ seed: 80 });
    let breaths = 0;
    const pace = {
      due: () => true,
      breathe: async () => {
        breaths++;
      },
      get expired() {
        return breaths > 3;
      },
    };
    const flat = await estimateBackground(frame, { pace });
    const sources = await detectSources(flat, { pace });
    expect(breaths).toBeGreaterThan(3);
    expect(sources.x.length).toBe(0);
  });

  it('passes on the reason of a cancel', async () => {
    const { frame } = render({ seed: 81 });
    const reason = new Error('enough');
    const pace = { due: () => true, breathe: () => Promise.reject(reason), expired: false };
    await expect(estimateBackground(frame, { pace })).rejects.toBe(reason);
  });
});
