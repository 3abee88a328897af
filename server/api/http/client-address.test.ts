import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { resetEnv } from '@/server/platform/env';
import { appendPeerAddress, clientAddress } from './client-address';

const from = (forwarded: string) => clientAddress(new Headers({ 'x-forwarded-for': forwarded }));

describe('the address a request comes from', () => {
  afterEach(() => {
    delete process.env.TRUSTED_PROXIES;
    resetEnv();
  });

  it('is the last entry, which the connection itself wrote: earlier ones are claims', () => {
    expect(from('203.0.113.7')).toBe('203.0.113.7');
    expect(from('198.51.100.1, 198.51.100.2, 203.0.113.7')).toBe('203.0.113.7');
    expect(from('::ffff:203.0.113.7')).toBe('203.0.113.7');
  });

  it('is the entry that the outermost trusted proxy wrote', () => {
    process.env.TRUSTED_PROXIES = '1';
    resetEnv();
    expect(from('198.51.100.1, 203.0.113.7, 10.0.0.2')).toBe('203.0.113.7');
    expect(from('203.0.113.7')).toBeNull();
  });

  it('is one network for all addresses of an IPv6 /64', () => {
    expect(from('2001:db8:0:1::5')).toBe('2001:db8:0:1::/64');
    expect(from('2001:0DB8::1:1:2:3:4')).toBe('2001:db8:0:1::/64');
    expect(from('2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe('2001:db8:0:1::/64');
    expect(from('2001:db8:0:2::5')).not.toBe('2001:db8:0:1::/64');
  });

  it.each([
    '',
    'unknown',
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '192.168.0.9',
    '172.20.0.1',
    'fd00::1',
    'fe80::1',
    'x, 999.1.1.1',
  ])('is unknown, or nobody in particular, for %j', (forwarded) => {
    expect(from(forwarded)).toBeNull();
  });

  it('cannot be chosen by the client over a real connection', async () => {
    const server = createServer((request, response) => {
      appendPeerAddress(request);
      response.end(String(request.headers['x-forwarded-for']));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${port}`, { headers })).text();
    expect(await ask({ 'x-forwarded-for': '203.0.113.7' })).toBe('203.0.113.7, 127.0.0.1');
    expect(await ask({})).toBe('127.0.0.1');
    server.close();
  });
});
