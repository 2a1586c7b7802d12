import type { ByteSource } from './io/byte-source.ts';
import type { Frame } from './image/frame.ts';
import type { Hints } from './hints.ts';
import type { SourceList } from './sources/source-list.ts';
import type { Wcs } from './wcs/wcs.ts';

/** Numbers people ask of a WCS. Degrees unless the name says otherwise. */
export interface Calibration {
  /** Right ascension of the image centre, ICRS. */
  readonly ra: number;
  /** Declination of the image centre, ICRS. */
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
  /** Great-circle distance between the midpoints of the left and the right edge. */
  readonly fieldWidth: number;
  /** Great-circle distance between the midpoints of the lower and the upper edge. */
  readonly fieldHeight: number;
}

/** Sources and the stars they are, arrays of equal length side by side, brightest source first. */
export interface Matches {
  /** Pixel positions of the sources along the rows, 0-based. */
  readonly x: Float64Array;
  /** Pixel positions of the sources across the rows, 0-based. */
  readonly y: Float64Array;
  /** Right ascensions of the stars, ICRS degrees. */
  readonly ra: Float64Array;
  /** Declinations of the stars, ICRS degrees. */
  readonly dec: Float64Array;
  /** Of the stars, in the band of the catalogue; NaN if unknown. */
  readonly magnitude: Float32Array;
  /** Distance of the source from the star's predicted pixel, pixels. */
  readonly residual: Float32Array;
}

/** The numbers of a server as they came. They leave the distortion out, and depend on the kind of file: a `Wcs` does not. */
export interface NovaCalibration {
  /** Right ascension of the centre, degrees. Of a source list: the centre of the part that has sources. */
  readonly ra: number;
  /** Declination of the centre, degrees. */
  readonly dec: number;
  /** Half the diagonal, degrees. */
  readonly radius: number;
  /** Arcsec per pixel. */
  readonly pixelScale: number;
  /** Degrees; mirrored if a JPEG, PNG or GIF was uploaded. */
  readonly orientation: number;
  /** Sign of det(CD): 1 or -1. */
  readonly parity: number;
  /** Width of the image, arcsec; not among the infos of a job. */
  readonly widthArcsec?: number | undefined;
  /** Height of the image, arcsec; not among the infos of a job. */
  readonly heightArcsec?: number | undefined;
}

/** Where on a server the work was done. */
export interface RemoteJob {
  /** Address of the server. */
  readonly server: string;
  /** For `Submission.attach`. */
  readonly submissionId: number;
  /** For `Job.attach`; undefined as long as the server has made none. */
  readonly jobId?: number | undefined;
}

/** Where an image points. The same whoever found it. */
export interface Solution {
  /** `embedded`, `nova`, `solve-field`. */
  readonly engine: string;
  /** Width of the image, pixels. */
  readonly width: number;
  /** Height of the image, pixels. */
  readonly height: number;
  /** Where the first stored row belongs in the picture as it is shown. */
  readonly rowOrder: 'bottom-up' | 'top-down';
  /** Pixel to sky and back. */
  readonly wcs: Wcs;
  /** What people ask of the WCS. */
  readonly calibration: Calibration;
  /** The pairs that the WCS was fitted to. */
  readonly matches: Matches;
  /** Root mean square of the residuals, pixels; NaN if there are no pairs. */
  readonly rms: number;
  /** Natural logarithm of the odds that the match is real; NaN if the server does not tell. */
  readonly logOdds: number;
  /** What the server that solved it says of it, as it came; absent if it was solved here. */
  readonly reported?: NovaCalibration;
}

/** Why there is no solution although nothing went wrong. */
export type UnsolvedReason = 'too-few-sources' | 'exhausted' | 'no-index' | 'time-limit';

/** How a solve ended. Bad files and cancelling are errors, not outcomes. */
export type Outcome =
  | {
      readonly status: 'solved';
      readonly solution: Solution;
      readonly report: Report;
      /** What was found in the image; there only if it was asked for by `keepSources` and looked for here. */
      readonly sources?: SourceList;
    }
  | {
      readonly status: 'unsolved';
      readonly reason: UnsolvedReason;
      /** One sentence for people: what was tried and what may help. */
      readonly message: string;
      readonly report: Report;
      /** As of one that is solved. */
      readonly sources?: SourceList;
    };

/** What was done on the way: for `--verbose`, `explain` and benches. */
export interface Report {
  /** Milliseconds by stage, in order of appearance: read, background, detect, match, fit; upload, wait, fetch. */
  readonly stages: Readonly<Record<string, number>>;
  /** Sources found. */
  readonly sources: number;
  /** Typical full width at half maximum of the stars, pixels. */
  readonly fwhm: number;
  /** Candidate places that were verified. */
  readonly candidates: number;
  /** Lines for people: hints read and from where, the rung that solved. */
  readonly notes: readonly string[];
  /** Where on a server it was done; absent if it was done here. */
  readonly remote?: RemoteJob;
}

/** What a solver can be given. */
export type SolveInput = string | URL | Uint8Array | ByteSource | Frame | SourceList;

/** Progress of one solve. */
export interface Progress {
  /** What is being done. */
  readonly stage: 'read' | 'detect' | 'search' | 'fit' | 'upload' | 'wait' | 'fetch';
  /** 0 to 1 within the stage, if known. */
  readonly fraction?: number;
  /** A few words for people. */
  readonly text?: string;
}

/** Options every solver understands. */
export interface SolveOptions {
  /** Cancels: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Give up after this; the outcome is `time-limit` then. */
  readonly timeoutMs?: number;
  /** Called as the work goes on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Told as soon as a server has given a number, and again when its job is known. Nothing goes on before it is done. */
  readonly onSubmitted?: (remote: RemoteJob) => void | Promise<void>;
  /**
   * Where a server has the input already: it is waited for there, and nothing is uploaded unless the server has forgotten
   * it. Engines that ask no server, or another one, are not asked.
   */
  readonly submitted?: RemoteJob;
  /** HDU of a FITS file that holds the image, 0 being the primary one. Default: what the engine was made with. */
  readonly extension?: number;
  /** The outcome shall have the sources of the image. They are not kept in journals and queues. Default: no. */
  readonly keepSources?: boolean;
}

/** Finds where images point. */
export interface Solver {
  /** `embedded`, `nova`, `solve-field`. */
  readonly name: string;
  /** Address of the server that it asks; absent if it works here. */
  readonly server?: string;
  /**
   * Looks for the place in the sky that fits the input.
   *
   * @throws {SolveError} for input that cannot be read
   * @throws the signal's reason if cancelled
   */
  solve(input: SolveInput, hints?: Hints, options?: SolveOptions): Promise<Outcome>;
}
