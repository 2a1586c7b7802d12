import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SolveError } from '../../src/errors.ts';
import { UploadUncertainError } from '../../src/session/faults.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import type { JsonRequest } from '../../src/session/request-spec.ts';
import type { NovaFault } from '../helpers/nova-server-faults.ts';
import { sessionOf, startNova, uploadOf } from './set-up.ts';

const FILE = randomBytes(3_000_000);

/** The server cannot have it: it is sent again. */
const NOT_RECEIVED: readonly (readonly [string, NovaFault])[] = [
  ['a reset in the middle of the body', { kind: 'reset', afterBytes: 100_000 }],
  ['a reset before the body', { kind: 'reset', afterBytes: 0 }],
  ['status 429', { kind: 'status', status: 429 }],
  ['status 503 that says when to come back', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
];

test.each(NOT_RECEIVED)('after %s an upload is sent again, and there is one submission', async (_name, fault) => {
  const nova = await startNova();
  nova.fail('upload', fault, 2);
  const reply = await new SessionRequest(sessionOf(nova.url), uploadOf(FILE)).send();
  expect(nova.uploads.map(({ subid }) => subid)).toEqual([reply.subid]);
  expect(FILE.equals(nova.uploads[0]!.bytes!)).toBe(true);
  expect(nova.count('upload')).toBe(3);
});

/** The server may have it, and in fact has: it is not sent again. */
const PERHAPS_RECEIVED: readonly (readonly [string, NovaFault])[] = [
  ['a reset after the body', { kind: 'reset-after-body' }],
  ['status 502 of a front end', { kind: 'lost-behind', status: 502 }],
  ['status 503 of a front end', { kind: 'lost-behind', status: 503 }],
  ['status 504 of a front end', { kind: 'lost-behind', status: 504 }],
  ['a reply cut short', { kind: 'cut', announced: true }],
  ['JSON cut in half', { kind: 'cut', announced: false }],
  ['an empty reply', { kind: 'instead', body: '' }],
];

test.each(PERHAPS_RECEIVED)('after %s an upload is not sent again, and what is known is told', async (_name, fault) => {
  const nova = await startNova();
  nova.fail('upload', fault, 9);
  const call = new SessionRequest(sessionOf(nova.url), uploadOf(FILE)).send();
  await expect(call).rejects.toBeInstanceOf(UploadUncertainError);
  const total = nova.requests.find(({ kind }) => kind === 'upload')!.bodyLength;
  await expect(call).rejects.toMatchObject({
    code: 'UPLOAD_UNCERTAIN',
    trace: { sentBytes: total, totalBytes: total },
    cause: expect.any(SolveError),
  });
  expect(nova.uploads).toHaveLength(1);
});

test.each([400, 413, 500])('status %i of an upload fails at once, and says so', async (status) => {
  const nova = await startNova();
  nova.fail('upload', { kind: 'status', status }, 9);
  const call = new SessionRequest(sessionOf(nova.url), uploadOf(FILE)).send();
  await expect(call).rejects.toMatchObject({ code: status === 500 ? 'SERVER_ERROR' : 'REQUEST_REFUSED', status });
  expect(nova.count('upload')).toBe(1);
});

test('a server that takes the body and says nothing leaves the upload uncertain, also at the time limit', async () => {
  const nova = await startNova();
  nova.fail('upload', { kind: 'stall', read: true }, 9);
  const session = sessionOf(nova.url, { stallTimeoutMs: 300 });
  const stalled = new SessionRequest(session, uploadOf(FILE)).send();
  await expect(stalled).rejects.toMatchObject({ code: 'UPLOAD_UNCERTAIN', cause: { reason: 'STALLED' } });
  const limited = new SessionRequest(session, uploadOf(FILE)).send({ timeoutMs: 200 });
  await expect(limited).rejects.toMatchObject({ code: 'UPLOAD_UNCERTAIN', cause: { code: 'TIME_LIMIT' } });
  expect(nova.count('upload')).toBe(2);
});

test('a server that does not take the body cannot have it', async () => {
  const nova = await startNova();
  nova.fail('upload', { kind: 'stall', read: false });
  const session = sessionOf(nova.url, { stallTimeoutMs: 300 });
  const large = Buffer.alloc(40_000_000);
  await new SessionRequest(session, uploadOf(large)).send();
  expect(nova.uploads).toHaveLength(1);
  expect(nova.count('upload')).toBe(2);
});

/** An upload whose body is a stream. */
function streamed(length: number, source: () => AsyncIterable<Uint8Array>): JsonRequest<{ subid: number }> {
  const { schema, ...rest } = uploadOf(Buffer.alloc(0));
  return { ...rest, schema, makeBody: () => ({ contentType: 'application/octet-stream', length, content: source() }) };
}

test('a body that has fewer or more bytes than announced is a fault of its own, and never sent again', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  for (const [announced, fact] of [
    [200_001, /was to have 200001 bytes, its source gave 200000/],
    [199_999, /was to have 199999 bytes, its source gave more/],
  ] as const) {
    const upload = streamed(announced, async function* source() {
      for (let i = 0; i < 4; i++) yield Buffer.alloc(50_000);
    });
    await expect(new SessionRequest(session, upload).send()).rejects.toMatchObject({
      code: 'FILE_CHANGED',
      message: expect.stringMatching(fact),
    });
  }
  await sleep(20);
  expect(nova.uploads).toHaveLength(0);
});

test('a source that fails is reported as it is, and every source is closed in the end', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  let closed = 0;
  const failing = streamed(1000, async function* source() {
    try {
      yield Buffer.alloc(500);
      throw new SolveError('FILE_UNREADABLE', 'a.fits: the disk is gone');
    } finally {
      closed++;
    }
  });
  await expect(new SessionRequest(session, failing).send()).rejects.toThrow('a.fits: the disk is gone');
  expect(closed).toBe(1);
  nova.fail('upload', { kind: 'status', status: 413, early: true });
  const refused = streamed(40_000_000, async function* source() {
    try {
      for (let i = 0; i < 400; i++) yield Buffer.alloc(100_000);
    } finally {
      closed++;
    }
  });
  await expect(new SessionRequest(session, refused).send()).rejects.toBeInstanceOf(SolveError);
  expect(closed).toBeGreaterThanOrEqual(2);
});

test('cancelling an upload stops it, closes its source and makes no submission', async () => {
  const nova = await startNova();
  const session = sessionOf(nova.url);
  const cancel = new AbortController();
  let closed = false;
  const endless = streamed(1e9, async function* source() {
    try {
      for (;;) {
        yield Buffer.alloc(10_000);
        await sleep(5);
      }
    } finally {
      closed = true;
    }
  });
  const seen: number[] = [];
  const call = new SessionRequest(session, endless).send({
    signal: cancel.signal,
    onProgress: (sent, total) => {
      expect(total).toBe(1e9);
      seen.push(sent);
      if (seen.length === 5) cancel.abort(new Error('enough'));
    },
  });
  await expect(call).rejects.toThrow('enough');
  await sleep(20);
  expect(closed).toBe(true);
  expect(seen.slice(0, 5)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000]);
  expect(nova.uploads).toHaveLength(0);
});

test('an upload has its length in the header, whatever the source', async () => {
  const nova = await startNova();
  await new SessionRequest(sessionOf(nova.url), uploadOf(FILE)).send();
  const { headers, bodyLength } = nova.requests.find(({ kind }) => kind === 'upload')!;
  expect(headers['content-length']).toBe(String(bodyLength));
  expect(headers['transfer-encoding']).toBeUndefined();
});
