import 'server-only';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { servesHttps } from '@/server/platform/env';
import { appendPeerAddress } from './client-address';
import { markDirectConnection } from './direct-connection';

/** Bytes a request's body may have, whatever it is for. */
export const MAX_BODY_BYTES = 1_000_000;

/** A year, in seconds: how long a browser remembers that this site speaks https only. */
const HSTS_SECONDS = 31_536_000;

/** Brackets that may be open at once in a body. What reads JSON goes down level by level, and a full stack ends it. */
export const MAX_NESTING = 1000;

const [QUOTE, BACKSLASH] = Buffer.from('"\\\\');
const OPENING = new Set(Buffer.from('[{'));
const CLOSING = new Set(Buffer.from(']}'));

/** Bodies that are JSON from their first byte: of the API, and of actions without a form. */
const WHOLLY_JSON = /^(application\/json|text\/plain)\b/i;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What holds for every request before Next.js sees it: its headers, who sent it, and how long it may be. */
export function frontDoor(handle: RequestListener): RequestListener {
  return (request, response) => {
    setSecurityHeaders(request, response);
    if (!isTarget(request.url ?? '')) return refuse(response, 400, 'invalid_input', 'The address is not valid.');
    if (!METHODS.has(request.method ?? '')) return refuse(response, 405, 'invalid_input', 'This method is not known.');
    markDirectConnection(request);
    appendPeerAddress(request);
    limitBody(request, response, handle);
  };
}

/** A path of this site that can be read. Next.js fails over escapes that hold no UTF-8, and answers a whole URL with a redirect to it. */
function isTarget(url: string): boolean {
  const [path = ''] = url.split('?');
  try {
    return path.startsWith('/') && decodeURIComponent(path).length > 0;
  } catch {
    return false;
  }
}

function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  if (servesHttps()) {
    response.setHeader('Strict-Transport-Security', `max-age=${HSTS_SECONDS}; includeSubDomains`);
  }
  // Next.js says how long its own files keep. Everything else may hold what one person alone may see.
  if (!/^\/(_next\/|icon\.svg$)/.test(path)) response.setHeader('Cache-Control', 'private, no-store');
  // Pages get theirs from `proxy.ts`; what the API and Next.js itself answer is never a page of ours.
  if (/^\/(api|_next(?!\/static))\//.test(path))
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
}

/**
 * Refuses a body that is too long (413) or nested too deeply (400) before anything reads it. Every body is held back until all
 * of it is here, so that what reads it never sees a part.
 */
function limitBody(request: IncomingMessage, response: ServerResponse, handle: RequestListener): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > MAX_BODY_BYTES) return refuseLength(response);
  if (length === 0 && request.headers['transfer-encoding'] === undefined) return handle(request, response);
  const push = request.push.bind(request);
  const parts: Buffer[] = [];
  let size = 0;
  // Node's parser gives a request its body by `push`, and null for its end.
  request.push = (part: Buffer | null) => {
    if (part !== null) {
      size += part.length;
      if (size <= MAX_BODY_BYTES) parts.push(part);
      else if (!response.headersSent) {
        parts.length = 0;
        refuseLength(response);
      }
      return true;
    }
    request.push = push;
    if (response.headersSent) return push(null);
    if (nestsTooDeeply(parts, request.headers['content-type']))
      refuse(response, 400, 'invalid_input', 'The body is nested too deeply.');
    else {
      for (const held of parts) push(held);
      handle(request, response);
    }
    return push(null);
  };
}

/**
 * Counts brackets outside of quoted text. A body may also be a form with JSON in its fields, where an odd quote before a field
 * would turn inside and outside round: there both are counted, each for itself.
 */
function nestsTooDeeply(parts: readonly Buffer[], type = ''): boolean {
  const both = !WHOLLY_JSON.test(type);
  const open: [outside: number, inside: number] = [0, 0];
  let side: 0 | 1 = 0;
  let escaped = false;
  for (const part of parts) {
    for (const byte of part) {
      if (byte === QUOTE && !escaped) side = side === 0 ? 1 : 0;
      else if (OPENING.has(byte)) open[side] += 1;
      else if (CLOSING.has(byte)) open[side] = Math.max(0, open[side] - 1);
      if (open[side] > MAX_NESTING && (side === 0 || both)) return true;
      escaped = byte === BACKSLASH && !escaped;
    }
  }
  return false;
}

function refuseLength(response: ServerResponse): void {
  response.setHeader('connection', 'close');
  refuse(response, 413, 'body_too_large', `A request may have ${MAX_BODY_BYTES} bytes.`);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code, message } }));
}
