import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { closeTestDb, testDb } from '@/test/test-db';
import { openPostbox } from '@/test/test-smtp';
import { sendSignInMail } from './sign-in-mail';

const LINK = 'http://localhost:3000/sign-in/link?token=abc&email=ada%40example.test';

describe('the sign-in letter', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);
  afterEach(() => {
    for (const name of ['SMTP_URL', 'HOST', 'LOCAL_SIGN_IN']) delete process.env[name];
    resetEnv();
  });

  it('goes through a real SMTP server where one is set, and not to the local mailbox', async () => {
    const postbox = await openPostbox();
    process.env.SMTP_URL = postbox.url;
    resetEnv();
    await sendSignInMail('ada@example.test', LINK);
    const letters = await postbox.close();
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    expect(letter?.to?.[0]?.address).toBe('ada@example.test');
    expect(letter?.text).toContain(LINK);
    expect(letter?.html).toContain('href="http://localhost:3000/sign-in/link?token=abc&amp;email=');
    expect(await database.prisma.localMail.count()).toBe(0);
  });

  it('goes to the local mailbox on loopback without a mail server', async () => {
    await sendSignInMail('bob@example.test', LINK);
    expect(await database.prisma.localMail.findFirst({ where: { to: 'bob@example.test' } })).toMatchObject({
      text: expect.stringContaining(LINK),
    });
  });

  it('is refused when the server is open to others and no mail server is set', async () => {
    process.env.HOST = '0.0.0.0';
    resetEnv();
    await expect(sendSignInMail('eve@example.test', LINK)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await database.prisma.localMail.count({ where: { to: 'eve@example.test' } })).toBe(0);
  });
});
