import { type IndexFile, listIndexFiles, usualIndexFolders } from '../engines/index-folders.ts';
import { isSearchable } from '../engines/sky-search.ts';
import { SolveError } from '../errors.ts';
import { distanceToTile } from '../skyindex/healpix-tile.ts';
import {
  INDEX_SERIES,
  type IndexSeries,
  type PublishedFile,
  publishedFiles,
  scaleOfQuads,
  scalesFor,
} from '../skyindex/index-series.ts';
import type { OptionValues } from './command.ts';
import { type Place, placeOf, readIndexFolders, readPlace } from './index-options.ts';
import { readChoice, readNumber } from './option-value.ts';

/** The bundled data hold fields of these widths, degrees. */
export const BUNDLED_WIDTHS = [0.6, 60] as const;
/** Scales used at the most: further ones bring little. */
const MOST_SCALES = 3;
/** How far a header may be off, degrees. */
const HEADER_RADIUS_DEG = 1;

/** A field that is to be solved. */
export interface WantedField {
  readonly widthDeg: number;
  readonly place?: Place;
  /** Where width and place are from. */
  readonly from: string;
}

/** One scale that a field needs. */
export interface NeededScale {
  readonly scale: number;
  /** Files on this machine that hold it, for this place or any. */
  readonly there: readonly IndexFile[];
  /** They cover the place; without a place: the whole sky. */
  readonly covered: boolean;
  /** What is published, by series, the best first. */
  readonly published: readonly { readonly series: IndexSeries; readonly files: readonly PublishedFile[] }[];
}

/**
 * The field that `--like`, `--fov`, `--ra` and `--dec` tell of; undefined if they say nothing.
 *
 * @throws {SolveError} `BAD_OPTION`; what reading the image throws
 */
export async function readWantedField(values: OptionValues): Promise<WantedField | undefined> {
  const { like, fov } = Object.fromEntries(values);
  const place = readPlace(values);
  const given = typeof fov === 'string' ? readNumber('--fov', fov, { low: 0, above: true, high: 180 }) : undefined;
  const at = place === undefined ? {} : { place };
  if (typeof like !== 'string') return given === undefined ? undefined : { widthDeg: given, ...at, from: '--fov' };
  const { openField } = await import('../engines/input.ts');
  const frame = await openField(like, {});
  const hints = 'hints' in frame ? frame.hints : [];
  const scale = hints.find((hint) => hint.kind === 'scale');
  const position = hints.find((hint) => hint.kind === 'position');
  const widthDeg = given ?? (scale && (scale.scaleArcsec * frame.width) / 3600);
  if (widthDeg === undefined) {
    throw new SolveError('BAD_OPTION', `${like}: nothing in it tells how wide the field is: give --fov DEG`);
  }
  const found = position && placeOf(position.raDeg, position.decDeg, HEADER_RADIUS_DEG);
  const from = [given === undefined ? scale?.from : '--fov', place ? '--ra, --dec' : position?.from];
  const where = place ?? found;
  return { widthDeg, ...(where === undefined ? {} : { place: where }), from: from.filter(Boolean).join('; ') };
}

/** What a field needs and what of that is there. */
export async function findNeeds(field: WantedField, values: OptionValues): Promise<NeededScale[]> {
  const { folders, named } = readIndexFolders(values);
  const { files } = await listIndexFiles(named ? folders : usualIndexFolders(), named);
  return scalesFor(field.widthDeg)
    .slice(0, MOST_SCALES)
    .map((scale) => {
      const there = files.filter(
        (file) => isSearchable(file) && scaleOfQuads(file.quadLow, file.quadHigh) === scale && holds(file, field.place),
      );
      const published = seriesFor(values).map((series) => ({
        series,
        files: publishedFiles(series, scale, field.place),
      }));
      return {
        scale,
        there,
        covered: isCovered(there, field.place),
        published: published.filter((one) => one.files.length > 0),
      };
    });
}

/** The series that `--series` names, or all, the best first. */
export function seriesFor(values: OptionValues): readonly IndexSeries[] {
  const word = values.get('series');
  if (typeof word !== 'string') return INDEX_SERIES;
  const name = readChoice('--series', word, ['5200', '4200', '4100']);
  return INDEX_SERIES.filter((series) => series.name === name);
}

function holds({ tile }: IndexFile, place: Place | undefined): boolean {
  return tile === undefined || place === undefined || distanceToTile(place.direction, tile) <= place.radius;
}

function isCovered(files: readonly IndexFile[], place: Place | undefined): boolean {
  if (files.some(({ tile }) => tile === undefined)) return true;
  if (place !== undefined) return files.some(({ tile }) => distanceToTile(place.direction, tile!) === 0);
  const nsides = new Set(files.map(({ tile }) => tile!.nside));
  return [...nsides].some((nside) => {
    const tiles = new Set(files.flatMap(({ tile }) => (tile!.nside === nside ? [tile!.number] : [])));
    return tiles.size === 12 * nside ** 2;
  });
}
