import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MembershipRole } from '@/prisma/generated/enums';
import { appRouter } from '@/server/api/root';
import { createCaller } from '@/server/api/trpc';
import { auditLedger } from '@/server/credits/ledger/audit';
import { createTeam } from '@/server/credits/ledger/create-team';
import { resetMonth } from '@/server/credits/ledger/ledger';
import { setClockOffset } from '@/server/platform/clock';
import { type Database, db } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';

const CREDIT = 1_000_000n;
const DAY = 86_400_000;

let database: Database;

beforeAll(async () => {
  delete process.env.STRIPE_SECRET_KEY;
  resetEnv();
  database = await testDb();
});
afterAll(async () => {
  setClockOffset(0);
  expect(await auditLedger(db())).toEqual([]);
  await closeTestDb();
});

type Account = Awaited<ReturnType<typeof seedOrganization>>;

/** The API as this person of the organization. */
function as(account: Account, role: MembershipRole = 'owner') {
  return createCaller(appRouter)({ requestId: 'test', caller: { ...account, email: 'a@example.test', role } }).billing;
}

async function bonusOf({ organizationId }: Account): Promise<bigint> {
  return (await db().creditBalance.findUniqueOrThrow({ where: { organizationId } })).bonus;
}

describe('a purchase with a local test payment', () => {
  it('is granted like any other when it is paid, once', async () => {
    const account = await seedOrganization(database);
    const { purchaseId, url } = await as(account).startTopup({ packageId: 'popular', returnTo: '/projects/p1/run' });
    expect(url).toBe(`/checkout/mock/${purchaseId}`);
    expect(await as(account).purchase({ purchaseId })).toMatchObject({ status: 'pending', mock: true, paid: false });
    const paid = () => as(account).mockPay({ purchaseId, action: 'pay' });
    const answers = await Promise.all([paid(), paid(), paid()]);
    expect(answers.at(0)).toMatchObject({ status: 'paid', paid: true, returnTo: '/projects/p1/run' });
    expect(await bonusOf(account)).toBe(500n * CREDIT);
    const entries = await db().creditEntry.findMany({ where: { idempotencyKey: `purchase:${purchaseId}` } });
    expect(entries).toMatchObject([{ kind: 'topup_purchase', bonusDelta: 500n * CREDIT }]);
    expect(await as(account).invoices()).toMatchObject([{ id: purchaseId, amountCents: 3999, status: 'paid' }]);
  });

  it('brings nothing when it is declined, and may be tried again', async () => {
    const account = await seedOrganization(database);
    const { purchaseId } = await as(account).startTopup({ packageId: 'starter' });
    expect(await as(account).mockPay({ purchaseId, action: 'decline' })).toMatchObject({ status: 'failed' });
    expect(await bonusOf(account)).toBe(0n);
    expect(await as(account).mockPay({ purchaseId, action: 'pay' })).toMatchObject({ status: 'paid' });
    expect(await bonusOf(account)).toBe(100n * CREDIT);
  });

  it('cannot be paid after it was cancelled', async () => {
    const account = await seedOrganization(database);
    const { purchaseId } = await as(account).startTopup({ packageId: 'starter' });
    expect(await as(account).mockPay({ purchaseId, action: 'cancel' })).toMatchObject({ status: 'expired' });
    await expect(as(account).mockPay({ purchaseId, action: 'pay' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await bonusOf(account)).toBe(0n);
  });

  it('does not exist for another organization, nor where real payments are on', async () => {
    const account = await seedOrganization(database);
    const stranger = await seedOrganization(database);
    const { purchaseId } = await as(account).startTopup({ packageId: 'starter' });
    await expect(as(stranger).purchase({ purchaseId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(as(stranger).mockPay({ purchaseId, action: 'pay' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await as(stranger).purchases({})).purchases).toEqual([]);
    process.env.MOCK_STRIPE_PAYMENTS = 'false';
    resetEnv();
    await expect(as(account).mockPay({ purchaseId, action: 'pay' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    delete process.env.MOCK_STRIPE_PAYMENTS;
    resetEnv();
    expect(await bonusOf(account)).toBe(0n);
  });

  it('reads in the history as what was bought', async () => {
    const account = await seedOrganization(database);
    const { purchaseId } = await as(account).startTopup({ packageId: 'popular' });
    await as(account).mockPay({ purchaseId, action: 'pay' });
    const entry = await db().creditEntry.findFirstOrThrow({
      where: { organizationId: account.organizationId, kind: 'topup_purchase' },
    });
    expect(entry.note).toBe('Popular, 500 credits');
  });

  it('shows where it can be paid to the owner only', async () => {
    const account = await seedOrganization(database);
    const { purchaseId, url } = await as(account).startTopup({ packageId: 'starter', returnTo: '/credits' });
    const pages = async (role: 'owner' | 'admin' | 'member') => {
      const api = as(account, role);
      const [listed] = (await api.purchases({})).purchases;
      const one = await api.purchase({ purchaseId });
      return [listed?.checkoutUrl, listed?.returnTo, one.checkoutUrl, one.returnTo];
    };
    expect(await pages('owner')).toEqual([url, '/credits', url, '/credits']);
    for (const role of ['admin', 'member'] as const) expect(await pages(role)).toEqual([null, null, null, null]);
  });

  it('is found by its members while another organization of theirs is active, and by nobody else', async () => {
    const owner = await seedOrganization(database);
    const colleague = await seedOrganization(database);
    const { organizationId: team } = await createTeam({ userId: owner.userId, name: 'Plumbers' });
    await db().membership.create({
      data: { id: newId(), organizationId: team, userId: colleague.userId, role: 'member' },
    });
    const { purchaseId, url } = await as({ ...owner, organizationId: team }).startTopup({ packageId: 'starter' });
    const elsewhere = { id: team, name: 'Plumbers' };
    expect(await as(owner).purchase({ purchaseId })).toMatchObject({ elsewhere, checkoutUrl: url });
    // Who owns the organization that is active owns not every one.
    expect(await as(colleague).purchase({ purchaseId })).toMatchObject({ elsewhere, checkoutUrl: null });
    const there = await as({ ...owner, organizationId: team }).purchase({ purchaseId });
    expect(there).toMatchObject({ elsewhere: null, checkoutUrl: url });
    const stranger = await seedOrganization(database);
    await expect(as(stranger).purchase({ purchaseId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses to lead anywhere else afterwards', async () => {
    const account = await seedOrganization(database);
    for (const returnTo of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'projects',
    ]) {
      const started = as(account).startTopup({ packageId: 'starter', returnTo });
      await expect(started).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
    expect(await db().purchase.count({ where: { organizationId: account.organizationId } })).toBe(0);
  });
});

describe('who may buy', () => {
  const changes = {
    startTopup: (api: ReturnType<typeof as>) => api.startTopup({ packageId: 'starter' }),
    startSubscription: (api: ReturnType<typeof as>) => api.startSubscription({ planId: 'pro' }),
    changePlan: (api: ReturnType<typeof as>) => api.changePlan({ planId: 'pro' }),
    cancel: (api: ReturnType<typeof as>) => api.cancel(),
    resume: (api: ReturnType<typeof as>) => api.resume(),
    portal: (api: ReturnType<typeof as>) => api.portal(),
    mockPay: (api: ReturnType<typeof as>) => api.mockPay({ purchaseId: 'any', action: 'pay' }),
  };

  it.each(Object.entries(changes))('%s is for owners', async (_name, change) => {
    const account = await seedOrganization(database);
    for (const role of ['member', 'admin'] as const)
      await expect(change(as(account, role))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await db().purchase.count({ where: { organizationId: account.organizationId } })).toBe(0);
    expect(await as(account, 'member').overview()).toMatchObject({ plan: { id: 'free' }, canChange: false });
  });
});

describe('plans with local test payments', () => {
  it('rise at once, fall when the period ends, and stay when that is taken back', async () => {
    const account = await seedOrganization(database, { monthlyMicro: 10n * CREDIT });
    const { organizationId } = account;
    const api = as(account);
    const offers = await api.plans();
    expect(offers.map(({ id, change }) => [id, change.kind, change.creditsNowMicro])).toEqual([
      ['free', 'current', 0n],
      ['pro', 'upgrade', 490n * CREDIT],
      ['team', 'upgrade', 1990n * CREDIT],
    ]);
    expect(await api.startSubscription({ planId: 'team', returnTo: '/credits' })).toEqual({
      url: '/checkout/success?plan=team&returnTo=%2Fcredits',
    });
    expect(await api.overview()).toMatchObject({
      plan: { id: 'team' },
      usage: { monthlyMicro: 2000n * CREDIT, bonusMicro: 50n * CREDIT, usedMicro: 0n, owedMicro: 0n },
      pending: null,
      canChange: true,
      mock: true,
      portal: false,
    });
    const scheduled = await api.changePlan({ planId: 'pro' });
    const { period, pending } = await api.overview();
    expect(scheduled).toEqual({ outcome: 'scheduled', url: null, at: period.end });
    expect(pending).toEqual({ planId: 'pro', planName: 'Pro', from: period.end });
    expect(await api.resume()).toMatchObject({ outcome: 'changed' });
    expect((await api.overview()).pending).toBeNull();
    await api.cancel();
    setClockOffset(31 * DAY);
    await resetMonth(db(), organizationId);
    expect(await api.overview()).toMatchObject({
      plan: { id: 'free' },
      usage: { monthlyMicro: 10n * CREDIT, bonusMicro: 50n * CREDIT },
      pending: null,
    });
  });

  it('are not found when they do not exist', async () => {
    const account = await seedOrganization(database);
    await expect(as(account).changePlan({ planId: 'gold' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
