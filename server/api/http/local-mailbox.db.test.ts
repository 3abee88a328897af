import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sendSignInMail } from '@/server/auth/sign-in-mail';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { type HttpServer, serveHandler } from '@/test/http-server';
import { closeTestDb, testDb } from '@/test/test-db';
import { handleAuth } from './auth-handler';
import { localMailbox } from './local-mailbox';
import { signInWays } from './sign-in-ways';

const LINK = 'http://localhost:3000/sign-in/link?callbackUrl=%2Fprojects&token=abc&email=ada%40example.test';
const SMTP = 'smtp://127.0.0.1:2525';

type Letters = Awaited<ReturnType<typeof localMailbox>>;

describe('the local mailbox', () => {
  let database: Database;
  let server: HttpServer;
  /** The letters that a real request from this machine is shown. */
  const mailbox = (headers: Record<string, string> = {}) =>
    new Promise<Letters>((resolve, reject) => {
      request(server.url, { headers: { host: 'localhost:3000', ...headers } }, (response) => {
        let text = '';
        response.on('data', (part) => {
          text += String(part);
        });
        response.on('end', () => resolve(JSON.parse(text) as Letters));
      })
        .on('error', reject)
        .end();
    });
  const before = { ...process.env };
  const set = (variables: Record<string, string>) => {
    Object.assign(process.env, variables);
    resetEnv();
  };
  beforeAll(async () => {
    database = await testDb();
    server = await serveHandler(async ({ headers }) => Response.json(await localMailbox(headers)));
    await sendSignInMail('ada@example.test', LINK);
  });
  afterEach(() => {
    setClockOffset(0);
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    set(before as Record<string, string>);
  });
  afterAll(async () => {
    await server.close();
    await closeTestDb();
  });

  it.each<[boolean, Record<string, string>]>([
    [true, {}],
    [true, { HOST: 'localhost' }],
    [true, { HOST: '::1' }],
    [true, { HOST: '0.0.0.0', LOCAL_SIGN_IN: 'true' }],
    [false, { HOST: '0.0.0.0' }],
    [false, { HOST: '192.168.1.5' }],
    [false, { LOCAL_SIGN_IN: 'false' }],
    [false, { SMTP_URL: SMTP }],
    // Letters of an earlier time without a mail server must not come to light either.
    [false, { SMTP_URL: SMTP, LOCAL_SIGN_IN: 'true' }],
    [false, { APP_URL: 'https://plumbline.example' }],
  ])('exists: %s with %o, on the sign-in page too', async (exists, variables) => {
    set(variables);
    const letters = await mailbox();
    expect(letters === null ? null : letters.map(({ to, link }) => [to, link])).toEqual(
      exists ? [['ada@example.test', LINK]] : null,
    );
    expect(signInWays().local).toBe(exists);
  });

  it.each<[number, string, Record<string, string>]>([
    [1, 'localhost:3000', {}],
    [1, '127.0.0.1:40123', {}],
    [1, '[::1]:3000', {}],
    [1, 'LOCALHOST', {}],
    [1, 'plumbline.example', { APP_URL: 'https://plumbline.example', LOCAL_SIGN_IN: 'true' }],
    [0, 'other.example', { APP_URL: 'https://plumbline.example', LOCAL_SIGN_IN: 'true' }],
    [0, 'attacker.example', {}],
    [0, 'attacker.example:3000', {}],
    [0, 'localhost.attacker.example:3000', {}],
    [0, 'localhost@attacker.example', {}],
  ])('shows %i letters to a page of %s (%o)', async (shown, host, variables) => {
    set(variables);
    expect((await mailbox({ host })) ?? []).toHaveLength(shown);
    expect(await mailbox({ host, 'x-forwarded-host': 'attacker.example' })).toBeNull();
  });

  it.each<Record<string, string>>([
    { 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-host': 'localhost:3000' },
    { forwarded: 'for=203.0.113.7' },
    { via: '1.1 proxy' },
    { 'cf-connecting-ip': '203.0.113.7' },
    { 'x-real-ip': '127.0.0.1', 'x-plumbline-direct': 'yes' },
  ])('shows nothing to whom a proxy on this machine passes on under a local name: %o', async (headers) => {
    set({ APP_URL: 'https://plumbline.example', LOCAL_SIGN_IN: 'true' });
    expect(await mailbox()).not.toBeNull();
    expect(await mailbox(headers)).toBeNull();
    // Without the front door nobody is known to be on this machine.
    expect(await localMailbox(new Headers({ host: 'localhost:3000' }))).toBeNull();
  });

  it('makes no link for a name that is not its own', async () => {
    const ask = (headers: Record<string, string>) =>
      handleAuth(new Request('http://localhost:3000/api/auth/signin/email', { method: 'POST', headers }) as Request, {
        params: Promise.resolve({ nextauth: ['signin', 'email'] }),
      });
    expect((await ask({ host: 'evil.example' })).status).toBe(421);
    expect((await ask({ host: 'localhost:3000', 'x-forwarded-host': 'evil.example' })).status).toBe(421);
  });

  it('shows the newest letters first and keeps a bounded number', async () => {
    for (let i = 0; i < 25; i++) {
      setClockOffset(i * 1000);
      await sendSignInMail(`person-${i}@example.test`, LINK);
    }
    const letters = (await mailbox()) ?? [];
    expect(letters).toHaveLength(20);
    expect(letters[0]?.to).toBe('person-24@example.test');
    await database.prisma.localMail.createMany({
      data: Array.from({ length: 90 }, (_, i) => ({
        id: `old-${i}`,
        to: 'old@example.test',
        subject: 'x',
        text: 'x',
        createdAt: new Date(0),
      })),
    });
    await sendSignInMail('last@example.test', LINK);
    expect(await database.prisma.localMail.count()).toBe(100);
  });
});
