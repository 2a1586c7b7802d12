import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ZodType } from 'zod';
import { SolveError } from '../../src/errors.ts';
import * as wire from '../../src/nova/wire.ts';
import { LOGIN_REPLY } from '../../src/session/login-reply.ts';
import { SessionRequest } from '../../src/session/session-request.ts';
import { type Exchange, recording, recordingNames, replay } from '../helpers/recordings.ts';
import { sessionOf } from '../session/set-up.ts';

/** The schema of the answers on each path of the API. */
const SCHEMAS: readonly (readonly [RegExp, ZodType])[] = [
  [/^\/api\/(?:url_)?upload$/, wire.UPLOAD],
  [/^\/api\/submission_images$/, wire.SUBMISSION_IMAGES],
  [/^\/api\/submissions\/\d+$/, wire.SUBMISSION],
  [/^\/api\/jobs\/\d+$/, wire.JOB],
  [/^\/api\/jobs\/\d+\/calibration$/, wire.CALIBRATION],
  [/^\/api\/jobs\/\d+\/info$/, wire.INFO],
  [/^\/api\/jobs\/\d+\/(?:machine_)?tags$/, wire.TAGS],
  [/^\/api\/jobs\/\d+\/objects_in_field$/, wire.OBJECTS_IN_FIELD],
  [/^\/api\/jobs\/\d+\/annotations$/, wire.ANNOTATIONS],
  [/^\/api\/myjobs/, wire.MY_JOBS],
  [/^\/api\/jobs_by_tag$/, wire.JOBS_BY_TAG],
];

function pathOf({ path }: Exchange): string {
  return path.replace(/\?.*/, '').replace(/\/$/, '');
}

function schemaOf(exchange: Exchange): ZodType | undefined {
  return SCHEMAS.find(([pattern]) => pattern.test(pathOf(exchange)))?.[1];
}

/** The JSON of a good answer; undefined for pages, refusals and answers that were cut by the recording. */
function goodAnswer({ status, body, headers }: Exchange): unknown {
  if (status !== 200 || headers['content-type']?.startsWith('text/html') === true) return undefined;
  if (!body.startsWith('{')) return undefined;
  const answer = JSON.parse(body) as Record<string, unknown>;
  return answer['status'] === 'error' ? undefined : answer;
}

const NAMES = recordingNames();

test('there is something to replay', () => {
  expect(NAMES.length).toBeGreaterThan(80);
});

describe('every answer of the API that was recorded', () => {
  let compared = 0;
  afterAll(() => expect(compared).toBeGreaterThan(900));

  test.each(NAMES)('%s: is understood, and written again as it was', (name) => {
    for (const exchange of recording(name)) {
      const schema = schemaOf(exchange);
      const answer = goodAnswer(exchange);
      if (schema === undefined || answer === undefined) continue;
      compared++;
      const decoded = schema.safeParse(answer);
      expect(decoded.error?.message, `${exchange.path} ${exchange.body}`).toBeUndefined();
      expect(comparable(wire.encode(schema, decoded.data)), exchange.path).toEqual(comparable(answer));
    }
  });
});

/** What need not survive: words of an error, the zone of a time, the name of a status that means another one. */
function comparable(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => {
      if (key === 'error') return 'no calibration';
      if (key === 'status' && value === '?') return 'failure';
      // Microseconds are more than a Date holds; Django 5 writes the zone, which is UTC.
      if (key.startsWith('processing_') && typeof value === 'string') {
        return value
          .replace(/(\.\d{3})\d{3}/, '$1000')
          .replace('+00:00', '')
          .replace('.000000', '');
      }
      return value;
    }),
  );
}

describe('every refusal and every page that was recorded in place of an answer', () => {
  let met = 0;
  afterAll(() => expect(met).toBeGreaterThan(200));

  test.each(NAMES)('%s: ends in an error that says which', { timeout: 60_000 }, async (name) => {
    for (const exchange of recording(name)) {
      const schema = exchange.path === '/api/login' ? LOGIN_REPLY : schemaOf(exchange);
      if (schema === undefined || goodAnswer(exchange) !== undefined || exchange.method === 'HEAD') continue;
      const { url, close } = await replay(exchange);
      onTestFinished(close);
      const request = new SessionRequest(sessionOf(url, { retries: 0 }), { path: exchange.path, schema });
      const error = await request.send().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(error, `${exchange.method} ${exchange.path} ${exchange.status} ${exchange.body}`).toBeInstanceOf(
        SolveError,
      );
      met++;
      const { code } = error as SolveError;
      expect([exchange.path, exchange.status, exchange.body.slice(0, 200), code]).toEqual([
        exchange.path,
        exchange.status,
        exchange.body.slice(0, 200),
        expectedCode(exchange),
      ]);
      // A key that the server echoes stays out of the message.
      const key = /"(?:session|apikey)\\?": \\?"(\w{10,})/.exec(exchange.body)?.[1];
      if (key !== undefined) expect((error as SolveError).message).not.toContain(key);
    }
  });
});

/** What a client should make of a reply, as section 10 of the description of the API has it. */
function expectedCode({ status, body, headers, path }: Exchange): unknown {
  if (status === 200) {
    if (!body.startsWith('{'))
      return headers['content-type']?.startsWith('text/html') === true ? 'REPLY_HTML' : 'REPLY_INVALID';
    const message = (JSON.parse(body) as { errormessage?: string }).errormessage ?? '';
    if (path === '/api/login' && /^bad apikey|^need "apikey"/.test(message)) return 'LOGIN_FAILED';
    return /^no session with key|^user is not authenticated/.test(message) ? 'SESSION_INVALID' : 'REQUEST_REFUSED';
  }
  if (status === 404) return 'NOT_ON_SERVER';
  if (status < 500) return 'REQUEST_REFUSED';
  return status === 500 || status === 502 ? 'SERVER_ERROR' : expect.stringMatching(/^SERVER_(?:ERROR|BUSY)$/);
}
