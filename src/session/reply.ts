import type { ZodType } from 'zod';
import { HtmlReplyError, LoginFailedError, ServerError } from './faults.ts';
import { retryAfterMs } from './retry.ts';
import type { Clock } from './clock.ts';
import type { Secrets } from './secrets.ts';
import { AttemptFailure, type RawReply } from './transport.ts';

/** The longest JSON reply that is taken; a list of all jobs of a busy user has less than one. */
const LONGEST_JSON = 64 * 1024 * 1024;

/** A page is only read as far as its title. */
const LONGEST_PAGE = 64 * 1024;

/** What is quoted of a server's own words. */
const LONGEST_QUOTE = 300;

/** The server does not know the session that came with the request. Never leaves this room. */
export class SessionRefused extends Error {
  override readonly name: string = 'SessionRefused';
  /** The key that was refused. */
  key: string | undefined;
}

/** What judging a reply needs to know. */
export interface ReplyContext {
  /** What the messages say first. */
  readonly where: string;
  /** Was it a login? Then a refusal is about the key. */
  readonly login: boolean;
  /** This status may mean that the session has expired. */
  readonly expiredStatus: number | undefined;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

/**
 * Lets replies of status 2xx pass.
 *
 * @throws {AttemptFailure} with {@link ServerError} or {@link HtmlReplyError}; {@link SessionRefused}
 */
export async function checkStatus(reply: RawReply, context: ReplyContext): Promise<void> {
  const { status, headers } = reply;
  if (status >= 200 && status < 300) return;
  const { where } = context;
  if (status === context.expiredStatus) throw new SessionRefused();
  if (status >= 300 && status < 400) throw new AttemptFailure(redirectFault(status, headers, context), false);
  const text = await readText(reply, LONGEST_PAGE);
  const title = context.secrets.clean(titleOf(text)).slice(0, LONGEST_QUOTE);
  const shown = `${where}: HTTP ${status}${title === '' ? '' : ` (${title})`}`;
  if (status === 404) throw new AttemptFailure(new ServerError('NOT_ON_SERVER', shown, status), false);
  const afterMs = retryAfterMs(headers, context.clock);
  if (status === 429) {
    const wait = afterMs === undefined ? '' : `, wait ${Math.ceil(afterMs / 1000)} s`;
    throw new AttemptFailure(new ServerError('SERVER_BUSY', `${shown}${wait}`, status), true, afterMs);
  }
  if (status < 500) throw new AttemptFailure(new ServerError('REQUEST_REFUSED', shown, status), false);
  throw new AttemptFailure(new ServerError('SERVER_ERROR', shown, status), true, afterMs);
}

/**
 * The JSON of a reply, checked. Its content type says nothing: the API sends JSON as text/plain.
 *
 * @throws {AttemptFailure} with {@link ServerError} (`REPLY_INVALID`, `REQUEST_REFUSED`), {@link HtmlReplyError} or
 *   {@link LoginFailedError}; {@link SessionRefused}
 */
export async function readJson<T>(reply: RawReply, schema: ZodType<T>, context: ReplyContext): Promise<T> {
  const { where, secrets } = context;
  const { status } = reply;
  const text = (await readText(reply, LONGEST_JSON)).trim();
  const invalid = (fact: string, again: boolean): AttemptFailure =>
    new AttemptFailure(new ServerError('REPLY_INVALID', `${where}: ${fact}`, status), again);
  if (text.startsWith('<') || /^text\/html\b/i.test(reply.headers.get('content-type') ?? '')) {
    const title = secrets.clean(titleOf(text)).slice(0, LONGEST_QUOTE);
    const shown = title === '' ? 'a web page' : `a web page, "${title}",`;
    throw new AttemptFailure(
      new HtmlReplyError('REPLY_HTML', `${where}: ${shown} came instead of JSON`, status, title),
      false,
    );
  }
  if (text === '') throw invalid('the reply is empty', true);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the reply, and with it, maybe, a key.
    throw invalid(`the reply is not JSON, or was cut short (${text.length} characters)`, true);
  }
  const refusal = refusalOf(value);
  if (refusal !== undefined) throw refused(refusal, status, context);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.') || 'reply'}: ${message}`);
  throw invalid(secrets.clean(`not the expected reply: ${issues.join('; ')}`), false);
}

/** The refusals of the API come with status 200 and say so in JSON. */
function refusalOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { status, errormessage } = value as { status?: unknown; errormessage?: unknown };
  if (status !== 'error') return undefined;
  return typeof errormessage === 'string' ? errormessage : '';
}

function refused(message: string, status: number, { where, login, secrets }: ReplyContext): Error {
  if (message.startsWith('no session with key') || message === 'user is not authenticated.')
    return new SessionRefused();
  const shown = secrets.clean(message).slice(0, LONGEST_QUOTE);
  if (login && (message === 'bad apikey' || message === 'need "apikey"')) {
    return new AttemptFailure(new LoginFailedError(`${where}: the server refused the API key: ${shown}`), false);
  }
  return new AttemptFailure(
    new ServerError('REQUEST_REFUSED', `${where}: the server says: ${shown || 'error'}`, status),
    false,
  );
}

function redirectFault(status: number, headers: Headers, { where, secrets }: ReplyContext): Error {
  const location = secrets.clean(headers.get('location') ?? '').slice(0, LONGEST_QUOTE);
  if (/(?:^|\/)ask_human\b/.test(location)) {
    return new HtmlReplyError('HUMAN_CHECK', `${where}: the server asks whether we are human`, status, '');
  }
  const target = location === '' ? 'nowhere' : location;
  return new ServerError('SERVER_REDIRECT', `${where}: HTTP ${status}, points to ${target}`, status);
}

/** Reads up to `limit` bytes of text; what is beyond is not waited for. */
async function readText(reply: RawReply, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const piece of reply.body) {
    text += decoder.decode(piece, { stream: true });
    length += piece.length;
    if (length >= limit) break;
  }
  return text + decoder.decode();
}

function titleOf(page: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(page)?.[1] ?? '';
  return title.replace(/\s+/g, ' ').trim();
}
