import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import { DEGREE, raDecToVector, separation } from '../math/sphere.ts';
import type { Pace } from '../pace.ts';
import { distanceToTile, tileDirection } from '../skyindex/healpix-tile.ts';
import type { SkyIndex } from '../skyindex/sky-index.ts';
import { joinTiles } from '../skyindex/tiled-stars.ts';
import { hintedLadder, isQuick, ladder } from '../solver/ladder.ts';
import { type Finding, search, type SearchOptions } from '../solver/search.ts';
import type { SourceList } from '../sources/source-list.ts';
import { pixelsToVectors } from '../wcs/transform.ts';
import type { Wcs } from '../wcs/wcs.ts';
import type { IndexFile, IndexListing } from './index-folders.ts';

/** The bundled data hold few fields narrower than this, degrees: index files go first if hints say so. */
const NARROW_DEG = 0.6;
/** Nor are usual places looked into if hints say that the field is wider than this, degrees. */
const COVERED_DEG = 1;
/** Of the usual places, files with quads up to this size are used, arcmin: scales 00 to 06. The rest is in the bundled data. */
const LACKING_ARCMIN = 22.5;
/** Of these, so much is looked through where no hint chooses among them: 1 GiB. A picture of clouds must not read them all. */
const MOST_UNASKED_BYTES = 2 ** 30;
/** Quads that are looked for have at least this part of the diagonal, and are found best at this one. */
const LEAST_PART = 0.06;
const BEST_PART = 0.3;

/** What was found in which index. */
export interface SkyFinding {
  readonly finding: Finding;
  /** For the last fit. */
  readonly index: SkyIndex;
  /** Lines for people: which file matched, which ones could not be used. */
  readonly notes: readonly string[];
  /** Hints say that the field is narrow, and there was no index file that could hold it. */
  readonly lacksIndex: boolean;
}

/**
 * Searches the bundled data and index files, in such an order that fields which the bundled data hold never wait for a file.
 *
 * @param indexDirs folders of index files; absent: the usual places, of which only those files are used that hold what the
 *   bundled data lack, and only after these unless hints say that the field is narrow
 */
export async function searchSky(
  sources: SourceList,
  guesses: readonly Hints[],
  bundled: SkyIndex,
  indexDirs: readonly string[] | undefined,
  options: Pick<SearchOptions, 'onRung'> & { readonly pace: Pace },
): Promise<SkyFinding> {
  const run = new SkySearch(sources, guesses, indexDirs, options);
  return await run.search(bundled);
}

type Ladder = typeof ladder;

const quickLadder: Ladder = (field, guesses) => ladder(field, guesses).filter(isQuick);
const deepLadder: Ladder = (field, guesses) => ladder(field, guesses).filter((rung) => !isQuick(rung));

class SkySearch {
  readonly #sources: SourceList;
  readonly #guesses: readonly Hints[];
  readonly #dirs: readonly string[] | undefined;
  readonly #options: Pick<SearchOptions, 'onRung'> & { readonly pace: Pace };
  readonly #notes: string[] = [];
  readonly #unusable: Set<string> = new Set();
  #files: Promise<readonly IndexFile[]> | undefined;
  #tried = 0;

  constructor(
    sources: SourceList,
    guesses: readonly Hints[],
    dirs: readonly string[] | undefined,
    options: Pick<SearchOptions, 'onRung'> & { readonly pace: Pace },
  ) {
    this.#sources = sources;
    this.#guesses = guesses;
    this.#dirs = dirs;
    this.#options = options;
  }

  async search(bundled: SkyIndex): Promise<SkyFinding> {
    const widths = this.#widths();
    const narrow = widths.some(({ low }) => low < NARROW_DEG);
    const named = this.#dirs !== undefined;
    const useFiles = named ? this.#dirs.length > 0 : widths.length === 0 || widths.some(({ low }) => low < COVERED_DEG);
    if (!useFiles) return this.#ended(await this.#inIndex(bundled, ladder, this.#guesses), bundled);

    const inBundled = async (steps: Ladder): Promise<SkyFinding | undefined> =>
      this.#ifOver(await this.#inIndex(bundled, steps, this.#guesses), bundled);
    const stages: (() => Promise<SkyFinding | undefined>)[] = [
      ...(narrow ? [() => this.#whereHintsHold()] : []),
      () => inBundled(named ? quickLadder : ladder),
      ...(narrow ? [] : [() => this.#whereHintsHold()]),
      () => this.#everywhere(quickLadder, false),
      ...(named ? [() => inBundled(deepLadder)] : []),
      () => this.#everywhere(deepLadder, !named),
    ];
    for (const stage of stages) {
      const over = await stage();
      if (over !== undefined) return over;
    }
    const lacksIndex =
      narrow && !(await this.#list()).some((file) => this.#guesses.some((guess) => this.#fits(file, guess)));
    return { ...this.#ended({ kind: 'exhausted', tried: this.#tried }, bundled), lacksIndex };
  }

  /** Field widths that hints with a scale allow, degrees. */
  #widths(): { low: number; high: number }[] {
    const { width } = this.#sources;
    return this.#guesses.flatMap(({ scale }) =>
      scale ? [{ low: (scale.lowArcsec * width) / 3600, high: (scale.highArcsec * width) / 3600 }] : [],
    );
  }

  /** Files that can hold the field if a hint is right, near its place first. */
  async #whereHintsHold(): Promise<SkyFinding | undefined> {
    const placed = this.#guesses.filter(({ position }) => position);
    const guesses = placed.length > 0 ? placed : this.#guesses.filter(({ scale }) => scale);
    if (guesses.length === 0) return undefined;
    const files = this.#inOrder(await this.#list()).filter((file) => guesses.some((guess) => this.#fits(file, guess)));
    return await this.#inFiles(files, hintedLadder, guesses);
  }

  /** @param fitting only files that can hold the field if a hint with a scale is right */
  async #everywhere(steps: Ladder, fitting: boolean): Promise<SkyFinding | undefined> {
    const files = this.#inOrder(await this.#list());
    const scaled = this.#guesses.filter(({ scale }) => scale);
    const chosen = fitting ? files.filter((file) => scaled.some((guess) => this.#fits(file, guess))) : files;
    return await this.#inFiles(
      this.#dirs === undefined ? upTo(chosen, MOST_UNASKED_BYTES) : chosen,
      steps,
      this.#guesses,
    );
  }

  async #inFiles(
    files: readonly IndexFile[],
    steps: Ladder,
    guesses: readonly Hints[],
  ): Promise<SkyFinding | undefined> {
    for (const file of files) {
      if (this.#unusable.has(file.path)) continue;
      let index: SkyIndex;
      try {
        index = await openFromShelf(file);
      } catch (error) {
        if (!(error instanceof SolveError)) throw error;
        this.#unusable.add(file.path);
        this.#notes.push(`index file left out: ${error.message}`);
        continue;
      }
      const finding = await this.#inIndex(index, steps, guesses);
      if (finding.kind === 'found') {
        this.#notes.push(`matched in ${file.path}`);
        const whole = await this.#withNeighbours(file, index, finding.match.wcs);
        return this.#ended(finding, whole);
      }
      const over = this.#ifOver(finding, index);
      if (over) return over;
      // Reading takes a while, and there may be many: a cancel must not wait for the last one.
      await this.#options.pace.breathe();
    }
    return undefined;
  }

  async #inIndex(index: SkyIndex, steps: Ladder, guesses: readonly Hints[]): Promise<Finding> {
    const finding = await search(this.#sources, guesses, index, {
      ...this.#options,
      ladder: steps,
      tried: this.#tried,
    });
    this.#tried = finding.tried;
    return finding;
  }

  #ifOver(finding: Finding, index: SkyIndex): SkyFinding | undefined {
    return finding.kind === 'exhausted' ? undefined : this.#ended(finding, index);
  }

  #ended(finding: Finding, index: SkyIndex): SkyFinding {
    return { finding, index, notes: this.#notes, lacksIndex: false };
  }

  #list(): Promise<readonly IndexFile[]> {
    return (this.#files ??= this.#readFolders());
  }

  async #readFolders(): Promise<readonly IndexFile[]> {
    const { listIndexFiles, usualIndexFolders } = await import('./index-folders.ts');
    const named = this.#dirs !== undefined;
    const { files, broken }: IndexListing = await listIndexFiles(this.#dirs ?? usualIndexFolders(), named);
    for (const { error } of broken) this.#notes.push(`index file left out: ${error.message}`);
    const seen = new Set<string>();
    return files.filter((file) => {
      // The same file in two places.
      const key = `${file.path.replace(/^.*[/\\]/, '')} ${file.bytes}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return isSearchable(file) && (named || file.quadHigh <= (LACKING_ARCMIN * Math.PI) / 10_800);
    });
  }

  /** Whether the field can lie in the file if the hint is right. */
  #fits(file: IndexFile, { scale, position }: Hints): boolean {
    const diagonal = Math.hypot(this.#sources.width, this.#sources.height) * ARCSEC;
    if (scale) {
      if (file.quadHigh < LEAST_PART * diagonal * scale.lowArcsec || file.quadLow > diagonal * scale.highArcsec)
        return false;
    }
    if (!position || !file.tile) return true;
    return distanceToTile(directionOf(position), file.tile) <= position.radiusDeg * DEGREE;
  }

  /** Where a hint holds first, by place and then by scale; without a scale the widest quads first, which are the fewest. */
  #inOrder(files: readonly IndexFile[]): IndexFile[] {
    const diagonal = Math.hypot(this.#sources.width, this.#sources.height) * ARCSEC;
    const keyed = files.map((file) => {
      const fitting = this.#guesses.filter((guess) => this.#fits(file, guess));
      const { position } = fitting.find((guess) => guess.position) ?? {};
      const { scale } = fitting.find((guess) => guess.scale) ?? {};
      const centre = position && directionOf(position);
      const middle = Math.sqrt(file.quadLow * file.quadHigh);
      return {
        file,
        fits: fitting.length > 0 ? 0 : 1,
        outside: centre && file.tile && distanceToTile(centre, file.tile) > 0 ? 1 : 0,
        misfit: scale
          ? Math.abs(Math.log(middle / (BEST_PART * diagonal * Math.sqrt(scale.lowArcsec * scale.highArcsec))))
          : -middle,
        away: centre && file.tile ? separation(centre, tileDirection(file.tile)) : 0,
      };
    });
    keyed.sort((a, b) => a.fits - b.fits || a.outside - b.outside || a.misfit - b.misfit || a.away - b.away);
    return keyed.map(({ file }) => file);
  }

  /** The index with the stars of those tiles around it that the frame reaches into. */
  async #withNeighbours(file: IndexFile, index: SkyIndex, wcs: Wcs): Promise<SkyIndex> {
    const { tile } = file;
    if (!tile) return index;
    const { width, height } = this.#sources;
    const corners = pixelsToVectors(
      wcs,
      Float64Array.of((width - 1) / 2, 0, width - 1, 0, width - 1),
      Float64Array.of((height - 1) / 2, 0, 0, height - 1, height - 1),
      new Float64Array(15),
    );
    const centre = corners.subarray(0, 3);
    const radius = Math.max(...[3, 6, 9, 12].map((at) => separation(centre, corners.subarray(at, at + 3))));
    const near = (await this.#list()).filter(
      (other) =>
        other.tile?.nside === tile.nside &&
        other.tile.number !== tile.number &&
        other.quadLow === file.quadLow &&
        seriesOf(other) === seriesOf(file) &&
        !this.#unusable.has(other.path) &&
        distanceToTile(centre, other.tile) < radius,
    );
    const joined = [{ tile, stars: index.stars }];
    for (const other of near) {
      try {
        joined.push({ tile: other.tile!, stars: (await openFromShelf(other)).stars });
      } catch (error) {
        if (!(error instanceof SolveError)) throw error;
        this.#notes.push(`index file left out: ${error.message}`);
      }
    }
    return joined.length === 1 ? index : { ...index, stars: joinTiles(joined) };
  }
}

/** Loaded when an index file is: most fields need none. */
async function openFromShelf(file: IndexFile): Promise<SkyIndex> {
  const { openIndexFile } = await import('./index-shelf.ts');
  return await openIndexFile(file);
}

const ARCSEC = Math.PI / 648_000;

/** The first files that together are not longer than `most`. */
function upTo(files: readonly IndexFile[], most: number): IndexFile[] {
  let total = 0;
  return files.filter(({ bytes }) => (total += bytes) <= most);
}

/** Quads of three stars serve pictures of some degrees and more, which the bundled data hold. */
export function isSearchable({ dimension }: IndexFile): boolean {
  return dimension === 4;
}

function directionOf({ raDeg, decDeg }: NonNullable<Hints['position']>): Float64Array {
  return raDecToVector(raDeg * DEGREE, decDeg * DEGREE);
}

/** Path without the number of the tile. */
function seriesOf({ path }: IndexFile): string {
  return path.replace(/-\d+(\.[^.]*)$/, '$1');
}
