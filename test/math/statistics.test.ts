import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clippedLevel, lowerBound, median, smoothQuantile, upperBound } from '../../src/math/statistics.ts';
import { seededRandom } from '../sources/render.ts';

function gaussian(n: number, level: number, sigma: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from(
    { length: n },
    () => level + sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

describe('smoothQuantile', () => {
  it('spreads equal values over the step they were rounded to', () => {
    const values = Float32Array.of(9, 10, 10, 10, 10, 11);
    expect(smoothQuantile(values, 0, 6, 0.5, 1)).toBeCloseTo(10, 6);
    expect(smoothQuantile(Float32Array.of(10, 10, 10, 11), 0, 4, 0.5, 1)).toBeCloseTo(10 - 0.5 + 2 / 3, 6);
    expect(smoothQuantile(Float32Array.of(5, 5, 5), 0, 3, 0.5, 0)).toBe(5);
  });

  it('grows with the fraction', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, f) => {
          const values = Float32Array.from(list).sort();
          const n = values.length;
          expect(smoothQuantile(values, 0, n, f / 2, 1)).toBeLessThanOrEqual(smoothQuantile(values, 0, n, f, 1) + 1e-6);
        },
      ),
    );
  });
});

describe('lowerBound and upperBound', () => {
  it('enclose the run of a value', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: -1, max: 10 }), (list, value) => {
        const values = Float32Array.from(list).sort();
        const low = lowerBound(values, 0, values.length, value);
        const high = upperBound(values, 0, values.length, value);
        expect(values.filter((v) => v < value).length).toBe(low);
        expect(values.filter((v) => v <= value).length).toBe(high);
      }),
    );
  });
});

describe('clippedLevel', () => {
  const out = new Float32Array(2);

  it('finds level and sigma under a quarter of outliers', () => {
    const values = gaussian(4000, 100, 5, 1);
    for (let k = 0; k < 1000; k++) values[4 * k] = 150 + k;
    clippedLevel(values.sort(), 4000, 0, out);
    expect(Math.abs(out[0]! - 100)).toBeLessThan(1);
    expect(Math.abs(out[1]! - 5)).toBeLessThan(0.8);
  });

  it('finds them to a tenth of a step where the noise is half a step', () => {
    for (const level of [100, 100.25, 100.5]) {
      const values = gaussian(20_000, level, 0.6, 2).map(Math.round).sort();
      clippedLevel(values, values.length, 1, out);
      expect(Math.abs(out[0]! - level)).toBeLessThan(0.1);
      expect(Math.abs(out[1]! - 0.67)).toBeLessThan(0.15);
    }
  });

  it('keeps a constant', () => {
    clippedLevel(new Float32Array(50).fill(7), 50, 0, out);
    expect([...out]).toEqual([7, 0]);
  });
});

describe('median', () => {
  it('takes the mean of the middle two, leaves NaN out and its argument alone', () => {
    const values = [4, NaN, 1, 3, 2];
    expect(median(values)).toBe(2.5);
    expect(values).toEqual([4, NaN, 1, 3, 2]);
    expect(median([5])).toBe(5);
    expect(median([NaN, Infinity])).toBeNaN();
    expect(median([])).toBeNaN();
  });
});
