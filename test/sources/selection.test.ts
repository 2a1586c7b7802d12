import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spreadOrder } from '../../src/sources/selection.ts';
import type { SourceList } from '../../src/sources/source-list.ts';

function list(places: readonly (readonly [number, number])[], width = 600, height = 400): SourceList {
  const n = places.length;
  return {
    width,
    height,
    x: Float64Array.from(places, (p) => p[0]),
    y: Float64Array.from(places, (p) => p[1]),
    flux: Float32Array.from(places, (_, k) => n - k),
    sigma: new Float32Array(n).fill(0.1),
    flags: new Uint8Array(n),
    fwhm: 3,
  };
}

describe('spreadOrder', () => {
  it('takes the brightest of each cell before the second of any', () => {
    // Four in one corner, then one in each other quarter.
    const sources = list(
      [
        [10, 10],
        [12, 10],
        [14, 10],
        [16, 10],
        [500, 10],
        [10, 300],
        [500, 300],
      ],
      600,
      600,
    );
    expect([...spreadOrder(sources, 4)]).toEqual([0, 4, 5, 6, 1, 2, 3]);
  });

  it('keeps the order with one cell', () => {
    expect([
      ...spreadOrder(
        list([
          [5, 5],
          [300, 300],
          [1, 1],
        ]),
        1,
      ),
    ]).toEqual([0, 1, 2]);
  });

  it('gives nothing for nothing', () => {
    expect(spreadOrder(list([])).length).toBe(0);
  });

  it('is a permutation in which no cell runs ahead of the others', () => {
    const place = fc.tuple(
      fc.double({ min: -0.5, max: 599.5, noNaN: true }),
      fc.double({ min: -0.5, max: 399.5, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(place, { maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (places, cells) => {
        const order = spreadOrder(list(places), cells);
        expect([...order].sort((a, b) => a - b)).toEqual(places.map((_, k) => k));
        // The first of the list leads, whatever the cells.
        if (places.length > 0) expect(order[0]).toBe(0);
      }),
    );
  });
});
