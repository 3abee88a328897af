import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { cookies, type Person, person, startApi, stopApi } from '@/test/people';
import { PATHS, PUBLIC } from '@/test/procedure-walk';
import { callerIn } from './caller';
import { handleLedgerCsv } from './http/ledger-csv-handler';
import { handleTrpc } from './http/trpc-handler';
import { appRouter } from './root';
import { createCaller } from './trpc';

let ada: Person;
let alpha: string;
let beta: string;

beforeAll(startApi);
afterAll(stopApi);
beforeEach(async () => {
  ada = await person('Ada');
  const team = async (name: string) => (await createTeam({ userId: ada.userId, name })).organizationId;
  alpha = await team('Alpha team');
  beta = await team('Beta');
});

interface Refusal {
  message: string;
  data: { appCode: string | null; details: Record<string, unknown> };
}

/** Ada chose Beta; her window shows `shown`, or is no window at all. */
async function call(path: string, input: unknown, shown: string | null) {
  const response = await handleTrpc(
    new Request(`http://localhost/api/trpc/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        host: 'localhost',
        cookie: `${cookies(ada).cookie}; plumbline-org=${beta}`,
        ...(shown === null ? {} : { 'x-organization': shown }),
      },
      body: JSON.stringify({ json: input }),
    }),
  );
  const body = (await response.json()) as { error?: { json: Refusal } };
  return { status: response.status, error: body.error?.json ?? null };
}

const names = async () => {
  const rows = await database().prisma.organization.findMany({ where: { id: { in: [alpha, beta] } } });
  return [alpha, beta].map((id) => rows.find((row) => row.id === id)?.name);
};

describe('a window that shows another organization than the chosen one', () => {
  it('changes neither, and is told the names of both', async () => {
    const { status, error } = await call('organizations.rename', { name: 'Oops' }, alpha);
    expect(status).toBe(409);
    expect(error?.data).toMatchObject({
      appCode: 'organization_changed',
      details: { organization: 'Beta', shown: 'Alpha team' },
    });
    expect(error?.message).toContain('This page shows “Alpha team”, but you work in “Beta” now. Nothing was changed.');
    expect(await names()).toEqual(['Alpha team', 'Beta']);
  });

  it('buys nothing and leaves nothing', async () => {
    const { prisma } = database();
    const { id } = await prisma.topupPackage.findFirstOrThrow();
    expect((await call('billing.startTopup', { packageId: id }, alpha)).status).toBe(409);
    expect((await call('organizations.leave', undefined, alpha)).status).toBe(409);
    expect(await prisma.purchase.count({ where: { organizationId: { in: [alpha, beta] } } })).toBe(0);
    expect(await prisma.membership.count({ where: { userId: ada.userId } })).toBe(3);
  });

  it('of a team one was removed from is told so, without its name', async () => {
    await database().prisma.membership.deleteMany({ where: { userId: ada.userId, organizationId: alpha } });
    const { error } = await call('organizations.rename', { name: 'Oops' }, alpha);
    expect(error?.data).toMatchObject({
      appCode: 'organization_changed',
      details: { organization: 'Beta', shown: null },
    });
    expect(error?.message).not.toContain('Alpha');
    // Whatever the window claims to show.
    const { error: odd } = await call('organizations.rename', { name: 'Oops' }, 'no-such-organization');
    expect(odd?.data).toMatchObject({ appCode: 'organization_changed', details: { shown: null } });
  });

  it('is refused by every procedure that acts for somebody, before its input is looked at', async () => {
    const caller = await callerIn(beta, (name) => (name === 'next-auth.session-token' ? ada.sessionToken : undefined));
    const client = createCaller(appRouter)({ requestId: 'test', caller, shownOrganization: alpha });
    for (const path of PATHS.filter((name) => !PUBLIC.has(name))) {
      const procedure = path.split('.').reduce<unknown>((part, name) => Reflect.get(Object(part), name), client);
      if (typeof procedure !== 'function') throw new Error(`${path} is no procedure`);
      await expect(
        Promise.resolve().then(() => procedure(undefined)),
        path,
      ).rejects.toMatchObject({ code: 'CONFLICT', cause: { code: 'organization_changed' } });
    }
  });
});

describe('requests go on', () => {
  it('from a window that shows the chosen organization, and from programs, which show none', async () => {
    expect((await call('organizations.rename', { name: 'Beta two' }, beta)).status).toBe(200);
    expect(await names()).toEqual(['Alpha team', 'Beta two']);
    expect((await call('organizations.rename', { name: 'Beta three' }, null)).status).toBe(200);
    expect(await names()).toEqual(['Alpha team', 'Beta three']);
  });
});

describe('the CSV link', () => {
  const csv = (query: string) =>
    handleLedgerCsv(
      new Request(`http://localhost/api/credits/export${query}`, {
        headers: { cookie: `${cookies(ada).cookie}; plumbline-org=${beta}` },
      }),
    );

  it('gives the lines of the organization it names, whatever is chosen; without one of the chosen one', async () => {
    const welcomes = async (query: string) => {
      let text = '';
      for await (const chunk of (await csv(query)).body ?? []) text += String(chunk);
      expect(text).toMatch(/^\W*[a-z]/i);
      return text.match(/welcome_bonus/g)?.length ?? 0;
    };
    // Only the personal workspace has welcome credits.
    expect(await welcomes(`?organization=${ada.organizationId}`)).toBe(1);
    expect(await welcomes(`?organization=${ada.organizationId}&kind=usage`)).toBe(0);
    expect(await welcomes(`?organization=${alpha}`)).toBe(0);
    expect(await welcomes('')).toBe(0);
  });

  it('of an organization that is not one’s own finds nothing', async () => {
    const other = await person('Bob');
    expect((await csv(`?organization=${other.organizationId}`)).status).toBe(404);
    expect((await csv(`?organization=${newId()}`)).status).toBe(404);
  });
});
