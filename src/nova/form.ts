import { PassThrough, Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import type FormData from 'form-data';
import type { OutgoingBody } from '../session/request-spec.ts';
import type { UploadContent } from './upload-content.ts';

/** A form on its way, and the SHA-1 of its file once all of that was read. */
export interface UploadForm {
  readonly body: OutgoingBody;
  /** Lower-case hex; undefined while the file is not at its end, and if there is no file. */
  sha1(): string | undefined;
}

/**
 * Makes the multipart form of an upload as the server takes it: `request-json` without a filename, the file with one,
 * CRLF everywhere, and a length that is known before the first byte.
 *
 * @param content read as the form is; undefined: no file
 * @throws what measuring the content throws
 */
export async function makeForm(requestJson: string, content?: UploadContent): Promise<UploadForm> {
  const { default: Form } = await import('form-data');
  const form = new Form();
  form.append('request-json', requestJson);
  let sha1: string | undefined;
  let file: Readable | undefined;
  if (content !== undefined) {
    const length = await content.measure();
    const hash = createHash('sha1');
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of content.read()) {
        hash.update(piece);
        yield piece;
      }
      sha1 = hash.digest('hex');
    };
    file = Readable.from(hashed(), { objectMode: false, highWaterMark: 1 });
    form.append('file', file, {
      header: fileHeader(form.getBoundary(), content.name),
      knownLength: length,
    });
  }
  return {
    body: {
      contentType: `multipart/form-data; boundary=${form.getBoundary()}`,
      length: form.getLengthSync(),
      content: { [Symbol.asyncIterator]: () => pump(form, file)[Symbol.asyncIterator]() },
    },
    sha1: () => sha1,
  };
}

/** The library writes a quote as %22, which the server would keep so; a backslash before it is what Python understands. */
function fileHeader(boundary: string, name: string): string {
  const quoted = name.replaceAll('"', '\\"');
  return (
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n'
  );
}

/** The form is a stream of the old kind: it comes through a pipe, which also holds it back when nobody reads. */
function pump(form: FormData, file: Readable | undefined): PassThrough {
  const pipe = new PassThrough();
  form.on('error', (error: Error) => pipe.destroy(error));
  // The library lets go of the file when it is broken off, and does not close it.
  pipe.on('close', () => file?.destroy());
  form.pipe(pipe);
  return pipe;
}
