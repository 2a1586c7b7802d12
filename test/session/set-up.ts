import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Clock, SYSTEM_CLOCK } from '../../src/session/clock.ts';
import type { JsonRequest, OutgoingBody } from '../../src/session/request-spec.ts';
import { Session } from '../../src/session/session.ts';
import type { SessionOptions } from '../../src/session/session-options.ts';
import { NovaServer } from '../helpers/nova-server.ts';

export const API_KEY = 'novatestkeyabcde';

// Sessions that are made without a word about a cache, here or in a process that a test starts, have one of their own.
const cache = mkdtempSync(join(tmpdir(), 'session-cache-'));
process.env['XDG_CACHE_HOME'] = cache;
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** A server that lives as long as the test. */
export async function startNova(prefix?: string): Promise<NovaServer> {
  const nova = await NovaServer.start(prefix);
  onTestFinished(() => nova.close());
  return nova;
}

/** The platform's clock, but waits between attempts are written down and over at once. */
export function hastyClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    ...SYSTEM_CLOCK,
    slept,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
    },
  };
}

/** A session that waits for nothing that need not be. */
export function sessionOf(server: string, options: SessionOptions = {}): Session {
  return new Session({ apiKey: API_KEY, server, cache: false, clock: hastyClock(), maxPerSecond: 10_000, ...options });
}

/** A call that needs a session and may be repeated. */
export const MY_JOBS: JsonRequest<{ jobs: number[] }> = {
  path: '/api/myjobs/',
  json: {},
  session: true,
  schema: z.object({ jobs: z.array(z.number()) }),
};

/** A call that needs neither session nor arguments. */
export const JOB: JsonRequest<{ status: string }> = { path: '/api/jobs/19', schema: z.object({ status: z.string() }) };

/** An upload of a file, which must not be made twice. */
export function uploadOf(
  file: Uint8Array,
  onBody?: () => void,
): JsonRequest<{ subid: number; hash?: string | undefined }> {
  return {
    path: '/api/upload',
    json: { publicly_visible: 'n' },
    session: true,
    repeat: 'unless-received',
    makeBody: (requestJson): OutgoingBody => {
      onBody?.();
      const start =
        `--edge\r\nContent-Disposition: form-data; name="request-json"\r\n\r\n${requestJson}\r\n` +
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.fits"\r\n\r\n';
      const content = Buffer.concat([Buffer.from(start), file, Buffer.from('\r\n--edge--\r\n')]);
      return { contentType: 'multipart/form-data; boundary=edge', length: content.length, content };
    },
    schema: z.object({ subid: z.number(), hash: z.string().optional() }),
  };
}
