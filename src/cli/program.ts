import { FAULTS, SolveError } from '../errors.ts';
import type { Command } from './command.ts';
import { COMMANDS, loadSolveCommand } from './commands.ts';
import { asksForHelp, parseArguments } from './parse.ts';
import { debugStack, faultLine, faultRecord } from './result.ts';
import { INTERRUPTED, processTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/**
 * The whole program: runs the command that the words name and ends the process with its exit code.
 *
 * @param words the command line after the program's name
 */
export async function main(words: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  process.on('uncaughtException', (error) => process.exit(report(error, terminal)));
  let exitCode: number;
  try {
    exitCode = await runCommand(words, terminal);
  } catch (error) {
    // What was asked of a server ends with the reason of the abort.
    const { aborted, reason } = terminal.signal;
    exitCode = aborted ? (reason === INTERRUPTED ? 130 : 0) : report(error, terminal);
  }
  // Pipes take what is written in the background on some systems: leave once it is through.
  process.stdout.write('', () => process.exit(exitCode));
}

async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const entry = COMMANDS.find((known) => known.name === words[0]);
  if (entry !== undefined && entry.load === undefined) {
    throw new SolveError('NOT_AVAILABLE', `the command ${entry.name} is not there yet`);
  }
  const command: Command = entry?.load === undefined ? await loadSolveCommand() : await entry.load();
  const rest = entry === undefined ? words : words.slice(1);
  if (asksForHelp(rest)) {
    const { helpFor } = await import('./help-command.ts');
    terminal.out(await helpFor(entry?.name));
    return 0;
  }
  const { operands, values } = parseArguments(command, rest);
  return command.run(operands, values, terminal, rest);
}

/** Says in one line what went wrong, and gives the exit code for it. */
function report(error: unknown, terminal: Terminal): number {
  const fault = faultRecord(error);
  terminal.note(`solve: ${faultLine(fault)}`);
  const stack = debugStack(error);
  if (stack !== undefined) process.stderr.write(`${stack}\n`);
  return FAULTS[fault.code].exit;
}
