import { SolveError } from '../errors.ts';
import { type FoundKey, type KeySearch, type KeySource, findKey } from '../session/key-sources.ts';
import { KEY_VARIABLES } from './key-variables.ts';

/** A place that names a key, and the key or what is wrong with it. */
export type ListedKey = FoundKey | { readonly source: KeySource; readonly fault: SolveError };

/** What the environment has to say, the first being the one that counts. */
export function environmentKeys(server: string): ListedKey[] {
  return KEY_VARIABLES.filter((name) => process.env[name]).flatMap((name) =>
    look(server, { env: { [name]: process.env[name] } }, { kind: 'environment', name }),
  );
}

/**
 * All places that name a key for a server, in the order in which they are asked: the first is used, right or wrong.
 *
 * @param keyFile file named by an option
 * @param configFolder folder of what `solve login` has stored
 */
export function listKeys(server: string, keyFile: string | undefined, configFolder: string): ListedKey[] {
  return [
    ...(keyFile === undefined ? [] : look(server, { keyFile }, { kind: 'file', name: keyFile })),
    ...environmentKeys(server),
    ...look(server, { env: {}, configFolder }, { kind: 'config', name: configFolder }),
  ];
}

/** Asks one source alone. */
function look(server: string, search: KeySearch, source: KeySource): ListedKey[] {
  try {
    return [findKey(server, search)];
  } catch (fault) {
    if (!(fault instanceof SolveError)) throw fault;
    return fault.code === 'API_KEY_MISSING' ? [] : [{ source, fault }];
  }
}
