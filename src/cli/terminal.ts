import { escapeControls } from './escape.ts';

/** What a command can see of the outside: two streams and the wish to stop. */
export interface Terminal {
  /** Answers: standard output. */
  readonly out: (answer: string | Uint8Array) => void;
  /** Messages: standard error, one line each, controls escaped. */
  readonly note: (line: string) => void;
  /** Replaces the progress line; an empty text removes it. Does nothing where nobody watches. */
  readonly progress: (text: string) => void;
  /** Whether a person reads the answers. */
  readonly outIsTerminal: boolean;
  /** Whether a person reads the messages. */
  readonly noteIsTerminal: boolean;
  /** Aborts on Ctrl-C, on SIGTERM, and when nobody reads the answers any more. */
  readonly signal: AbortSignal;
  /** From now on the first Ctrl-C aborts what this gives and nothing else; the second aborts `signal`. */
  drainFirst(): AbortSignal;
  /** What must be put in order after the abort may take this long, ms. Another Ctrl-C does not wait for it. */
  allow(graceMs: number): void;
}

/** Reason of the abort when the user pressed Ctrl-C or the system asks to end. */
export const INTERRUPTED = 'interrupted';
/** Reason of the abort when the reader of standard output has gone, as in `solve *.fits | head -1`. */
export const READER_GONE = 'reader gone';

/** Erases the line and goes to its start. */
const CLEAR_LINE = '\r\u001b[2K';

/** Work that does not stop by itself is left behind this long after Ctrl-C, unless it is allowed more. */
const GRACE_MS = 80;

/** The terminal of this process. Installs the handlers for signals and closed pipes: call once. */
export function processTerminal(): Terminal {
  const controller = new AbortController();
  const outIsTerminal = process.stdout.isTTY;
  const noteIsTerminal = process.stderr.isTTY;
  let shown = '';
  let draining: AbortController | undefined;
  let grace = GRACE_MS;
  const clear = (): void => {
    if (shown !== '') process.stderr.write(CLEAR_LINE);
    shown = '';
  };
  const stop = (): void => {
    if (draining?.signal.aborted === false) {
      draining.abort(INTERRUPTED);
      return;
    }
    if (controller.signal.aborted) process.exit(130);
    controller.abort(INTERRUPTED);
    setTimeout(() => {
      clear();
      process.exit(130);
    }, grace).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.stdout.on('error', () => controller.abort(READER_GONE));
  // Nobody reads the messages: no reason to lose the answers.
  process.stderr.on('error', () => {});
  return {
    out(answer) {
      clear();
      if (!controller.signal.aborted || controller.signal.reason !== READER_GONE) process.stdout.write(answer);
    },
    note(line) {
      clear();
      process.stderr.write(`${escapeControls(line)}\n`);
    },
    progress(text) {
      if (!noteIsTerminal) return;
      const line = escapeControls(text).slice(0, Math.max(20, (process.stderr.columns || 80) - 1));
      if (line === shown) return;
      if (line === '') clear();
      else process.stderr.write(`${CLEAR_LINE}${line}`);
      shown = line;
    },
    outIsTerminal,
    noteIsTerminal,
    signal: controller.signal,
    drainFirst: () => (draining ??= new AbortController()).signal,
    allow: (graceMs) => (grace = graceMs),
  };
}
