/** One row of the fault table: what a user can do, and what the outside world is told. */
interface Fault {
  /** Exit code of the command line. */
  readonly exit: number;
  /** Status of a server that answers with this fault. */
  readonly http: number;
  /** The way out, one sentence. */
  readonly remedy: string;
}

/**
 * Every fault this package can report. The keys are stable: scripts test for them.
 * Exit codes, HTTP statuses and the table in the README come from here.
 */
export const FAULTS = {
  BAD_OPTION: { exit: 2, http: 400, remedy: 'See --help for the options and what they take.' },
  BAD_ARGUMENT: { exit: 2, http: 400, remedy: 'Check the call against the documented types.' },
  NOT_AVAILABLE: { exit: 2, http: 501, remedy: 'Leave the option out, or use a version that has it.' },
  URL_NOT_TAKEN: { exit: 2, http: 400, remedy: 'Add --engine nova, or download the image first.' },
  FILE_NOT_FOUND: { exit: 3, http: 404, remedy: 'Check the spelling and the folder.' },
  FILE_UNREADABLE: { exit: 3, http: 400, remedy: 'Check the permissions and that the disk is attached.' },
  FILE_NOT_REGULAR: { exit: 3, http: 400, remedy: 'Name a file, or use - to read standard input.' },
  FILE_EMPTY: { exit: 3, http: 400, remedy: 'Copy the file again, or wait until the camera has written it.' },
  FILE_UNWRITABLE: { exit: 3, http: 500, remedy: 'Check the permissions of the folder and the free space.' },
  FILE_EXISTS: { exit: 3, http: 409, remedy: 'Pass --overwrite to replace it, or name another file.' },
  FORMAT_UNKNOWN: { exit: 3, http: 415, remedy: 'Give a FITS, XISF, JPEG, PNG, TIFF, WebP or camera raw image.' },
  FORMAT_UNSUPPORTED: { exit: 3, http: 415, remedy: 'Save the image again in a form that is read here.' },
  FITS_HEADER: { exit: 3, http: 400, remedy: 'Check the file with fitsverify, or save it again.' },
  FITS_TRUNCATED: { exit: 3, http: 400, remedy: 'Copy the file again, or wait until the camera closes it.' },
  FITS_NO_IMAGE: { exit: 3, http: 400, remedy: 'Name the HDU that holds the image with --extension N.' },
  FITS_COMPRESSION: { exit: 3, http: 415, remedy: 'Unpack it with funpack, or compress it with RICE or GZIP.' },
  GZIP_CORRUPT: { exit: 3, http: 400, remedy: 'Copy the file again; gzip -t tells whether it is whole.' },
  IMAGE_CORRUPT: { exit: 3, http: 400, remedy: 'Copy the file again, or open and save it with an image program.' },
  IMAGE_TOO_LARGE: { exit: 3, http: 413, remedy: 'Bin or crop the image.' },
  IMAGE_TOO_SMALL: { exit: 3, http: 400, remedy: 'Give an image of at least 16 by 16 pixels.' },
  IMAGE_EMPTY: { exit: 3, http: 400, remedy: 'Check the exposure: the file holds no usable pixel.' },
  INDEX_MISSING: { exit: 3, http: 500, remedy: 'Install the package again; its data folder is incomplete.' },
  INDEX_CORRUPT: { exit: 3, http: 500, remedy: 'Fetch the index file again.' },
  INDEX_UNSUPPORTED: { exit: 3, http: 500, remedy: 'Use index files of quads of three or four stars.' },
  DOWNLOAD_FAILED: {
    exit: 5,
    http: 502,
    remedy: 'Run it again: it goes on where it stopped. --mirror names another place.',
  },
  FILE_CHANGED: { exit: 3, http: 409, remedy: 'Wait until the file is written, then send it again.' },
  JOURNAL_BUSY: {
    exit: 3,
    http: 409,
    remedy: 'Wait until the other process ends, or end it; solve status shows its work.',
  },
  JOURNAL_DAMAGED: {
    exit: 3,
    http: 500,
    remedy: 'Name another journal, or move this file away: it is left as it is.',
  },
  API_KEY_MISSING: {
    exit: 4,
    http: 401,
    remedy: 'Run solve login, set ASTROMETRY_API_KEY, or name a key file with --api-key-file.',
  },
  API_KEY_INVALID: { exit: 4, http: 401, remedy: 'Put the API key alone there: one word, as the site shows it.' },
  LOGIN_FAILED: { exit: 4, http: 401, remedy: 'Compare the key with the one on the API help page of the site.' },
  SESSION_INVALID: {
    exit: 4,
    http: 401,
    remedy: 'Log in again; if it happens again, tell the operator of the server.',
  },
  UNSUPPORTED_IN_MODE: {
    exit: 4,
    http: 403,
    remedy: 'Store a key by solve login, or pass apiKey, and call init() again with reinit: true as an option.',
  },
  SESSION_NOT_SHARED: {
    exit: 5,
    http: 503,
    remedy: 'Start the process that shares its session first, as the same user.',
  },
  SESSION_SHARED_ALREADY: { exit: 5, http: 409, remedy: 'Share under another name, or end the process that shares.' },
  NETWORK: { exit: 5, http: 502, remedy: 'Check the connection and the address given with --server.' },
  SERVER_ERROR: { exit: 5, http: 502, remedy: 'Try again later, or give another address with --server.' },
  SERVER_BUSY: { exit: 5, http: 503, remedy: 'Wait as long as the server asks, then try again.' },
  SERVER_REDIRECT: { exit: 5, http: 502, remedy: 'Give the address it points to with --server.' },
  REQUEST_REFUSED: { exit: 5, http: 502, remedy: 'Read what the server says: the same request will fail again.' },
  NOT_ON_SERVER: {
    exit: 5,
    http: 404,
    remedy: 'Check the number; an unfinished job gets a new one when the server restarts.',
  },
  HUMAN_CHECK: { exit: 5, http: 502, remedy: 'Check that no proxy removes the Referer header.' },
  REPLY_HTML: { exit: 5, http: 502, remedy: 'Check the address given with --server: a web page answers there.' },
  REPLY_INVALID: {
    exit: 5,
    http: 502,
    remedy: 'Try again; if it stays, the server speaks another version of the API.',
  },
  UPLOAD_UNCERTAIN: {
    exit: 5,
    http: 502,
    remedy: 'Look at solve jobs first: sending again may make a second submission.',
  },
  UPLOAD_DAMAGED: { exit: 5, http: 502, remedy: 'Send it again: what the server got is not what was sent.' },
  PROGRAM_MISSING: {
    exit: 3,
    http: 501,
    remedy: 'Install Astrometry.net with its index files, or leave the engine solve-field out.',
  },
  PROGRAM_FAILED: {
    exit: 3,
    http: 502,
    remedy: 'Call the program by hand with the same image: what it prints tells more.',
  },
  IMAGE_KNOWN: { exit: 3, http: 409, remedy: 'Take the answer that is there, or have it solved again.' },
  SUBMISSION_FAILED: {
    exit: 3,
    http: 422,
    remedy: 'Send what the server reads: FITS with its image in the first HDU, JPEG, PNG, GIF, TIFF or BMP.',
  },
  QUEUE_UNREACHABLE: {
    exit: 5,
    http: 503,
    remedy: 'Check that Redis runs there, and the address, user and password given with --redis.',
  },
  WORKER_LOST: { exit: 5, http: 502, remedy: 'Look at what the workers say: each that took this image ended at it.' },
  TIME_LIMIT: { exit: 5, http: 504, remedy: 'Try again later, or allow more time with --timeout.' },
  INTERNAL: { exit: 3, http: 500, remedy: 'This is a defect of starfix: please report it with the file.' },
} as const;

/** A stable name of a fault. */
export type FaultCode = keyof typeof FAULTS;

/**
 * The one error class of this package. `message` names the thing that failed and the fact found;
 * `remedy` names the way out; `code` is stable. Keys and passwords never stand in a message.
 */
export class SolveError extends Error {
  /** Always `SolveError`. */
  override readonly name: string = 'SolveError';
  /** What kind of fault it is: scripts may test for it. */
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** What the user can do about it, one sentence. */
  get remedy(): string {
    const fault: Fault = FAULTS[this.code];
    return fault.remedy;
  }
}
