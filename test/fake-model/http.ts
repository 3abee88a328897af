/** What both halves of the fake provider need of HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

export interface StatusFault {
  status: number;
  retryAfter?: string;
  /** Google's own code for what is wrong. */
  reason?: string;
}

export function sendStatus(response: ServerResponse, { status, retryAfter, reason }: StatusFault): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  });
  const details =
    reason === undefined ? {} : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }] };
  response.end(JSON.stringify({ error: { message: `fake ${status}`, code: status, status: 'FAKE', ...details } }));
}
