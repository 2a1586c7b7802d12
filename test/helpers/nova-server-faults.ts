import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a server or a network can do to a request. */
export type NovaFault =
  /** The connection is reset after so many bytes of the body; 0: before any reply to the headers. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** All of the body is taken and acted upon; then the connection is reset. */
  | { readonly kind: 'reset-after-body' }
  /** Nothing is ever answered; `read`: the body is taken. */
  | { readonly kind: 'stall'; readonly read: boolean }
  /** Another status, at once or after the body was read, without doing the work. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
      readonly early?: boolean;
    }
  /** The work is done, and a front end answers with a status of its own. */
  | { readonly kind: 'lost-behind'; readonly status: number }
  /** The good reply, one byte at a time. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** The good reply, cut in half: with its full length announced, or as if that were all. */
  | { readonly kind: 'cut'; readonly announced: boolean }
  /** Something else with status 200. */
  | { readonly kind: 'instead'; readonly body: string; readonly contentType?: string };

/** Faults that come before the body is read. True if the request is dealt with. */
export async function applyEarly(
  fault: NovaFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  switch (fault.kind) {
    case 'reset': {
      let length = 0;
      if (fault.afterBytes > 0) {
        for await (const chunk of request.iterator({ destroyOnReturn: false })) {
          length += (chunk as Buffer).length;
          if (length >= fault.afterBytes) break;
        }
      }
      request.socket.resetAndDestroy();
      return true;
    }
    case 'stall':
      if (fault.read) request.resume();
      else request.pause();
      return true;
    case 'status':
      if (fault.early !== true) for await (const _ of request);
      response.writeHead(fault.status, { 'content-type': 'text/html', connection: 'close', ...fault.headers });
      response.end(fault.body ?? `<html><head><title>${fault.status} Fault</title></head></html>`);
      return true;
    default:
      return false;
  }
}

/** Faults of the reply, after the work was done. */
export function applyLate(fault: NovaFault, response: ServerResponse, body: Buffer): void {
  switch (fault.kind) {
    case 'lost-behind':
      response.writeHead(fault.status, { 'content-type': 'text/html' });
      response.end('<html><head><title>Bad Gateway</title></head></html>');
      return;
    case 'drip': {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
      let at = 0;
      const timer = setInterval(() => {
        if (at < body.length) response.write(body.subarray(at, ++at));
        else response.end();
      }, fault.everyMs);
      response.on('close', () => clearInterval(timer));
      return;
    }
    case 'cut': {
      const half = body.subarray(0, body.length >> 1);
      response.writeHead(200, { 'content-length': fault.announced ? body.length : half.length });
      if (fault.announced) response.write(half, () => setTimeout(() => response.destroy(), 20));
      else response.end(half);
      return;
    }
    case 'instead':
      response.writeHead(200, { 'content-type': fault.contentType ?? 'text/plain' });
      response.end(fault.body);
      return;
    default:
      throw new Error(`${fault.kind} is not a fault of the reply`);
  }
}
