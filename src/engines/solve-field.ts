import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import { readPieces } from '../io/pieces.ts';
import { readCorr } from '../products/corr.ts';
import { readWcsFile } from '../products/wcs-file.ts';
import { writeXylist } from '../products/xylist.ts';
import type { Outcome, Report, SolveInput, SolveOptions, Solver } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';
import { checkSize, foreignSolution } from './foreign-solution.ts';
import { isInMemory } from './input.ts';
import { type Parcel, type WhatToSend, packParcel } from './parcel.ts';
import { type Ending, runGroup } from './process-group.ts';
import { rowOrderOf } from './row-order.ts';

/** How the engine that drives an installed solve-field works. Everything may be left out. */
export interface SolveFieldOptions {
  /** The program. Default: `solve-field`, wherever the system finds it. */
  readonly program?: string;
  /** Folders of index files. Default: those of its own configuration. */
  readonly indexDirs?: readonly string[];
  /**
   * What it is given. `sources`: positions of stars found here, which saves it the reading and the looking. `image`: the file
   * itself. Default, `auto`: sources, and the file where it cannot be read here or shows too few of them.
   */
  readonly give?: WhatToSend;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: the first image. */
  readonly extension?: number;
  /** Bin this many by as many pixels before looking for stars, here or there. Default: chosen by the size of the stars. */
  readonly downsample?: number;
  /** Order of its SIP distortion; 0: none. Default: its own, 2. */
  readonly tweakOrder?: number;
  /** More words for its command line. */
  readonly args?: readonly string[];
}

/** Seconds of work that it is allowed beyond the limit: it is ended from outside. */
const CPU_SLACK = 5;

/**
 * An engine that drives solve-field of Astrometry.net, where that is installed with its index files.
 *
 * Hints in the file are not passed on, since it looks nowhere else and a header may be wrong. Those of the user are.
 * Whatever ends the call ends all processes of it and removes what they have written.
 */
export function createSolveFieldSolver(options: SolveFieldOptions = {}): Solver {
  return {
    name: 'solve-field',
    solve: (input, hints = {}, solveOptions = {}) => solveInFolder(input, hints, solveOptions, options),
  };
}

async function solveInFolder(
  input: SolveInput,
  hints: Hints,
  solveOptions: SolveOptions,
  options: SolveFieldOptions,
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'starfix-solve-field-'));
  // A process that leaves in a hurry does not wait for what is below.
  const leave = (): void => rmSync(folder, { recursive: true, force: true });
  process.on('exit', leave);
  try {
    return await drive(folder, input, hints, solveOptions, options);
  } finally {
    process.off('exit', leave);
    await rm(folder, { recursive: true, force: true });
  }
}

async function drive(
  folder: string,
  input: SolveInput,
  hints: Hints,
  { signal, timeoutMs = Infinity, onProgress, extension }: SolveOptions,
  made: SolveFieldOptions,
): Promise<Outcome> {
  const options = extension === undefined ? made : { ...made, extension };
  const { program = 'solve-field' } = options;
  signal?.throwIfAborted();
  if (input instanceof URL && input.protocol !== 'file:') {
    throw new SolveError('URL_NOT_TAKEN', `${input.href}: images on the web are fetched by the nova engine alone`);
  }
  const start = performance.now();
  const parcel = await packParcel(input, { ...options, takesExtension: true, what: options.give, signal, onProgress });
  const stages: Record<string, number> = { read: performance.now() - start };
  const notes = [`to ${program}: ${parcel.note}`];
  const report: Report = { stages, sources: parcel.sources, fwhm: parcel.fwhm, candidates: 0, notes };

  onProgress?.({ stage: 'search' });
  const file = await layOut(folder, input, parcel);
  const left = timeoutMs - (performance.now() - start);
  const words = [...wordsFor(folder, hints, parcel, options, left), ...(options.args ?? []), file];
  const searchStart = performance.now();
  const ending = await runGroup(program, words, { signal, timeoutMs: left });
  stages['search'] = performance.now() - searchStart;
  if (ending.timedOut) {
    const message = `${program} found nothing in the ${(timeoutMs / 1000).toFixed(1)} s it had`;
    return { status: 'unsolved', reason: 'time-limit', message, report };
  }
  // It says 0 be it solved or not: what it has written tells.
  const written = await readFile(join(folder, 'field.wcs')).catch(() => undefined);
  if (ending.code !== 0 || /must list at least one index|No index files/i.test(ending.text)) {
    throw failure(program, ending);
  }
  if (written === undefined) {
    return { status: 'unsolved', reason: 'exhausted', message: explain(program, hints, ending), report };
  }
  const wcs = readWcsFile(written, `${program}: its WCS file`);
  checkSize(program, wcs, parcel);
  const corr = await readFile(join(folder, 'field.corr')).then(readCorr, () => undefined);
  if (corr === undefined) notes.push('the stars matched cannot be told: there is no corr file');
  const rowOrder = parcel.rowOrder ?? rowOrderOf(nameOf(input), wcs.wcs, undefined);
  return { status: 'solved', solution: foreignSolution({ engine: 'solve-field', file: wcs, corr, rowOrder }), report };
}

/** Puts into the folder what is not a file of its own. */
async function layOut(folder: string, input: SolveInput, parcel: Parcel): Promise<string> {
  const { content } = parcel;
  if (typeof content === 'object' && 'x' in content) {
    const path = join(folder, 'sources.xyls');
    await writeFile(path, writeXylist(asSources(content, parcel)));
    return path;
  }
  if (typeof input === 'string') return resolve(input);
  if (input instanceof URL) return fileURLToPath(input);
  if (isInMemory(input))
    throw new SolveError('BAD_ARGUMENT', 'pixels in memory are no file: their sources can be given');
  const path = join(folder, `image${extname(nameOf(input))}`);
  await writeFile(path, input instanceof Uint8Array ? input : readPieces(input));
  return path;
}

/** Positions as a list, brightest first: of them only the order is known. */
function asSources(
  {
    width = 0,
    height = 0,
    x,
    y,
  }: {
    readonly width?: number;
    readonly height?: number;
    readonly x: ArrayLike<number>;
    readonly y: ArrayLike<number>;
  },
  { fwhm }: Parcel,
): SourceList {
  const n = x.length;
  return {
    width,
    height,
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    flux: Float32Array.from({ length: n }, (_, i) => n - i),
    sigma: new Float32Array(n).fill(0.5),
    flags: new Uint8Array(n),
    fwhm,
  };
}

/** Files that it would write and nobody reads. */
const UNWANTED = ['--new-fits', '--index-xyls', '--rdls', '--match', '--solved'];

function wordsFor(
  folder: string,
  { position, scale, fieldWidth, parity }: Hints,
  parcel: Parcel,
  { indexDirs = [], extension, downsample, tweakOrder }: SolveFieldOptions,
  leftMs: number,
): string[] {
  if (scale !== undefined && fieldWidth !== undefined) {
    throw new SolveError('BAD_ARGUMENT', 'hints: fieldWidth and scale are both given');
  }
  const bounds =
    scale !== undefined
      ? ['arcsecperpix', scale.lowArcsec, scale.highArcsec]
      : fieldWidth !== undefined
        ? ['degwidth', fieldWidth.lowDeg, fieldWidth.highDeg]
        : undefined;
  const { content, size } = parcel;
  const asImage = !(typeof content === 'object' && 'x' in content);
  return [
    '--dir',
    folder,
    '--temp-dir',
    folder,
    '--out',
    'field',
    '--overwrite',
    '--no-plots',
    ...UNWANTED.flatMap((option) => [option, 'none']),
    ...indexDirs.flatMap((dir) => ['--index-dir', resolve(dir)]),
    ...(asImage
      ? [
          ...(extension === undefined ? [] : ['--extension', `${extension}`]),
          ...(downsample === undefined ? [] : ['--downsample', `${downsample}`]),
        ]
      : ['--width', `${size?.width ?? 0}`, '--height', `${size?.height ?? 0}`, '--sort-column', 'FLUX']),
    ...(position === undefined
      ? []
      : ['--ra', `${position.raDeg}`, '--dec', `${position.decDeg}`, '--radius', `${position.radiusDeg}`]),
    ...(bounds === undefined
      ? []
      : ['--scale-units', `${bounds[0]}`, '--scale-low', `${bounds[1]}`, '--scale-high', `${bounds[2]}`]),
    // Its `pos` is det(CD) < 0.
    ...(parity === undefined ? [] : ['--parity', parity < 0 ? 'pos' : 'neg']),
    ...(tweakOrder === undefined ? [] : tweakOrder === 0 ? ['--no-tweak'] : ['--tweak-order', `${tweakOrder}`]),
    ...(Number.isFinite(leftMs) ? ['--cpulimit', `${Math.ceil(leftMs / 1000) + CPU_SLACK}`] : []),
  ];
}

function failure(program: string, { code, signal, text }: Ending): SolveError {
  const how = code === null ? `was ended by ${signal}` : `ended with ${code}`;
  const last = text.trim().split('\n').at(-1) ?? '';
  return new SolveError('PROGRAM_FAILED', `${program}: ${how}${last === '' ? '' : `: ${last}`}`);
}

function explain(program: string, { position, scale, fieldWidth, parity }: Hints, { text }: Ending): string {
  const narrowed = [
    ...(position === undefined ? [] : [`within ${position.radiusDeg} deg of the position given`]),
    ...(scale === undefined && fieldWidth === undefined ? [] : ['at the scale given']),
    ...(parity === undefined ? [] : ['with the parity given']),
  ];
  const only = narrowed.length === 0 ? '' : `; it looked only ${narrowed.join(', ')}`;
  const limit = /CPU time limit/i.test(text) ? ' before its own limit of time' : '';
  return `${program} found no place in the sky that fits${limit}${only}`;
}

function nameOf(input: SolveInput): string {
  if (typeof input === 'string') return basename(input);
  if (input instanceof URL) return basename(fileURLToPath(input));
  return 'name' in input ? input.name : 'image';
}
