import 'server-only';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { env } from '@/server/platform/env';

const HEADER = 'x-forwarded-for';

/** Addresses that say nothing about who asks: this machine, or a private network, where a proxy usually stands. */
const nobody = new BlockList();
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  nobody.addSubnet(network, bits, 'ipv4');
}
nobody.addAddress('::1', 'ipv6');
nobody.addSubnet('fc00::', 7, 'ipv6');
nobody.addSubnet('fe80::', 10, 'ipv6');

/**
 * Adds the address of the connection itself to the end of `X-Forwarded-For`, as a proxy would: Next only fills the header
 * when it is missing, so without this the last entry would be whatever the client wrote.
 */
export function appendPeerAddress(request: IncomingMessage): void {
  const claimed = request.headers[HEADER];
  request.headers[HEADER] = [claimed ?? [], request.socket.remoteAddress ?? 'unknown'].flat().join(', ');
}

/**
 * The network address a request comes from: the entry of `X-Forwarded-For` that the outermost of TRUSTED_PROXIES wrote, as
 * earlier ones are only claims. For IPv6 the /64 network, which one person has all of.
 * @returns null where it is unknown or says nothing about who asks.
 */
export function clientAddress(headers: Headers): string | null {
  const entries = (headers.get(HEADER) ?? '').split(',').map((entry) => entry.trim());
  const entry = (entries.at(-1 - env().TRUSTED_PROXIES) ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(entry);
  if (family === 0 || nobody.check(entry, family === 4 ? 'ipv4' : 'ipv6')) return null;
  return family === 4 ? entry : `${networkOf(entry)}::/64`;
}

/** The first four groups of an IPv6 address, written out. */
function networkOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
