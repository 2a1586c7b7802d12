import { SolveError } from '../errors.ts';
import type { Command, OptionValues } from './command.ts';
import { INDEX_OPTIONS } from './index-options.ts';
import { nearMiss } from './near-miss.ts';
import type { Terminal } from './terminal.ts';

type Action = (operands: readonly string[], values: OptionValues, terminal: Terminal) => Promise<number>;

/** What can be done with index files, loaded when it is asked for; and the options that it takes. */
const ACTIONS: Readonly<Record<string, { readonly load: () => Promise<Action>; readonly options: readonly string[] }>> =
  {
    list: { load: async () => (await import('./index-list.ts')).listIndexes, options: ['index-dir', 'json'] },
    install: {
      load: async () => (await import('./index-install.ts')).installIndexes,
      options: ['index-dir', 'out-dir', 'json', 'like', 'fov', 'ra', 'dec', 'radius', 'series', 'mirror', 'yes'],
    },
    build: {
      load: async () => (await import('./index-build.ts')).buildIndexes,
      options: ['out-dir', 'json', 'preset', 'scale', 'tiles', 'overwrite'],
    },
    check: { load: async () => (await import('./index-check.ts')).checkIndexes, options: ['index-dir', 'json'] },
    recommend: {
      load: async () => (await import('./index-recommend.ts')).recommendIndexes,
      options: ['index-dir', 'json', 'like', 'fov', 'ra', 'dec', 'radius', 'series'],
    },
  };

/** `solve index list|install|build|check|recommend`. */
export const indexCommand: Command = {
  name: 'index',
  summary: 'list, install, build or check index files, and tell which ones a field needs',
  usage: 'index list|install|build|check|recommend [options] [file...]',
  about: [
    'The data that come with the program hold fields of 0.6 to 60 degrees. Narrower ones need index files of Astrometry.net, as solve-field, KStars and Siril use them: series 41xx, 42xx and 52xx.',
    'list: the files in the usual places or in --index-dir, and the widths of field that they serve.',
    'recommend: which files a field needs and which are there.',
    'install FILE|SCALE...: fetches files such as 5203 (a scale) or index-5203-17.fits; without names those that recommend tells. Asks first. Goes on where it was cut off.',
    'check [FILE...]: reads all of each file and compares it with itself.',
    'build STARS: makes index files from a CSV or FITS list of stars (columns ra, dec, mag).',
    'Exit codes: 0 all is well, 1 files are missing (recommend), 2 wrong usage, 3 a file is broken or cannot be written, 5 the network failed.',
  ],
  options: INDEX_OPTIONS,
  operands: Object.keys(ACTIONS),
  examples: [
    ['solve index recommend --like m57.fits', 'which files this picture needs'],
    ['solve index install --fov 0.3 --ra 18:53:35 --dec +33:02', 'fetch those for a part of the sky'],
    ['solve index check /usr/share/astrometry', 'tell broken files'],
    ['solve index build stars.csv --preset 0,2 --out-dir indexes', 'make index files of your own'],
  ],
  run,
};

async function run(operands: readonly string[], values: OptionValues, terminal: Terminal): Promise<number> {
  const [word, ...rest] = operands;
  const names = Object.keys(ACTIONS);
  if (word === undefined) throw new SolveError('BAD_OPTION', `index takes one of ${names.join(', ')}`);
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) {
    const near = nearMiss(word, names);
    throw new SolveError(
      'BAD_OPTION',
      `index takes ${names.join(', ')}, not '${word}'${near === undefined ? '' : `. Did you mean ${near}?`}`,
    );
  }
  for (const name of values.keys()) {
    if (!action.options.includes(name)) throw new SolveError('BAD_OPTION', `index ${word} takes no --${name}`);
  }
  return await (
    await action.load()
  )(rest, values, terminal);
}
