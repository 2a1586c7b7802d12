import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { COMMANDS, loadSolveCommand } from './commands.ts';
import { renderHelp } from './help.ts';
import type { Terminal } from './terminal.ts';

/** `solve help [command]`. */
export const helpCommand: Command = {
  name: 'help',
  summary: 'explain a command',
  usage: 'help [command]',
  about: ['Prints the options of a command with an example; without a name, those of solving images.'],
  options: [],
  operands: COMMANDS.map(({ name }) => name),
  examples: [['solve help completion', 'how to complete options in your shell']],
  run,
};

async function run(operands: readonly string[], _values: OptionValues, terminal: Terminal): Promise<number> {
  terminal.out(await helpFor(operands[0]));
  return 0;
}

/**
 * The help of a command by name.
 *
 * @param name absent or `solve`: solving images
 * @throws {SolveError} `BAD_OPTION` for a name that is no command, `NOT_AVAILABLE` for one that is announced only
 */
export async function helpFor(name?: string): Promise<string> {
  if (name === undefined || name === 'solve') return renderHelp('solve', await loadSolveCommand(), COMMANDS);
  const entry = COMMANDS.find((command) => command.name === name);
  if (entry === undefined) throw new SolveError('BAD_OPTION', `there is no command '${name}'`);
  if (entry.load === undefined) throw new SolveError('NOT_AVAILABLE', `the command ${name} is not there yet`);
  return renderHelp('solve', await entry.load());
}
