import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leavesInBox } from '../../src/skyindex/kd-search.ts';
import { buildKdTree } from '../../src/skyindex/kd-tree-builder.ts';
import type { KdTree } from '../../src/skyindex/kd-tree-file.ts';

/** Few values, so that many points share a coordinate, or any. */
const value = fc.oneof(fc.nat(65_535), fc.nat(6), fc.constantFrom(0, 65_535));
const points = (dimensions: number) =>
  fc.array(fc.array(value, { minLength: dimensions, maxLength: dimensions }), { minLength: 1, maxLength: 400 });

for (const dimensions of [2, 3, 4]) {
  test(`a search in a tree of ${dimensions} dimensions misses no point, and the tree holds each once`, () => {
    fc.assert(
      fc.property(
        points(dimensions),
        fc.array(fc.tuple(value, value), { minLength: dimensions, maxLength: dimensions }),
        (list, box) => {
          const tree = buildKdTree(Uint16Array.from(list.flat()), dimensions);
          expect([...tree.original].toSorted((a, b) => a - b)).toEqual(list.map((_, i) => i));
          tree.original.forEach((from, place) => {
            expect([...tree.data.subarray(place * dimensions, (place + 1) * dimensions)]).toEqual(list[from]);
          });
          const low = Float64Array.from(box, ([a, b]) => Math.min(a, b));
          const high = Float64Array.from(box, ([a, b]) => Math.max(a, b));
          const identity = new Float64Array(dimensions);
          const asRead: KdTree = {
            points: list.length,
            dimensions,
            inner: (tree.nodes - 1) / 2,
            last: tree.last,
            planes: tree.planes,
            planeBits: 2 ** Math.ceil(Math.log2(dimensions)) - 1,
            planeDimensions: undefined,
            boxes: undefined,
            data: tree.data,
            original: undefined,
            treeLow: identity,
            treeScale: 1,
            treeSlack: 0,
            dataLow: identity,
            dataScale: 1,
          };
          const leaves = new Uint32Array(asRead.inner + 1);
          const count = leavesInBox(asRead, low, high, leaves);
          const found = new Set<number>();
          for (const leaf of leaves.subarray(0, count)) {
            const start = leaf === 0 ? 0 : (tree.last[leaf - 1]! + 1) >>> 0;
            for (let i = start; i < (tree.last[leaf]! + 1) >>> 0; i++) found.add(tree.original[i]!);
          }
          list.forEach((point, i) => {
            if (point.every((x, d) => x >= low[d]! && x <= high[d]!)) expect(found.has(i)).toBe(true);
          });
        },
      ),
      { numRuns: 150 },
    );
  });
}

test('points left of a plane are below it and those right of it are not', () => {
  fc.assert(
    fc.property(points(4), (list) => {
      const tree = buildKdTree(Uint16Array.from(list.flat()), 4);
      const leaves = tree.last.length;
      const start = (leaf: number): number => (leaf === 0 ? 0 : (tree.last[leaf - 1]! + 1) >>> 0);
      const check = (node: number, first: number, count: number): void => {
        if (node >= leaves - 1) return;
        const dimension = tree.planes[node]! & 3;
        const plane = tree.planes[node]! - dimension;
        const middle = start(first + count / 2);
        const end = first + count === leaves ? list.length : start(first + count);
        for (let i = start(first); i < end; i++) {
          const x = tree.data[4 * i + dimension]!;
          if (i < middle) expect(x).toBeLessThan(plane);
          else expect(x).toBeGreaterThanOrEqual(plane);
        }
        check(2 * node + 1, first, count / 2);
        check(2 * node + 2, first + count / 2, count / 2);
      };
      check(0, 0, leaves);
    }),
    { numRuns: 100 },
  );
});
