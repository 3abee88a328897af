import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, serveHandler } from '@/test/http-server';
import { closeTestDb, testDb } from '@/test/test-db';
import { handleAuth } from './auth-handler';
import { readSignInLink } from './read-sign-in-link';

const LINK = 'callback/email?callbackUrl=%2Fprojects&token=abc&email=ada%40example.test';

/** What is decided before next-auth sees a request; the journey through next-auth is in `e2e/sign-in.spec.ts`. */
describe('the routes of sign-in', () => {
  let server: HttpServer;
  beforeAll(async () => {
    await testDb();
    server = await serveHandler((request) => {
      const nextauth = new URL(request.url).pathname.replace('/api/auth/', '').split('/');
      return handleAuth(request, { params: Promise.resolve({ nextauth }) });
    });
  });
  afterAll(async () => {
    await server.close();
    await closeTestDb();
  });
  const send = (path: string, init: RequestInit) =>
    fetch(`${server.url}/api/auth/${path}`, { redirect: 'manual', ...init });

  it.each([
    ['GET', LINK],
    ['HEAD', LINK],
    // next-auth reads the first two parts of the path and lets any others be.
    ['GET', LINK.replace('?', '/x?')],
    ['GET', LINK.replace('?', '/x/y?')],
  ])('%s of a link leads to the page with the button: %s', async (method, path) => {
    const response = await send(path, { method });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`/sign-in/link?${LINK.split('?')[1]}`);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it.each<Record<string, string>>([
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
  ])('a POST that this site did not prove to have sent uses nothing up: %o', async (headers) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send(LINK, { method: 'POST', headers: { ...form, ...headers } })).status).toBe(403);
  });

  it('a body that is no form is a 400', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=b'])
      for (const path of ['signin/email', 'signout', 'callback/email', 'session', '_log'])
        expect([
          path,
          (await send(path, { method: 'POST', headers: { 'content-type': type }, body: '{"email":[[]]}' })).status,
        ]).toEqual([path, 400]);
  });

  it('a page is made of a complete link alone', () => {
    const token = 'a'.repeat(64);
    const email = 'ada@example.test';
    expect(readSignInLink({ token, email, callbackUrl: '/projects?a=1&b=2' })).toEqual({
      email,
      action: `/api/auth/callback/email?token=${token}&email=ada%40example.test&callbackUrl=%2Fprojects%3Fa%3D1%26b%3D2`,
    });
    for (const query of [{}, { token }, { email }, { token: 'short', email }, { token: [token, token], email }])
      expect(readSignInLink(query)).toBeNull();
  });
});
