import { type FaultCode, SolveError } from '../errors.ts';

/** No usable API key: none was found (`API_KEY_MISSING`), or a source that was named holds none (`API_KEY_INVALID`). */
export class ApiKeyError extends SolveError {
  /** Always `ApiKeyError`. */
  override readonly name: string = 'ApiKeyError';
}

/** The server does not know the API key. */
export class LoginFailedError extends SolveError {
  /** Always `LoginFailedError`. */
  override readonly name: string = 'LoginFailedError';

  constructor(message: string, options?: ErrorOptions) {
    super('LOGIN_FAILED', message, options);
  }
}

/** The server refused a session, and the one of a fresh login as well. */
export class InvalidSessionError extends SolveError {
  /** Always `InvalidSessionError`. */
  override readonly name: string = 'InvalidSessionError';

  constructor(message: string, options?: ErrorOptions) {
    super('SESSION_INVALID', message, options);
  }
}

/**
 * What a session can do:
 * - `nova`: everything; it has an API key, or a token
 * - `anonymous`: reading what a server tells everybody: submissions, jobs and their files
 * - `local`: nothing is sent; images are solved on this machine
 */
export type SessionMode = 'nova' | 'anonymous' | 'local';

/** The session cannot do this in its mode. Nothing was sent. */
export class UnsupportedInModeError extends SolveError {
  /** Always `UnsupportedInModeError`. */
  override readonly name: string = 'UnsupportedInModeError';
  /** The mode of the session. */
  readonly mode: SessionMode;

  constructor(mode: SessionMode, message: string, options?: ErrorOptions) {
    super('UNSUPPORTED_IN_MODE', message, options);
    this.mode = mode;
  }
}

/** No reply came: the name is unknown, the connection was refused, broke, or went silent. */
export class NetworkError extends SolveError {
  /** Always `NetworkError`. */
  override readonly name: string = 'NetworkError';
  /**
   * The fault as the system names it: `ENOTFOUND`, `ECONNREFUSED`, `ECONNRESET`; `STALLED` when nothing moved for too
   * long; absent when it has no name.
   */
  readonly reason: string | undefined;

  constructor(message: string, reason?: string, options?: ErrorOptions) {
    super('NETWORK', message, options);
    this.reason = reason;
  }
}

/** A reply came, and it was a failure of the server, a refusal, or not what was asked for. */
export class ServerError extends SolveError {
  /** Always `ServerError`. */
  override readonly name: string = 'ServerError';
  /** HTTP status of the reply: 200 is possible, since the API refuses with 200; 0 if it is not known. */
  readonly status: number;

  constructor(code: ReplyFault, message: string, status: number, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}

/** The codes of a {@link ServerError}. */
export type ReplyFault = Extract<
  FaultCode,
  'SERVER_ERROR' | 'SERVER_BUSY' | 'SERVER_REDIRECT' | 'REQUEST_REFUSED' | 'NOT_ON_SERVER' | 'REPLY_INVALID'
>;

/** A web page where data should be, `HUMAN_CHECK` if it is the page that asks whether one is human. */
export class HtmlReplyError extends SolveError {
  /** Always `HtmlReplyError`. */
  override readonly name: string = 'HtmlReplyError';
  /** HTTP status of the reply. */
  readonly status: number;
  /** Title of the page; empty if it has none. */
  readonly title: string;

  constructor(code: 'REPLY_HTML' | 'HUMAN_CHECK', message: string, status: number, title: string) {
    super(code, message);
    this.status = status;
    this.title = title;
  }
}

/** What is known of an upload whose reply was lost. */
export interface UploadTrace {
  /** Bytes of the request body that were handed to the network. */
  readonly sentBytes: number;
  /** Length of the request body. */
  readonly totalBytes: number;
}

/** All of an upload was sent and no answer came: the server may have made a submission of it, or not. */
export class UploadUncertainError extends SolveError {
  /** Always `UploadUncertainError`. */
  override readonly name: string = 'UploadUncertainError';
  /** How much had been sent. */
  readonly trace: UploadTrace;

  constructor(message: string, trace: UploadTrace, options?: ErrorOptions) {
    super('UPLOAD_UNCERTAIN', message, options);
    this.trace = trace;
  }
}

/** A time limit was over. `cause` is the last fault that was met on the way, if there was one. */
export class TimeLimitError extends SolveError {
  /** Always `TimeLimitError`. */
  override readonly name: string = 'TimeLimitError';

  constructor(message: string, options?: ErrorOptions) {
    super('TIME_LIMIT', message, options);
  }
}
