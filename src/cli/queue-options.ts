import { SolveError } from '../errors.ts';
import type { OptionSpec, OptionValues } from './command.ts';
import { asOption } from './service.ts';
import { SOLVE_OPTIONS } from './solve-options.ts';

/** Heading of the options that say where the queue is. */
export const QUEUE_GROUP = 'The queue';

/** The options of all commands that work with a queue. */
export const QUEUE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'redis',
    value: 'URL',
    group: QUEUE_GROUP,
    text: 'where Redis is: redis://host:6379, rediss://user:password@host, unix:///run/redis.sock',
  },
  { name: 'queue', value: 'NAME', group: QUEUE_GROUP, text: 'queue of BullMQ; starfix if not said' },
];

/** Options of `solve` as they stand there. @param words their names, parted by spaces */
export function solveOptions(words: string): OptionSpec[] {
  const names = words.split(' ');
  return SOLVE_OPTIONS.filter(({ name }) => names.includes(name));
}

/**
 * Where the queue is.
 *
 * @throws {SolveError} `BAD_OPTION`
 */
export async function readQueue(
  command: string,
  values: OptionValues,
): Promise<{ readonly redis: string; readonly queue?: string }> {
  const redis = values.get('redis');
  const queue = values.get('queue');
  if (typeof redis !== 'string') throw new SolveError('BAD_OPTION', `${command} needs --redis URL`);
  const [{ parseRedis }, { checkQueueName }] = await Promise.all([
    import('../pipeline/queue-connection.ts'),
    import('../pipeline/queue-message.ts'),
  ]);
  asOption(() => parseRedis(redis));
  if (typeof queue !== 'string') return { redis };
  asOption(() => checkQueueName(queue));
  return { redis, queue };
}
