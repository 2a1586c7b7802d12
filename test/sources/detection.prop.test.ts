import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/image/frame.ts';
import { UNHURRIED } from '../../src/pace.ts';
import { detectSources, estimateBackground } from '../../src/sources/detection.ts';
import type { SourceList } from '../../src/sources/source-list.ts';
import { convert, render } from './render.ts';

async function detect(frame: Frame, maxSources = 2000): Promise<SourceList> {
  return detectSources(await estimateBackground(frame, { pace: UNHURRIED }), { pace: UNHURRIED, maxSources });
}

const seeds = fc.integer({ min: 0, max: 1e9 });
const small = { width: 240, height: 200, stars: 20 };

describe('detectSources', () => {
  it('finds the same sources whatever constant is added', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: -1_000_000, max: 1_000_000 }), async (seed, offset) => {
        const frame = convert(render({ seed, ...small }).frame, (n) => new Int32Array(n));
        const plain = await detect(frame);
        const moved = await detect(convert(frame, (n) => new Int32Array(n), 1, offset));
        expect(moved.x).toEqual(plain.x);
        expect(moved.y).toEqual(plain.y);
        expect(moved.flux).toEqual(plain.flux);
      }),
      { numRuns: 15 },
    );
  });

  it('finds the same sources whatever the unit of the pixels', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: -20, max: 20 }), async (seed, power) => {
        const { frame } = render({ seed, ...small });
        const plain = await detect(frame);
        const scaled = await detect(convert(frame, (n) => new Float64Array(n), 2 ** power));
        expect(scaled.x).toEqual(plain.x);
        expect(scaled.y).toEqual(plain.y);
        for (let k = 0; k < plain.x.length; k++)
          expect(scaled.flux[k]! / plain.flux[k]!).toBeCloseTo(2 ** power, 4 - Math.min(0, power));
      }),
      { numRuns: 15 },
    );
  });

  it('moves the sources with the picture', async () => {
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        async (seed, left, bottom) => {
          const whole = render({ seed, width: 300, height: 260, stars: 25, faintest: 25, fullWell: 1e9 });
          const cut = (x0: number, y0: number): Frame => {
            const pixels = new Float64Array(240 * 200);
            for (let p = 0; p < pixels.length; p++)
              pixels[p] = whole.frame.pixels[(Math.floor(p / 240) + y0) * 300 + (p % 240) + x0]!;
            return { ...whole.frame, width: 240, height: 200, pixels };
          };
          const a = await detect(cut(0, 0));
          const b = await detect(cut(left, bottom));
          for (let i = 0; i < whole.x.length; i++) {
            const inside = (x0: number, y0: number): boolean =>
              whole.x[i]! - x0 > 15 && whole.x[i]! - x0 < 225 && whole.y[i]! - y0 > 15 && whole.y[i]! - y0 < 185;
            if (!inside(0, 0) || !inside(left, bottom)) continue;
            const near = (list: SourceList, x: number, y: number): number =>
              list.x.findIndex((v, k) => Math.hypot(v - x, list.y[k]! - y) < 1);
            const k = near(a, whole.x[i]!, whole.y[i]!);
            const l = near(b, whole.x[i]! - left, whole.y[i]! - bottom);
            expect(k).toBeGreaterThanOrEqual(0);
            expect(l).toBeGreaterThanOrEqual(0);
            expect(b.x[l]! + left).toBeCloseTo(a.x[k]!, 0);
            expect(Math.hypot(b.x[l]! + left - a.x[k]!, b.y[l]! + bottom - a.y[k]!)).toBeLessThan(0.1);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives finite numbers inside the frame, brightest first, no more than asked for', async () => {
    const pictures = fc.record({
      seed: seeds,
      fwhm: fc.double({ min: 0.8, max: 12, noNaN: true }),
      hot: fc.constantFrom(0, 0.001, 0.01),
      lines: fc.constantFrom(0, 3),
      fullWell: fc.constantFrom(1500, 10_000, 1e9),
      bleed: fc.boolean(),
      ground: fc.constantFrom(0, 0.4),
      nanBorder: fc.constantFrom(0, 11),
      noise: fc.constantFrom(0.01, 5, 300),
    });
    await fc.assert(
      fc.asyncProperty(pictures, fc.integer({ min: 0, max: 30 }), async (scene, most) => {
        const { frame } = render({ ...scene, width: 260, height: 220, stars: 8 });
        const sources = await detect(frame, most);
        const n = sources.x.length;
        expect(n).toBeLessThanOrEqual(most);
        for (const column of [sources.y, sources.flux, sources.sigma, sources.flags]) expect(column.length).toBe(n);
        for (let k = 0; k < n; k++) {
          expect(sources.x[k]!).toBeGreaterThanOrEqual(-0.5);
          expect(sources.x[k]!).toBeLessThanOrEqual(259.5);
          expect(sources.y[k]!).toBeGreaterThanOrEqual(-0.5);
          expect(sources.y[k]!).toBeLessThanOrEqual(219.5);
          expect(sources.flux[k]!).toBeGreaterThan(0);
          expect(sources.sigma[k]!).toBeGreaterThan(0);
          expect(Number.isFinite(sources.flux[k]! + sources.sigma[k]!)).toBe(true);
          if (k > 0) expect(sources.flux[k]!).toBeLessThanOrEqual(sources.flux[k - 1]!);
        }
      }),
      {
        numRuns: 40,
        examples: [
          [
            {
              seed: 0,
              fwhm: 0.8,
              hot: 0.01,
              lines: 0,
              fullWell: 1500,
              bleed: false,
              ground: 0.4,
              nanBorder: 0,
              noise: 0.01,
            },
            3,
          ],
        ],
      },
    );
  });
});
