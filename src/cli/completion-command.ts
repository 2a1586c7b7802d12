import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { COMMANDS, loadSolveCommand } from './commands.ts';
import { completionScript, SHELLS } from './completion.ts';
import { readChoice } from './option-value.ts';
import type { Terminal } from './terminal.ts';

/** `solve completion <shell>`. */
export const completionCommand: Command = {
  name: 'completion',
  summary: 'print a completion script for a shell',
  usage: 'completion bash|zsh|fish',
  about: ['Prints a script that completes commands, options and their words for `solve` and `starfix`.'],
  options: [],
  operands: SHELLS,
  examples: [
    ['source <(solve completion bash)', 'complete in this bash; put it into ~/.bashrc to keep it'],
    ['source <(solve completion zsh)', 'the same for zsh, in ~/.zshrc after compinit'],
    ['solve completion fish > ~/.config/fish/completions/solve.fish', 'the same for fish'],
  ],
  run,
};

async function run(operands: readonly string[], _values: OptionValues, terminal: Terminal): Promise<number> {
  const [name] = operands;
  if (name === undefined || operands.length > 1)
    throw new SolveError('BAD_OPTION', `completion takes one of ${SHELLS.join(', ')}`);
  const shell = readChoice('completion', name, SHELLS);
  const loaded = await Promise.all(COMMANDS.flatMap(({ load }) => (load === undefined ? [] : [load()])));
  terminal.out(completionScript(shell, await loadSolveCommand(), loaded));
  return 0;
}
