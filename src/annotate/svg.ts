/** A corner of a picture: x to the right, y down, from the outer corner of its top-left pixel, in pixels of the image. */
export type Point = readonly [x: number, y: number];

/** Text as it may stand in SVG, between tags and in attributes; control characters, which XML refuses, go out. */
export function escapeXml(text: string): string {
  return text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A number as SVG has it, to a hundredth of a pixel. */
export function fixed(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** A line through points, flat `[x0, y0, x1, ...]`, as path data. */
export function linePath(run: readonly number[], closed = false): string {
  const points: string[] = [];
  for (let i = 0; i < run.length; i += 2) points.push(`${fixed(run[i]!)} ${fixed(run[i + 1]!)}`);
  return `M${points.join('L')}${closed ? 'z' : ''}`;
}

/**
 * The parts of a line that lie in a rectangle from 0, 0.
 *
 * @param points flat `[x0, y0, x1, ...]`; the line is broken where a number is NaN
 * @returns lines, flat
 */
export function clipLine(points: Float64Array, width: number, height: number): number[][] {
  const runs: number[][] = [];
  let run: number[] = [];
  const finish = (): void => {
    if (run.length >= 4) runs.push(run);
    run = [];
  };
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [x0, y0, x1, y1] = [points[i]!, points[i + 1]!, points[i + 2]!, points[i + 3]!];
    const part = clipSegment(x0, y0, x1, y1, width, height);
    if (part === undefined) {
      finish();
      continue;
    }
    const [from, to] = part;
    if (from > 0) finish();
    if (run.length === 0) run.push(x0 + from * (x1 - x0), y0 + from * (y1 - y0));
    run.push(x0 + to * (x1 - x0), y0 + to * (y1 - y0));
    if (to < 1) finish();
  }
  finish();
  return runs;
}

/** From where to where, 0 to 1, a segment lies in the rectangle (Liang and Barsky 1984). */
function clipSegment(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  width: number,
  height: number,
): [number, number] | undefined {
  if (!Number.isFinite(x0 + y0 + x1 + y1)) return undefined;
  let from = 0;
  let to = 1;
  const [dx, dy] = [x1 - x0, y1 - y0];
  for (const [p, q] of [
    [-dx, x0],
    [dx, width - x0],
    [-dy, y0],
    [dy, height - y0],
  ] as const) {
    if (p === 0) {
      if (q < 0) return undefined;
    } else if (p < 0) {
      from = Math.max(from, q / p);
    } else {
      to = Math.min(to, q / p);
    }
  }
  return from < to ? [from, to] : undefined;
}
