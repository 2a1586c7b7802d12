import { ApiKeyError, type SessionMode, UnsupportedInModeError } from './faults.ts';
import type { Grant } from './grant.ts';
import { checkKey } from './key-sources.ts';
import { PUBLIC_SERVER, parseServer } from './server-address.ts';
import { Session } from './session.ts';
import { type SessionOptions, warnOnce } from './session-options.ts';

/** How {@link init} decides. */
export interface InitOptions extends Omit<SessionOptions, 'keyOptional'> {
  /** Without a key, read what a server tells everybody. Default: yes. */
  readonly allowAnonymous?: boolean;
  /** Without a key, and if it may not be anonymous, work on this machine alone. Default: yes. */
  readonly allowLocal?: boolean;
  /** Work on this machine alone, whatever keys there are. Default: no. */
  readonly forceLocal?: boolean;
  /** Decide anew if that was done before. Default: no, the options of later calls do not count. */
  readonly reinit?: boolean;
  /**
   * Asks a person for the API key; undefined if they give none. Only called if no key was found, and standard input and
   * standard error are terminals. Default: nobody is asked.
   */
  readonly prompt?: (question: string) => Promise<string | undefined>;
}

/** What `init` has made, or is making. */
let initialized: { readonly making: Promise<Session>; session?: Session } | undefined;

/** What stands in for it until then. */
let implicit: Session | undefined;

/**
 * Decides what this program may do with a server, and makes the session that is used wherever none is given. The first that
 * holds:
 *
 * 1. `forceLocal`: mode `local`
 * 2. a key as `apiKey`, in `keyFile`, `ASTROMETRY_API_KEY`, `AN_API_KEY`, the file that `ASTROMETRY_API_KEY_FILE` names,
 *    or in the file of stored keys (`configPath`): mode `nova`
 * 3. a key that a person at the terminal gives to `prompt`: mode `nova`
 * 4. `allowAnonymous`: mode `anonymous`
 * 5. `allowLocal`: mode `local`
 *
 * Else it is an error that names every way to give a key. Nothing is sent. Another call gives the same session, unless
 * `reinit` is set.
 *
 * @throws {ApiKeyError} `API_KEY_MISSING`; `API_KEY_INVALID` if the first source that is given holds none
 * @throws {SolveError} `BAD_ARGUMENT`
 *
 * @example
 * ```ts
 * await init({ allowAnonymous: false, allowLocal: false });
 * const submission = await client('uploads').upload('m31.fits');
 * ```
 */
export async function init(options: InitOptions = {}): Promise<Session> {
  if (initialized !== undefined && options.reinit !== true) return await initialized.making;
  const now: NonNullable<typeof initialized> = { making: decide(options) };
  initialized = now;
  try {
    now.session = await now.making;
    return now.session;
  } catch (error) {
    if (initialized === now) initialized = undefined;
    throw error;
  }
}

/** Has {@link init} made a session, which {@link reset} has not taken back? */
export function isActive(): boolean {
  return getInstance() !== undefined;
}

/** The session that {@link init} has made; undefined if it has made none. */
export function getInstance(): Session | undefined {
  return initialized?.session;
}

/** As if neither {@link init} nor {@link defaultSession} had been called. Sessions that somebody has go on. */
export function reset(): void {
  initialized = undefined;
  implicit = undefined;
}

/**
 * The session that is used where none is given: that of {@link init}. Without it, one that is local, whatever keys there
 * are, and a warning once: nothing is sent that nobody has asked for.
 *
 * @param onWarning default: a warning of the process
 */
export function defaultSession(onWarning: (message: string) => void = warnOnce): Session {
  const session = getInstance();
  if (session !== undefined) return session;
  if (implicit === undefined) {
    implicit = restricted('local', {}, 'init() was not called');
    onWarning(
      'init() was not called: the default session is local, and sends nothing. Call init() first to use a server.',
    );
  }
  return implicit;
}

/**
 * Runs something with a session and closes it afterwards, whatever happens.
 *
 * @example
 * ```ts
 * const jobs = await withSession({ apiKey }, async (session) => await session.client('jobs').mine());
 * ```
 */
export async function withSession<T>(
  options: SessionOptions | string,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = new Session(options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

async function decide(options: InitOptions): Promise<Session> {
  const { allowAnonymous = true, allowLocal = true, forceLocal = false, prompt } = options;
  if (forceLocal) return restricted('local', options, 'forceLocal was asked for');
  let missing: ApiKeyError;
  try {
    return new Session(options);
  } catch (error) {
    if (!(error instanceof ApiKeyError) || error.code !== 'API_KEY_MISSING') throw error;
    missing = error;
  }
  if (prompt !== undefined && process.stdin.isTTY && process.stderr.isTTY) {
    const typed = await prompt(`API key for ${parseServer(options.server ?? PUBLIC_SERVER)}: `);
    if (typed !== undefined) {
      const apiKey = checkKey(typed, 'what was typed');
      return new Session(options, { mode: 'nova', source: { kind: 'prompt', name: 'what was typed' }, apiKey });
    }
  }
  if (allowAnonymous) return restricted('anonymous', options, missing.message, missing);
  if (allowLocal) return restricted('local', options, missing.message, missing);
  throw missing;
}

/** A session that has no key and wants none. */
function restricted(
  mode: Exclude<SessionMode, 'nova'>,
  options: SessionOptions,
  why: string,
  cause: ApiKeyError = new ApiKeyError('API_KEY_MISSING', `a session of mode ${mode} has no API key: ${why}`),
): Session {
  const server = parseServer(options.server ?? PUBLIC_SERVER);
  const fact = mode === 'local' ? 'asks nothing of' : 'only reads what everybody may read of';
  const refuse = async (): Promise<never> => {
    throw new UnsupportedInModeError(mode, `a session of mode ${mode} ${fact} ${server} (${why})`);
  };
  const grant: Grant = {
    mode,
    source: { kind: 'none', name: 'no API key' },
    apiKey: cause,
    tokens: { renews: false, maxAgeMs: undefined, obtain: refuse },
    ...(mode === 'local' ? { gate: { enter: refuse, hold: () => {} } } : {}),
  };
  return new Session(options, grant);
}
