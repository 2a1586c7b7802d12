import { SolveError } from '../errors.ts';

/** What a number given on the command line must be. */
export interface NumberRule {
  readonly low: number;
  readonly high: number;
  /** The lower bound itself is not allowed. */
  readonly above?: true;
  readonly integer?: true;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a number option.
 *
 * @param name with dashes, as the user wrote it: `--radius`
 * @throws {SolveError} `BAD_OPTION`, naming the option, what it takes and what was given
 */
export function readNumber(name: string, text: string, rule: NumberRule): number {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  const tooLow = rule.above ? !(value > rule.low) : !(value >= rule.low);
  if (tooLow || !(value <= rule.high) || (rule.integer && !Number.isInteger(value))) {
    const kind = rule.integer ? 'a whole number' : 'a number';
    const range = Number.isFinite(rule.high)
      ? rule.above
        ? `above ${rule.low}, up to ${rule.high}`
        : `from ${rule.low} to ${rule.high}`
      : `${rule.above ? 'above' : 'of at least'} ${rule.low}`;
    throw new SolveError('BAD_OPTION', `${name} takes ${kind} ${range}, not '${text}'`);
  }
  return value;
}

/**
 * Reads an option that takes one of a few words.
 *
 * @throws {SolveError} `BAD_OPTION`
 */
export function readChoice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new SolveError('BAD_OPTION', `${name} takes ${choices.join(', ')}, not '${text}'`);
  return found;
}
