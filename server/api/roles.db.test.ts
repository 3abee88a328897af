import { TRPCError } from '@trpc/server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MembershipRole } from '@/prisma/generated/enums';
import type { Database } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { a, call, namesIds, PATHS, PUBLIC, seedPeople, seedWalk } from '@/test/procedure-walk';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import type { Caller } from './trpc';

/**
 * Who may call what, the whole table. `public`: anyone; `member`: everybody in the organization; `admin`: members and budgets; `owner`:
 * everything and billing; `operator`: the instance's, which to others does not exist. A procedure without a line fails.
 */
const LEVELS: Record<string, 'public' | 'member' | 'admin' | 'owner' | 'operator'> = {
  'access.check': 'member',
  'access.design': 'member',
  'access.project': 'member',
  'access.setTaskQuality': 'member',
  'account.delete': 'member',
  'account.deletion': 'member',
  'account.me': 'member',
  'account.rename': 'member',
  'account.signOutEverywhere': 'member',
  'billing.cancel': 'owner',
  'billing.changePlan': 'owner',
  'billing.invoices': 'member',
  'billing.mockPay': 'owner',
  'billing.overview': 'member',
  'billing.packages': 'member',
  'billing.plans': 'member',
  'billing.portal': 'owner',
  'billing.purchase': 'member',
  'billing.purchases': 'member',
  'billing.resume': 'owner',
  'billing.startSubscription': 'owner',
  'billing.startTopup': 'owner',
  'catalogue.pricing': 'public',
  'chat.editAndResend': 'member',
  'chat.list': 'member',
  'chat.send': 'member',
  'chat.stop': 'member',
  'credits.balance': 'member',
  'credits.history': 'member',
  'credits.receipt': 'member',
  'credits.report': 'member',
  'files.diff': 'member',
  'files.read': 'member',
  'files.rollback': 'member',
  'files.snapshots': 'member',
  'files.tree': 'member',
  'keys.list': 'member',
  'keys.remove': 'owner',
  'keys.store': 'owner',
  'keys.test': 'owner',
  'models.catalog': 'member',
  'notices.dismiss': 'member',
  'notices.enabled': 'member',
  'notices.open': 'member',
  'notices.setEnabled': 'admin',
  'operator.accounts': 'operator',
  'operator.addPrice': 'operator',
  'operator.adjust': 'operator',
  'operator.audit': 'operator',
  'operator.catalogue': 'operator',
  'operator.jobs': 'operator',
  'operator.warnings': 'operator',
  'operator.models': 'operator',
  'operator.paymentRefusal': 'operator',
  'operator.runJob': 'operator',
  'operator.updateModel': 'operator',
  'operator.addPackage': 'operator',
  'operator.updatePackage': 'operator',
  'operator.updatePlan': 'operator',
  'organizations.accept': 'member',
  'organizations.close': 'owner',
  'organizations.create': 'member',
  'organizations.invitations': 'admin',
  'organizations.invite': 'admin',
  'organizations.leave': 'member',
  'organizations.members': 'member',
  'organizations.remove': 'admin',
  'organizations.rename': 'owner',
  'organizations.resend': 'admin',
  'organizations.revoke': 'admin',
  'organizations.setBudget': 'admin',
  'organizations.setRole': 'admin',
  'organizations.transfer': 'owner',
  'organizations.view': 'member',
  'plan.approve': 'member',
  'plan.replan': 'member',
  'plan.save': 'member',
  'plan.versions': 'member',
  'projects.archive': 'member',
  'projects.create': 'member',
  'projects.examples': 'member',
  'projects.get': 'member',
  'projects.list': 'member',
  'projects.rename': 'member',
  'projects.setBudget': 'member',
  'projects.setModel': 'member',
  'runs.answer': 'member',
  'runs.events': 'member',
  'runs.pause': 'member',
  'runs.refine': 'member',
  'runs.resume': 'member',
  'runs.stop': 'member',
  'runs.timeline': 'member',
  'search.code': 'member',
};

type Answer = 'allowed' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAUTHORIZED';
const RANK: Record<MembershipRole, number> = { member: 0, admin: 1, owner: 2 };

/** What the table says for one of the organization's people. */
function expected(path: string, role: MembershipRole): Answer {
  const level = LEVELS[path] ?? 'owner';
  if (level === 'operator') return 'NOT_FOUND';
  if (level === 'public') return 'allowed';
  return RANK[role] >= RANK[level] ? 'allowed' : 'FORBIDDEN';
}

/**
 * What the access level said. Past it a call may still fail for its own reasons (nothing to stop, a plan without premium):
 * those are answers to somebody who was allowed to ask.
 */
async function answer(caller: Caller | null, path: string): Promise<Answer> {
  try {
    await call(caller, path);
    return 'allowed';
  } catch (error) {
    if (!(error instanceof TRPCError)) throw error;
    if (error.code === 'INTERNAL_SERVER_ERROR') throw error;
    if (error.code === 'UNAUTHORIZED') return 'UNAUTHORIZED';
    const refusal = isAppError(error.cause) ? error.cause : null;
    if (refusal?.code === 'forbidden') return 'FORBIDDEN';
    return refusal?.code === 'not_found' && refusal.message === 'Page not found' ? 'NOT_FOUND' : 'allowed';
  }
}

describe('role by procedure', () => {
  let database: Database;
  let stranger: Caller;
  const people: Partial<Record<MembershipRole, Caller>> = {};
  beforeAll(async () => {
    database = await testDb();
    await startQueue();
    const walk = await seedWalk(database);
    stranger = walk.stranger;
    people.owner = walk.owner;
    for (const role of ['admin', 'member'] as const) {
      const { userId } = await seedOrganization(database);
      people[role] = { organizationId: a.organizationId, userId, email: `${role}@example.test`, role };
    }
  }, 120_000);
  beforeEach(async () => {
    // Everybody is what they were, whatever the procedure before did.
    const { organizationId } = a;
    await database.prisma.membership.deleteMany({ where: { organizationId } });
    await database.prisma.membership.createMany({
      data: Object.values(people).map(({ userId, role }) => ({ id: newId(), organizationId, userId, role })),
    });
    await seedPeople(database);
  });
  afterAll(async () => {
    await stopQueue();
    await closeTestDb();
  });

  it('has a line for every procedure, and no line too many', () => {
    expect(Object.keys(LEVELS).sort()).toEqual(PATHS);
  });

  for (const role of ['owner', 'admin', 'member'] as const) {
    it.each(PATHS)(`${role}: %s`, async (path) => {
      const caller = people[role] ?? null;
      expect(await answer(caller, path)).toBe(expected(path, role));
    });
  }

  it.each(PATHS.filter(namesIds))('stranger: %s', async (path) => {
    const refusal: unknown = await call(stranger, path).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(PATHS)('anonymous: %s', async (path) => {
    expect(await answer(null, path)).toBe(PUBLIC.has(path) ? 'allowed' : 'UNAUTHORIZED');
  });
});
