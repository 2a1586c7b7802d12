import { SolveError } from '../errors.ts';

/** The public site. */
export const PUBLIC_SERVER = 'https://nova.astrometry.net';

/**
 * The address of a server in one form: scheme, host, port and path prefix, without a slash at the end.
 *
 * Without a scheme it is https; plain http only if the address says so.
 *
 * @throws {SolveError} `BAD_ARGUMENT`: no address, another scheme, or with a user, password, query or fragment
 */
export function parseServer(address: string | URL): string {
  const text = String(address).trim();
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  } catch {
    // A password may stand in front of an @, however broken the rest is.
    const shown = text.includes('@') ? 'the given text' : JSON.stringify(text.slice(0, 200));
    throw new SolveError('BAD_ARGUMENT', `server: ${shown} is not an address`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new SolveError('BAD_ARGUMENT', `server: ${url.protocol}// is neither https:// nor http://`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new SolveError('BAD_ARGUMENT', `server: the address of ${url.host} holds a user name or password`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new SolveError('BAD_ARGUMENT', `server: the address of ${url.host} holds a query or a fragment`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
