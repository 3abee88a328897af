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

/** What holds for every request before Next.js sees it: its headers, who sent it, and how long it may be. */
export function frontDoor(handle: RequestListener): RequestListener {
  return (request, response) => {
    setSecurityHeaders(request, response);
    markDirectConnection(request);
    appendPeerAddress(request);
    limitBody(request, response, handle);
  };
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
  // Pages get theirs from `proxy.ts`; an answer of the API is never a page.
  if (path.startsWith('/api/'))
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
    if (nestsTooDeeply(parts)) refuse(response, 400, 'invalid_input', 'The body is nested too deeply.');
    else {
      for (const held of parts) push(held);
      handle(request, response);
    }
    return push(null);
  };
}

/** Counts brackets wherever they are, in text too: a body may be JSON, or a form with JSON in its fields. */
function nestsTooDeeply(parts: readonly Buffer[]): boolean {
  let open = 0;
  for (const part of parts) {
    for (const byte of part) {
      // [ and {, then ] and }.
      if (byte === 0x5b || byte === 0x7b) open += 1;
      else if (byte === 0x5d || byte === 0x7d) open -= 1;
      if (open > MAX_NESTING) return true;
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
