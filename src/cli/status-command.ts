import { existsSync } from 'node:fs';
import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { SERVICE_OPTIONS, readId } from './service.ts';
import type { Terminal } from './terminal.ts';

/** `solve status [SUBID | FOLDER]`. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'tell how a submission is doing, or the images of a folder',
  usage: 'status [options] [SUBID | FOLDER]',
  about: [
    'SUBID: tells what a server knows of a submission and of its jobs. Needs no API key: a server shows this to everybody.',
    'FOLDER: tells from the journal how many of its images are solved, and how the last run there ended; nothing: the same of all folders that images were solved in.',
    'With --wait, --timeout is how long to wait, half an hour if not said.',
    'Exit codes of SUBID: 0 every job solved or still at work, 1 a job was not solved, 3 the server could not use what was sent. Of FOLDER: 0, or 1 if there is an image without a solution, or the last run there was cut off or stopped.',
    'A folder that is called like a number is ./12345.',
  ],
  options: [
    ...SERVICE_OPTIONS,
    { name: 'wait', group: 'Asking', text: 'wait until every job has ended' },
    {
      name: 'verbose',
      short: 'v',
      group: 'Asking',
      text: 'all that the server says of a submission that failed; each image of the folder',
    },
    { name: 'poll', value: 'S', group: 'Asking', text: 'first interval between two looks with --wait; 2 s, growing' },
  ],
  examples: [
    ['solve status 12345', 'look once'],
    ['solve status --wait --timeout 600 12345', 'pick up the wait of an upload that was interrupted'],
    ['solve status -v /data/tonight', 'what became of each image there'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const [operand] = operands;
  if (operands.length > 1) throw new SolveError('BAD_OPTION', 'status takes one submission or one folder');
  if (operand !== undefined && /^[+-]?\d+(?:\.\d*)?$/.test(operand)) {
    const id = readId('status', 'submission', operands);
    const { submissionStatus } = await import('./submission-status.ts');
    return await submissionStatus(id, values, terminal);
  }
  const { folderStatus } = await import('./folder-status.ts');
  try {
    return await folderStatus(operand, { json: values.has('json'), verbose: values.has('verbose') }, terminal);
  } catch (error) {
    const unknown = error instanceof SolveError && error.code === 'FILE_NOT_FOUND';
    if (!unknown || operand === undefined || existsSync(operand)) throw error;
    throw new SolveError('BAD_OPTION', `'${operand}' is no number of a submission, and no folder`, { cause: error });
  }
}
