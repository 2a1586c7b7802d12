import { expect, test } from 'vitest';
import { PUBLIC_SERVER, parseServer } from '../../src/session/server-address.ts';

test.each([
  ['https://nova.astrometry.net', 'https://nova.astrometry.net'],
  ['https://nova.astrometry.net/', 'https://nova.astrometry.net'],
  [' HTTPS://Nova.Astrometry.NET:443 ', 'https://nova.astrometry.net'],
  ['nova.astrometry.net', 'https://nova.astrometry.net'],
  ['localhost:8000', 'https://localhost:8000'],
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['https://example.org/solve/net//', 'https://example.org/solve/net'],
  ['http://[::1]:80/x', 'http://[::1]/x'],
])('%s is taken as %s', (given, server) => {
  expect(parseServer(given)).toBe(server);
  expect(parseServer(parseServer(given))).toBe(server);
});

test('the public site is the default, over https', () => {
  expect(parseServer(PUBLIC_SERVER)).toBe('https://nova.astrometry.net');
});

test.each([
  ['ftp://example.org', /ftp:\/\/ is neither/],
  ['file:///etc/passwd', /file:\/\/ is neither/],
  ['', /"" is not an address/],
  ['https://', /is not an address/],
  ['https://exa mple.org', /is not an address/],
  ['https://ada:hunter22@example.org', /example\.org holds a user name or password/],
  ['https://ada:hunter22@exa mple', /the given text is not an address/],
  ['https://example.org/?key=hunter22', /holds a query/],
  ['https://example.org/#hunter22', /holds a query or a fragment/],
])('%s is refused, and no secret in it is repeated', (given, message) => {
  expect(() => parseServer(given)).toThrow(
    expect.objectContaining({ code: 'BAD_ARGUMENT', message: expect.stringMatching(message) }),
  );
  expect(() => parseServer(given)).not.toThrow(/hunter22/);
});
