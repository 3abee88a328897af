import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { grant, PERIOD_MS } from './ledger';

/**
 * First sign-in: the personal organization, the free plan, the month's credits and the welcome credits, once a person even
 * when sign-ins race. @returns the personal organization's id.
 */
export async function onboardUser(
  user: { id: string; name?: string | null; email: string },
  planId = 'free',
): Promise<string> {
  const done = await db().organization.findUnique({
    where: { personalOfId: user.id },
    select: { id: true, balance: { select: { organizationId: true } } },
  });
  if (done?.balance) return done.id;
  return inTx(async (tx) => {
    // The unique column decides the race: everyone but the first waits for its commit, then sees its row.
    await tx.organization.createMany({
      data: [
        {
          id: newId(),
          name: user.name ?? user.email.split('@')[0] ?? 'Personal',
          kind: 'personal',
          personalOfId: user.id,
        },
      ],
      skipDuplicates: true,
    });
    const organization = await tx.organization.findUniqueOrThrow({ where: { personalOfId: user.id } });
    const organizationId = organization.id;
    await tx.membership.createMany({
      data: [{ id: newId(), organizationId, userId: user.id, role: 'owner' }],
      skipDuplicates: true,
    });
    const plan = await tx.plan.findUniqueOrThrow({ where: { id: planId } });
    const periodStart = now();
    const period = { periodStart, periodEnd: new Date(periodStart.getTime() + PERIOD_MS) };
    await tx.organizationPlan.createMany({
      data: [{ organizationId, planId: plan.id, ...period }],
      skipDuplicates: true,
    });
    await tx.creditBalance.createMany({ data: [{ organizationId, ...period }], skipDuplicates: true });
    await grant(tx, {
      organizationId,
      kind: 'plan_allocation',
      amount: plan.monthlyMicro,
      bucket: 'monthly',
      idempotencyKey: `first-allocation:${organizationId}`,
      note: `${plan.name} plan`,
    });
    await grant(tx, {
      organizationId,
      kind: 'welcome_bonus',
      amount: plan.welcomeMicro,
      bucket: 'bonus',
      idempotencyKey: `welcome:${user.id}`,
      userId: user.id,
      note: 'Welcome',
    });
    await tx.user.updateMany({ where: { id: user.id, onboardedAt: null }, data: { onboardedAt: periodStart } });
    return organizationId;
  });
}
