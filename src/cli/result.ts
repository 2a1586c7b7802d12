import { FAULTS, SolveError } from '../errors.ts';
import type { FaultCode } from '../errors.ts';
import type { Outcome } from '../solution.ts';

/** What came of one image. Plain data: it comes from worker threads. */
export type ImageResult = ImageAnswer | ImageFault;

/** The engine gave an answer, be it that it found nothing. */
export interface ImageAnswer {
  readonly outcome: Outcome;
  /** An earlier run has found it: it is from the journal. */
  readonly known?: boolean;
  /** From the start of reading to the answer. */
  readonly elapsedMs: number;
}

/** The image could not be worked on. */
export interface ImageFault {
  readonly fault: FaultRecord;
  readonly elapsedMs: number;
}

/** A {@link SolveError} as data, since classes do not pass between threads. */
export interface FaultRecord {
  readonly code: FaultCode;
  readonly message: string;
  readonly remedy: string;
}

/** Any error as a record: what is not a {@link SolveError} is a defect of this program, `INTERNAL`. */
export function faultRecord(error: unknown): FaultRecord {
  if (error instanceof SolveError) return { code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'INTERNAL', message: `unexpected failure: ${message}`, remedy: FAULTS.INTERNAL.remedy };
}

/** The fault in one line, beginning with the file: `m31.fits: what is wrong. What to do.` */
export function faultLine(fault: FaultRecord, file?: string): string {
  const named = file === undefined || fault.message.startsWith(file) ? fault.message : `${file}: ${fault.message}`;
  return `${/[.!?]$/.test(named) ? named : `${named}.`} ${fault.remedy}`;
}

/** The stack of an unexpected error, for the developer who asks for it with STARFIX_DEBUG=1. */
export function debugStack(error: unknown): string | undefined {
  return process.env['STARFIX_DEBUG'] === '1' && error instanceof Error ? error.stack : undefined;
}
