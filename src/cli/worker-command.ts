import { availableParallelism } from 'node:os';
import type { SolveImageOptions } from '../engines/solve.ts';
import type { JobOptions } from '../pipeline/queue-message.ts';
import type { EndedJob } from '../pipeline/queue-worker.ts';
import type { Command, OptionValues } from './command.ts';
import { openEngines } from './engines.ts';
import { readNumber } from './option-value.ts';
import { QUEUE_GROUP, QUEUE_OPTIONS, readQueue, solveOptions } from './queue-options.ts';
import { renderLine, renderReport } from './render-text.ts';
import { faultLine, faultRecord } from './result.ts';
import { refuseOperands } from './service.ts';
import { readSettings } from './solve-settings.ts';
import type { SolveSettings } from './solve-settings.ts';
import type { Terminal } from './terminal.ts';

/** `solve worker --redis URL`: solves what a queue holds until it is told to stop. */
export const workerCommand: Command = {
  name: 'worker',
  summary: 'solve what a queue holds',
  usage: 'worker --redis URL [options]',
  about: [
    'Takes images from a queue of BullMQ on a Redis server, where solve submit puts them. Start one on each machine.',
    'What is asked of an image comes with it; who is asked, and how, is said here.',
    'Ctrl-C and SIGTERM finish what runs and take nothing new; a second one gives it back to the queue.',
  ],
  options: [
    ...QUEUE_OPTIONS,
    {
      name: 'root',
      value: 'DIR',
      names: 'directory',
      group: QUEUE_GROUP,
      text: 'read only files in DIR, wherever links lead; every file if not said',
    },
    {
      name: 'rate',
      value: 'N',
      group: QUEUE_GROUP,
      text: 'images a minute to a server, counted over all workers of this Redis; 20 for the public one if not said',
    },
    ...solveOptions('engine timeout'),
    {
      name: 'jobs',
      short: 'j',
      value: 'N',
      group: 'Solving',
      text: 'images at once; as many as there are cores if not said, 3 where only a server is asked',
    },
    ...solveOptions('quiet verbose server api-key-file upload public poll'),
  ],
  examples: [
    ['solve worker --redis redis://queue.local --root /data', 'as many images at once as there are cores'],
    ['solve worker --redis redis://queue.local -j 2 --engine embedded,nova --rate 6', 'a server for what fails here'],
  ],
  run,
};

/** Images at once where a server does the work and nothing is said. */
const REMOTE_JOBS = 3;
/** To give back to the queue what runs, ms. */
const GRACE_MS = 2500;

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  refuseOperands('worker', operands);
  const settings = readSettings(values);
  const place = await readQueue('worker', values);
  const root = values.get('root');
  const { timeoutMs } = settings.image;
  const rate = values.get('rate');
  const enginesFor = rememberEngines(settings, terminal);
  // What is wrong with a key shows now, not with the first job.
  const isLocal = (await enginesFor({})).includes('embedded');
  const concurrency = settings.jobs ?? (isLocal ? availableParallelism() : REMOTE_JOBS);
  const draining = terminal.drainFirst();
  terminal.allow(GRACE_MS);
  const [{ createQueueWorker }, { parseRedis }, { QUEUE_NAME }] = await Promise.all([
    import('../pipeline/queue-worker.ts'),
    import('../pipeline/queue-connection.ts'),
    import('../pipeline/queue-message.ts'),
  ]);
  let done = 0;
  const worker = await createQueueWorker({
    ...place,
    concurrency,
    engines: enginesFor,
    ...(typeof rate === 'string' ? { rate: readNumber('--rate', rate, { low: 0, above: true, high: 60_000 }) } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(typeof root === 'string' ? { root } : {}),
    signal: terminal.signal,
    onWarning: terminal.note,
    onEnded: (ended) => {
      done++;
      report(ended, settings, terminal);
    },
  });
  const where = `queue ${place.queue ?? QUEUE_NAME} at ${parseRedis(place.redis).shown}`;
  if (!settings.quiet) terminal.note(`worker ${worker.name}: ${where}, ${concurrency} at once`);
  const drain = (): void => {
    if (!settings.quiet) terminal.note('finishing what runs; press Ctrl-C again to give it back to the queue');
    void worker.drain();
  };
  draining.addEventListener('abort', drain, { once: true });
  if (draining.aborted) drain();
  await worker.ended;
  if (!settings.quiet) terminal.note(`worker ${worker.name}: images done: ${done}`);
  return terminal.signal.aborted ? 130 : 0;
}

/** The engines for a job. Those of one set of options are opened once: each has a login of its own. */
function rememberEngines(
  settings: SolveSettings,
  terminal: Terminal,
): (job: JobOptions) => Promise<NonNullable<SolveImageOptions['engines']>> {
  const opened = new Map<string, ReturnType<typeof openEngines>>();
  return async ({ downsample, tweakOrder, extension, crpixCenter }) => {
    const image = {
      ...(downsample === undefined ? {} : { downsample }),
      ...(tweakOrder === undefined ? {} : { tweakOrder }),
      ...(extension === undefined ? {} : { extension }),
      ...(crpixCenter === undefined ? {} : { crpixCenter }),
    };
    const key = JSON.stringify(image);
    let engines = opened.get(key);
    if (engines === undefined) {
      engines = openEngines({ ...settings, image }, terminal.note);
      opened.set(key, engines);
    }
    return await engines;
  };
}

function report({ name, outcome, error, elapsedMs }: EndedJob, settings: SolveSettings, terminal: Terminal): void {
  if (settings.quiet) return;
  if (outcome === undefined) {
    terminal.note(faultLine(faultRecord(error), name));
    return;
  }
  if (settings.verbose) for (const line of renderReport(name, outcome)) terminal.note(line);
  terminal.note(renderLine(name, { outcome, elapsedMs }).trimEnd());
}
