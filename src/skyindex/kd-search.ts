import type { KdTree } from './kd-tree-file.ts';

/** Nodes yet to visit: one a level at most, and trees have up to 31 levels. Shared, for no search waits for another. */
const stack = new Int32Array(32);
const low = new Float64Array(8);
const high = new Float64Array(8);

/**
 * Finds the leaves that may hold points of a box.
 *
 * @param from low corner, in the units of the points
 * @param to high corner
 * @param leaves receives the numbers of the leaves, ascending; as long as the tree has leaves
 * @returns how many
 */
export function leavesInBox(tree: KdTree, from: Float64Array, to: Float64Array, leaves: Uint32Array): number {
  const { dimensions, treeLow, treeScale, treeSlack } = tree;
  for (let d = 0; d < dimensions; d++) {
    low[d] = (from[d]! - treeLow[d]!) * treeScale - treeSlack;
    high[d] = (to[d]! - treeLow[d]!) * treeScale + treeSlack;
  }
  return tree.boxes ? leavesByBoxes(tree, leaves) : leavesByPlanes(tree, leaves);
}

function leavesByPlanes(tree: KdTree, leaves: Uint32Array): number {
  const { inner, planeBits, planeDimensions } = tree;
  const planes = tree.planes!;
  let count = 0;
  let top = 0;
  let node = 0;
  for (;;) {
    while (node < inner) {
      const plane = planes[node]!;
      const dimension = planeDimensions ? planeDimensions[node]! : plane & planeBits;
      const left = 2 * node + 1;
      // The low bits of a packed plane belong to the dimension: it lies between their being all 0 and all 1.
      if (low[dimension]! > plane + planeBits) {
        node = left + 1;
      } else {
        if (high[dimension]! >= plane - planeBits) stack[top++] = left + 1;
        node = left;
      }
    }
    leaves[count++] = node - inner;
    if (top === 0) return count;
    node = stack[--top]!;
  }
}

function leavesByBoxes(tree: KdTree, leaves: Uint32Array): number {
  const { inner, dimensions } = tree;
  const boxes = tree.boxes!;
  let count = 0;
  let top = 0;
  stack[top++] = 0;
  while (top > 0) {
    const node = stack[--top]!;
    const at = 2 * dimensions * node;
    let apart = false;
    for (let d = 0; d < dimensions; d++) {
      if (low[d]! > boxes[at + dimensions + d]! || high[d]! < boxes[at + d]!) {
        apart = true;
        break;
      }
    }
    if (apart) continue;
    if (node < inner) {
      stack[top++] = 2 * node + 2;
      stack[top++] = 2 * node + 1;
    } else {
      leaves[count++] = node - inner;
    }
  }
  return count;
}
