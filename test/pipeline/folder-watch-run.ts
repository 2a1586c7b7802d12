import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ArrivedFile } from '../../src/pipeline/folder-watch-settling.ts';
import { type FolderEvent, type FolderWatchOptions, watchFolder } from '../../src/pipeline/folder-watch.ts';

/** Short, so that tests are. */
export const SETTLE_MS = 150;

/** A folder that lives as long as the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file whose last change lies back. */
export function writeOld(path: string, content: string, minutesAgo: number): void {
  writeFileSync(path, content);
  const then = Math.round(Date.now() / 1000) - minutesAgo * 60;
  utimesSync(path, then, then);
}

/** A watch that is listened to all the time. */
export interface WatchRun {
  /** What was given: files by their path in the folder, other events by their kind. */
  readonly given: readonly string[];
  readonly files: readonly ArrivedFile[];
  readonly events: readonly FolderEvent[];
  readonly warnings: readonly string[];
  /** Resolves when something was given so many times, and rejects when the watch ends. */
  until(what: string, times?: number): Promise<void>;
  /** Resolves when so many files were given. */
  untilFiles(count: number): Promise<void>;
  /** What the watch ended with. */
  readonly ending: Promise<unknown>;
  stop(): void;
}

/** Watches FITS files in a folder until the test is over. */
export function watchInTest(folder: string, options: Partial<FolderWatchOptions> = {}): WatchRun {
  const given: string[] = [];
  const files: ArrivedFile[] = [];
  const events: FolderEvent[] = [];
  const warnings: string[] = [];
  let onGiven = (): void => {};
  const stop = new AbortController();
  const listen = async (): Promise<unknown> => {
    try {
      for await (const event of watchFolder(folder, {
        settleMs: SETTLE_MS,
        accepts: (name) => name.endsWith('.fits'),
        onWarning: (message) => warnings.push(message),
        signal: stop.signal,
        ...options,
      })) {
        events.push(event);
        if (event.kind === 'file') files.push(event.file);
        given.push(event.kind === 'file' ? relative(folder, event.file.path) : event.kind);
        onGiven();
      }
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const ending = listen();
  const when = async (isSo: () => boolean): Promise<void> => {
    let ended = false;
    void ending.then(() => {
      ended = true;
      onGiven();
    });
    while (!isSo()) {
      if (ended) throw new Error('the watch ended', { cause: await ending });
      await new Promise<void>((resolve) => {
        onGiven = resolve;
      });
    }
  };
  onTestFinished(async () => {
    stop.abort();
    await ending;
  });
  return {
    given,
    files,
    events,
    warnings,
    ending,
    until: (what, times = 1) => when(() => given.filter((name) => name === what).length >= times),
    untilFiles: (count) => when(() => files.length >= count),
    stop: () => stop.abort(),
  };
}
