import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { resetEnv } from '@/server/platform/env';
import { isDirectConnection } from './direct-connection';
import { frontDoor, MAX_BODY_BYTES, MAX_NESTING } from './front-door';

let server: Server | undefined;
let handled = 0;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  for (const name of ['APP_URL', 'TRUSTED_PROXIES']) delete process.env[name];
  resetEnv();
});

/** A real server behind the front door. @returns its port */
async function serve(handle: RequestListener): Promise<number> {
  handled = 0;
  server = createServer(
    frontDoor((request, response) => {
      handled += 1;
      handle(request, response);
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const echo: RequestListener = (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part)).on('end', () => response.end(Buffer.concat(parts)));
};

const isDirect: RequestListener = ({ headers }, response) => {
  response.end(String(isDirectConnection(new Headers(headers as Record<string, string>))));
};

/** What a server answers to these bytes, until it closes the connection. */
async function exchange(port: number, head: string[], body: Iterable<Buffer | string> = []): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (text) => {
    answer += String(text);
  });
  // The server may close while the client still writes.
  socket.on('error', () => undefined);
  const next = (event: 'close' | 'drain') => new Promise((resolve) => socket.once(event, resolve));
  const closed = next('close');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  for (const part of body) {
    if (socket.destroyed) break;
    if (!socket.write(part)) await Promise.race([next('drain'), closed]);
  }
  await closed;
  return answer;
}

const post = (...headers: string[]) => ['POST /any HTTP/1.1', 'Host: localhost', 'Connection: close', ...headers];
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

describe('the body of a request', () => {
  it('is refused by its length before anything reads it', async () => {
    const port = await serve(echo);
    const answer = await exchange(port, post('Content-Length: 100000000'), ['x']);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('body_too_large');
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(handled).toBe(0);
  });

  it('is refused when it streams on and on, and costs no memory', async () => {
    const port = await serve(echo);
    const part = chunk('x'.repeat(65_536));
    function* hundredMegabytes() {
      for (let i = 0; i < 1600; i++) yield part;
    }
    const before = process.memoryUsage().arrayBuffers;
    const answer = await exchange(port, post('Transfer-Encoding: chunked'), hundredMegabytes());
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(handled).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  it.each([MAX_BODY_BYTES, MAX_BODY_BYTES + 1])('may have exactly the limit: %i bytes', async (size) => {
    const port = await serve(echo);
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x'.repeat(size) });
    expect(response.status).toBe(size > MAX_BODY_BYTES ? 413 : 200);
    if (response.ok) expect((await response.text()).length).toBe(size);
  });

  it('arrives whole and unchanged, with a length and without', async () => {
    const port = await serve(echo);
    const chunked = await exchange(port, post('Transfer-Encoding: chunked'), [
      chunk('first '),
      chunk('second'),
      '0\r\n\r\n',
    ]);
    expect(chunked).toMatch(/\r\n\r\nfirst second$/);
    expect(await exchange(port, post('Content-Length: 5'), ['he', 'llo'])).toMatch(/\r\n\r\nhello$/);
    expect(await exchange(port, post())).toMatch(/\r\n\r\n$/);
    expect(handled).toBe(3);
  });

  it('does not reach anyone when the client gives up half-way', async () => {
    const port = await serve(echo);
    const socket = connect(port, '127.0.0.1');
    socket.write(`${post('Transfer-Encoding: chunked').join('\r\n')}\r\n\r\n${chunk('half')}`);
    const [connection] = (await once(server as Server, 'connection')) as [
      { once(name: string, done: () => void): void },
    ];
    const closed = new Promise<void>((resolve) => connection.once('close', resolve));
    socket.destroy();
    await closed;
    expect(handled).toBe(0);
  });

  it.each([
    ['application/json', '['],
    ['application/json', '{"a":'],
    ['text/plain;charset=UTF-8', '['],
    ['multipart/form-data; boundary=b', '['],
    ['application/octet-stream', '[{'],
  ])('is refused with 400 when it is nested too deeply: %s %s', async (type, opening) => {
    const port = await serve(echo);
    const send = (depth: number) =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: opening.repeat(depth),
      });
    expect((await send(Math.floor(MAX_BODY_BYTES / opening.length))).status).toBe(400);
    expect((await send(MAX_NESTING + 1)).status).toBe(400);
    expect(handled).toBe(0);
    expect((await send(MAX_NESTING / opening.length)).status).toBe(200);
  });

  it.each([
    ['closing brackets in a text before it', (depth: number) => `{"a":"${']'.repeat(5000)}","b":${'['.repeat(depth)}`],
    ['one in a text at each level', (depth: number) => '["]",'.repeat(depth)],
    ['keys of texts with one', (depth: number) => '{"}\\"}":'.repeat(depth)],
    ['an odd quote in the field before', (depth: number) => `--b\r\n\r\n"\r\n--b\r\n\r\n${'["]",'.repeat(depth)}`],
    ['an odd quote with a backslash', (depth: number) => `--b\r\n\r\n\\"\\\r\n--b\r\n\r\n${'["]",'.repeat(depth)}`],
  ])('is refused for its depth whatever its texts hold: %s', async (_name, body) => {
    const port = await serve(echo);
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const send = (depth: number) => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: body(depth) });
    expect((await send(MAX_NESTING + 1)).status).toBe(400);
    expect((await send(MAX_NESTING / 2)).status).toBe(200);
  });

  it('may hold a long program, however many brackets it has', async () => {
    const port = await serve(echo);
    const text = JSON.stringify({ text: 'const a = [{ b: [] }];\nif (a) { say("[x"); }\n'.repeat(5000) });
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: text })).status).toBe(200);
  });
});

describe('a request line', () => {
  it.each([
    ['GET /projects/%ff', 400],
    ['GET /projects/%E0%A4%A', 400],
    ['GET /api/trpc/%', 400],
    ['GET http://127.0.0.1:9/x', 400],
    ['GET http://localhost/', 400],
    ['OPTIONS *', 400],
    ['TRACE /', 405],
    ['PROPFIND /', 405],
    ['GET /projects?q=%ff', 200],
    ['GET /projects/%C3%A9', 200],
  ])('%s is answered with %i', async (line, status) => {
    const port = await serve(echo);
    const answer = await exchange(port, [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close']);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(handled).toBe(status === 200 ? 1 : 0);
  });
});

describe('a connection', () => {
  const direct = async (port: number, ...headers: string[]) =>
    (await exchange(port, ['GET / HTTP/1.1', 'Host: localhost', 'Connection: close', ...headers])).endsWith('true');

  it('is direct from this machine', async () => {
    const port = await serve(isDirect);
    expect(await direct(port)).toBe(true);
    const browser = [
      'User-Agent: Mozilla',
      'Accept: text/html',
      'Accept-Language: en',
      'Cookie: a=b',
      'Sec-Fetch-Mode: navigate',
      'Upgrade-Insecure-Requests: 1',
      'Next-Router-State-Tree: x',
      'RSC: 1',
    ];
    expect(await direct(port, ...browser)).toBe(true);
  });

  it.each([
    'Forwarded: for=203.0.113.7',
    'X-Forwarded-For: 203.0.113.7',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-For:',
    'X-Forwarded-Host: localhost',
    'x-forwarded-proto: https',
    'X-FORWARDED-PORT: 443',
    'Via: 1.1 proxy',
    'X-Real-IP: 203.0.113.7',
    'CF-Connecting-IP: 203.0.113.7',
    'CF-Ray: 1',
    'CDN-Loop: cloudflare',
    'True-Client-IP: 203.0.113.7',
    'Fly-Client-IP: 203.0.113.7',
    'X-Original-URL: /',
    'X-Scheme: https',
    'Remote-Addr: 203.0.113.7',
    'X-Remote-IP: 203.0.113.7',
    'WL-Proxy-Client-IP: 203.0.113.7',
    'DO-Connecting-IP: 203.0.113.7',
    'X-Varnish: 1',
    'X-Some-New-Tunnel: 1',
  ])('is not direct with the header %s', async (header) => {
    expect(await direct(await serve(isDirect), header)).toBe(false);
  });

  it('is not direct over HTTP/1.0, which nginx speaks without such headers', async () => {
    const port = await serve(isDirect);
    expect(await exchange(port, ['GET / HTTP/1.0', 'Host: localhost'])).toMatch(/false$/);
  });

  it('cannot claim it: the mark is the server’s secret', async () => {
    const port = await serve((request, response) => {
      response.end(`${request.headers['x-plumbline-direct']} ${request.headersDistinct['x-plumbline-direct']?.length}`);
    });
    const answer = await exchange(port, ['GET / HTTP/1.1', 'Host: localhost', 'Connection: close']);
    const [, mark = ''] = /\r\n\r\n(\S+) /.exec(answer) ?? [];
    expect(mark.length).toBeGreaterThan(40);
    // Even the right mark does not help a request that a proxy passed on.
    const port2 = await serve(isDirect);
    for (const claim of [mark, 'true', ''])
      expect(await direct(port2, 'Via: 1.1 x', `X-Plumbline-Direct: ${claim}`)).toBe(false);
  });

  it('is not direct where the front door did not look', () => {
    expect(isDirectConnection(new Headers({ 'x-plumbline-direct': '' }))).toBe(false);
    expect(isDirectConnection(new Headers())).toBe(false);
  });
});

describe('the headers of an answer', () => {
  const headersOf = async (path: string) => {
    const port = await serve(echo);
    return (await fetch(`http://127.0.0.1:${port}${path}`)).headers;
  };

  it('say on every route what browsers may do with it', async () => {
    for (const path of ['/', '/projects', '/api/trpc/x', '/_next/static/x.js']) {
      const headers = Object.fromEntries(await headersOf(path));
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(headers).not.toHaveProperty('strict-transport-security');
    }
  });

  it('keep private answers out of caches', async () => {
    for (const path of ['/', '/projects/1', '/api/trpc/credits.balance', '/api/health', '/icon.svg/x'])
      expect([path, (await headersOf(path)).get('cache-control')]).toEqual([path, 'private, no-store']);
    for (const path of ['/_next/static/x.js', '/icon.svg'])
      expect((await headersOf(path)).get('cache-control')).toBeNull();
  });

  it('let nothing of the API and of Next.js itself run as a page', async () => {
    for (const path of ['/api/x', '/_next/no-page', '/_next/image?url=x'])
      expect((await headersOf(path)).get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    for (const path of ['/projects', '/_next/static/x.js'])
      expect((await headersOf(path)).get('content-security-policy')).toBeNull();
  });

  it('demand https where the address is https, refusals included', async () => {
    process.env.APP_URL = 'https://plumbline.example';
    resetEnv();
    expect((await headersOf('/')).get('strict-transport-security')).toMatch(/^max-age=\d{8,}/);
    const port = await serve(echo);
    const refused = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '['.repeat(5000) });
    expect([refused.status, refused.headers.get('strict-transport-security')]).toEqual([400, expect.any(String)]);
    process.env.APP_URL = 'http://plumbline.example';
    resetEnv();
    expect((await headersOf('/')).get('strict-transport-security')).toBeNull();
  });
});
