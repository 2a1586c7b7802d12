import { describe, expect, test } from 'vitest';
import { displayDivisor, stretch } from '../../src/annotate/stretch.ts';
import type { Frame, Pixels } from '../../src/image/frame.ts';

const WIDTH = 200;
const HEIGHT = 100;

function frameOf(pixels: Pixels, rest: Partial<Frame> = {}): Frame {
  return { width: WIDTH, height: HEIGHT, pixels, rowOrder: 'bottom-up', format: 'fits', hints: [], ...rest };
}

/** Sky of 1000 with noise, one bright star in the first stored row. */
function linear<T extends Pixels>(pixels: T): T {
  let seed = 1;
  for (let i = 0; i < pixels.length; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    pixels[i] = 1000 + (seed % 101) - 50;
  }
  for (let x = 50; x < 60; x++) pixels[x] = 30_000;
  return pixels;
}

const middle = (values: Uint8Array): number => [...values].sort((a, b) => a - b)[values.length / 2]!;

describe('a stretch of linear data', () => {
  test.each([
    ['16 bits', linear(new Uint16Array(WIDTH * HEIGHT))],
    ['signed 16 bits', linear(new Int16Array(WIDTH * HEIGHT))],
    ['floats', linear(new Float32Array(WIDTH * HEIGHT))],
    ['floats from 0 to 1', linear(new Float64Array(WIDTH * HEIGHT)).map((value) => value / 65_535)],
  ])('of %s makes the sky dark grey and the star white', (_, pixels) => {
    const shown = stretch(frameOf(pixels), 'top-down', false);
    expect(middle(shown)).toBeGreaterThan(25);
    expect(middle(shown)).toBeLessThan(50);
    expect(shown[55]).toBe(255);
  });

  test('turns rows that count upwards', () => {
    const shown = stretch(frameOf(linear(new Uint16Array(WIDTH * HEIGHT))), 'bottom-up', false);
    expect(shown[55 + (HEIGHT - 1) * WIDTH]).toBe(255);
    expect(shown[55]).toBeLessThan(120);
  });

  test('keeps the order of values', () => {
    const pixels = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => i);
    const shown = stretch(frameOf(pixels), 'top-down', false);
    expect(shown.every((value, i) => i === 0 || value >= shown[i - 1]!)).toBe(true);
  });

  test('is turned into its negative', () => {
    const frame = frameOf(linear(new Uint16Array(WIDTH * HEIGHT)));
    const plain = stretch(frame, 'top-down', false);
    expect(stretch(frame, 'top-down', true)).toEqual(plain.map((value) => 255 - value));
  });

  test('shows what has no value as black', () => {
    const pixels = linear(new Float32Array(WIDTH * HEIGHT));
    pixels[777] = NaN;
    const marked = linear(new Int16Array(WIDTH * HEIGHT));
    marked[777] = -32_768;
    expect(stretch(frameOf(pixels), 'top-down', false)[777]).toBe(0);
    expect(stretch(frameOf(marked, { blank: -32_768 }), 'top-down', false)[777]).toBe(0);
  });

  test('does not break where there is nothing to stretch', () => {
    for (const value of [0, 7, -3e9, NaN]) {
      const shown = stretch(frameOf(new Float32Array(WIDTH * HEIGHT).fill(value)), 'top-down', false);
      expect(new Set(shown).size).toBe(1);
    }
  });

  test('evens out the colours of a mosaic', () => {
    const mosaic = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
      const odd = (i % 2) + (Math.floor(i / WIDTH) % 2);
      return odd === 1 ? 2000 : 1000 + (i % 5);
    });
    const shown = stretch(frameOf(mosaic, { bayer: 'RGGB' }), 'top-down', false);
    const chequered = stretch(frameOf(mosaic), 'top-down', false);
    const range = (values: Uint8Array): number => Math.max(...values) - Math.min(...values);
    expect(range(shown)).toBeLessThan(0.2 * range(chequered));
  });
});

describe('a picture made to be looked at', () => {
  const eight = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => i % 256);

  test('stays as it is', () => {
    expect(stretch(frameOf(eight, { format: 'png' }), 'top-down', false)).toEqual(eight);
  });

  test('stays so if its channels were added up', () => {
    const sums = Uint16Array.from(eight, (value) => 3 * value);
    expect(stretch(frameOf(sums, { format: 'jpeg' }), 'top-down', false)).toEqual(eight);
  });

  test('is of eight bits, and no FITS image', () => {
    expect(displayDivisor(frameOf(eight, { format: 'jpeg' }))).toBe(1);
    expect(displayDivisor(frameOf(eight))).toBeUndefined();
    expect(displayDivisor(frameOf(new Uint16Array(2).fill(40_000), { format: 'png' }))).toBeUndefined();
    expect(displayDivisor(frameOf(new Float32Array(2), { format: 'tiff' }))).toBeUndefined();
  });
});
