import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secrets, maskKey } from '../../src/session/secrets.ts';
import { Session } from '../../src/session/session.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { NovaServer } from '../helpers/nova-server.ts';
import { MY_JOBS, sessionOf, uploadOf } from './set-up.ts';

/** A key as servers give them out, long enough not to be a part of other words. */
const KEY = fc.stringMatching(/^[A-Za-z0-9!$%&/:;<=>?@^_|~+.'"\\-]{10,40}$/);

/** All the ways in which a value gets into a log. */
function everyText(value: unknown): string {
  const texts = [String(value), JSON.stringify(value) ?? ''];
  for (const showHidden of [false, true]) texts.push(inspect(value, { depth: 20, showHidden, getters: true }));
  if (value instanceof Error) {
    texts.push(value.stack ?? '', JSON.stringify(value, Object.getOwnPropertyNames(value)));
    if (value.cause !== undefined) texts.push(everyText(value.cause));
  }
  return texts.join('\n');
}

/** The forms in which a key could stand in a text. */
function forms(key: string): string[] {
  return [key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1)];
}

test('no text that was cleaned holds the key in any form', () => {
  fc.assert(
    fc.property(KEY, fc.string(), fc.string(), (key, before, after) => {
      const secrets = new Secrets();
      secrets.add(key);
      for (const form of forms(key)) {
        const clean = secrets.clean(`${before}${form}${after}`);
        for (const each of forms(key)) expect(clean).not.toContain(each);
      }
    }),
  );
});

test('a text without a key stays as it is', () => {
  const secrets = new Secrets();
  secrets.add('key');
  secrets.add('');
  expect(secrets.clean('monkey at 12:30, key of the session')).toBe('monkey at 12:30, **** of the session');
  expect(secrets.clean('submission does not exist')).toBe('submission does not exist');
});

test('the copy of a foreign error keeps names, codes and causes, and leaves the rest behind', () => {
  const secrets = new Secrets();
  secrets.add('abcdefghij');
  const inner = Object.assign(new RangeError('connect abcdefghij'), {
    code: 'ECONNRESET',
    request: { body: 'abcdefghij' },
  });
  const copy = secrets.cause(new TypeError('fetch failed', { cause: inner }));
  expect(copy).toMatchObject({
    name: 'TypeError',
    message: 'fetch failed',
    cause: { name: 'RangeError', code: 'ECONNRESET' },
  });
  expect(everyText(copy)).not.toContain('abcdefghij');
  expect(secrets.cause('abcdefghij is no error').message).toBe('**** is no error');
  const ring = new Error('ring');
  ring.cause = ring;
  expect(secrets.cause(ring).message).toBe('ring');
});

test('a masked key shows four characters of a long one, and none of a short one', () => {
  expect(maskKey('novatestkeyabcde')).toBe('****bcde');
  expect(maskKey('short')).toBe('****');
});

test('a session shows neither key, however it is printed', () => {
  fc.assert(
    fc.property(KEY, (key) => {
      const session = new Session({ apiKey: key, server: 'https://example.org' });
      expect(session.apiKey).toBe(key);
      for (const form of forms(key)) expect(everyText(session)).not.toContain(form);
      expect(String(session)).toContain(session.maskedKey);
    }),
  );
});

test('no error shows a key, whatever a hostile or broken server says', async () => {
  const nova = await NovaServer.start();
  try {
    const echo = fc.constantFrom(
      (key: string) => ({
        body: JSON.stringify({ status: 'error', errormessage: `failed to parse JSON: "{"session": "${key}"}"` }),
      }),
      (key: string) => ({ body: JSON.stringify({ status: 'error', errormessage: `unexpected ${key} here` }) }),
      (key: string) => ({ body: `<html><title>TypeError ${key}</title></html>`, contentType: 'text/html' }),
      (key: string) => ({ body: `<title>${encodeURIComponent(key)}` }),
      (key: string) => ({ body: `{"${key}` }),
      (key: string) => ({ body: JSON.stringify({ [key]: key, jobs: key, subid: key }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        KEY,
        echo,
        fc.boolean(),
        fc.constantFrom(200, 302, 404, 500),
        async (apiKey, say, early, status) => {
          nova.recover();
          nova.keys.set(apiKey, 'ada@example.org');
          const session = sessionOf(nova.url, { apiKey, retries: 0 });
          if (!early) await session.login();
          for (const secret of [apiKey, session.key ?? apiKey]) {
            const { body, ...type } = say(secret);
            const location = `/ask?${encodeURIComponent(secret)}`;
            if (status === 200) nova.fail('any', { kind: 'instead', body, ...type });
            else nova.fail('any', { kind: 'status', status, body, headers: { location } });
            const spec = early ? MY_JOBS : uploadOf(Buffer.from('x'));
            const error: unknown = await new SessionRequest<unknown>(session, spec)
              .send()
              .catch((fault: unknown) => fault);
            expect(error).toBeInstanceOf(Error);
            for (const key of [apiKey, session.key ?? apiKey]) {
              for (const form of forms(key)) expect(everyText(error)).not.toContain(form);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  } finally {
    await nova.close();
  }
});
