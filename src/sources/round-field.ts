import type { SourceList } from './source-list.ts';

/** Fewer say nothing about the shape of the field. */
const FEWEST = 150;
/** Sides of the box around a circle are alike. */
const SQUARE = 1.15;
/** Of sources spread over a square, 21 in 100 lie in its corners, outside the circle within; of those of a round field few do. */
const CORNER_PART = 0.05;

/**
 * Do the sources fill a circle, as those of a fish-eye lens or an all-sky camera do, and not a rectangle? A circle that the frame
 * cuts off is not told from a rectangle.
 */
export function fillsCircle({ x, y }: SourceList): boolean {
  const n = x.length;
  if (n < FEWEST) return false;
  // Without the outermost, which may be anything.
  const [left, right] = span(x);
  const [bottom, top] = span(y);
  const width = right - left;
  const height = top - bottom;
  if (!(width > 0 && height > 0) || Math.max(width / height, height / width) > SQUARE) return false;
  const radius = (width + height) / 4;
  const [centreX, centreY] = [(left + right) / 2, (bottom + top) / 2];
  let outside = 0;
  for (let i = 0; i < n; i++) if (Math.hypot(x[i]! - centreX, y[i]! - centreY) > 1.06 * radius) outside++;
  return outside < CORNER_PART * n;
}

function span(values: Float64Array): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const spare = Math.floor(sorted.length / 200);
  return [sorted[spare]!, sorted[sorted.length - 1 - spare]!];
}
