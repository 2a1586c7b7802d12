import type { ByteSource } from './io/byte-source.ts';
import type { Frame } from './image/frame.ts';
import type { Hints } from './hints.ts';
import type { SourceList } from './sources/source-list.ts';
import type { Wcs } from './wcs/wcs.ts';

/** Numbers people ask of a WCS. Degrees unless the name says otherwise. */
export interface Calibration {
  /** Image centre, ICRS. */
  readonly ra: number;
  readonly dec: number;
  /** Half the diagonal of the field. */
  readonly radius: number;
  /** Arcsec per pixel at the centre: square root of the pixel area. */
  readonly pixelScale: number;
  /** Position angle of the +y pixel axis at the centre, east of north, -180 to 180. */
  readonly orientation: number;
  /** Sign of det(CD): -1 for a usual FITS image, +1 when mirrored. */
  readonly parity: 1 | -1;
  /** Position angle of the visual up of the picture as it is shown, east of north, 0 to 360. */
  readonly positionAngle: number;
  /** Whether the picture as it is shown is a mirror image of the sky. */
  readonly mirrored: boolean;
  /** Great-circle distances between the midpoints of opposite edges. */
  readonly fieldWidth: number;
  readonly fieldHeight: number;
}

/** Sources and the stars they are, arrays of equal length side by side, brightest source first. */
export interface Matches {
  /** Pixel positions of the sources, 0-based. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Sky positions of the stars, ICRS degrees. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly magnitude: Float32Array;
  /** Distance of the source from the star's predicted pixel, pixels. */
  readonly residual: Float32Array;
}

/** Where an image points. The same whoever found it. */
export interface Solution {
  /** `embedded`, `nova`, `solve-field`. */
  readonly engine: string;
  readonly width: number;
  readonly height: number;
  readonly rowOrder: 'bottom-up' | 'top-down';
  readonly wcs: Wcs;
  readonly calibration: Calibration;
  readonly matches: Matches;
  /** Root mean square of the residuals, pixels. */
  readonly rms: number;
  /** Natural logarithm of the odds that the match is real. */
  readonly logOdds: number;
}

/** Why there is no solution although nothing went wrong. */
export type UnsolvedReason = 'too-few-sources' | 'exhausted' | 'no-index' | 'time-limit';

/** How a solve ended. Bad files and cancelling are errors, not outcomes. */
export type Outcome =
  | { readonly status: 'solved'; readonly solution: Solution; readonly report: Report }
  | {
      readonly status: 'unsolved';
      readonly reason: UnsolvedReason;
      /** One sentence for people: what was tried and what may help. */
      readonly message: string;
      readonly report: Report;
    };

/** What was done on the way: for `--verbose`, `explain` and benches. */
export interface Report {
  /** Milliseconds by stage, in order of appearance: read, background, detect, match, verify, fit. */
  readonly stages: Readonly<Record<string, number>>;
  readonly sources: number;
  readonly fwhm: number;
  /** Candidate places that were verified. */
  readonly candidates: number;
  /** Lines for people: hints read and from where, the rung that solved. */
  readonly notes: readonly string[];
}

/** What a solver can be given. */
export type SolveInput = string | URL | Uint8Array | ByteSource | Frame | SourceList;

/** Progress of one solve. */
export interface Progress {
  readonly stage: 'read' | 'detect' | 'search' | 'fit' | 'upload' | 'wait';
  /** 0 to 1 within the stage, if known. */
  readonly fraction?: number;
  readonly text?: string;
}

/** Options every solver understands. */
export interface SolveOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** Finds where images point. */
export interface Solver {
  readonly name: string;
  /**
   * @throws {SolveError} for input that cannot be read
   * @throws the signal's reason if cancelled
   */
  solve(input: SolveInput, hints?: Hints, options?: SolveOptions): Promise<Outcome>;
}
