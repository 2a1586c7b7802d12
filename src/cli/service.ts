import { SolveError } from '../errors.ts';
import type { AskOptions } from '../nova/job.ts';
import type { Session } from '../session/session.ts';
import type { OptionSpec, OptionValues } from './command.ts';
import { readNumber } from './option-value.ts';
import type { Terminal } from './terminal.ts';

const GROUP = 'nova.astrometry.net and servers like it';

/** The options of all commands that ask a server. */
export const SERVICE_OPTIONS: readonly OptionSpec[] = [
  { name: 'server', value: 'URL', group: GROUP, text: 'another server; https://nova.astrometry.net if not said' },
  {
    name: 'api-key-file',
    value: 'FILE',
    names: 'file',
    group: GROUP,
    text: 'file that holds the API key; else ASTROMETRY_API_KEY, or what solve login has stored',
  },
  { name: 'timeout', value: 'S', group: GROUP, text: 'give up after S seconds' },
  { name: 'json', group: GROUP, text: 'print one JSON object a line' },
];

/** What the service options say. */
export interface ServiceChoice {
  /** Address as `parseServer` gives it. */
  readonly server: string;
  readonly keyFile?: string;
  readonly timeoutMs?: number;
  readonly json: boolean;
}

/** @throws {SolveError} `BAD_OPTION` */
export async function readServiceOptions(values: OptionValues): Promise<ServiceChoice> {
  const { PUBLIC_SERVER, parseServer } = await import('../session/server-address.ts');
  const { server, 'api-key-file': keyFile, timeout } = Object.fromEntries(values);
  return {
    server: typeof server === 'string' ? asOption(() => parseServer(server)) : PUBLIC_SERVER,
    ...(typeof keyFile === 'string' ? { keyFile } : {}),
    ...(typeof timeout === 'string'
      ? { timeoutMs: 1000 * readNumber('--timeout', timeout, { low: 0, above: true, high: 86_400 }) }
      : {}),
    json: values.has('json'),
  };
}

/**
 * A session as the options say.
 *
 * @param keyOptional what is asked for is open to everybody
 * @throws {ApiKeyError}
 */
export async function openSession(
  { server, keyFile, timeoutMs }: ServiceChoice,
  terminal: Terminal,
  keyOptional: boolean,
): Promise<Session> {
  const { Session } = await import('../session/session.ts');
  return new Session({
    server,
    keyOptional,
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    onWarning: terminal.note,
  });
}

/** What a parser says of an address, said of the option. */
export function asOption<Address>(parse: () => Address): Address {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    throw new SolveError('BAD_OPTION', `--${error.message}`, { cause: error });
  }
}

/**
 * How each question of a command is asked, so that all of them together end with `--timeout`.
 *
 * @returns called before each question
 */
export function withinLimit(
  { timeoutMs }: { readonly timeoutMs?: number | undefined },
  signal: AbortSignal,
): () => AskOptions {
  if (timeoutMs === undefined) return () => ({ signal });
  let end: number | undefined;
  return () => {
    const now = performance.now();
    end ??= now + timeoutMs;
    return { signal, timeoutMs: Math.max(1, Math.ceil(end - now)) };
  };
}

/**
 * The one number that a command takes.
 *
 * @param what `submission` or `job`
 * @throws {SolveError} `BAD_OPTION`
 */
export function readId(command: string, what: string, words: readonly string[]): number {
  const [word] = words;
  if (word === undefined) throw new SolveError('BAD_OPTION', `${command} needs the number of a ${what}`);
  const id = /^\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
  if (Number.isNaN(id)) throw new SolveError('BAD_OPTION', `${command}: '${word}' is no number of a ${what}`);
  return id;
}

/** @throws {SolveError} `BAD_OPTION` if there are operands */
export function refuseOperands(command: string, operands: readonly string[]): void {
  // What stands there may be a key: it is not repeated.
  if (operands.length > 0) throw new SolveError('BAD_OPTION', `${command} takes no word beside its options`);
}
