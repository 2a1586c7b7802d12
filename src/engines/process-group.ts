import { spawn } from 'node:child_process';
import { SolveError } from '../errors.ts';

/** How a program ended. */
export interface Ending {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it printed, on both streams. */
  readonly text: string;
  readonly timedOut: boolean;
}

/** Of what a program prints, the last so many characters are kept. */
const MOST_TEXT = 20_000;
/** What does not end when it is asked to is ended, ms. */
const GRACE_MS = 500;

/**
 * Runs a program and all that it starts as a group, which ends with it, with the signal, with the time, and with this process.
 *
 * @throws {SolveError} `PROGRAM_MISSING`
 * @throws the signal's reason if cancelled
 */
export async function runGroup(
  program: string,
  words: readonly string[],
  { signal, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Promise<Ending> {
  signal?.throwIfAborted();
  // Windows has no groups: there the program alone is ended.
  const grouped = process.platform !== 'win32';
  const child = spawn(program, words, { detached: grouped, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (how: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(grouped ? -child.pid : child.pid, how);
    } catch {
      // It has ended.
    }
  };
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text = `${text}${piece}`.slice(-MOST_TEXT)));
  }
  let timedOut = false;
  let hard: NodeJS.Timeout | undefined;
  const end = (): void => {
    kill('SIGTERM');
    hard ??= setTimeout(() => kill('SIGKILL'), GRACE_MS);
  };
  const leave = (): void => kill('SIGKILL');
  const limit = Number.isFinite(timeoutMs)
    ? setTimeout(
        () => {
          timedOut = true;
          end();
        },
        Math.max(0, timeoutMs),
      )
    : undefined;
  signal?.addEventListener('abort', end, { once: true });
  process.on('exit', leave);
  try {
    const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const fact = error.code === 'ENOENT' ? 'is not installed, or not where it is looked for' : error.message;
        reject(new SolveError('PROGRAM_MISSING', `${program}: ${fact}`, { cause: error }));
      });
      child.once('close', (...how) => resolve(how));
    });
    signal?.throwIfAborted();
    return { code, signal: by, text, timedOut };
  } finally {
    // What it started may have outlived it.
    kill('SIGKILL');
    clearTimeout(limit);
    clearTimeout(hard);
    signal?.removeEventListener('abort', end);
    process.off('exit', leave);
  }
}
