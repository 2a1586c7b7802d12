import { join } from 'node:path';
import { SolveError } from '../errors.ts';
import { PRODUCTS, type ProductName } from '../nova/product.ts';
import type { OptionValues } from './command.ts';
import { nearMiss } from './near-miss.ts';

/** What is fetched beside files: answers of the API, and the ending of the file that one becomes. */
const ANSWERS = {
  calibration: '.calibration.json',
  info: '.info.json',
  annotations: '.annotations.json',
  log: '.log',
} as const;

/** An answer of the API. */
export type AnswerName = keyof typeof ANSWERS;

/** One thing to fetch, and where it goes. */
export interface Fetching {
  readonly name: ProductName | AnswerName;
  /** `-`: standard output. */
  readonly path: string;
}

/** Answers that a job has which was not solved. */
const ALWAYS: readonly string[] = ['info', 'log'];

const FILES = Object.keys(PRODUCTS) as ProductName[];

/** What `all` stands for: the files about the job. KMZ is switched off at the public server. */
const ALL = FILES.filter((name) => PRODUCTS[name].of === 'job' && name !== 'kmz');

export function isAnswer(name: ProductName | AnswerName): name is AnswerName {
  return Object.hasOwn(ANSWERS, name);
}

/** Can a job have it that was not solved? */
export function isThereUnsolved(name: ProductName | AnswerName): boolean {
  return isAnswer(name) ? ALWAYS.includes(name) : PRODUCTS[name].unsolved === true || PRODUCTS[name].of === 'image';
}

/**
 * Decides what is fetched for a job, each thing once, and where it goes.
 *
 * @param words names of products; none: the WCS
 * @throws {SolveError} `BAD_OPTION`
 */
export function planFetching(job: number, words: readonly string[], values: OptionValues): Fetching[] {
  const named =
    words.length === 0 ? (['wcs'] as const) : words.flatMap((word) => (word === 'all' ? ALL : [known(word)]));
  const names = [...new Set(named)];
  const outside = names.find((name) => !isAnswer(name) && PRODUCTS[name].of !== 'job');
  if (outside !== undefined && !values.has('submission')) {
    const { of } = PRODUCTS[outside as ProductName];
    throw new SolveError('BAD_OPTION', `${outside} goes by the number of the ${of}: --submission SUBID finds it`);
  }
  const out = values.get('out');
  const folder = values.get('out-dir');
  if (typeof out === 'string') {
    if (names.length > 1)
      throw new SolveError('BAD_OPTION', `--out names one file, ${out}, for ${names.length} products`);
    if (folder !== undefined) throw new SolveError('BAD_OPTION', 'give --out or --out-dir, not both');
    if (out === '-' && values.has('json')) throw new SolveError('BAD_OPTION', 'give --out - or --json, not both');
    return names.map((name) => ({ name, path: out }));
  }
  return names.map((name) => {
    const ending = isAnswer(name) ? ANSWERS[name] : PRODUCTS[name].ending || `.${name}`;
    return { name, path: join(typeof folder === 'string' ? folder : '', `${job}${ending}`) };
  });
}

/** The product of that name: `wcs_file`, as in the server's paths, is `wcs`. */
function known(word: string): ProductName | AnswerName {
  const names = [...FILES, ...(Object.keys(ANSWERS) as AnswerName[])];
  const found = names.find((name) => name === word) ?? FILES.find((name) => PRODUCTS[name].path === word);
  if (found !== undefined) return found;
  const meant = nearMiss(word, [...names, 'all']);
  const hint = meant === undefined ? `there are ${names.join(', ')}, all` : `did you mean ${meant}?`;
  throw new SolveError('BAD_OPTION', `there is no product '${word}'; ${hint}`);
}
