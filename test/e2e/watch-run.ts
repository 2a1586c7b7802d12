import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Ending, type JsonLine, start } from './program.ts';

/** A line of `watch --json`: an answer, or something that happens. */
export type WatchLine = Partial<JsonLine> & { readonly event?: string; readonly [field: string]: unknown };

/** A watch that is at work; it is gone with the test at the latest. */
export interface WatchProcess {
  readonly pid: number;
  readonly lines: readonly WatchLine[];
  /** Images answered so far: file and what came of it. */
  answers(): readonly WatchLine[];
  /** Resolves when some line is so; rejects when the program ends before. */
  until(isSo: (line: WatchLine) => boolean, times?: number): Promise<WatchLine>;
  /** Resolves when this happened so many times. */
  event(name: string, times?: number): Promise<WatchLine>;
  /** Resolves when a file was answered so many times. */
  answer(file: string, times?: number): Promise<WatchLine>;
  kill(signal: NodeJS.Signals): void;
  readonly ending: Promise<Ending>;
}

/** Short, so that tests are. */
export const SETTLE_S = 0.2;

/** Watches with `--json`, as a user whose state is in `room`. */
export function watchInTest(room: string, args: readonly string[]): WatchProcess {
  const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '', XDG_CONFIG_HOME: room };
  const words = ['watch', '--json', '--settle', String(SETTLE_S), ...args];
  const { child, ending } = start(words, { cwd: room, env: { ...none, XDG_STATE_HOME: join(room, 'state') } });
  child.stdin?.end();
  const lines: WatchLine[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const wake of waiting) wake();
  };
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(JSON.parse(line) as WatchLine);
    look();
  });
  let ended: Ending | undefined;
  void ending.then((how) => {
    ended = how;
    look();
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ending;
  });
  const until = (isSo: (line: WatchLine) => boolean, times = 1): Promise<WatchLine> =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        const found = lines.filter(isSo);
        if (found.length >= times) resolve(found[times - 1]!);
        else if (ended !== undefined) reject(new Error(`the watch ended with ${ended.code}: ${ended.err}`));
        else return;
        waiting.delete(wake);
      };
      waiting.add(wake);
      wake();
    });
  return {
    pid: child.pid!,
    lines,
    answers: () => lines.filter(({ event }) => event === undefined),
    until,
    event: (name, times) => until(({ event }) => event === name, times),
    answer: (file, times) => until((line) => line.event === undefined && line.file === file, times),
    kill: (signal) => void child.kill(signal),
    ending,
  };
}
