import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { HtmlReplyError, InvalidSessionError, LoginFailedError, ServerError } from '../../src/session/faults.ts';
import { LOGIN_REPLY } from '../../src/session/login-reply.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { type Exchange, recording, replay } from '../helpers/recordings.ts';
import { JOB, sessionOf } from './set-up.ts';

/** Every way to log in and every answer to it that was recorded. */
const LOGINS = ['login_ok', 'login_bad_key', 'malformed_json', 'missing_json', 'django-5.2/login_bad_key'].flatMap(
  (name) =>
    recording(name)
      .filter(({ path }) => path.startsWith('/api/login'))
      .map((exchange, i) => [name, i, exchange] as const),
);

async function server(...replies: readonly Exchange[]): Promise<string> {
  const { url, close } = await replay(...replies);
  onTestFinished(close);
  return url;
}

/** The message of a refusal; undefined for any other reply. */
function refusal({ body }: Exchange): string | undefined {
  return body.startsWith('{') ? (JSON.parse(body) as { errormessage?: string }).errormessage : undefined;
}

test.each(LOGINS)('%s %i: a recorded login ends as it should', async (_name, _i, exchange) => {
  const session = sessionOf(await server(exchange), { retries: 0 });
  const login = session.login();
  const message = refusal(exchange);
  if (exchange.status === 500) await expect(login).rejects.toMatchObject({ code: 'SERVER_ERROR', status: 500 });
  else if (message === undefined) {
    await login;
    const reply = LOGIN_REPLY.parse(JSON.parse(exchange.body));
    expect(session.key).toBe(reply.session);
    expect(`authenticated user: ${session.user}`).toBe(reply.message);
  } else if (message.includes('apikey"') && !message.startsWith('failed')) {
    await expect(login).rejects.toMatchObject({ code: 'LOGIN_FAILED', message: expect.stringContaining(message) });
  } else if (message === 'bad apikey') await expect(login).rejects.toBeInstanceOf(LoginFailedError);
  else await expect(login).rejects.toMatchObject({ code: 'REQUEST_REFUSED' });
});

const GOOD_LOGIN = recording('login_ok')[0]!;

describe.each(['session_errors', 'django-5.2/session_errors'])('%s', (name) => {
  const calls = recording(name)
    .filter(({ path, json }) => path.startsWith('/api/') && path !== '/api/login' && json !== undefined)
    .map((exchange, i) => [i, exchange.path, refusal(exchange) ?? `status ${exchange.status}`, exchange] as const);

  test.each(calls)('%i %s: %s', async (_i, path, _said, exchange) => {
    const url = await server(GOOD_LOGIN, exchange, GOOD_LOGIN, exchange);
    const session = sessionOf(url, { retries: 0 });
    const call = new SessionRequest(session, {
      path,
      json: {},
      session: true,
      schema: z.object({ status: z.literal('success') }),
      ...(path === '/api/submission_images' ? { expiredStatus: 500 } : {}),
    }).send();
    const message = refusal(exchange);
    if (message === undefined && exchange.status === 200) expect(await call).toEqual({ status: 'success' });
    else if (exchange.status === 500) await expect(call).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    else if (message === 'no "session" in JSON.') {
      await expect(call).rejects.toMatchObject({ code: 'REQUEST_REFUSED', message: expect.stringContaining(message) });
    } else {
      await expect(call).rejects.toBeInstanceOf(InvalidSessionError);
      const quoted = /"(\w{8,})"/.exec(message ?? '')?.[1];
      if (quoted !== undefined) await expect(call).rejects.not.toThrow(quoted);
    }
  });

  test('each form of a dead session is followed by one login and a good answer', async () => {
    const dead = calls
      .map(([, , , exchange]) => exchange)
      .filter((one) => /^no session|^user is not/.test(refusal(one) ?? ''));
    expect(dead.length).toBeGreaterThan(10);
    const good: Exchange = { ...GOOD_LOGIN, body: '{"status": "success"}' };
    for (const exchange of dead) {
      const session = sessionOf(await server(GOOD_LOGIN, exchange, GOOD_LOGIN, good), { retries: 0 });
      const schema = z.object({ status: z.literal('success') });
      const request = new SessionRequest(session, { path: exchange.path, json: {}, session: true, schema });
      expect(await request.send()).toEqual({ status: 'success' });
    }
  });
});

test('a product asked for without a Referer, and the page behind it, are known for what they are', async () => {
  let humanChecks = 0;
  for (const exchange of recording('missing_referer').filter(({ method }) => method === 'GET')) {
    const session = sessionOf(await server(exchange), { retries: 0 });
    const asJson = new SessionRequest(session, { ...JOB, path: exchange.path }).send();
    if (exchange.status === 302) {
      humanChecks++;
      await expect(asJson).rejects.toMatchObject({ code: 'HUMAN_CHECK', name: 'HtmlReplyError' });
    } else if (exchange.headers['content-type']?.startsWith('text/html') === true) {
      await expect(asJson).rejects.toBeInstanceOf(HtmlReplyError);
    } else await expect(asJson).rejects.toBeInstanceOf(ServerError);
  }
  expect(humanChecks).toBeGreaterThan(10);
});
