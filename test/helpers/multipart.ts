/** One part of a multipart body. */
export interface Part {
  readonly name: string;
  /** Undefined: a field; otherwise a file, as Django tells them apart. */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
}

/** Takes a multipart body apart, as strictly as the real server does: CRLF, and nothing without the last boundary. */
export function parseMultipart(body: Buffer, contentType: string): Part[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return [];
  const parts: Part[] = [];
  let at = body.indexOf(`--${boundary}\r\n`);
  while (at >= 0) {
    const head = at + boundary.length + 4;
    const data = body.indexOf('\r\n\r\n', head);
    const end = body.indexOf(`\r\n--${boundary}`, data);
    if (data < 0 || end < 0) break;
    const headers = body.toString('utf8', head, data);
    parts.push({
      name: /[; ]name="([^"]*)"/.exec(headers)?.[1] ?? '',
      filename: /filename="((?:[^"\\]|\\.)*)"/.exec(headers)?.[1]?.replace(/\\(.)/g, '$1'),
      contentType: /content-type:\s*(\S+)/i.exec(headers)?.[1],
      bytes: body.subarray(data + 4, end),
    });
    at = end + 2;
    if (body.toString('latin1', at + boundary.length + 2, at + boundary.length + 4) === '--') break;
  }
  return parts;
}
