import type { Socket } from 'node:net';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { FAULTS, type FaultCode, SolveError } from '../errors.ts';
import {
  ApiKeyError,
  InvalidSessionError,
  LoginFailedError,
  NetworkError,
  ServerError,
  TimeLimitError,
} from './faults.ts';
import { localAddress } from './local-socket.ts';

// What is said between the process that shares its session and the others: one JSON object a line.

/** The first line, by the one that shares. */
export interface Greeting {
  /** Number of this way of speaking. */
  readonly sharing: 1;
  readonly server: string;
  readonly maxAgeMs: number | null;
  readonly maxParallel: number;
  readonly maxPerSecond: number;
}

/** What the others say. `id` is answered. */
export type Ask =
  /** A token, and not this one. */
  | { readonly id: number; readonly ask: 'token'; readonly refused?: string; readonly force?: boolean }
  /** A place at the gate. */
  | { readonly id: number; readonly ask: 'enter' }
  /** The answer to that id is not wanted any more, or the place of that id is free. */
  | { readonly id: number; readonly ask: 'leave' }
  /** The server asked to be left alone. */
  | { readonly id: number; readonly ask: 'hold'; readonly ms: number };

/** What is answered. */
export type Answer =
  | { readonly id: number; readonly token: unknown; readonly fresh: boolean }
  | { readonly id: number; readonly entered: true }
  | { readonly id: number; readonly fault: { readonly code: string; readonly message: string } };

/** A line has some hundred characters. */
const LONGEST_LINE = 16 * 1024;

/** What a name may be made of: it becomes part of a file name. */
const NAME = /^[\w-][\w.-]{0,63}$/;

/** The name if none is given. */
export const DEFAULT_NAME = 'default';

/**
 * Where a session of that name is shared.
 *
 * @throws {SolveError} `BAD_ARGUMENT` `FILE_UNWRITABLE`
 */
export async function sharingAddress(cacheFolder: string, name: string): Promise<string> {
  if (!NAME.test(name)) {
    throw new SolveError('BAD_ARGUMENT', `name: ${JSON.stringify(name)} is not up to 64 letters, digits, _, - and .`);
  }
  // A home folder may be on several machines at once, a socket is on one.
  return await localAddress(join(cacheFolder, 'shared'), `${name}@${hostname()}`);
}

/** Says something. */
export function say(socket: Socket, message: Greeting | Ask | Answer): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Listens: gives each object that comes. What is no such thing ends the connection. */
export function listenTo(socket: Socket, onMessage: (message: Record<string, unknown>) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse(line);
      if (message === undefined) {
        socket.destroy();
        return;
      }
      onMessage(message);
    }
    if (rest.length > LONGEST_LINE) socket.destroy();
  });
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A fault as it goes over the wire; what is none of ours is told as a defect. */
export function faultLine(id: number, error: unknown): Answer {
  const { code, message } = error instanceof SolveError ? error : new SolveError('INTERNAL', String(error));
  return { id, fault: { code, message } };
}

/** A fault that came over the wire, of the class that it had. */
export function faultOf(value: unknown): SolveError {
  const { code: said, message: text } = (value ?? {}) as Record<string, unknown>;
  const code = typeof said === 'string' && said in FAULTS ? (said as FaultCode) : 'INTERNAL';
  const message = String(text);
  switch (code) {
    case 'LOGIN_FAILED':
      return new LoginFailedError(message);
    case 'SESSION_INVALID':
      return new InvalidSessionError(message);
    case 'API_KEY_MISSING':
    case 'API_KEY_INVALID':
      return new ApiKeyError(code, message);
    case 'NETWORK':
      return new NetworkError(message);
    case 'TIME_LIMIT':
      return new TimeLimitError(message);
    case 'SERVER_ERROR':
    case 'SERVER_BUSY':
    case 'SERVER_REDIRECT':
    case 'REQUEST_REFUSED':
    case 'REPLY_INVALID':
    case 'NOT_ON_SERVER':
      return new ServerError(code, message, 0);
    default:
      return new SolveError(code, message);
  }
}
