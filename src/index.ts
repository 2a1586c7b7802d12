// The door: what users of the package may rely on. No logic here.
export { FAULTS, SolveError } from './errors.ts';
export type { FaultCode } from './errors.ts';
export type { HeaderHint, Hints } from './hints.ts';
export type { BayerPattern, Frame, Pixels } from './image/frame.ts';
export type { ByteSource } from './io/byte-source.ts';
export type {
  Calibration,
  Matches,
  NovaCalibration,
  Outcome,
  Progress,
  RemoteJob,
  Report,
  Solution,
  SolveInput,
  SolveOptions,
  Solver,
  UnsolvedReason,
} from './solution.ts';
export type { HealpixTile } from './skyindex/healpix-tile.ts';
export type { IndexSummary } from './skyindex/index-summary.ts';
export type { SourceList } from './sources/source-list.ts';
export { calibrate, corners, novaOrientation } from './wcs/calibration.ts';
export { headerToWcs, wcsHeaderBytes, wcsToCards } from './wcs/header.ts';
export type { CardReader, WcsCards } from './wcs/header.ts';
export { recentre } from './wcs/recentre.ts';
export type { Recentred } from './wcs/recentre.ts';
export { pixelToSky, skyToPixel } from './wcs/transform.ts';
export type { Sip, Wcs } from './wcs/wcs.ts';
export { annotate, annotatePng } from './annotate/annotate.ts';
export type { AnnotatedImage, AnnotateOptions } from './annotate/annotate.ts';
export type { DrawingOptions } from './annotate/drawing.ts';
export { objectsIn } from './annotate/object-data.ts';
export type { Picture } from './annotate/picture.ts';
export type { ShownImage } from './annotate/view.ts';
export type { FieldObject, SolvedImage } from './objects/field-objects.ts';
export type { ObjectFilter } from './objects/object-catalogue.ts';
export { OBJECT_TYPES } from './objects/sky-object.ts';
export type { ObjectType, SkyObject } from './objects/sky-object.ts';
export { createEmbeddedSolver } from './engines/embedded.ts';
export type { EmbeddedOptions } from './engines/embedded.ts';
export { findSources } from './engines/field-sources.ts';
export type { FindSourcesOptions } from './engines/field-sources.ts';
export { imagesOf } from './engines/images-of.ts';
export type { ImageInFile } from './engines/images-of.ts';
export { listIndexFiles, usualIndexFolders } from './engines/index-folders.ts';
export type { IndexFile, IndexListing } from './engines/index-folders.ts';
export { createNovaSolver } from './engines/nova.ts';
export type { NovaEngineOptions } from './engines/nova.ts';
export type { WhatToSend } from './engines/parcel.ts';
export { createSolveFieldSolver } from './engines/solve-field.ts';
export type { SolveFieldOptions } from './engines/solve-field.ts';
export { solve } from './engines/solve.ts';
export type { SolveImageOptions } from './engines/solve.ts';
export { newFits, updateFits } from './engines/solved-fits.ts';
export type { FitsUpdate, SolvedFitsOptions, UpdateFitsOptions } from './engines/solved-fits.ts';
export { jobsByTag, myJobs } from './nova/account.ts';
export { client } from './nova/clients.ts';
export type { JobsClient, ProductsClient, SubmissionsClient, UploadsClient } from './nova/clients.ts';
export { fetchProduct, saveProduct } from './nova/download.ts';
export type { DownloadOptions, SaveOptions } from './nova/download.ts';
export { Job } from './nova/job.ts';
export type { AskOptions } from './nova/job.ts';
export { PRODUCTS } from './nova/product.ts';
export type { JobProduct, ProductFormat, ProductKind, ProductName } from './nova/product.ts';
export type { ScaleSetting, ScaleUnits, UploadSettings } from './nova/settings.ts';
export type { PixelSources } from './nova/source-fields.ts';
export { Submission, SubmissionFailedError } from './nova/submission.ts';
export type { SubmissionOrigin } from './nova/submission.ts';
export { UploadDamagedError, upload } from './nova/upload.ts';
export type { UploadFile, UploadInput, UploadOptions } from './nova/upload.ts';
export type { NamedBytes, UploadStream } from './nova/upload-content.ts';
export { WaitLimitError } from './nova/wait.ts';
export type { WaitOptions, WaitStatus } from './nova/wait.ts';
export type { JobInfo, JobStatus, NovaAnnotation, SubmissionState } from './nova/wire.ts';
export { watchFolder } from './pipeline/folder-watch.ts';
export type { FolderEvent, FolderWatchOptions } from './pipeline/folder-watch.ts';
export type { ArrivedFile } from './pipeline/folder-watch-settling.ts';
export type { FrameSolverOptions } from './pipeline/frame-solver.ts';
export type { PreExist } from './pipeline/journaled.ts';
export { Pipeline } from './pipeline/pipeline.ts';
export type { PipelineHooks, PipelineOptions, PipelineResult, PipelineTask, TaskStatus } from './pipeline/pipeline.ts';
export type { JobOptions } from './pipeline/queue-message.ts';
export type { PackJobOptions } from './pipeline/queue-pack.ts';
export { submitMany } from './pipeline/queue-submit.ts';
export type { SubmitManyOptions } from './pipeline/queue-submit.ts';
export { createQueueWorker } from './pipeline/queue-worker.ts';
export type { EndedJob, EngineList, QueueWorker, QueueWorkerOptions } from './pipeline/queue-worker.ts';
export { solveMany } from './pipeline/solve-many.ts';
export type { ManyAnswer, ManyFailure, ManyResult, SolveManyOptions } from './pipeline/solve-many.ts';
export { readAstapIni, writeAstapIni } from './products/astap-ini.ts';
export type { IniResult } from './products/astap-ini.ts';
export { readCorr, readRdls, writeCorr, writeRdls } from './products/corr.ts';
export type { Corr } from './products/corr.ts';
export { csvToStars, matchedStars, starsToCsv, starsToJson } from './products/matched-stars.ts';
export type { MatchedStar } from './products/matched-stars.ts';
export { readXylist, writeXylist } from './products/xylist.ts';
export type { Clock } from './session/clock.ts';
export { defaultSession, getInstance, init, isActive, reset, withSession } from './session/default-session.ts';
export type { InitOptions } from './session/default-session.ts';
export {
  ApiKeyError,
  HtmlReplyError,
  InvalidSessionError,
  LoginFailedError,
  NetworkError,
  ServerError,
  TimeLimitError,
  UnsupportedInModeError,
  UploadUncertainError,
} from './session/faults.ts';
export type { ReplyFault, SessionMode, UploadTrace } from './session/faults.ts';
export type { KeySearch, KeySource } from './session/key-sources.ts';
export type {
  JsonRequest,
  OutgoingBody,
  Repeat,
  SendOptions,
  StreamReply,
  StreamRequest,
} from './session/request-spec.ts';
export { Session } from './session/session.ts';
export type { LoginOptions, SessionInfo } from './session/session.ts';
export type { SessionClients } from './session/session-clients.ts';
export type { RequestOptions, SessionOptions } from './session/session-options.ts';
export { SessionRequest } from './session/session-request.ts';
export { SessionSharing } from './session/session-sharing.ts';
export type { SharingOptions } from './session/session-sharing.ts';
export type { SessionToken } from './session/session-token.ts';
export { collectSharedSession } from './session/shared-session.ts';
export type { SharedSessionOptions } from './session/shared-session.ts';
