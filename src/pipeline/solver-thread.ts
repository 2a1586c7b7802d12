// A thread that solves one image at a time. Loaded by the pool, by file name.
import type { MessagePort } from 'node:worker_threads';
import { type EmbeddedOptions, createEmbeddedSolver } from '../engines/embedded.ts';
import { type SkyMemory, useSkyMemory } from '../engines/star-data.ts';
import { type FaultCode, SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { Frame } from '../image/frame.ts';
import { bytesSource } from '../io/bytes-source.ts';
import type { Outcome, Progress } from '../solution.ts';
import type { SourceList } from '../sources/source-list.ts';

/** What the pool hands to a thread: plain data, since nothing else goes there. */
export interface ThreadTask {
  /** A path, pixels, sources, or the bytes of a file and what to call it. */
  readonly input: string | Frame | SourceList | { readonly bytes: Uint8Array; readonly name: string };
  readonly hints: Hints;
  readonly options: Omit<EmbeddedOptions, 'index'>;
  readonly timeoutMs: number | undefined;
  readonly keepSources: boolean;
  /** Where progress goes, if somebody watches. */
  readonly port: MessagePort | undefined;
  /** Where the threads keep star data; absent: each for itself. */
  readonly stars: SkyMemory | undefined;
}

/** What comes back. Classes do not pass between threads, so a fault is told by its code. */
export type ThreadAnswer = Outcome | { readonly code: FaultCode; readonly message: string };

/** Solves one image. Cancelling ends the thread. */
export default async function work(task: ThreadTask): Promise<ThreadAnswer> {
  const { input, hints, options, timeoutMs, keepSources, port, stars } = task;
  if (stars !== undefined) useSkyMemory(stars);
  try {
    return await createEmbeddedSolver(options).solve(
      typeof input === 'object' && 'bytes' in input ? bytesSource(input.bytes, input.name) : input,
      hints,
      {
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        keepSources,
        ...(port === undefined ? {} : { onProgress: (progress: Progress) => port.postMessage(progress) }),
      },
    );
  } catch (error) {
    if (error instanceof SolveError) return { code: error.code, message: error.message };
    throw error;
  } finally {
    port?.close();
  }
}
