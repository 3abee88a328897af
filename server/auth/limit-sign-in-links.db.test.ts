import NextAuth from 'next-auth';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { closeTestDb, testDb } from '@/test/test-db';
import {
  countSignInLink,
  LINK_WINDOW_MS,
  LINKS_FOR_UNKNOWN,
  LINKS_PER_ADDRESS,
  LINKS_PER_REQUESTER,
} from './limit-sign-in-links';
import { authOptions } from './options';
import { keepLinkToken } from './sign-in-link';

const ADA = 'ada@example.test';
let database: Database;
beforeAll(async () => {
  database = await testDb();
});
beforeEach(async () => {
  await database.prisma.verificationToken.deleteMany();
});
afterEach(() => setClockOffset(0));
afterAll(closeTestDb);

/** How many of so many requests at once were let through. */
async function allowed(requests: number, ask: (i: number) => Promise<number>): Promise<number> {
  const waits = await Promise.all(Array.from({ length: requests }, (_, i) => ask(i)));
  return waits.filter((wait) => wait === 0).length;
}

describe('the limit on sign-in links', () => {
  it('lets exactly five through to one address, however concurrently they are asked for', async () => {
    expect(await allowed(20, () => countSignInLink(ADA, null))).toBe(LINKS_PER_ADDRESS);
    expect(await countSignInLink('ADA@example.test', null)).toBeGreaterThan(0);
    expect(await countSignInLink('bob@example.test', null)).toBe(0);
  });

  it('says how long to wait, and lets one through for each that has left the window', async () => {
    for (let minute = 0; minute < LINKS_PER_ADDRESS; minute++) {
      setClockOffset(minute * 60_000);
      expect(await countSignInLink(ADA, null)).toBe(0);
    }
    const wait = await countSignInLink(ADA, null);
    expect(wait).toBeGreaterThan(10 * 60);
    expect(wait).toBeLessThanOrEqual(11 * 60);
    setClockOffset((LINKS_PER_ADDRESS - 1) * 60_000 + wait * 1000 + 500);
    expect(await allowed(3, () => countSignInLink(ADA, null))).toBe(1);
  });

  it('does not count what it refused: asking on and on does not prolong the wait', async () => {
    await allowed(LINKS_PER_ADDRESS, () => countSignInLink(ADA, null));
    setClockOffset(LINK_WINDOW_MS / 2);
    for (let i = 0; i < 10; i++) expect(await countSignInLink(ADA, null)).toBeGreaterThan(0);
    setClockOffset(LINK_WINDOW_MS + 1000);
    expect(await countSignInLink(ADA, null)).toBe(0);
  });

  it('counts one requester over all addresses, and only that requester', async () => {
    const ask = (from: string) => (i: number) => countSignInLink(`${from}-${i}@example.test`, from);
    expect(await allowed(LINKS_PER_REQUESTER + 5, ask('203.0.113.7'))).toBe(LINKS_PER_REQUESTER);
    expect(await allowed(3, ask('203.0.113.8'))).toBe(3);
    // A request refused for its requester does not use up the address.
    for (let i = 0; i < LINKS_PER_ADDRESS; i++) await countSignInLink(ADA, '203.0.113.7');
    expect(await countSignInLink(ADA, '203.0.113.9')).toBe(0);
  });

  it('counts all unknown requesters as one', async () => {
    const at = Date.now();
    expect(await countSignInLink(ADA, null)).toBe(0);
    const [counter] = await database.prisma.verificationToken.groupBy({
      by: ['identifier'],
      _count: true,
      orderBy: { _count: { identifier: 'asc' } },
    });
    expect(counter?._count).toBe(1);
    const identifiers = await database.prisma.verificationToken.findMany({ select: { identifier: true } });
    // The counter that two different addresses from nowhere share.
    await countSignInLink('bob@example.test', null);
    const shared = await database.prisma.verificationToken.groupBy({ by: ['identifier'], _count: true });
    const [unknown] = shared.filter(({ _count }) => _count === 2);
    expect(identifiers.map(({ identifier }) => identifier)).toContain(unknown?.identifier);
    await database.prisma.verificationToken.createMany({
      data: Array.from({ length: LINKS_FOR_UNKNOWN - 3 }, (_, i) => ({
        identifier: unknown?.identifier ?? '',
        token: `earlier-${i}`,
        expires: new Date(at + LINK_WINDOW_MS),
      })),
    });
    expect(await allowed(4, (i) => countSignInLink(`many-${i}@example.test`, null))).toBe(1);
    // Who is known is not meant.
    expect(await countSignInLink('carol@example.test', '203.0.113.7')).toBe(0);
  });

  it('keeps neither expired rows nor anyone’s network address', async () => {
    await countSignInLink(ADA, '203.0.113.7');
    const rows = await database.prisma.verificationToken.findMany();
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/203\.0\.113|@/);
    setClockOffset(LINK_WINDOW_MS + 1000);
    await countSignInLink('bob@example.test', null);
    expect(await database.prisma.verificationToken.count()).toBe(2);
  });
});

/** One request to next-auth's own handler, as its API routes call it. */
async function nextAuth(
  path: string[],
  request: { method: string; cookies?: Record<string, string>; body?: Record<string, string> },
): Promise<{ headers: Map<string, string>; body: Record<string, string> }> {
  const headers = new Map<string, string>();
  let body: Record<string, string> = {};
  const response = {
    status: () => response,
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader: (name: string, value: unknown) => {
      headers.set(name.toLowerCase(), String(value));
      return response;
    },
    json: (value: Record<string, string>) => {
      body = value;
    },
    send: (value: Record<string, string>) => {
      body = value;
    },
    end: () => undefined,
  };
  const full = { query: { nextauth: path }, cookies: {}, headers: { host: 'localhost:3000' }, ...request };
  const options = authOptions({
    onSignIn: async () => undefined,
    maySendLink: async (email) => (await countSignInLink(email, null)) === 0,
  });
  await NextAuth(full as never, response as never, options);
  return { headers, body };
}

async function askForLink(email: string): Promise<string | null> {
  const csrf = await nextAuth(['csrf'], { method: 'GET' });
  const [, cookie = ''] = /next-auth\.csrf-token=([^;]+)/.exec(csrf.headers.get('set-cookie') ?? '') ?? [];
  const { body } = await nextAuth(['signin', 'email'], {
    method: 'POST',
    cookies: { 'next-auth.csrf-token': decodeURIComponent(cookie) },
    body: { email, csrfToken: csrf.body.csrfToken ?? '', json: 'true' },
  });
  return new URL(body.url ?? '').searchParams.get('error');
}

describe('asking next-auth for sign-in links', () => {
  it('sends five letters to an address, whatever way it is written, and refuses the sixth', async () => {
    const letters = () => database.prisma.localMail.count({ where: { to: 'eve@example.test' } });
    for (const spelling of [
      'eve@example.test',
      'EVE@example.test',
      ' eve@EXAMPLE.test ',
      'Eve@example.test',
      'eve@example.test',
    ]) {
      expect([spelling, await askForLink(spelling)]).toEqual([spelling, null]);
    }
    expect(await letters()).toBe(5);
    expect(await askForLink('eve@example.test')).toBe('AccessDenied');
    expect(await letters()).toBe(5);
    expect(await askForLink('mallory@example.test')).toBeNull();
  });

  it.each([
    'a@b@example.test',
    'a@example.test,b@example.test',
    '"a b"@example.test',
    'Ada <ada@example.test>',
    'ada@example.test\r\nBcc: eve@example.test',
    'ada@example.test\u0000',
    'ada\u202e@example.test',
    'a\u200bda@example.test',
    `${'a'.repeat(320)}@example.test`,
    'ada',
    '',
  ])('sends none to what is not one address that can be seen: %j', async (typed) => {
    const before = await database.prisma.localMail.count();
    expect(await askForLink(typed)).toBe('EmailSignin');
    expect(await database.prisma.localMail.count()).toBe(before);
    expect(await database.prisma.verificationToken.count()).toBe(0);
  });

  it('sends one to an address in any language', async () => {
    expect(await askForLink('Zoë@Exämple.test')).toBeNull();
    expect(await database.prisma.localMail.count({ where: { to: 'zoë@exämple.test' } })).toBe(1);
  });

  it('does not limit using a link', async () => {
    for (let i = 0; i < 6; i++) await askForLink('zoe@example.test');
    expect(await sessionOf(await newestLink('zoe@example.test'))).not.toBeNull();
    expect(await database.prisma.session.count({ where: { user: { email: 'zoe@example.test' } } })).toBe(1);
  });
});

/** The link of the newest letter to an address. */
async function newestLink(to: string): Promise<URL> {
  const letter = await database.prisma.localMail.findFirst({ where: { to }, orderBy: { createdAt: 'desc' } });
  return new URL(/https?:\/\/\S+/.exec(letter?.text ?? '')?.[0] ?? '');
}

/** Uses a link up, as the button on its page does. @returns the session that begins, null when the link is not valid any more */
async function sessionOf({ searchParams }: URL): Promise<string | null> {
  const { headers } = await nextAuth(['callback', 'email'], {
    method: 'POST',
    ...{ query: { nextauth: ['callback', 'email'], ...Object.fromEntries(searchParams) } },
  });
  return /next-auth\.session-token=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? null;
}

describe('a sign-in link', () => {
  it('leads to a page, not to what uses it up', async () => {
    await askForLink('page@example.test');
    const link = await newestLink('page@example.test');
    expect(link.pathname).toBe('/sign-in/link');
    expect(link.searchParams.get('token')).toMatch(/^[0-9a-f]{64}$/);
    expect(link.searchParams.get('email')).toBe('page@example.test');
  });

  it('ends when another is asked for', async () => {
    await askForLink('late@example.test');
    const older = await newestLink('late@example.test');
    setClockOffset(1000);
    await askForLink('late@example.test');
    const newer = await newestLink('late@example.test');
    expect(newer.href).not.toBe(older.href);
    expect(await sessionOf(older)).toBeNull();
    expect(await sessionOf(newer)).not.toBeNull();
  });

  it('is the only one of its address, however many are asked for at once', async () => {
    const expires = new Date(Date.now() + 60_000);
    const tokens = Array.from({ length: 12 }, (_, i) => ({
      identifier: 'many@example.test',
      token: `link-${i}`,
      expires,
    }));
    await Promise.all(tokens.map(keepLinkToken));
    expect(await database.prisma.verificationToken.count({ where: { identifier: 'many@example.test' } })).toBe(1);
  });

  it('works once, and every other one of the address ends with it', async () => {
    await askForLink('once@example.test');
    const link = await newestLink('once@example.test');
    // Left over from before a new one ended the older ones.
    await database.prisma.verificationToken.create({
      data: { identifier: 'once@example.test', token: 'older', expires: new Date(Date.now() + 60_000) },
    });
    const uses = await Promise.all(Array.from({ length: 6 }, () => sessionOf(link)));
    expect(uses.filter((session) => session !== null)).toHaveLength(1);
    expect(await sessionOf(link)).toBeNull();
    expect(await database.prisma.verificationToken.count({ where: { identifier: 'once@example.test' } })).toBe(0);
  });

  it('of one address is left alone by another’s', async () => {
    await askForLink('one@example.test');
    await askForLink('two@example.test');
    expect(await sessionOf(await newestLink('two@example.test'))).not.toBeNull();
    expect(await sessionOf(await newestLink('one@example.test'))).not.toBeNull();
  });
});
