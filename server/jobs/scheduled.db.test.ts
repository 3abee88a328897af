import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { getBalance } from '@/server/credits/ledger/balance';
import { reserve, settle } from '@/server/credits/ledger/ledger';
import {
  dismissNotice,
  mailNotices,
  noticeLowBalances,
  openNotices,
  setNotices,
} from '@/server/credits/reports/notices';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { runJob, viewJobs } from '@/server/platform/job-status';
import { SCHEDULED_JOBS } from '@/server/platform/queue';
import { nextRun, SCHEDULE } from '@/server/platform/schedule';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { noticeBalances, reconcileLedger, releaseStaleHolds, resetMonths } from './handlers/credits-upkeep';
import { changePlans } from './handlers/plan-changes';
import { HANDLERS } from './handlers/scheduled';

const DAY = 86_400_000;
let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterEach(() => setClockOffset(0));
afterAll(closeTestDb);

async function ownerOf(organizationId: string) {
  const { userId, role } = await database.prisma.membership.findFirstOrThrow({
    where: { organizationId, role: 'owner' },
  });
  return { organizationId, userId, role };
}

const balance = (organizationId: string) =>
  database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });

describe('the monthly reset', () => {
  it('catches up after three months of downtime with one effect, however often it runs', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 4_000_000n, bonusMicro: 7_000_000n });
    setClockOffset(100 * DAY);
    await Promise.all([resetMonths(), resetMonths(), resetMonths()]);
    await resetMonths();
    const after = await balance(organizationId);
    expect(after).toMatchObject({ monthly: 10_000_000n, bonus: 7_000_000n });
    expect(after.periodEnd.getTime()).toBeGreaterThan(Date.now() + 100 * DAY);
    const kinds = await database.prisma.creditEntry.groupBy({ by: ['kind'], where: { organizationId }, _count: true });
    expect(Object.fromEntries(kinds.map(({ kind, _count }) => [kind, _count]))).toMatchObject({
      expiry: 1,
      plan_allocation: 1,
    });
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('applies a downgrade whose day has come, once', async () => {
    const { organizationId } = await seedOrganization(database, { planId: 'pro', monthlyMicro: 300_000_000n });
    const { periodEnd } = await balance(organizationId);
    await database.prisma.organizationPlan.update({
      where: { organizationId },
      data: { pendingPlanId: 'free', pendingFrom: periodEnd },
    });
    expect(await changePlans()).toMatchObject({ applied: 0 });
    setClockOffset(31 * DAY);
    expect(await changePlans()).toMatchObject({ applied: 1 });
    expect(await changePlans()).toMatchObject({ applied: 0 });
    expect(await database.prisma.organizationPlan.findUnique({ where: { organizationId } })).toMatchObject({
      planId: 'free',
      pendingPlanId: null,
    });
    expect((await balance(organizationId)).monthly).toBe(10_000_000n);
  });
});

it('stale holds are given back once their time has passed', async () => {
  const { organizationId } = await seedOrganization(database);
  await reserve(database.prisma, {
    organizationId,
    amount: 5n,
    idempotencyKey: `stale:${organizationId}`,
    ttlMs: 60_000,
  });
  await database.prisma.rateCounter.createMany({
    data: ['minute:2020-01-01T00:00', 'day:2020-01-01', 'minute:2999-01-01T00:00'].map((window) => ({
      organizationId,
      capability: 'ask',
      window,
    })),
  });
  expect(await releaseStaleHolds()).toEqual({ expired: 0, calls: 0, counters: 2 });
  setClockOffset(61_000);
  expect(await releaseStaleHolds()).toEqual({ expired: 1, calls: 0, counters: 0 });
  expect((await balance(organizationId)).held).toBe(0n);
});

describe('one broken organization', () => {
  const hold = (organizationId: string) =>
    reserve(database.prisma, { organizationId, amount: 5n, idempotencyKey: `hold:${organizationId}`, ttlMs: 60_000 });
  const failureOf = async (name: 'credits.holds' | 'plans.change') =>
    (await database.prisma.jobStatus.findUniqueOrThrow({ where: { name } })).lastError;

  it('does not keep others’ holds from being given back, and the job says which it is', async () => {
    const [before, broken, after] = [
      await seedOrganization(database),
      await seedOrganization(database),
      await seedOrganization(database),
    ];
    for (const { organizationId } of [before, broken, after]) await hold(organizationId);
    // Less is held than the hold is of: giving it back would make it negative, which a check refuses.
    const where = { organizationId: broken.organizationId };
    await database.prisma.creditBalance.update({ where, data: { held: 1n } });
    setClockOffset(61_000);
    await expect(runJob('credits.holds', releaseStaleHolds)).rejects.toThrow(broken.organizationId);
    expect((await balance(before.organizationId)).held).toBe(0n);
    expect((await balance(after.organizationId)).held).toBe(0n);
    expect((await balance(broken.organizationId)).held).toBe(1n);
    expect(await failureOf('credits.holds')).toContain(broken.organizationId);
    await database.prisma.creditBalance.update({ where, data: { held: 5n } });
    await runJob('credits.holds', releaseStaleHolds);
    expect((await balance(broken.organizationId)).held).toBe(0n);
  });

  it('does not keep others’ plans from changing', async () => {
    const all = [
      await seedOrganization(database, { planId: 'pro' }),
      await seedOrganization(database, { planId: 'pro' }),
      await seedOrganization(database, { planId: 'pro' }),
    ];
    for (const { organizationId } of all) {
      const { periodEnd } = await balance(organizationId);
      const data = { pendingPlanId: 'free', pendingFrom: periodEnd };
      await database.prisma.organizationPlan.update({ where: { organizationId }, data });
    }
    const [, broken] = all;
    const where = { organizationId: broken?.organizationId ?? '' };
    setClockOffset(31 * DAY);
    // The plan it is to move to is not there.
    await database.prisma.organizationPlan.update({ where, data: { pendingPlanId: 'nothing' } });
    await database.prisma.organizationPlan.update({ where, data: { pendingFrom: new Date() } });
    await expect(runJob('plans.change', changePlans)).rejects.toThrow(where.organizationId);
    const plans = await database.prisma.organizationPlan.findMany({
      where: { organizationId: { in: all.map(({ organizationId }) => organizationId) } },
    });
    expect(plans.filter(({ planId }) => planId === 'free')).toHaveLength(2);
    expect(await failureOf('plans.change')).toContain(where.organizationId);
    await database.prisma.organizationPlan.update({ where, data: { pendingPlanId: null, pendingFrom: null } });
  });
});

describe('low-balance notices', () => {
  it('go by what the plan gives this organization: a free team’s is nothing, a paid one’s the plan’s', async () => {
    const make = async (planId: string, bonusMicro: bigint) => {
      const { organizationId } = await seedOrganization(database, { planId, monthlyMicro: 0n, bonusMicro });
      await database.prisma.organization.update({ where: { id: organizationId }, data: { kind: 'team' } });
      // As a team gets it that is made as one.
      const allocationMicro = planId === 'free' ? 0n : 2_000_000_000n;
      await database.prisma.organizationPlan.update({ where: { organizationId }, data: { allocationMicro } });
      return organizationId;
    };
    // A fifth of the free plan's ten credits would be two.
    const bought = await make('free', 1_500_000n);
    const out = await make('free', 1_000_000n);
    const paid = await make('team', 400_000_000n);
    await noticeLowBalances(database.prisma);
    const kinds = async (organizationId: string) =>
      (await openNotices(await ownerOf(organizationId))).map(({ kind }) => kind);
    expect([await kinds(bought), await kinds(out), await kinds(paid)]).toEqual([
      [],
      ['out_of_credits'],
      ['low_balance'],
    ]);
    // What the balance says is what the notices say.
    const shown = [bought, out, paid].map((organizationId) => getBalance(database.prisma, organizationId));
    expect((await Promise.all(shown)).map(({ low, plan }) => ({ low, monthlyMicro: plan.monthlyMicro }))).toEqual([
      { low: false, monthlyMicro: 0n },
      { low: true, monthlyMicro: 0n },
      { low: true, monthlyMicro: 2_000_000_000n },
    ]);
  });

  it('come at 20 % and at one credit, each once a day, in the app and by mail', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 2_000_000n });
    const mine = async () => (await openNotices(await ownerOf(organizationId))).map(({ kind }) => kind);
    await Promise.all([noticeLowBalances(database.prisma), noticeLowBalances(database.prisma)]);
    expect(await mine()).toEqual(['low_balance']);
    const { email } = await database.prisma.user.findFirstOrThrow({
      where: { memberships: { some: { organizationId } } },
    });
    await mailNotices(database.prisma);
    await mailNotices(database.prisma);
    const letters = () => database.prisma.localMail.findMany({ where: { to: email } });
    expect(await letters()).toEqual([
      expect.objectContaining({
        subject: expect.stringMatching(/: credits are running low$/),
        text: expect.stringContaining('2.00 credits are left'),
      }),
    ]);
    const idempotencyKey = `out:${organizationId}`;
    const hold = { organizationId, amount: 1_500_000n, idempotencyKey, ttlMs: 600_000 };
    const { holdId } = await reserve(database.prisma, hold);
    await noticeLowBalances(database.prisma);
    // What is only held mostly comes back.
    expect(await mine()).toEqual(['low_balance']);
    await settle(database.prisma, { organizationId, holdId, actual: 1_500_000n });
    await noticeLowBalances(database.prisma);
    await noticeLowBalances(database.prisma);
    expect((await mine()).sort()).toEqual(['low_balance', 'out_of_credits']);
    setClockOffset(DAY);
    await noticeLowBalances(database.prisma);
    expect(await mine()).toHaveLength(3);
    const reader = await ownerOf(organizationId);
    const [first] = await openNotices(reader);
    await dismissNotice(reader, first?.id ?? '');
    await expect(dismissNotice(reader, first?.id ?? '')).rejects.toMatchObject({ code: 'not_found' });
    expect(await mine()).toHaveLength(2);
    // It was put away by one person: a colleague still sees it.
    expect(await openNotices({ ...reader, userId: newId(), role: 'member' })).toHaveLength(3);
  });

  it('that no mail server took are tried again, and the job says so', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 2_000_000n });
    const { email } = await database.prisma.user.findFirstOrThrow({
      where: { memberships: { some: { organizationId } } },
    });
    const letters = () => database.prisma.localMail.count({ where: { to: email } });
    Object.assign(process.env, { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'plumbline@example.test' });
    resetEnv();
    await expect(runJob('credits.notices', noticeBalances)).rejects.toThrow('could not be mailed');
    expect((await viewJobs()).find(({ name }) => name === 'credits.notices')?.lastError).toContain(
      'could not be mailed',
    );
    delete process.env.SMTP_URL;
    delete process.env.MAIL_FROM;
    resetEnv();
    expect(await letters()).toBe(0);
    await runJob('credits.notices', noticeBalances);
    await runJob('credits.notices', noticeBalances);
    expect(await letters()).toBe(1);
  });

  it('of yesterday that never left are not sent beside those of today', async () => {
    const { organizationId } = await seedOrganization(database, { monthlyMicro: 1n });
    const { email } = await database.prisma.user.findFirstOrThrow({
      where: { memberships: { some: { organizationId } } },
    });
    await noticeLowBalances(database.prisma);
    // As late as a letter is still tried again, whatever the time of day is.
    await database.prisma.notice.updateMany({ where: { organizationId }, data: { day: '2000-01-01' } });
    await noticeLowBalances(database.prisma);
    expect(await database.prisma.notice.count({ where: { organizationId, mailedAt: null } })).toBe(2);
    await mailNotices(database.prisma);
    await mailNotices(database.prisma);
    expect(await database.prisma.localMail.count({ where: { to: email } })).toBe(1);
  });

  it('do not come to a full balance, nor where they are switched off', async () => {
    const rich = await seedOrganization(database);
    const quiet = await seedOrganization(database, { monthlyMicro: 1n });
    await setNotices(quiet.organizationId, false);
    await noticeLowBalances(database.prisma);
    expect(await openNotices(await ownerOf(rich.organizationId))).toEqual([]);
    expect(await openNotices(await ownerOf(quiet.organizationId))).toEqual([]);
  });
});

describe('a scheduled job', () => {
  it('has a handler, and a next run', () => {
    expect(Object.keys(HANDLERS).sort()).toEqual([...SCHEDULED_JOBS].sort());
    const from = new Date('2026-11-21T10:16:30Z');
    expect(nextRun(SCHEDULE['ledger.reconcile'].cron, from).toISOString()).toBe('2026-11-21T10:17:00.000Z');
    expect(nextRun(SCHEDULE['credits.reset'].cron, from).toISOString()).toBe('2026-11-21T10:17:00.000Z');
  });

  it('leaves its result, and its last error until it is looked at', async () => {
    await runJob('ledger.reconcile', reconcileLedger);
    const row = () => database.prisma.jobStatus.findUniqueOrThrow({ where: { name: 'ledger.reconcile' } });
    expect(await row()).toMatchObject({ lastResult: { differences: 0 }, lastError: null, failures: 0 });
    const { organizationId } = await seedOrganization(database);
    // A balance that nothing in the ledger explains.
    await database.prisma.creditBalance.update({ where: { organizationId }, data: { bonus: 3n } });
    await expect(runJob('ledger.reconcile', reconcileLedger)).rejects.toThrow(organizationId);
    expect(await row()).toMatchObject({ failures: 1, lastError: expect.stringContaining(organizationId) });
    await database.prisma.creditBalance.update({ where: { organizationId }, data: { bonus: 0n } });
    await runJob('ledger.reconcile', reconcileLedger);
    const shown = (await viewJobs()).find(({ name }) => name === 'ledger.reconcile');
    expect(shown?.nextRunAt.getTime()).toBeGreaterThan(Date.now());
    expect(shown?.lastError).toContain(organizationId);
    expect(await row()).toMatchObject({ failures: 0, lastError: expect.stringContaining(organizationId) });
  });
});
