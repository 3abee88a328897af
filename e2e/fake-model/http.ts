/** What both halves of the fake provider need of HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

export function sendStatus(
  response: ServerResponse,
  { status, retryAfter }: { status: number; retryAfter?: string },
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  response.end(JSON.stringify({ error: { message: `fake ${status}`, code: status, status: 'FAKE' } }));
}
