import type { ZodType } from 'zod';

/** A request body: its length is told beforehand, because not every server takes a chunked one. */
export interface OutgoingBody {
  /** Value of the Content-Type header. */
  readonly contentType: string;
  /** Bytes that `content` gives, exactly: one more or less is `FILE_CHANGED`. */
  readonly length: number;
  /** The bytes. A stream is read as fast as the network takes it and closed in the end, whatever happens. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
}

/**
 * May a request that failed be sent again?
 * - `safe`: yes; asking twice changes nothing.
 * - `unless-received`: only if the server cannot have all of it. Otherwise it is {@link UploadUncertainError}.
 */
export type Repeat = 'safe' | 'unless-received';

/** What is common to all requests. */
interface AnyRequest {
  /** Path below the server's address, with a slash in front and any query: `/api/jobs/12/info/`. */
  readonly path: string;
  /**
   * Arguments of the call, sent by POST as the form field `request-json`. Absent: the call is a GET.
   * A session is added here, never by the caller.
   */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The call needs a session: log in before it, and once more if the server does not know the session. Default: no. */
  readonly session?: boolean;
  /**
   * Makes the body anew for every attempt, from the finished text of `request-json`. Default: that text as an
   * url-encoded form.
   */
  readonly makeBody?: (requestJson: string) => OutgoingBody | Promise<OutgoingBody>;
  /** Default: `safe`. */
  readonly repeat?: Repeat;
  /**
   * A status that, on this call, may mean that the session has expired: 500 for `submission_images`, which fails
   * instead of saying so. Default: none.
   */
  readonly expiredStatus?: number;
  /** Attempts after the first one. Default: the session's. */
  readonly retries?: number;
}

/** A call that is answered with JSON. */
export interface JsonRequest<T> extends AnyRequest {
  /** What a good answer looks like. Refusals (`errormessage`) never get here. */
  readonly schema: ZodType<T>;
}

/** A call that is answered with bytes, which are passed on as they come. */
export interface StreamRequest<T> extends AnyRequest {
  /**
   * Reads a reply of status 2xx and makes the result of it. Called anew for each attempt: a {@link NetworkError} that it
   * throws (a body that broke off) is met with another one, like a request that failed. The connection is free again
   * when it ends.
   */
  readonly consume: (reply: StreamReply, signal: AbortSignal) => Promise<T>;
}

/** How one sending is run. */
export interface SendOptions {
  /** Cancels: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Limit for all of it: waiting, login, all attempts, the reply. Default: the session's. Without one each attempt is
   * bounded, and so is their number.
   */
  readonly timeoutMs?: number;
  /** Told as the body goes out. An attempt that begins anew begins at 0. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** A reply whose body is still to be read. */
export interface StreamReply {
  /** HTTP status; always 2xx. */
  readonly status: number;
  /** Media type without parameters, lower case; empty if the server names none. */
  readonly contentType: string;
  /** Bytes that were announced; undefined if the server does not say. */
  readonly length: number | undefined;
  /**
   * The bytes, once. Iterate to the end or break off: both free the connection. A body that is cut short, or goes
   * silent, throws {@link NetworkError}.
   */
  readonly body: AsyncIterable<Uint8Array>;
}
