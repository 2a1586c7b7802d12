import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NovaFault, applyEarly, applyLate } from './nova-server-faults.ts';
import { parseMultipart } from './multipart.ts';

/** What a request is for. */
export type Kind =
  | 'login'
  | 'upload'
  | 'url_upload'
  | 'myjobs'
  | 'submission_images'
  | 'submission'
  | 'job'
  | 'product'
  | 'other';

/** A request as it came. */
export interface SeenRequest {
  readonly kind: Kind;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The text of request-json; undefined if there was none. */
  readonly json: string | undefined;
  /** Bytes of the body that came. */
  readonly bodyLength: number;
  readonly at: number;
}

/** A submission that was made by an upload. */
export interface SeenUpload {
  readonly subid: number;
  readonly options: Record<string, unknown>;
  readonly filename: string | undefined;
  readonly bytes: Buffer | undefined;
  readonly sha1: string | undefined;
}

/** A file that is served. */
export interface ServedFile {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  /** Without a Referer it is a redirect to the human check. */
  readonly needsReferer?: boolean;
  /** Default: yes. */
  readonly withLength?: boolean;
}

/** What a path under `/api/` answers, one after the other; the last one stays. */
export type Answers = readonly unknown[];

/** A server with the API of nova.astrometry.net, as the recordings in fixtures/nova show it. */
export class NovaServer {
  /** API keys that are good, and their users. */
  readonly keys = new Map([['novatestkeyabcde', 'novatest@example.org']]);
  /** Session keys: `live`; `expired` is known but not logged in any more. One that is gone was forgotten. */
  readonly sessions = new Map<string, 'live' | 'expired'>();
  readonly requests: SeenRequest[] = [];
  readonly uploads: SeenUpload[] = [];
  /** Scripted answers by path, without a slash at the end: `/api/jobs/19`. Text is sent as it is, the rest as JSON. */
  readonly answers = new Map<string, { list: Answers; next: number }>();
  /** Files by path: `/wcs_file/19`. */
  readonly files = new Map<string, ServedFile>();
  /** Called for each upload: says how the submission goes on. Default: one job that is solved at the third look. */
  onUpload: (upload: SeenUpload) => void = (upload) => this.solve(upload.subid, upload.subid);
  /** Most requests that were being answered at one time. */
  mostAtOnce = 0;
  /** Held before each reply, in ms. */
  latencyMs = 0;
  #inFlight = 0;
  readonly #faults: { kind: Kind | 'any'; fault: NovaFault; left: number }[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #prefix = '';
  #nextSubmission = 1;

  /** Starts it on a free port. */
  static async start(prefix = ''): Promise<NovaServer> {
    const nova = new NovaServer();
    nova.#prefix = prefix;
    nova.#server.keepAliveTimeout = 1000;
    await new Promise<void>((resolve) => nova.#server.listen(0, '127.0.0.1', resolve));
    return nova;
  }

  /** Address, with the path prefix. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#prefix}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  count(kind: Kind): number {
    return this.requests.filter((request) => request.kind === kind).length;
  }

  /** The next requests of a kind meet a fault. Several faults of a kind are met one after the other. */
  fail(kind: Kind | 'any', fault: NovaFault, times = 1): void {
    this.#faults.push({ kind, fault, left: times });
  }

  /** All is well again. */
  recover(): void {
    this.#faults.length = 0;
  }

  /** Two weeks have gone by: the rows are there, and nobody is logged in. */
  expireSessions(): void {
    for (const key of this.sessions.keys()) this.sessions.set(key, 'expired');
  }

  /** The operator cleans up: the rows are gone. */
  forgetSessions(): void {
    this.sessions.clear();
  }

  script(path: string, ...list: Answers): void {
    this.answers.set(path, { list, next: 0 });
  }

  /** A submission that becomes one job, as the recording `phases` shows it. */
  solve(subid: number, jobid: number, statuses: readonly string[] = ['processing', 'solving', 'success']): void {
    const [started, finished] = ['2026-11-20 23:31:29.738690', '2026-11-20 23:31:30.791217'];
    const known = { user_images: [subid], images: [subid] };
    const none = { user_images: [], images: [], job_calibrations: [] };
    this.script(
      `/api/submissions/${subid}`,
      { user: 1001, processing_started: 'None', processing_finished: 'None', ...none, jobs: [] },
      {
        user: 1001,
        processing_started: started,
        processing_finished: 'None',
        ...known,
        jobs: [null],
        job_calibrations: [],
      },
      {
        user: 1001,
        processing_started: started,
        processing_finished: finished,
        ...known,
        jobs: [jobid],
        job_calibrations: [],
      },
    );
    this.script(`/api/jobs/${jobid}`, ...statuses.map((status) => ({ status })));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://nova');
    const path = url.pathname.startsWith(this.#prefix)
      ? url.pathname.slice(this.#prefix.length)
      : `/outside${url.pathname}`;
    const kind = kindOf(path);
    const fault = this.#take(kind);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#inFlight);
    response.on('close', () => this.#inFlight--);
    request.on('error', () => {});
    response.on('error', () => {});
    const seen = (json: string | undefined, bodyLength: number): void => {
      const { method = '', headers } = request;
      this.requests.push({ kind, method, path, headers, json, bodyLength, at: performance.now() });
    };
    if (fault !== undefined && (await applyEarly(fault, request, response))) {
      seen(undefined, 0);
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const { json, file } = readForm(request, body);
    seen(json, body.length);
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    const lost = fault !== undefined && fault.kind === 'reset-after-body';
    const answer = this.#answer(kind, path, request, json, file);
    if (lost) request.socket.resetAndDestroy();
    else if (fault !== undefined) applyLate(fault, response, answer.body);
    else {
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    }
  }

  #take(kind: Kind): NovaFault | undefined {
    const entry = this.#faults.find((one) => one.left > 0 && (one.kind === 'any' || one.kind === kind));
    if (entry === undefined) return undefined;
    entry.left--;
    return entry.fault;
  }

  #answer(kind: Kind, path: string, request: IncomingMessage, json: string | undefined, file: FilePart): Answer {
    const file0 = this.files.get(path.replace(/\/$/, ''));
    if (file0 !== undefined) return serveFile(file0, path, request.headers.referer !== undefined);
    const scripted = this.answers.get(path.replace(/\/$/, ''));
    if (scripted !== undefined) {
      const answer = scripted.list[Math.min(scripted.next++, scripted.list.length - 1)];
      return typeof answer === 'string' ? page(200, answer) : api(answer);
    }
    switch (kind) {
      case 'login':
      case 'upload':
      case 'url_upload':
      case 'myjobs':
      case 'submission_images':
        return this.#call(kind, json, file);
      case 'submission':
      case 'job':
      case 'product':
        return page(404, '<html><title>Not Found</title></html>');
      case 'other':
        if (request.method === 'POST') return page(403, '<html><title>403 Forbidden</title>CSRF</html>');
        return page(200, '<!DOCTYPE html><html><title>Astrometry.net</title>home</html>');
    }
  }

  #call(kind: Kind, json: string | undefined, file: FilePart): Answer {
    if (json === undefined) return refusal('no json');
    let args: Record<string, unknown>;
    try {
      args = JSON.parse(json) as Record<string, unknown>;
    } catch {
      return refusal(`failed to parse JSON: "${json}"`);
    }
    if (kind === 'login') return this.#login(args);
    if (!('session' in args)) return refusal('no "session" in JSON.');
    const state = this.sessions.get(String(args['session']));
    if (state === undefined) return refusal(`no session with key "${String(args['session'])}"`);
    if (kind === 'submission_images') {
      if (state === 'expired') return page(500, '<html><title>UpdateError\n at /api/submission_images</title></html>');
      return api({ status: 'success', image_ids: [Number(args['subid'])] });
    }
    if (state === 'expired') return refusal('user is not authenticated.');
    if (kind === 'myjobs') return api({ jobs: this.uploads.map(({ subid }) => subid), status: 'success' });
    const { session: _, ...options } = args;
    const subid = this.#nextSubmission++;
    const list = Array.isArray(args['x']) && Array.isArray(args['y']);
    const bytes = list ? Buffer.from(JSON.stringify([args['x'], args['y']])) : file?.bytes;
    const sha1 = bytes === undefined ? undefined : createHash('sha1').update(bytes).digest('hex');
    const upload: SeenUpload = { subid, options, filename: file?.filename, bytes, sha1 };
    this.uploads.push(upload);
    this.onUpload(upload);
    return api({ status: 'success', subid, ...(sha1 === undefined ? {} : { hash: sha1 }) });
  }

  #login(args: Record<string, unknown>): Answer {
    const { apikey } = args;
    if (apikey === undefined || apikey === null) return refusal('need "apikey"');
    const user = typeof apikey === 'string' ? this.keys.get(apikey) : undefined;
    if (user === undefined) return refusal('bad apikey');
    const session = randomBytes(16).toString('hex');
    this.sessions.set(session, 'live');
    return api({ status: 'success', message: `authenticated user: ${user}`, session });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly body: Buffer;
}

type FilePart = { readonly filename: string; readonly bytes: Buffer } | undefined;

/** JSON goes out as text/plain, as the real server does it. */
function api(value: unknown): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, headers: { 'content-type': 'text/plain', 'content-length': body.length }, body };
}

function refusal(errormessage: string): Answer {
  return api({ status: 'error', errormessage });
}

function page(status: number, html: string): Answer {
  const body = Buffer.from(html);
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length };
  return { status, headers, body };
}

function serveFile(
  { contentType, bytes, needsReferer, withLength = true }: ServedFile,
  path: string,
  referred: boolean,
): Answer {
  if (needsReferer === true && !referred) {
    return {
      status: 302,
      headers: { location: `/ask_human?next=${path}`, 'content-length': 0 },
      body: Buffer.alloc(0),
    };
  }
  const headers = {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(withLength ? { 'content-length': bytes.length } : {}),
  };
  return { status: 200, headers, body: Buffer.from(bytes) };
}

/** Finds request-json, and the file beside it, as Django does: a part with a filename is a file and not a field. */
function readForm(request: IncomingMessage, body: Buffer): { json: string | undefined; file: FilePart } {
  const type = request.headers['content-type'] ?? '';
  // The development server and gunicorn do not take a chunked body.
  if (request.method !== 'POST' || request.headers['content-length'] === undefined)
    return { json: undefined, file: undefined };
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return { json: new URLSearchParams(body.toString()).get('request-json') ?? undefined, file: undefined };
  }
  const parts = parseMultipart(body, type);
  const json = parts.findLast(({ name, filename }) => name === 'request-json' && filename === undefined);
  const file = parts.findLast(({ name, filename }) => name === 'file' && filename);
  return {
    json: json?.bytes.toString(),
    file: file?.filename === undefined ? undefined : { filename: file.filename, bytes: file.bytes },
  };
}

function kindOf(path: string): Kind {
  const [, api, call = '', id] = /^\/(api)\/(\w+)(?:\/([^/]+))?/.exec(path) ?? [];
  if (api === undefined) return /^\/\w+\/\d+\/?$/.test(path) ? 'product' : 'other';
  switch (call) {
    case 'login':
    case 'upload':
    case 'url_upload':
    case 'myjobs':
    case 'submission_images':
      return call;
    case 'submissions':
      return 'submission';
    case 'jobs':
      return id !== undefined && /^\d+$/.test(id) ? 'job' : 'other';
    default:
      return 'other';
  }
}
