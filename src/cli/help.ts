import type { Command, OptionSpec } from './command.ts';
import type { CommandEntry } from './commands.ts';
import { optionFlags } from './parse.ts';

/** Lines of the help are at most this long. */
const WIDTH = 100;
/** The texts of options begin in this column. */
const COLUMN = 28;

/** The help of one command: a pure function of its data. */
export function renderHelp(program: string, command: Command, entries: readonly CommandEntry[] = []): string {
  const lines = [`Usage: ${program} ${command.usage}`, '', ...command.about.flatMap((text) => wrap(text, 0))];
  const groups = [...new Set(command.options.map((option) => option.group))];
  for (const group of groups) {
    const ready = command.options.filter((option) => option.group === group && !option.later);
    if (ready.length > 0) lines.push('', `${group}:`, ...ready.flatMap(optionLines));
  }
  const later = command.options.filter((option) => option.later).map((option) => `--${option.name}`);
  if (later.length > 0) lines.push('', 'Not there yet:', ...wrap(later.join(', '), 2));
  lines.push('', '  -h, --help                print this');
  if (entries.length > 0) {
    lines.push('  -V, --version             print the version', '', 'Commands:');
    for (const entry of entries.filter(({ load }) => load)) lines.push(column(entry.name, entry.summary));
    const names = entries.filter(({ load }) => !load).map(({ name }) => name);
    if (names.length > 0) lines.push('', 'Commands that are not there yet:', ...wrap(names.join(', '), 2));
    lines.push('', `An image that is called like a command is ./${entries[0]!.name}.`);
  }
  lines.push('', 'Examples:');
  for (const [line, meaning] of command.examples) lines.push(`  ${line}`, `      ${meaning}`);
  if (entries.length > 0) {
    lines.push(
      '',
      'Exit codes: 0 every image solved, 1 at least one unsolved, 2 wrong usage, 3 an input could not be read,',
      '4 credentials missing or refused, 5 the service or the network failed, 130 interrupted.',
      'The largest problem wins, in the order 130, 2, 4, 5, 3, 1.',
    );
  }
  return `${lines.join('\n')}\n`;
}

function optionLines(option: OptionSpec): string[] {
  const flags = option.short === undefined ? `    ${optionFlags(option)}` : optionFlags(option);
  return column(flags, option.text).split('\n');
}

/** A name and its text side by side, the text wrapped; below the name if that is too long. */
function column(name: string, text: string): string {
  const [first = '', ...rest] = wrap(text, COLUMN);
  const head = `  ${name}`;
  const lines = head.length < COLUMN - 1 ? [head.padEnd(COLUMN) + first.trimStart()] : [head, first];
  return [...lines, ...rest].join('\n');
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, ' '.repeat(indent) + line];
}
