import { Readable } from 'node:stream';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { NetworkError, TimeLimitError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import type { OutgoingBody, StreamReply } from '../../src/session/request-spec.ts';
import type { NovaFault } from '../helpers/nova-server-faults.ts';
import { JOB, hastyClock, sessionOf, startNova, uploadOf } from './set-up.ts';

/** Faults that pass: the call is made again and succeeds. */
const PASSING: readonly (readonly [string, NovaFault])[] = [
  ['a reset before the reply', { kind: 'reset', afterBytes: 0 }],
  ['a reset after the work was done', { kind: 'reset-after-body' }],
  ['status 500', { kind: 'status', status: 500 }],
  ['status 502', { kind: 'status', status: 502 }],
  ['status 503', { kind: 'status', status: 503 }],
  ['status 504 behind a front end', { kind: 'lost-behind', status: 504 }],
  ['status 429', { kind: 'status', status: 429 }],
  ['a reply cut short', { kind: 'cut', announced: true }],
  ['JSON cut in half', { kind: 'cut', announced: false }],
  ['an empty reply', { kind: 'instead', body: '' }],
];

test.each(PASSING)('after %s, twice, the call is made again with growing waits', async (_name, fault) => {
  const nova = await startNova();
  nova.solve(19, 19);
  nova.fail('job', fault, 2);
  const clock = hastyClock();
  const { status } = await new SessionRequest(sessionOf(nova.url, { clock }), JOB).send();
  expect(status).toMatch(/processing|solving|success/);
  expect(nova.count('job')).toBe(3);
  const [first, second] = clock.slept;
  expect(first).toBeGreaterThanOrEqual(250);
  expect(first).toBeLessThanOrEqual(500);
  expect(second).toBeGreaterThanOrEqual(500);
  expect(second).toBeLessThanOrEqual(1000);
});

test.each(PASSING)('when %s stays, the call ends with that fault after six attempts', async (_name, fault) => {
  const nova = await startNova();
  nova.solve(19, 19);
  nova.fail('job', fault, 100);
  const call = new SessionRequest(sessionOf(nova.url), JOB).send();
  await expect(call).rejects.toMatchObject({
    code: expect.stringMatching(/NETWORK|SERVER_ERROR|SERVER_BUSY|REPLY_INVALID/),
  });
  await expect(call).rejects.toThrow(`GET ${nova.url}/api/jobs/19: `);
  expect(nova.count('job')).toBe(6);
});

test.each([
  [400, 'REQUEST_REFUSED'],
  [403, 'REQUEST_REFUSED'],
  [404, 'NOT_ON_SERVER'],
  [413, 'REQUEST_REFUSED'],
  [301, 'SERVER_REDIRECT'],
] as const)('status %i fails at once', async (status, code) => {
  const nova = await startNova();
  nova.fail('job', { kind: 'status', status, headers: { location: 'https://elsewhere.example/' } }, 9);
  const call = new SessionRequest(sessionOf(nova.url), JOB).send();
  await expect(call).rejects.toMatchObject({ code, status });
  expect(nova.count('job')).toBe(1);
});

test('a redirect of a login is refused, and the address it points to is named', async () => {
  const nova = await startNova();
  const location = 'https://elsewhere.example/api/login';
  nova.fail('login', { kind: 'status', status: 301, headers: { location } });
  await expect(sessionOf(nova.url).login()).rejects.toMatchObject({
    code: 'SERVER_REDIRECT',
    message: `POST ${nova.url}/api/login: HTTP 301, points to ${location}`,
  });
});

test('a redirect of an upload is refused, and it is not sent again', async () => {
  const nova = await startNova();
  nova.fail(
    'upload',
    { kind: 'status', status: 301, headers: { location: 'https://elsewhere.example/api/upload' } },
    9,
  );
  const spec = uploadOf(Buffer.alloc(100_000));
  const streamed = {
    ...spec,
    makeBody: async (json: string): Promise<OutgoingBody> => {
      const { content, ...rest } = await spec.makeBody!(json);
      return { ...rest, content: Readable.from([content]) };
    },
  };
  const call = new SessionRequest(sessionOf(nova.url), streamed).send();
  await expect(call).rejects.toMatchObject({ code: 'SERVER_REDIRECT' });
  expect(nova.count('upload')).toBe(1);
  expect(nova.uploads).toEqual([]);
});

describe('a reply that is something else', () => {
  test.each([
    ['a web page', '<!DOCTYPE html><title>Home\n page</title>', 'REPLY_HTML', /"Home page", came instead/],
    ['a sentence of type HTML', 'plot failed: x', 'REPLY_HTML', /a web page came instead/],
    ['the wrong shape', '{"state": 1}', 'REPLY_INVALID', /status: /],
    ['a list', '[]', 'REPLY_INVALID', /not the expected reply: reply: /],
    [
      'a refusal',
      '{"status": "error", "errormessage": "no such job"}',
      'REQUEST_REFUSED',
      /the server says: no such job/,
    ],
    ['a refusal without a word', '{"status": "error"}', 'REQUEST_REFUSED', /the server says: error/],
  ])('%s', async (name, body, code, message) => {
    const nova = await startNova();
    const contentType = name === 'a sentence of type HTML' ? 'text/html; charset=utf-8' : 'text/plain';
    nova.fail('job', { kind: 'instead', body, contentType }, 9);
    const call = new SessionRequest(sessionOf(nova.url), JOB).send();
    await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(nova.count('job')).toBe(1);
  });
});

test('a name that does not exist, and a port where nobody listens, are told apart', async () => {
  const unknown = sessionOf('http://no-such-host.invalid', { retries: 1 }).login();
  await expect(unknown).rejects.toMatchObject({
    code: 'NETWORK',
    reason: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
  });
  const gone = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const clock = hastyClock();
  const refused = sessionOf(`http://127.0.0.1:${port}`, { clock }).login();
  await expect(refused).rejects.toBeInstanceOf(NetworkError);
  await expect(refused).rejects.toMatchObject({
    message: `POST http://127.0.0.1:${port}/api/login: the connection was refused (ECONNREFUSED)`,
    reason: 'ECONNREFUSED',
  });
  expect(clock.slept).toHaveLength(5);
});

test('speaking TLS to a server that does not fails at once', async () => {
  const nova = await startNova();
  const clock = hastyClock();
  const call = sessionOf(nova.url.replace('http:', 'https:'), { clock }).login();
  await expect(call).rejects.toMatchObject({ code: 'NETWORK', reason: expect.stringMatching(/SSL|EPROTO/) });
  expect(clock.slept).toEqual([]);
});

test('a server that answers nothing is given up after the longest silence, and asked again', async () => {
  const nova = await startNova();
  nova.solve(19, 19);
  nova.fail('job', { kind: 'stall', read: true });
  const session = sessionOf(nova.url, { stallTimeoutMs: 100 });
  await new SessionRequest(session, JOB).send();
  expect(nova.count('job')).toBe(2);
  nova.fail('job', { kind: 'stall', read: true }, 2);
  await expect(new SessionRequest(session, { ...JOB, retries: 1 }).send()).rejects.toMatchObject({
    reason: 'STALLED',
    message: expect.stringContaining('nothing moved for 0.1 s'),
  });
});

test('a reply that drips and never stalls is given up too', async () => {
  const nova = await startNova();
  nova.solve(19, 19);
  nova.fail('job', { kind: 'drip', everyMs: 60 });
  const session = sessionOf(nova.url, { replyTimeoutMs: 200, stallTimeoutMs: 150, retries: 0 });
  await expect(new SessionRequest(session, JOB).send()).rejects.toMatchObject({ reason: 'SLOW' });
});

test('the time limit is for all attempts together, and names the last fault', async () => {
  const nova = await startNova();
  nova.fail('job', { kind: 'stall', read: true }, 100);
  const session = sessionOf(nova.url, { stallTimeoutMs: 60 });
  const call = new SessionRequest(session, JOB).send({ timeoutMs: 150 });
  await expect(call).rejects.toBeInstanceOf(TimeLimitError);
  await expect(call).rejects.toMatchObject({
    code: 'TIME_LIMIT',
    message: `GET ${nova.url}/api/jobs/19: not done after 0.15 s; last: nothing moved for 0.06 s`,
    cause: { reason: 'STALLED' },
  });
});

test('cancelling rejects with the reason, wherever the call is', async () => {
  const nova = await startNova();
  nova.fail('job', { kind: 'stall', read: true }, 100);
  const session = sessionOf(nova.url, { maxParallel: 1 });
  const signals = [new AbortController(), new AbortController(), new AbortController()];
  signals[2]!.abort('before it began');
  const calls = signals.map(({ signal }) => new SessionRequest(session, JOB).send({ signal }));
  const ends = Promise.all([
    expect(calls[0]).rejects.toBe('while it was answered'),
    expect(calls[1]).rejects.toBe('while it waited for its turn'),
    expect(calls[2]).rejects.toBe('before it began'),
  ]);
  await sleep(50);
  signals[1]!.abort('while it waited for its turn');
  signals[0]!.abort('while it was answered');
  await ends;
  expect(nova.count('job')).toBe(1);
  // The place is free again.
  nova.solve(19, 19);
  nova.recover();
  expect(await new SessionRequest(session, JOB).send()).toEqual({ status: 'processing' });
});

describe('a reply of bytes', () => {
  const bytes = Buffer.alloc(200_000, 'SIMPLE');
  const read = async ({ body }: StreamReply): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  test('is passed on with its type and length', async () => {
    const nova = await startNova();
    nova.files.set('/wcs_file/3', { contentType: 'Application/FITS; x=1', bytes, needsReferer: true });
    const request = new SessionRequest(sessionOf(nova.url), {
      path: '/wcs_file/3',
      consume: async (reply) => ({ ...reply, body: await read(reply) }),
    });
    expect(await request.send()).toEqual({
      status: 200,
      contentType: 'application/fits',
      length: 200_000,
      body: bytes,
    });
  });

  test('that breaks off is asked for again from its start', async () => {
    const nova = await startNova();
    nova.files.set('/wcs_file/3', { contentType: 'application/fits', bytes });
    nova.fail('product', { kind: 'cut', announced: true }, 2);
    const request = new SessionRequest(sessionOf(nova.url), { path: '/wcs_file/3', consume: read });
    expect(bytes.equals(await request.send())).toBe(true);
    expect(nova.count('product')).toBe(3);
  });

  test('whose reader gives up is not asked for again, and the place is free', async () => {
    const nova = await startNova();
    nova.files.set('/wcs_file/3', { contentType: 'application/fits', bytes });
    const session = sessionOf(nova.url, { maxParallel: 1 });
    const request = new SessionRequest(session, {
      path: '/wcs_file/3',
      async consume({ body }) {
        for await (const _ of body) throw new RangeError('disk full');
      },
    });
    await expect(request.send()).rejects.toThrow(new RangeError('disk full'));
    await expect(request.send()).rejects.toThrow(RangeError);
    expect(nova.count('product')).toBe(2);
  });

  test('that nobody reads in a hurry does not count as silence of the server', async () => {
    const nova = await startNova();
    nova.files.set('/wcs_file/3', { contentType: 'application/fits', bytes });
    const session = sessionOf(nova.url, { stallTimeoutMs: 60, retries: 0 });
    const request = new SessionRequest(session, {
      path: '/wcs_file/3',
      async consume({ body }) {
        let length = 0;
        for await (const piece of body) {
          if (length === 0) await sleep(150);
          length += piece.length;
        }
        return length;
      },
    });
    expect(await request.send()).toBe(200_000);
  });
});
