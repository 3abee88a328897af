import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { upgradePlan } from '@/server/credits/ledger/apply-plan';
import { createTeam } from '@/server/credits/ledger/create-team';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { changeRole } from './change-role';
import { currentOrganization } from './current-organization';
import { leaveTeam, removeMember } from './remove-member';
import { renameOrganization } from './rename-organization';
import { type Role, TEAMS_PER_OWNER } from './schema';
import { setMemberBudget } from './set-member-budget';
import { transferOwnership } from './transfer-ownership';

let database: Database;
let organizationId = '';
const people: Record<Role | 'second', string> = { owner: '', admin: '', member: '', second: '' };

const as = (who: keyof typeof people) => ({ organizationId, userId: people[who] });
const reason = (why: string) => ({ code: 'conflict', details: { reason: why } });

async function join(role: Role): Promise<string> {
  const { userId } = await seedOrganization(database);
  await database.prisma.membership.create({ data: { id: newId(), organizationId, userId, role } });
  return userId;
}

async function roles(): Promise<Record<string, string>> {
  const rows = await database.prisma.membership.findMany({ where: { organizationId } });
  return Object.fromEntries(rows.map(({ userId, role }) => [userId, role]));
}

beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);
beforeEach(async () => {
  people.owner = (await seedOrganization(database)).userId;
  ({ organizationId } = await createTeam({ userId: people.owner, name: 'Plumbers' }));
  people.admin = await join('admin');
  people.member = await join('member');
  people.second = await join('member');
});

describe('a new team', () => {
  it('has an account of its own on the free plan, and no credits that could be had again with every team', async () => {
    const { prisma } = database;
    expect(await prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } })).toMatchObject({
      monthly: 0n,
      bonus: 0n,
    });
    expect(await prisma.organizationPlan.findUniqueOrThrow({ where: { organizationId } })).toMatchObject({
      planId: 'free',
    });
    setClockOffset(31 * 86_400_000);
    expect(await resetMonth(prisma, organizationId)).toBe(true);
    setClockOffset(0);
    expect(await prisma.creditEntry.count({ where: { organizationId } })).toBe(0);
  });

  it('gets the whole allocation of a paid plan', async () => {
    const pro = await database.prisma.plan.findUniqueOrThrow({ where: { id: 'pro' } });
    const { adjusted } = await upgradePlan(database.prisma, {
      organizationId,
      planId: 'pro',
      idempotencyKey: `up:${organizationId}`,
    });
    expect(adjusted).toBe(pro.monthlyMicro);
  });

  it(`is one of at most ${TEAMS_PER_OWNER} a person owns, however many are asked for at once`, async () => {
    const { userId } = await seedOrganization(database);
    const asked = await Promise.allSettled(
      Array.from({ length: TEAMS_PER_OWNER + 4 }, (_, index) => createTeam({ userId, name: `Team ${index}` })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(TEAMS_PER_OWNER);
    await expect(createTeam({ userId, name: 'One more' })).rejects.toMatchObject(reason('too_many_teams'));
  });

  it('can be renamed', async () => {
    await renameOrganization(organizationId, 'Pipes');
    expect((await database.prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })).name).toBe(
      'Pipes',
    );
  });
});

describe('the organization a person acts for', () => {
  it('is the wanted one while they belong to it, and their own from the moment they are removed', async () => {
    expect(await currentOrganization(people.member, organizationId)).toEqual({ organizationId, role: 'member' });
    await removeMember(as('admin'), people.member);
    const own = await database.prisma.organization.findUniqueOrThrow({ where: { personalOfId: people.member } });
    expect(await currentOrganization(people.member, organizationId)).toEqual({ organizationId: own.id, role: 'owner' });
  });
});

describe('roles', () => {
  it('admins manage members and admins, never owners', async () => {
    await changeRole(as('admin'), { userId: people.member, role: 'admin' });
    await changeRole(as('admin'), { userId: people.member, role: 'member' });
    for (const change of [
      () => changeRole(as('admin'), { userId: people.member, role: 'owner' }),
      () => changeRole(as('admin'), { userId: people.owner, role: 'member' }),
      () => removeMember(as('admin'), people.owner),
      () => setMemberBudget(as('admin'), { userId: people.owner, budgetMicro: 1n }),
      () => transferOwnership(as('admin'), people.member),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await roles()).toMatchObject({ [people.owner]: 'owner', [people.member]: 'member' });
  });

  it('members manage nobody, and may leave', async () => {
    for (const change of [
      () => changeRole(as('member'), { userId: people.member, role: 'admin' }),
      () => removeMember(as('member'), people.second),
      () => setMemberBudget(as('member'), { userId: people.member, budgetMicro: null }),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'forbidden' });
    }
    await leaveTeam(as('member'));
    expect(Object.keys(await roles())).not.toContain(people.member);
  });

  it('who is not in the team finds none', async () => {
    const { userId } = await seedOrganization(database);
    const stranger = { organizationId, userId };
    await expect(removeMember(stranger, people.member)).rejects.toMatchObject({ code: 'not_found' });
    await expect(leaveTeam(stranger)).rejects.toMatchObject({ code: 'not_found' });
    await expect(changeRole(as('owner'), { userId, role: 'admin' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('a personal workspace has nobody to manage', async () => {
    const own = await database.prisma.organization.findUniqueOrThrow({ where: { personalOfId: people.owner } });
    await expect(leaveTeam({ organizationId: own.id, userId: people.owner })).rejects.toMatchObject(
      reason('not_a_team'),
    );
  });

  it('ownership passes on in one step', async () => {
    await setMemberBudget(as('owner'), { userId: people.member, budgetMicro: 5n });
    await transferOwnership(as('owner'), people.member);
    expect(await roles()).toMatchObject({ [people.owner]: 'admin', [people.member]: 'owner' });
    const now = await database.prisma.membership.findFirstOrThrow({ where: { organizationId, userId: people.member } });
    expect(now.monthlyBudgetMicro).toBeNull();
  });
});

describe('the last owner', () => {
  it('can neither leave, be demoted nor be removed', async () => {
    await expect(leaveTeam(as('owner'))).rejects.toMatchObject(reason('last_owner'));
    await expect(changeRole(as('owner'), { userId: people.owner, role: 'member' })).rejects.toMatchObject(
      reason('last_owner'),
    );
    await expect(removeMember(as('owner'), people.owner)).rejects.toMatchObject(reason('yourself'));
  });

  it('stays one, when two owners go at the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      const [one, two] = [await join('owner'), await join('owner')];
      await database.prisma.membership.deleteMany({ where: { organizationId, userId: people.owner } });
      const gone = await Promise.allSettled([
        leaveTeam({ organizationId, userId: one }),
        round % 2 === 0
          ? leaveTeam({ organizationId, userId: two })
          : removeMember({ organizationId, userId: one }, two),
      ]);
      expect(gone.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
      expect(Object.values(await roles()).filter((role) => role === 'owner')).toHaveLength(1);
      await database.prisma.membership.deleteMany({ where: { organizationId, role: 'owner' } });
      people.owner = await join('owner');
    }
  });
});
