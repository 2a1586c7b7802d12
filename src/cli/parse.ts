import { Command as Parser, CommanderError, Option } from 'commander';
import { SolveError } from '../errors.ts';
import type { Command, OptionSpec, OptionValues } from './command.ts';

/** What a command line says. */
export interface Arguments {
  readonly operands: readonly string[];
  readonly values: OptionValues;
}

/** How an option is written in help and for the parser: `-j, --jobs <N>`. */
export function optionFlags(spec: OptionSpec): string {
  const value = spec.value === undefined ? '' : spec.endings === undefined ? ` <${spec.value}>` : ` [${spec.value}]`;
  return `${spec.short === undefined ? '' : `-${spec.short}, `}--${spec.name}${value}`;
}

/**
 * Reads the words after the command's name. The last of a repeated option counts, unless it is one for `many`.
 *
 * @throws {SolveError} `BAD_OPTION` for an unknown option (with the nearest known one) or a missing value;
 *   `NOT_AVAILABLE` for one that is announced only
 */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const parser = new Parser(command.name).exitOverride().configureOutput({ writeErr: () => {} });
  parser.helpOption('-h, --help').argument('[operands...]').allowExcessArguments();
  const options = command.options.map((spec) => ({ spec, option: optionOf(spec) }));
  for (const { option } of options) parser.addOption(option);
  try {
    parser.helpInformation = () => '';
    parser.parse(attachOptionalValues(command.options, words), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(error);
    throw error;
  }
  const found = parser.opts<Record<string, unknown>>();
  const values = new Map<string, string | true>();
  for (const { spec, option } of options) {
    const value = found[option.attributeName()];
    if (option.negate ? value === false : value !== undefined) {
      if (spec.later) throw new SolveError('NOT_AVAILABLE', `--${spec.name} is not there yet`);
      const leftOut = typeof value !== 'string' || (value === '' && spec.endings !== undefined);
      values.set(spec.name, leftOut ? true : value);
    }
  }
  return { operands: parser.args, values };
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(optionFlags(spec));
  if (spec.many)
    option.argParser<string | undefined>((value, before) => (before === undefined ? value : `${before}\n${value}`));
  return option;
}

/** Whether the words ask for help rather than for work. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).some((word) => word === '--help' || word === '-h');
}

/** Turns `--wcs m31.wcs` into `--wcs=m31.wcs`, and a bare `--wcs` into `--wcs=`, so that it never takes an image for its file. */
function attachOptionalValues(specs: readonly OptionSpec[], words: readonly string[]): string[] {
  const attached: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') return [...attached, ...words.slice(i)];
    const endings = specs.find((spec) => `--${spec.name}` === word)?.endings;
    if (endings === undefined) {
      attached.push(word);
      continue;
    }
    const next = words[i + 1];
    const taken =
      next !== undefined && !next.startsWith('-') && endings.some((end) => next.toLowerCase().endsWith(end));
    attached.push(taken ? `${word}=${next}` : `${word}=`);
    if (taken) i++;
  }
  return attached;
}

function usageError(error: CommanderError): SolveError {
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\n\((.*)\)$/, '. $1')
    // What stands behind the name of an option may be a key.
    .replace(/^(unknown option '(?:--[^=']*|-[^-]))[^]*?'(?=\.|$)/, "$1'");
  return new SolveError('BAD_OPTION', text);
}
