import 'server-only';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { newSecret } from '@/server/platform/ids';

/** Holds this process's secret on a request that came directly; nobody else can write it. */
const HEADER = 'x-plumbline-direct';

/** Headers by which a proxy, a tunnel or a content network says that it passed a request on. */
const PASSED_ON =
  /^(forwarded|via|cdn-loop|true-client-ip|x-forwarded(-.*)?|x-original-.*|x-real-ip|x-client-ip|x-cluster-client-ip|(cf|fly|fastly|tailscale|ngrok|x-amzn|x-amz-cf|x-arr|x-azure|x-envoy|x-appengine|x-vercel|x-proxy)-.*)$/;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** One secret a process, also across Next's bundles, which each have their own copy of this module. */
const holder = globalThis as typeof globalThis & { plumblineDirect?: string };

/**
 * Marks a request that a program on this machine sent to this process itself: the socket's peer is loopback and no header says
 * that it was passed on. Browsers speak HTTP/1.1, nginx as it is delivered 1.0 and without such headers. A mark that the client
 * wrote is removed.
 */
export function markDirectConnection(request: IncomingMessage): void {
  delete request.headers[HEADER];
  holder.plumblineDirect ??= newSecret();
  const passedOn = Object.keys(request.headers).some((name) => PASSED_ON.test(name));
  if (isLoopback(request.socket.remoteAddress) && !passedOn && request.httpVersion !== '1.0') {
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
