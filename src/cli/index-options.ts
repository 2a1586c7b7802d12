import { SolveError } from '../errors.ts';
import { parseDec, parseRa } from '../math/angle.ts';
import { DEGREE, raDecToVector } from '../math/sphere.ts';
import { type OptionSpec, type OptionValues, valuesOf } from './command.ts';
import { readNumber } from './option-value.ts';

const WHERE = 'Folders';
const FIELD = 'The field (recommend, install)';
const FETCH = 'install';
const BUILD = 'build';

/** Options of all that `solve index` does. */
export const INDEX_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'index-dir',
    value: 'DIR',
    many: true,
    names: 'directory',
    group: WHERE,
    text: 'a folder to look into, in place of the usual ones; may be given several times',
  },
  {
    name: 'out-dir',
    value: 'DIR',
    names: 'directory',
    group: WHERE,
    text: 'where install and build put files; your own folder of index files, or the working folder',
  },
  { name: 'json', group: WHERE, text: 'print one JSON object a line' },

  { name: 'like', value: 'IMAGE', names: 'file', group: FIELD, text: 'an image: its header tells width and place' },
  { name: 'fov', value: 'DEG', group: FIELD, text: 'width of the field, degrees' },
  { name: 'ra', value: 'ANGLE', group: FIELD, text: 'right ascension: only files for this part of the sky' },
  { name: 'dec', value: 'ANGLE', group: FIELD, text: 'declination' },
  { name: 'radius', value: 'DEG', group: FIELD, text: 'how far from --ra and --dec, degrees; 5 if not said' },

  {
    name: 'series',
    value: 'NAME',
    choices: ['5200', '4200', '4100'],
    group: FETCH,
    text: 'files of this series; 5200, and for wide fields 4100, if not said',
  },
  {
    name: 'mirror',
    value: 'URL',
    group: FETCH,
    text: 'another place to fetch from, with folders 4100, 4200 and 5200; data.astrometry.net if not said',
  },
  { name: 'yes', short: 'y', group: FETCH, text: 'fetch without a question' },

  {
    name: 'preset',
    value: 'LIST',
    group: BUILD,
    text: 'scales as in the names of published files: 0 for fields of 0.1 degree, 2 for 0.25, 4 for 0.5; 0,2,4 if not said',
  },
  { name: 'scale', value: 'LOW-HIGH', group: BUILD, text: 'sizes of the quads in arcmin, in place of --preset' },
  { name: 'tiles', value: 'NSIDE', group: BUILD, text: 'one file for each HEALPix tile of this nside: 1, 2, 4 or 8' },
  { name: 'overwrite', group: BUILD, text: 'replace files that are there' },
];

/** A part of the sky. */
export interface Place {
  readonly raDeg: number;
  readonly decDeg: number;
  readonly direction: Float64Array;
  /** Radians. */
  readonly radius: number;
}

/** As for `solve`: pointing models and finder errors stay within this. */
const DEFAULT_RADIUS_DEG = 5;

export function placeOf(raDeg: number, decDeg: number, radiusDeg: number = DEFAULT_RADIUS_DEG): Place {
  const direction = raDecToVector(raDeg * DEGREE, decDeg * DEGREE);
  return { raDeg, decDeg, direction, radius: radiusDeg * DEGREE };
}

/** @throws {SolveError} `BAD_OPTION` */
export function readPlace(values: OptionValues): Place | undefined {
  const { ra, dec, radius } = Object.fromEntries(values);
  const [raText, decText, radiusText] = [ra, dec, radius].map((value) =>
    typeof value === 'string' ? value : undefined,
  );
  if (raText === undefined && decText === undefined) {
    if (radiusText !== undefined) throw new SolveError('BAD_OPTION', '--radius needs --ra and --dec');
    return undefined;
  }
  const raDeg = raText === undefined ? undefined : parseRa(raText);
  const decDeg = decText === undefined ? undefined : parseDec(decText);
  if (raDeg === undefined)
    throw new SolveError('BAD_OPTION', `--ra takes degrees, 12:34:56 or 12h34m56s, not '${raText ?? ''}'`);
  if (decDeg === undefined)
    throw new SolveError('BAD_OPTION', `--dec takes degrees, +45:10:30 or +45d10m, not '${decText ?? ''}'`);
  const within =
    radiusText === undefined ? undefined : readNumber('--radius', radiusText, { low: 0, above: true, high: 180 });
  return placeOf(raDeg, decDeg, within);
}

/** The folders that are named, or the usual ones. */
export function readIndexFolders(values: OptionValues): { folders: string[]; named: boolean } {
  const folders = valuesOf(values, 'index-dir');
  return { folders, named: folders.length > 0 };
}

/** Bytes for people. */
export function shownBytes(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  const value = bytes / unit;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${name}`;
}

/** Arcmin or degrees for people, from radians. */
export function shownAngle(radians: number): string {
  const arcmin = (radians * 10_800) / Math.PI;
  return arcmin < 100 ? `${Number(arcmin.toPrecision(2))}'` : `${Number((arcmin / 60).toPrecision(2))} deg`;
}
