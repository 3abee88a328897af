import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sendSignInMail } from '@/server/auth/sign-in-mail';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { closeTestDb, testDb } from '@/test/test-db';
import { handleAuth } from './auth-handler';
import { localMailbox } from './local-mailbox';
import { signInWays } from './sign-in-ways';

const LINK = 'http://localhost:3000/api/auth/callback/email?callbackUrl=%2Fprojects&token=abc&email=ada%40example.test';
const HERE = new Headers({ host: 'localhost:3000' });
const SMTP = 'smtp://127.0.0.1:2525';

describe('the local mailbox', () => {
  let database: Database;
  const before = { ...process.env };
  const set = (variables: Record<string, string>) => {
    Object.assign(process.env, variables);
    resetEnv();
  };
  beforeAll(async () => {
    database = await testDb();
    await sendSignInMail('ada@example.test', LINK);
  });
  afterEach(() => {
    setClockOffset(0);
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    set(before as Record<string, string>);
  });
  afterAll(closeTestDb);

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
    const letters = await localMailbox(HERE);
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
    [0, '', {}],
  ])('shows %i letters to a page of %s (%o)', async (shown, host, variables) => {
    set(variables);
    expect((await localMailbox(new Headers({ host }))) ?? []).toHaveLength(shown);
    expect(await localMailbox(new Headers({ host, 'x-forwarded-host': 'attacker.example' }))).toBeNull();
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
    const letters = (await localMailbox(HERE)) ?? [];
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
