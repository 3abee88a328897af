import 'server-only';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { newSecret } from '@/server/platform/ids';

/** Holds this process's secret on a request that came directly; nobody else can write it. */
const HEADER = 'x-plumbline-direct';

/**
 * Headers that browsers, fetch and this application's pages send. Proxies, tunnels and content networks have too many names of
 * their own for "I passed this on" to list them: every other header counts as one.
 */
const FROM_BROWSER =
  /^(host|connection|keep-alive|user-agent|accept(-.*)?|access-control-request-.*|cookie|origin|referer|range|if-.*|content-(length|type)|transfer-encoding|expect|cache-control|pragma|authorization|upgrade|upgrade-insecure-requests|sec-.*|dnt|te|priority|purpose|x-moz|save-data|device-memory|downlink|ect|rtt|dpr|viewport-width|last-event-id|rsc|next-.*|x-nextjs-.*|x-organization|trpc-accept)$/;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** One secret a process, also across Next's bundles, which each have their own copy of this module. */
const holder = globalThis as typeof globalThis & { plumblineDirect?: string };

/**
 * Marks a request that a program on this machine sent to this process itself: the socket's peer is loopback and each header
 * is one that browsers send. Browsers speak HTTP/1.1, nginx as it is delivered 1.0 and without such headers. A mark that the client
 * wrote is removed.
 */
export function markDirectConnection(request: IncomingMessage): void {
  delete request.headers[HEADER];
  holder.plumblineDirect ??= newSecret();
  const fromBrowser = Object.keys(request.headers).every((name) => FROM_BROWSER.test(name));
  if (isLoopback(request.socket.remoteAddress) && fromBrowser && request.httpVersion !== '1.0') {
    request.headers[HEADER] = holder.plumblineDirect;
  }
}

/** Whether `markDirectConnection` marked the request that these headers are of. */
export function isDirectConnection(headers: Headers): boolean {
  const mark = Buffer.from(headers.get(HEADER) ?? '');
  const expected = Buffer.from(holder.plumblineDirect ?? '');
  return expected.length > 0 && mark.length === expected.length && timingSafeEqual(mark, expected);
}

function isLoopback(peer: string | undefined): boolean {
  const address = (peer ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
