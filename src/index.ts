// The door: what users of the package may rely on. No logic here.
export { FAULTS, SolveError } from './errors.ts';
export type { FaultCode } from './errors.ts';
export type { HeaderHint, Hints } from './hints.ts';
export type { BayerPattern, Frame, Pixels } from './image/frame.ts';
export type { ByteSource } from './io/byte-source.ts';
export type {
  Calibration,
  Matches,
  Outcome,
  Progress,
  Report,
  Solution,
  SolveInput,
  SolveOptions,
  Solver,
  UnsolvedReason,
} from './solution.ts';
export type { SourceList } from './sources/source-list.ts';
export { calibrate, corners, novaOrientation } from './wcs/calibration.ts';
export { headerToWcs, wcsHeaderBytes, wcsToCards } from './wcs/header.ts';
export type { CardReader, WcsCards } from './wcs/header.ts';
export { recentre } from './wcs/recentre.ts';
export type { Recentred } from './wcs/recentre.ts';
export { pixelToSky, skyToPixel } from './wcs/transform.ts';
export type { Sip, Wcs } from './wcs/wcs.ts';
export { createEmbeddedSolver } from './engines/embedded.ts';
export { solve } from './engines/solve.ts';
export type { SolveImageOptions } from './engines/solve.ts';
