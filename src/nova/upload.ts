import { SolveError } from '../errors.ts';
import type { JsonRequest, SendOptions } from '../session/request-spec.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import { archiveContent } from './archive.ts';
import { type UploadForm, makeForm } from './form.ts';
import type { UploadSettings } from './settings.ts';
import { type PixelSources, encodeSources } from './source-fields.ts';
import { Submission } from './submission.ts';
import { type NamedBytes, type UploadContent, type UploadStream, contentOf, renamed } from './upload-content.ts';
import type { UploadReply } from './wire.ts';

/** A file of an archive: a path, a `file:` URL, bytes or a stream. */
export type UploadFile = string | URL | NamedBytes | UploadStream;

/**
 * What can be uploaded:
 * - text: the path of a file
 * - a URL: `http:` and `https:` are fetched by the server from its own network; `file:` is a path
 * - bytes, or a stream of known length
 * - a source list: the server gets positions and no image
 * - several files: sent as one archive, of which the server makes one job each
 */
export type UploadInput = UploadFile | Uint8Array | PixelSources | readonly UploadFile[];

/** How an upload is run. */
export interface UploadOptions extends SendOptions {
  /** What is asked of the server along with it. */
  readonly settings?: UploadSettings;
  /** What to call the file. Default: its own name. */
  readonly name?: string;
}

/** The upload arrived, and not as it was sent. */
export class UploadDamagedError extends SolveError {
  /** Always `UploadDamagedError`. */
  override readonly name: string = 'UploadDamagedError';
  /** What the server made of it nevertheless. */
  readonly submissionId: number;

  constructor(submissionId: number, message: string) {
    super('UPLOAD_DAMAGED', message);
    this.submissionId = submissionId;
  }
}

/**
 * Uploads an image or a source list. What the server says it got is compared with what was sent.
 *
 * @returns the submission that the server made of it
 * @throws {SolveError} `BAD_ARGUMENT` for settings that cannot be meant, before anything is sent; `FILE_CHANGED` if a
 *   file changes or vanishes on the way: then the server has nothing
 * @throws {UploadDamagedError} {@link UploadUncertainError}, and what every request throws
 */
export async function upload(session: Session, input: UploadInput, options: UploadOptions = {}): Promise<Submission> {
  const [{ encodeSettings }, { UPLOAD }] = await Promise.all([import('./settings.ts'), import('./wire.ts')]);
  const { settings, name, ...send } = options;
  const json = encodeSettings(settings);
  const what = classify(input, name);
  const spec: JsonRequest<UploadReply> = {
    path: what.kind === 'url' ? '/api/url_upload' : '/api/upload',
    json: what.kind === 'file' ? json : { ...json, ...what.json },
    session: true,
    repeat: 'unless-received',
    schema: UPLOAD,
  };
  if (what.kind === 'url') {
    const { submissionId } = await new SessionRequest(session, spec).send(send);
    return new Submission(session, submissionId, { sha1: undefined, files: [] });
  }
  const content = what.kind === 'file' ? what.content : undefined;
  let form: UploadForm | undefined;
  const reply = await new SessionRequest(session, {
    ...spec,
    // A stream that was read cannot be sent again: let the fault be told instead.
    ...(content?.repeatable === false ? { retries: 0 } : {}),
    makeBody: async (requestJson) => {
      form = await makeForm(requestJson, content);
      return form.body;
    },
  }).send(send);
  return arrived(session, reply, form?.sha1(), what);
}

type Classified =
  | { readonly kind: 'file'; readonly content: UploadContent; readonly files: readonly string[] }
  | { readonly kind: 'sources'; readonly json: Record<string, unknown>; readonly files: readonly string[] }
  | { readonly kind: 'url'; readonly json: Record<string, unknown> };

function classify(input: UploadInput, name: string | undefined): Classified {
  if (input instanceof URL && input.protocol !== 'file:') return { kind: 'url', json: { url: checkUrl(input) } };
  if (typeof input !== 'string' && 'x' in input) {
    return { kind: 'sources', json: encodeSources(input), files: [] };
  }
  if (Array.isArray(input)) {
    const archive = archiveContent((input as readonly UploadFile[]).map(contentOf));
    return { kind: 'file', content: name === undefined ? archive : renamed(archive, name), files: archive.members };
  }
  const file = input instanceof Uint8Array ? { bytes: input, name: name ?? 'image' } : (input as UploadFile);
  const content = contentOf(file);
  const named = name === undefined ? content : renamed(content, name);
  return { kind: 'file', content: named, files: [named.name] };
}

/** The server stores a URL unseen and finds out later; what it cannot mean is told at once. */
function checkUrl(url: URL): string {
  const { protocol, username, password } = url;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new SolveError('BAD_ARGUMENT', `${protocol} cannot be fetched by the server; http: and https: can`);
  }
  if (username !== '' || password !== '') {
    throw new SolveError('BAD_ARGUMENT', `${url.host}: the URL holds a password, which the server would show`);
  }
  return url.href;
}

/** Compares what the server got with what was sent: it says "success" even if it saw no file. */
function arrived(
  session: Session,
  { submissionId, sha1 }: UploadReply,
  sent: string | undefined,
  what: Exclude<Classified, { kind: 'url' }>,
): Submission {
  const noun = what.kind === 'file' ? what.content.name : 'source list';
  if (sha1 === undefined) {
    throw new UploadDamagedError(submissionId, `${noun}: the server saw no file in it (submission ${submissionId})`);
  }
  // Of a source list the server makes a table of its own: that it has a SHA-1 says that it was read.
  if (what.kind === 'file' && sha1 !== sent) {
    const fact = `the server got SHA-1 ${sha1}, ${sent ?? 'something else'} was sent (submission ${submissionId})`;
    throw new UploadDamagedError(submissionId, `${noun}: ${fact}`);
  }
  return new Submission(session, submissionId, { sha1, files: what.files });
}
