import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import type { EmbeddedOptions } from '../engines/embedded.ts';
import { isInMemory } from '../engines/input.ts';
import { shareSkyMemory } from '../engines/star-data.ts';
import { SolveError } from '../errors.ts';
import type { Hints } from '../hints.ts';
import type { ByteSource } from '../io/byte-source.ts';
import type { Outcome, Progress, SolveInput, SolveOptions, Solver } from '../solution.ts';
import type { ThreadAnswer, ThreadTask } from './solver-thread.ts';

/** The engine of this package on several threads. */
export interface SolverThreads extends AsyncDisposable {
  /** As `createEmbeddedSolver`; each call of `solve` is done on a thread, and waits for one if all are busy. */
  readonly solver: Solver;
  /** The same threads with other options. */
  solverWith(options: Omit<EmbeddedOptions, 'index'>): Solver;
  /** Ends the threads, and what they are at. */
  close(): Promise<void>;
}

/**
 * Gets threads ready. They are started when there is work for them.
 *
 * @param count how many at most
 */
export async function openSolverThreads(
  count: number,
  options: Omit<EmbeddedOptions, 'index'> = {},
): Promise<SolverThreads> {
  const { Tinypool } = await import('tinypool');
  const pool = new Tinypool({
    filename: new URL('./solver-thread.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: count,
    // A thread that has nothing to do is kept: the next frame of a night may be a minute away.
    idleTimeout: 300_000,
    isolateWorkers: false,
    // Pixels do not count here. With more, each thread grows by 48 MB before it clears away what lived shortly.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  // What is wrong with the data is told by the images.
  const stars = await shareSkyMemory().catch(() => undefined);
  const run = async (
    plain: ThreadTask['options'],
    input: SolveInput,
    hints: Hints = {},
    { signal, timeoutMs, onProgress, keepSources = false }: SolveOptions = {},
  ): Promise<Outcome> => {
    signal?.throwIfAborted();
    const channel = onProgress === undefined ? undefined : new MessageChannel();
    channel?.port1.on('message', (progress: Progress) => onProgress?.(progress));
    const port = channel?.port2;
    const given = await sendable(input);
    const task: ThreadTask = { input: given, hints, options: plain, timeoutMs, keepSources, port, stars };
    try {
      const answer = (await pool.run(task, {
        ...(signal === undefined ? {} : { signal }),
        ...(channel === undefined ? {} : { transferList: [channel.port2] }),
      })) as ThreadAnswer;
      if ('code' in answer) throw new SolveError(answer.code, answer.message);
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      channel?.port1.close();
    }
  };
  const solverWith = (wanted: Omit<EmbeddedOptions, 'index'>): Solver => {
    const { downsample, tweakOrder, headerHints, extension, indexDirs } = wanted;
    const plain = { downsample, tweakOrder, headerHints, extension, indexDirs } as ThreadTask['options'];
    return { name: 'embedded', solve: (...args) => run(plain, ...args) };
  };
  const close = (): Promise<void> => pool.destroy();
  return { solver: solverWith(options), solverWith, close, [Symbol.asyncDispose]: close };
}

/** The input as something that can go to another thread. */
async function sendable(input: SolveInput): Promise<ThreadTask['input']> {
  if (typeof input === 'string' || isInMemory(input)) return input;
  if (input instanceof Uint8Array) return { bytes: input, name: 'image' };
  if (!(input instanceof URL)) return { bytes: await readAll(input), name: input.name };
  if (input.protocol === 'file:') return fileURLToPath(input);
  throw new SolveError('URL_NOT_TAKEN', `${input.href}: images on the web are fetched by the nova engine alone`);
}

async function readAll(source: ByteSource): Promise<Uint8Array> {
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}
