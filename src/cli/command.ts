import type { Terminal } from './terminal.ts';

/** One option as data: parsing, help and completion all come from it. */
export interface OptionSpec {
  /** Long name without dashes, such as `scale-low`. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What stands for the value in the help; absent: a switch. */
  readonly value?: string;
  /**
   * The value may be left out. Then a following word is the value only if it ends in one of these,
   * so that `solve --wcs m31.fits` never takes the image for the file to write; `--wcs=FILE` takes any name.
   */
  readonly endings?: readonly string[];
  /** May be given several times: the values stand one a line, see `valuesOf`. */
  readonly many?: true;
  /** The words it takes, for completion. */
  readonly choices?: readonly string[];
  /** What its value names, for completion. */
  readonly names?: 'file' | 'directory';
  /** Heading of the help it stands under. */
  readonly group: string;
  readonly text: string;
  /** Announced, and refused with one line until it is there. */
  readonly later?: true;
}

/** Options as given: a text, or true for a switch or an optional value left out. */
export type OptionValues = ReadonlyMap<string, string | true>;

/** The values of an option that may be given several times; none if it is not given. */
export function valuesOf(values: OptionValues, name: string): string[] {
  const value = values.get(name);
  return typeof value === 'string' ? value.split('\n') : [];
}

/** One command as data, and what it does. */
export interface Command {
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** What follows the program's name. */
  readonly usage: string;
  /** Paragraphs for the help, after the usage. */
  readonly about: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Command lines, each with what it does. At least one. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Words the first operand can be, for completion. */
  readonly operands?: readonly string[];
  /**
   * Does the work.
   *
   * @param words the command line behind the name of the command, as it was given
   * @returns the exit code
   * @throws {SolveError} for wrong usage
   */
  run(operands: readonly string[], values: OptionValues, terminal: Terminal, words: readonly string[]): Promise<number>;
}
