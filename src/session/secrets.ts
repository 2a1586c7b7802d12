/** What stands where a secret stood. */
const MASK = '****';

/** A secret shorter than this is only struck out where it stands as a word: it would take half of each message along. */
const SHORT_SECRET = 6;

/**
 * The one place where keys are struck out of what users get to see: the API key and every session key that was had.
 * All text that comes from a server or from the network goes through here before it enters an error.
 */
export class Secrets {
  readonly #patterns = new Map<string, RegExp>();

  /** From now on this text is struck out. */
  add(secret: string): void {
    if (secret === '' || this.#patterns.has(secret)) return;
    // As it is; within an url-encoded form; within a JSON text.
    const forms = new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
    const either = [...forms].map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
    const pattern = secret.length < SHORT_SECRET ? `(?<![\\w-])(?:${either})(?![\\w-])` : either;
    this.#patterns.set(secret, new RegExp(pattern, 'gi'));
  }

  /** The text without secrets, and without what a server echoes of a request that held one. */
  clean(text: string): string {
    let clean = text
      .replace(/(session with key )"[^"]*"?/g, `$1"${MASK}"`)
      .replace(/(failed to parse JSON)[^]*/, '$1')
      .replace(/((?:apikey|session)["']?\s*[:=]\s*["']?)[\w-]{8,}/gi, `$1${MASK}`);
    for (const pattern of this.#patterns.values()) clean = clean.replace(pattern, MASK);
    return clean;
  }

  /**
   * A copy of a foreign error that is safe to hand out as `cause`: its names, messages and codes, cleaned, and nothing
   * else. What HTTP libraries hang on their errors (the request with its body) is left behind.
   */
  cause(error: unknown, depth = 4): Error {
    if (!(error instanceof Error)) return new Error(this.clean(String(error)));
    const { cause, code } = error as Error & { code?: unknown };
    const inner = cause === undefined || depth === 0 ? {} : { cause: this.cause(cause, depth - 1) };
    const copy = new Error(this.clean(error.message), inner);
    copy.name = error.name;
    if (error.stack !== undefined) copy.stack = this.clean(error.stack);
    return typeof code === 'string' ? Object.assign(copy, { code: this.clean(code) }) : copy;
  }
}

/** A key so that its owner knows it again: the last four of at least twelve characters. */
export function maskKey(key: string): string {
  return key.length < 12 ? MASK : `${MASK}${key.slice(-4)}`;
}
