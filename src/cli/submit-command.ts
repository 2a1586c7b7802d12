import { SolveError } from '../errors.ts';
import type { Progress, SolveInput } from '../solution.ts';
import { runBatch } from './batch.ts';
import type { Command, OptionValues } from './command.ts';
import { exitCodeOf, worse } from './exit-code.ts';
import { findImages } from './images.ts';
import type { ImageItem } from './images.ts';
import { readChoice, readNumber } from './option-value.ts';
import { planProducts } from './products.ts';
import { createProgressLine } from './progress.ts';
import { QUEUE_GROUP, QUEUE_OPTIONS, readQueue, solveOptions } from './queue-options.ts';
import { openTable, print } from './solve-command.ts';
import { deliver } from './delivery.ts';
import { faultRecord } from './result.ts';
import type { ImageResult } from './result.ts';
import { readSettings } from './solve-settings.ts';
import { INTERRUPTED } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** `solve submit --redis URL <image...>`: lets workers solve, waits, and prints like `solve`. */
export const submitCommand: Command = {
  name: 'submit',
  summary: 'put images into a queue, wait, and print the answers',
  usage: 'submit --redis URL [options] <image...>',
  about: [
    'Workers (solve worker) take the images from a queue of BullMQ on a Redis server; the answers come back here.',
    'A worker reads an image by its absolute path. Where workers do not see the same files, --send sources finds the stars here and sends their positions, some kilobytes.',
    'If workers are killed or Redis restarts, the rest goes on. Ctrl-C removes what no worker has taken.',
  ],
  options: [
    ...QUEUE_OPTIONS,
    {
      name: 'send',
      value: 'WHAT',
      choices: ['paths', 'sources'],
      group: QUEUE_GROUP,
      text: 'paths of the images (the default), or the sources found in them',
    },
    {
      name: 'priority',
      value: 'N',
      group: QUEUE_GROUP,
      text: '1 is taken first, 2097152 last; 1000 if not said',
    },
    ...solveOptions('ra dec radius scale-low scale-high scale-units fov parity no-hints recursive extension'),
    ...solveOptions('downsample tweak-order crpix-center timeout json quiet verbose wcs out-dir overwrite'),
    ...solveOptions('new-fits update backup dry-run sources corr rdls stars ini csv'),
  ],
  examples: [
    ['solve submit --redis redis://queue.local night/', 'all images of a folder, by whatever workers there are'],
    ['solve submit --redis unix:///run/redis.sock --send sources --priority 1 --json a.jpg', 'one now, as its stars'],
  ],
  run,
};

/** To remove what is waiting in the queue, ms. */
const GRACE_MS = 2500;

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const settings = readSettings(values);
  const place = await readQueue('submit', values);
  const send = values.get('send');
  const priority = values.get('priority');
  const choice = {
    ...(typeof send === 'string' ? { send: readChoice('--send', send, ['paths', 'sources']) } : {}),
    ...(typeof priority === 'string'
      ? { priority: readNumber('--priority', priority, { low: 1, high: 2 ** 21, integer: true }) }
      : {}),
  };
  if (operands.length === 0) throw new SolveError('BAD_OPTION', 'no image is named');
  const { items, files } = planProducts(await findImages(operands, settings.recursive), settings);
  const table = await openTable(settings, 'refuse');
  const { submitMany } = await import('../pipeline/queue-submit.ts');

  /** Writes what was asked for; a file that cannot be written is a fault of the image. */
  const handOver = async (item: ImageItem, result: ImageResult, input: SolveInput): Promise<ImageResult> => {
    if ('fault' in result) return result;
    const { signal, note } = terminal;
    try {
      await deliver({ item, input, outcome: result.outcome, files: files.get(item), signal, note }, settings);
      return result;
    } catch (error) {
      return { fault: faultRecord(error), elapsedMs: result.elapsedMs };
    }
  };
  let exitCode = 0;
  let done = 0;
  const watched = terminal.noteIsTerminal && !settings.quiet;
  const line = createProgressLine(items.length, terminal.progress);
  terminal.allow(GRACE_MS);
  terminal.signal.addEventListener('abort', () => {
    if (terminal.signal.reason === INTERRUPTED) {
      terminal.note(`interrupted: ${done} of ${items.length} images done`);
    }
  });
  try {
    await runBatch(
      items,
      {
        signal: terminal.signal,
        async onResult(item, answered, input) {
          const result = input === undefined ? answered : await handOver(item, answered, input);
          line.finish();
          await print(item, result, settings, terminal);
          await table?.add(item.name, result);
          exitCode = worse(exitCode, exitCodeOf(result));
          done++;
        },
        ...(watched ? { onProgress: (item: ImageItem, progress: Progress) => line.update(item.name, progress) } : {}),
      },
      (inputs, watching) =>
        submitMany(inputs, { ...settings.image, ...place, ...choice, ...watching, onWarning: terminal.note }),
    );
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
    if (terminal.signal.reason === INTERRUPTED) return 130;
  } finally {
    await table?.close();
  }
  return exitCode;
}
