import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../bench/sky.mjs';
import { downloadFile as fetchFile, type FileDownloadOptions } from '../../src/engines/file-download.ts';

const random = seededRandom(3);
const FILE = Buffer.from(Array.from({ length: 400_000 }, () => Math.floor(256 * random())));
const SHA = createHash('sha256').update(FILE).digest();

/** Without long pauses. */
const downloadFile = (from: string, to: string, options: FileDownloadOptions = {}) =>
  fetchFile(from, to, { pauseMs: 5, ...options });

/** How a server of one file behaves. */
interface Manner {
  /** Bytes that go out before the line is cut, per request; absent: all. */
  cut?: number;
  ranges?: boolean;
  etag?: string | undefined;
  headers?: Record<string, string>;
  status?: number;
  body?: Buffer;
}

let manner: Manner;
let asked: (string | undefined)[];
let server: Server;
let url: string;
let folder: string;
let path: string;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { cut, ranges = true, etag = '"one"', headers = {}, status, body = FILE } = manner;
  asked.push(request.headers.range);
  if (status !== undefined) return void response.writeHead(status).end('no');
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN);
  const part = ranges && !Number.isNaN(from) && request.headers['if-range'] === etag;
  const rest = part ? body.subarray(from) : body;
  response.writeHead(part ? 206 : 200, {
    'content-length': rest.length,
    ...(etag === '' ? {} : { etag }),
    ...(part ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    ...headers,
  });
  if (cut === undefined || cut >= rest.length) return void response.end(rest);
  response.write(rest.subarray(0, cut), () => setImmediate(() => response.destroy()));
}

beforeEach(async () => {
  manner = {};
  asked = [];
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.fits`;
  folder = mkdtempSync(join(tmpdir(), 'starfix-download-'));
  path = join(folder, 'x.fits');
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const left = (): boolean => [`${path}.part`, `${path}.part.json`].some((name) => existsSync(name));

test('a file is fetched whole, with progress, and nothing is left beside it', async () => {
  const seen: number[] = [];
  const onProgress = (received: number, total: number | undefined): void => {
    seen.push(received);
    expect(total).toBe(FILE.length);
  };
  expect(await downloadFile(url, path, { onProgress })).toEqual({ bytes: FILE.length, checksum: undefined });
  expect(readFileSync(path).equals(FILE)).toBe(true);
  expect(seen.at(-1)).toBe(FILE.length);
  expect(left()).toBe(false);
});

test('a line that is cut again and again is taken up where it broke', async () => {
  manner = { cut: 90_000 };
  await downloadFile(url, path, { sha256: SHA.toString('hex') });
  expect(readFileSync(path).equals(FILE)).toBe(true);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.slice(1).every((range) => /^bytes=[1-9]/.test(range ?? ''))).toBe(true);
});

test('another run goes on with what an earlier one has got', async () => {
  manner = { cut: 150_000 };
  const controller = new AbortController();
  const stop = new Error('enough');
  const first = downloadFile(url, path, {
    signal: controller.signal,
    onProgress: (received) => received >= 100_000 && controller.abort(stop),
  });
  await expect(first).rejects.toBe(stop);
  expect(existsSync(path)).toBe(false);
  expect(left()).toBe(true);
  manner = {};
  asked = [];
  await downloadFile(url, path);
  expect(readFileSync(path).equals(FILE)).toBe(true);
  expect(asked).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
  expect(left()).toBe(false);
});

test('bytes of an old version are not mixed with those of a new one', async () => {
  manner = { cut: 150_000 };
  const controller = new AbortController();
  const onProgress = (received: number): void => void (received >= 100_000 && controller.abort());
  await expect(downloadFile(url, path, { signal: controller.signal, onProgress })).rejects.toThrow();
  const body = Buffer.from(FILE.map((byte) => byte ^ 255));
  manner = { body, etag: '"two"' };
  await downloadFile(url, path);
  expect(readFileSync(path).equals(body)).toBe(true);
});

test('a server that cannot continue is asked for all of it', async () => {
  manner = { cut: 150_000, ranges: false };
  const running = downloadFile(url, path);
  await new Promise<void>((resolve) => {
    server.on('request', () => {
      if (asked.length < 2) return;
      manner = { ranges: false };
      resolve();
    });
  });
  await running;
  expect(readFileSync(path).equals(FILE)).toBe(true);
});

test.each([
  ['always cuts at the same place', { cut: 50_000, ranges: false }, 'DOWNLOAD_FAILED', /after \d+ of 400000 bytes/],
  ['is broken', { status: 503 }, 'DOWNLOAD_FAILED', /HTTP 503/],
  ['does not have it', { status: 404 }, 'NOT_ON_SERVER', /no such file/],
  ['forbids it', { status: 403 }, 'DOWNLOAD_FAILED', /HTTP 403/],
  ['sends a page', { headers: { 'content-type': 'text/html; charset=utf-8' } }, 'DOWNLOAD_FAILED', /a web page came/],
  [
    'tells another checksum',
    { headers: { 'repr-digest': `sha-256=:${createHash('sha256').update('x').digest('base64')}:` } },
    'DOWNLOAD_FAILED',
    /sha256 checksum/,
  ],
] as const)(
  'a server that %s gives an error with the address, and no file',
  async (_, how, code, message) => {
    manner = how;
    const running = downloadFile(url, path);
    await expect(running).rejects.toMatchObject({ code });
    await expect(running).rejects.toThrow(message);
    await expect(running).rejects.toThrow(url);
    expect(existsSync(path)).toBe(false);
  },
  30_000,
);

test.each([
  ['repr-digest', `sha-256=:${SHA.toString('base64')}:`, 'sha256'],
  ['digest', `SHA-256=${SHA.toString('base64')}`, 'sha256'],
  ['content-md5', createHash('md5').update(FILE).digest('base64'), 'md5'],
])('the checksum in %s is compared', async (name, value, checksum) => {
  manner = { headers: { [name]: value } };
  expect(await downloadFile(url, path)).toEqual({ bytes: FILE.length, checksum });
});

test('what is known to be wrong is not kept for the next run', async () => {
  await expect(downloadFile(url, path, { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  expect(left()).toBe(false);
  const fault = new Error('not an index');
  await expect(downloadFile(url, path, { check: () => Promise.reject(fault) })).rejects.toBe(fault);
  expect(existsSync(path)).toBe(false);
});

test('a file that is there stays as it is until the new one is whole', async () => {
  writeFileSync(path, 'old');
  manner = { status: 404 };
  await expect(downloadFile(url, path)).rejects.toThrow();
  expect(readFileSync(path, 'utf8')).toBe('old');
});

test('a line on which nothing comes is given up', async () => {
  server.removeAllListeners('request');
  server.on('request', (_request, response: ServerResponse) => {
    asked.push(undefined);
    response.writeHead(200, { 'content-length': 10 });
    response.write('12');
  });
  await expect(downloadFile(url, path, { stallMs: 100 })).rejects.toThrow(/nothing came for 0.1 s/);
  server.closeAllConnections();
}, 30_000);
