import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const CHILD = fileURLToPath(new URL('journal-child.mjs', import.meta.url));

if (!existsSync(fileURLToPath(new URL('../../dist/pipeline/journal.js', import.meta.url)))) {
  throw new Error('dist/ is missing or old: npm run build, then the tests');
}

/** A process that works with a journal. */
export interface JournalProcess {
  readonly child: ChildProcess;
  /** What it has said so far, line by line. */
  readonly lines: string[];
  /** Resolves when it has said so many lines, or is gone. */
  said(count: number): Promise<void>;
  /** Resolves when it is gone and all that it said is there. */
  readonly gone: Promise<void>;
}

/** Starts `journal-child.mjs`; it is gone with the test at the latest. */
export function journalProcess(args: readonly string[], shell?: string): JournalProcess {
  const words = [process.execPath, '--expose-gc', CHILD, ...args];
  const child =
    shell === undefined
      ? spawn(words[0]!, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('bash', ['-c', `${shell}; exec "$@"`, 'bash', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  let ended = false;
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const gone = Promise.all([exited, new Promise<void>((resolve) => reader.on('close', resolve))]).then(() => {
    ended = true;
    wake();
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    child,
    lines,
    gone,
    said: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (lines.length < count && !ended) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
