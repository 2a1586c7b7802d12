import { SolveError } from '../errors.ts';

/**
 * The APIs of a server by name. The rooms that know them add theirs: this one must not know what is above it.
 *
 * @see the table that `Session.client` is documented with
 */
export interface SessionClients {}

type ClientMakers<S> = { readonly [Name in keyof SessionClients]: (session: S) => SessionClients[Name] };

const makers = new Map<string, (session: never) => unknown>();

/** Makes the APIs of a room known to every session. */
export function registerClients<S>(of: ClientMakers<S>): void {
  for (const [name, make] of Object.entries<(session: S) => unknown>(of)) makers.set(name, make);
}

/**
 * The API of that name.
 *
 * @throws {SolveError} `BAD_ARGUMENT` if there is none
 */
export function makeClient<Name extends keyof SessionClients>(session: unknown, name: Name): SessionClients[Name] {
  const make = makers.get(name);
  if (make === undefined) {
    throw new SolveError('BAD_ARGUMENT', `client: '${name}' is none of ${[...makers.keys()].join(', ')}`);
  }
  return make(session as never) as SessionClients[Name];
}
