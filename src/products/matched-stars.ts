import type { Solution } from '../solution.ts';
import { skyToPixel } from '../wcs/transform.ts';

/** A source and the star it is. Pixels are those of FITS: (1, 1) is the centre of the first stored pixel. */
export interface MatchedStar {
  /** Where the source is along the rows, pixels, 0-based. */
  readonly x: number;
  /** Where the source is across the rows. */
  readonly y: number;
  /** Right ascension of the star, ICRS degrees. */
  readonly ra: number;
  /** Declination of the star. */
  readonly dec: number;
  /** In the band of the catalogue; NaN if unknown. */
  readonly magnitude: number;
  /** Where the WCS puts the star along the rows; NaN if it is nowhere on the plane. */
  readonly predictedX: number;
  /** Where the WCS puts it across the rows. */
  readonly predictedY: number;
  /** From there to the source, pixels. */
  readonly residual: number;
  /** The same in arcsec, at the scale of the centre. */
  readonly residualArcsec: number;
}

/** The pairs of a solution with their residuals, brightest source first. */
export function matchedStars({ matches, wcs, calibration }: Solution): MatchedStar[] {
  const { x, y, ra, dec, magnitude } = matches;
  return Array.from(x, (_, i): MatchedStar => {
    const [px, py] = skyToPixel(wcs, ra[i]!, dec[i]!) ?? [NaN, NaN];
    const residual = Math.hypot(x[i]! - px, y[i]! - py);
    return {
      x: x[i]! + 1,
      y: y[i]! + 1,
      ra: ra[i]!,
      dec: dec[i]!,
      magnitude: magnitude[i]!,
      predictedX: px + 1,
      predictedY: py + 1,
      residual,
      residualArcsec: residual * calibration.pixelScale,
    };
  });
}

/** Decimals of each column: below what any of them can mean, and no more. */
const COLUMNS = {
  x: 4,
  y: 4,
  ra: 8,
  dec: 8,
  magnitude: 3,
  predictedX: 4,
  predictedY: 4,
  residual: 4,
  residualArcsec: 4,
} as const satisfies Record<keyof MatchedStar, number>;

/** The pairs as a table with a heading, RFC 4180; unknown values are empty. */
export function starsToCsv(stars: readonly MatchedStar[]): string {
  const columns = Object.entries(COLUMNS) as [keyof MatchedStar, number][];
  const lines = [columns.map(([name]) => name).join(',')];
  for (const star of stars) {
    lines.push(columns.map(([name, decimals]) => fixed(star[name], decimals)).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** The pairs as JSON: the image, its root mean square residual, and an object for each star; unknown values are null. */
export function starsToJson(stars: readonly MatchedStar[], { width, height, rms, engine }: Solution): string {
  const rounded = stars.map((star) =>
    Object.fromEntries(
      (Object.entries(COLUMNS) as [keyof MatchedStar, number][]).map(([name, decimals]) => {
        const text = fixed(star[name], decimals);
        return [name, text === '' ? null : Number(text)];
      }),
    ),
  );
  const head = JSON.stringify({ engine, width, height, matched: stars.length, rms });
  return `${head.slice(0, -1)},"stars":[\n${rounded.map((star) => JSON.stringify(star)).join(',\n')}\n]}\n`;
}

/**
 * Reads what {@link starsToCsv} has written, or any table with its columns in some order.
 *
 * @returns undefined if a column is missing or holds something else than numbers
 */
export function csvToStars(text: string): MatchedStar[] | undefined {
  const [heading, ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = heading?.split(',') ?? [];
  const places = Object.keys(COLUMNS).map((name) => [name, names.indexOf(name)] as const);
  if (places.some(([, place]) => place < 0)) return undefined;
  const stars = lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(
      places.map(([name, place]) => [name, cells[place] === '' ? NaN : Number(cells[place])]),
    ) as unknown as MatchedStar;
  });
  const sound = lines.every((line) => line.split(',').every((cell) => cell === '' || Number.isFinite(Number(cell))));
  return sound ? stars : undefined;
}

function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : '';
}
