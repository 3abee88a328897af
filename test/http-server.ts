import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { frontDoor } from '@/server/api/http/front-door';

/** A real server on loopback, behind the product's front door. */
export interface HttpServer {
  url: string;
  close(): Promise<void>;
}

/** Serves what a route's handler answers, as Next.js would: `request.signal` ends with the connection, bodies stream. */
export async function serveHandler(handle: (request: Request) => Promise<Response>): Promise<HttpServer> {
  const server = createServer(
    frontDoor(async (incoming, outgoing) => {
      const closed = new AbortController();
      outgoing.on('close', () => closed.abort());
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const {
        status,
        headers: answered,
        body,
      } = await handle(
        new Request(`http://localhost${incoming.url}`, {
          method: incoming.method ?? 'GET',
          headers,
          signal: closed.signal,
          body: parts.length === 0 ? null : Buffer.concat(parts),
        }),
      );
      outgoing.writeHead(status, Object.fromEntries(answered));
      if (body === null) outgoing.end();
      else {
        const stream = Readable.from(body).on('error', () => outgoing.destroy());
        outgoing.on('close', () => stream.destroy());
        stream.pipe(outgoing);
      }
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
