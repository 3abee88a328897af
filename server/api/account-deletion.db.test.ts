import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { createTeam } from '@/server/credits/ledger/create-team';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { resetMonths } from '@/server/jobs/handlers/credits-upkeep';
import { deleteAccount } from '@/server/organizations/delete-account';
import { DELETE_PHRASE } from '@/server/organizations/schema';
import { setClockOffset } from '@/server/platform/clock';
import { database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { advanceRun } from '@/server/runs/engine/engine';
import { as, build, type Person, person, SECRET_TITLE, startApi, stopApi } from '@/test/people';
import { callerFrom } from './caller';

let ada: Person;
beforeAll(() => {
  // What checks say is not of interest here; running them takes seconds a project.
  process.env.SANDBOX = 'off';
  resetEnv();
  return startApi();
});
afterAll(stopApi);
beforeEach(async () => {
  ada = await person('Ada');
});

/** Every row of every table, as text, by table. */
async function everything(): Promise<Map<string, string>> {
  const tables = await database().prisma.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_prisma%'`;
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await database().prisma.$queryRawUnsafe<{ text: string | null }[]>(
      `SELECT string_agg(t::text, E'\\n') AS text FROM "${name}" t`,
    );
    found.set(name, row?.text ?? '');
  }
  return found;
}

/** Tables in which a text occurs. */
const tablesWith = (tables: Map<string, string>, text: string) =>
  [...tables]
    .filter(([, rows]) => rows.includes(text))
    .map(([name]) => name)
    .sort();

describe('deleting an account', () => {
  it('needs the phrase, then leaves nothing but the anonymous ledger', async () => {
    const { prisma } = database();
    const projectId = await build(ada);
    const api = await as(ada);
    await api.keys.store({ provider: 'openai', key: 'sk-0123456789abcdef-zwiebel' });
    await prisma.notice.create({
      data: { id: newId(), organizationId: ada.organizationId, kind: 'low_balance', day: '2026-11-21', body: 'low' },
    });
    const counter = { organizationId: ada.organizationId, capability: 'ask' };
    await prisma.rateCounter.createMany({
      data: [
        { ...counter, window: 'day:1' },
        { ...counter, window: 'minute:1' },
      ],
    });
    await prisma.localMail.create({ data: { id: newId(), to: ada.email.toUpperCase(), subject: 's', text: 't' } });
    await prisma.account.create({
      data: {
        id: newId(),
        userId: ada.userId,
        type: 'oauth',
        provider: 'github',
        providerAccountId: `gh-${ada.userId}`,
      },
    });
    const before = await prisma.creditEntry.findMany({
      where: { organizationId: ada.organizationId },
      orderBy: { seq: 'asc' },
    });
    expect(before.length).toBeGreaterThan(3);
    await expect(api.account.delete({ confirm: 'yes' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(tablesWith(await everything(), ada.email)).toContain('User');

    await api.account.delete({ confirm: ` ${DELETE_PHRASE.toUpperCase()} ` });

    const left = await everything();
    for (const text of ['wiebel', SECRET_TITLE, ada.email]) {
      expect([text, tablesWith(left, text)]).toEqual([text, []]);
    }
    // The ids are left where money was: opaque, because the rows they led to are gone.
    expect(tablesWith(left, projectId)).toEqual(['CreditEntry', 'CreditHold', 'ModelCall']);
    expect(await prisma.user.findUniqueOrThrow({ where: { id: ada.userId } })).toMatchObject({
      name: null,
      image: null,
      email: `deleted-${ada.userId}@deleted.invalid`,
      deletedAt: expect.any(Date),
    });
    expect(await prisma.organization.findUniqueOrThrow({ where: { id: ada.organizationId } })).toMatchObject({
      name: 'Deleted',
    });
    expect(
      await prisma.creditEntry.findMany({ where: { organizationId: ada.organizationId }, orderBy: { seq: 'asc' } }),
    ).toEqual(before);
    expect(await auditLedger(prisma, ada.organizationId)).toEqual([]);
  }, 120_000);

  it('signs out everywhere, stops the monthly credits, and a worker in the midst of a run writes nothing more', async () => {
    const { prisma } = database();
    const projectId = await createProject({ ...ada, example: 'habit-tracker' });
    const run = await prisma.run.findFirstOrThrow({ where: { projectId } });
    await Promise.all([advanceRun(run.id, { owner: 'test' }).catch(() => undefined), deleteAccount(ada.userId)]);
    await advanceRun(run.id, { owner: 'test' }).catch(() => undefined);
    // What a call that was under way cost is accounted for; nothing that it made is there.
    const made = [
      'Message',
      'RunEvent',
      'RunStep',
      'Snapshot',
      'Blob',
      'Document',
      'PlanVersion',
      'CodeChunk',
      'Project',
    ];
    const left = tablesWith(await everything(), ada.organizationId);
    expect(left.filter((name) => made.includes(name))).toEqual([]);
    expect(await callerFrom((name) => (name === 'next-auth.session-token' ? ada.sessionToken : undefined))).toBeNull();
    const entries = await prisma.creditEntry.count({ where: { organizationId: ada.organizationId } });
    setClockOffset(40 * 86_400_000);
    await resetMonths();
    setClockOffset(0);
    expect(await prisma.creditEntry.count({ where: { organizationId: ada.organizationId } })).toBe(entries);
  }, 120_000);

  it('is refused while a team with others would be left without an owner, and changes nothing then', async () => {
    const { prisma } = database();
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const bob = await person('Bob');
    await prisma.membership.create({ data: { id: newId(), organizationId, userId: bob.userId, role: 'admin' } });
    const api = await as(ada);
    expect(await api.account.deletion()).toMatchObject({ blocked: [{ name: 'Plumbers' }], left: [] });
    await expect(api.account.delete({ confirm: DELETE_PHRASE })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('“Plumbers”'),
    });
    await expect(deleteAccount(ada.userId)).rejects.toMatchObject({ code: 'conflict' });
    expect(await prisma.user.findUniqueOrThrow({ where: { id: ada.userId } })).toMatchObject({
      email: ada.email,
      deletedAt: null,
    });
    await (await as(ada, organizationId)).organizations.transfer({ userId: bob.userId });
    await (await as(ada, organizationId)).account.delete({ confirm: DELETE_PHRASE });
    expect(await prisma.membership.findMany({ where: { organizationId } })).toMatchObject([
      { userId: bob.userId, role: 'owner' },
    ]);
  });

  it('takes a team with nobody else along, and its address may sign up again, as another person', async () => {
    const { prisma } = database();
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Alone' });
    const stranger = await person('Sue');
    await prisma.invitation.create({
      data: {
        id: newId(),
        organizationId,
        email: stranger.email,
        tokenHash: newId(),
        expiresAt: new Date(Date.now() + 1000),
      },
    });
    await deleteAccount(ada.userId);
    expect(await prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })).toMatchObject({
      name: 'Deleted',
    });
    expect(await prisma.invitation.count({ where: { organizationId } })).toBe(0);
    const again = await prisma.user.create({ data: { id: newId(), email: ada.email } });
    expect(await onboardUser({ id: again.id, email: ada.email })).not.toBe(ada.organizationId);
  });

  it('of two owners at the same moment leaves the third person with one of them', async () => {
    const { prisma } = database();
    for (let round = 0; round < 4; round++) {
      const [one, two, three] = [await person('One'), await person('Two'), await person('Three')];
      const { organizationId } = await createTeam({ userId: one.userId, name: 'Shared' });
      for (const [who, role] of [
        [two, 'owner'],
        [three, 'member'],
      ] as const)
        await prisma.membership.create({ data: { id: newId(), organizationId, userId: who.userId, role } });
      const done = await Promise.allSettled([deleteAccount(one.userId), deleteAccount(two.userId)]);
      expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await prisma.membership.count({ where: { organizationId, role: 'owner' } })).toBe(1);
      expect(await prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })).toMatchObject({
        deletedAt: null,
      });
    }
  });
});

describe('closing a team', () => {
  it('needs its name, ends everybody’s access and keeps the ledger', async () => {
    const { prisma } = database();
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const api = await as(ada, organizationId);
    await expect(api.organizations.close({ confirm: 'plumbers?' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await api.organizations.close({ confirm: 'Plumbers' });
    expect(await prisma.membership.count({ where: { organizationId } })).toBe(0);
    expect((await (await as(ada, organizationId)).account.me()).organization.id).toBe(ada.organizationId);
    expect(await prisma.creditBalance.count({ where: { organizationId } })).toBe(1);
  });
});
