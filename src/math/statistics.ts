/**
 * Value below which a fraction of ascending values lies. Equal values count as spread evenly over the step
 * they were rounded to, so that the result moves smoothly with the data also where the noise is only half
 * a step of the analogue-to-digital converter.
 *
 * @param sorted ascending, without NaN
 * @param from first index used
 * @param to one past the last index used, greater than `from`
 * @param fraction 0 to 1
 * @param step distance between neighbouring values that can occur; 0 if they are continuous
 */
export function smoothQuantile(sorted: Float32Array, from: number, to: number, fraction: number, step: number): number {
  const rank = from + fraction * (to - from);
  const middle = Math.min(to - 1, Math.max(from, Math.floor(rank)));
  const value = sorted[middle]!;
  const first = lowerBound(sorted, from, middle, value);
  const end = upperBound(sorted, middle, to, value);
  return value + ((rank - first) / (end - first) - 0.5) * step;
}

/** First index in [from, to) whose value is not below `value`; `to` if there is none. */
export function lowerBound(sorted: Float32Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index in [from, to) whose value is above `value`; `to` if there is none. */
export function upperBound(sorted: Float32Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Half the distance between the 15.87 % and the 84.13 % quantile is the sigma of a normal distribution. */
const LOWER_SIGMA = 0.1587;

/**
 * Level and scatter of the values that remain after clipping, over and over, all that lies more than three
 * sigma from the median: the sky under stars and defects.
 *
 * @param sorted ascending, without NaN
 * @param count how many of them are used, from the first; at least 1
 * @param step distance between neighbouring values that can occur; 0 if they are continuous
 * @param out receives `[level, sigma]`
 * @see Bertin & Arnouts 1996, A&AS 117, 393, section 4.1, with quantiles in place of mean and deviation
 */
export function clippedLevel(sorted: Float32Array, count: number, step: number, out: Float32Array): void {
  let from = 0;
  let to = count;
  let level = 0;
  let sigma = 0;
  for (let round = 0; round < 6; round++) {
    level = smoothQuantile(sorted, from, to, 0.5, step);
    const lower = smoothQuantile(sorted, from, to, LOWER_SIGMA, step);
    sigma = (smoothQuantile(sorted, from, to, 1 - LOWER_SIGMA, step) - lower) / 2;
    const nextFrom = lowerBound(sorted, 0, count, level - 3 * sigma);
    const nextTo = upperBound(sorted, 0, count, level + 3 * sigma);
    if (nextTo <= nextFrom || (nextFrom === from && nextTo === to)) break;
    from = nextFrom;
    to = nextTo;
  }
  out[0] = level;
  out[1] = sigma;
}

/**
 * Median of the finite values of an array, which is left as it is.
 *
 * @returns NaN if there is no finite value
 */
export function median(values: ArrayLike<number>): number {
  const sorted = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) sorted[count++] = value;
  }
  if (count === 0) return NaN;
  const used = sorted.subarray(0, count).sort();
  const half = count >> 1;
  return count % 2 === 1 ? used[half]! : (used[half - 1]! + used[half]!) / 2;
}
