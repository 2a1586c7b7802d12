import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One recorded exchange. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** The text of request-json; undefined if there was none. */
  readonly json: string | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The reply. Of a long page, what the recording has kept of it. */
  readonly body: string;
}

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly request_body: null | {
    readonly 'request-json'?: string;
    readonly multipart?: readonly { readonly text?: string }[];
  };
  readonly status: number;
  readonly response_headers: readonly (readonly [string, string])[];
  readonly response_body: string | { readonly start?: string };
}

/** The exchanges of a scenario in fixtures/nova. */
export function recording(name: string): readonly Exchange[] {
  const text = readFileSync(new URL(`../../fixtures/nova/${name}.json`, import.meta.url), 'utf8');
  const { exchanges } = JSON.parse(text) as { exchanges: readonly Recorded[] };
  return exchanges.map(({ method, path, request_body, status, response_headers, response_body }) => ({
    method,
    path,
    json: request_body?.['request-json'] ?? request_body?.multipart?.find(({ text }) => text !== undefined)?.text,
    status,
    headers: Object.fromEntries(response_headers.map(([key, value]) => [key.toLowerCase(), value])),
    body: typeof response_body === 'string' ? response_body : (response_body.start ?? ''),
  }));
}

/** The names of all recordings, those in folders with the folder: a new file is replayed by being there. */
export function recordingNames(): readonly string[] {
  const folder = new URL('../../fixtures/nova/', import.meta.url);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length).replaceAll('\\', '/'))
    .toSorted();
}

/** Answers each request with the next of some recorded replies, whatever is asked; the last one stays. */
export async function replay(...replies: readonly Exchange[]): Promise<{ url: string; close: () => Promise<void> }> {
  let next = 0;
  const server = createServer((request, response) => {
    const { status, headers, body } = replies[Math.min(next++, replies.length - 1)]!;
    request.resume();
    const { location, ['content-type']: type } = headers;
    response.writeHead(status, { ...(type && { 'content-type': type }), ...(location && { location }) });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
