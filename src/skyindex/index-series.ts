import { presetScale } from './index-quads.ts';
import { distanceToTile } from './healpix-tile.ts';

/** The files of one scale. */
export interface PublishedScale {
  /** One for the whole sky, or one for each HEALPix tile. */
  readonly files: 1 | 12 | 48;
  /** Of all of them together. */
  readonly bytes: number;
}

/** Index files that are published as a set. */
export interface IndexSeries {
  /** `5200`, `4200`, `4100`: its files are called `index-52XX-YY.fits`. */
  readonly name: '4100' | '4200' | '5200';
  /** Where the stars are from. */
  readonly stars: string;
  /** Folder of the files on the web. */
  readonly address: string;
  /** By scale, the XX of the names. */
  readonly scales: ReadonlyMap<number, PublishedScale>;
}

/** Scales of as many files each, from the first on; bytes are those of one file. */
function scales(first: number, files: PublishedScale['files'], ...bytes: number[]): [number, PublishedScale][] {
  return bytes.map((each, i) => [first + i, { files, bytes: files * each }]);
}

/**
 * The series of Astrometry.net, the best for narrow fields first. Sizes are those of 2024; of the lowest scales, whose
 * files differ, rounded means.
 *
 * @see http://data.astrometry.net/
 */
export const INDEX_SERIES: readonly IndexSeries[] = [
  {
    name: '5200',
    stars: 'Gaia DR2 and Tycho-2',
    address: 'https://portal.nersc.gov/project/cosmo/temp/dstn/index-5200/LITE',
    scales: new Map(
      scales(0, 48, 360_000_000, 198_000_000, 101_200_000, 51_027_840, 25_413_120, 12_810_240, 6_410_880),
    ),
  },
  {
    name: '4200',
    stars: '2MASS',
    address: 'http://data.astrometry.net/4200',
    scales: new Map([
      ...scales(0, 48, 293_000_000, 193_000_000, 105_200_000, 54_700_000, 27_354_240),
      ...scales(5, 12, 54_924_480, 27_354_240, 13_786_560),
      ...scales(8, 1, 81_835_200, 41_178_240, 20_517_120, 8_017_920, 4_167_360, 2_157_120),
      ...scales(14, 1, 1_100_160, 596_160, 339_840, 213_120, 164_160, 132_480),
    ]),
  },
  {
    name: '4100',
    stars: 'Tycho-2',
    address: 'http://data.astrometry.net/4100',
    scales: new Map([
      ...scales(7, 1, 164_995_200, 94_550_400, 49_772_160, 24_871_680, 10_206_720, 5_296_320, 2_733_120),
      ...scales(14, 1, 1_382_400, 740_160, 408_960, 247_680, 187_200, 144_000),
    ]),
  },
];

/** A published file. */
export interface PublishedFile {
  readonly series: IndexSeries;
  readonly scale: number;
  /** Number of its tile; absent: it covers the whole sky. */
  readonly tile?: number;
  readonly name: string;
  /** About how long it is. */
  readonly bytes: number;
}

/** The files of one scale of a series, or of those only the ones that a place may lie in. */
export function publishedFiles(
  series: IndexSeries,
  scale: number,
  place?: { readonly direction: Float64Array; readonly radius: number },
): PublishedFile[] {
  const entry = series.scales.get(scale);
  if (entry === undefined) return [];
  const { files, bytes } = entry;
  const stem = `index-${series.name.slice(0, 2)}${String(scale).padStart(2, '0')}`;
  if (files === 1) return [{ series, scale, name: `${stem}.fits`, bytes }];
  const tiles = place ? tilesAround(place, files === 48 ? 2 : 1) : Array.from({ length: files }, (_, i) => i);
  return tiles.map((tile) => ({
    series,
    scale,
    tile,
    name: `${stem}-${String(tile).padStart(2, '0')}.fits`,
    bytes: bytes / files,
  }));
}

/** A published file by its name, with or without `index-` and `.fits`. */
export function publishedFile(name: string): PublishedFile | undefined {
  const match = /^(?:index-)?(4[12]|52)(\d\d)-?(\d\d)?(?:\.fits)?$/.exec(name);
  const series = INDEX_SERIES.find((one) => one.name === `${match?.[1]}00`);
  if (match === null || series === undefined) return undefined;
  const files = publishedFiles(series, Number(match[2]));
  return match[3] === undefined
    ? files.find(({ tile }) => tile === undefined)
    : files.find(({ tile }) => tile === Number(match[3]));
}

/** Tiles within a radius of a direction. */
function tilesAround({ direction, radius }: { direction: Float64Array; radius: number }, nside: number): number[] {
  const all = Array.from({ length: 12 * nside * nside }, (_, number) => number);
  return all.filter((number) => distanceToTile(direction, { nside, number }) <= radius);
}

/** Quads serve a field if their size is about these parts of its width; the best have the middle one. */
const PARTS = { least: 0.2, best: 0.32, most: 0.5 };

/** The scales whose quads suit a field of a width, the best first. */
export function scalesFor(widthDeg: number): number[] {
  const width = widthDeg * 60;
  const middle = (scale: number): number => {
    const { lowArcmin, highArcmin } = presetScale(scale);
    return Math.sqrt(lowArcmin * highArcmin);
  };
  const misfit = (scale: number): number => Math.abs(Math.log(middle(scale) / (PARTS.best * width)));
  const all = Array.from({ length: 20 }, (_, i) => i).toSorted((a, b) => misfit(a) - misfit(b));
  const fitting = all.filter((scale) => middle(scale) >= PARTS.least * width && middle(scale) <= PARTS.most * width);
  return fitting.length > 0 ? fitting : all.slice(0, 1);
}

/** The scale whose quads have these sizes, as the published files have them; undefined for others. */
export function scaleOfQuads(quadLow: number, quadHigh: number): number | undefined {
  const arcmin = 10_800 / Math.PI;
  const scale = Array.from({ length: 20 }, (_, i) => i).find((i) => {
    const { lowArcmin, highArcmin } = presetScale(i);
    return (
      Math.abs(Math.log((quadLow * arcmin) / lowArcmin)) < 0.05 &&
      Math.abs(Math.log((quadHigh * arcmin) / highArcmin)) < 0.05
    );
  });
  return scale;
}

/** Widths of fields, degrees, that quads of these sizes serve. */
export function widthsServed(quadLow: number, quadHigh: number): readonly [lowDeg: number, highDeg: number] {
  const degree = 180 / Math.PI;
  return [(quadLow * degree) / PARTS.most, Math.min(180, (quadHigh * degree) / PARTS.least)];
}
