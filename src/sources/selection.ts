import type { SourceList } from './source-list.ts';

/**
 * An order of sources that keeps bright ones first but spreads them over the frame: the brightest of each cell of a grid,
 * then the second brightest of each, and so on; among equals of one round the brighter is first. A cluster, a nebula or a
 * burned-in text then holds no more of the first places than its share of the frame.
 *
 * @param sources brightest first
 * @param cells about how many cells the grid has [24]; 1 keeps the order as it is
 * @returns indices into `sources`, each once
 */
export function spreadOrder(sources: SourceList, cells = 24): Int32Array {
  const { width, height, x, y } = sources;
  const n = x.length;
  const columns = Math.max(1, Math.round(Math.sqrt((cells * width) / height)));
  const rows = Math.max(1, Math.round(cells / columns));
  const taken = new Int32Array(columns * rows);
  const round = new Int32Array(n);
  let rounds = 0;
  for (let k = 0; k < n; k++) {
    const i = Math.min(columns - 1, Math.max(0, Math.floor(((x[k]! + 0.5) / width) * columns)));
    const j = Math.min(rows - 1, Math.max(0, Math.floor(((y[k]! + 0.5) / height) * rows)));
    const own = taken[j * columns + i]!;
    taken[j * columns + i] = own + 1;
    round[k] = own;
    if (own >= rounds) rounds = own + 1;
  }
  const start = new Int32Array(rounds + 1);
  for (let k = 0; k < n; k++) start[round[k]! + 1] = start[round[k]! + 1]! + 1;
  for (let r = 0; r < rounds; r++) start[r + 1] = start[r + 1]! + start[r]!;
  const order = new Int32Array(n);
  for (let k = 0; k < n; k++) {
    const r = round[k]!;
    order[start[r]!] = k;
    start[r] = start[r]! + 1;
  }
  return order;
}
