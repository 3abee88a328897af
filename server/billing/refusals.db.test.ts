import { afterEach, describe, expect, it, vi } from 'vitest';
import { appRouter } from '@/server/api/root';
import { createCaller } from '@/server/api/trpc';
import { setClockOffset } from '@/server/platform/clock';
import { database, db } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import { billing } from '@/test/billing';
import { DAY, subscribe } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { lastRefusal } from './refusals';

type Account = Awaited<ReturnType<typeof seedOrganization>>;

const api = ({ userId, organizationId }: Account, email = 'x@example.test') =>
  createCaller(appRouter)({ requestId: 'test', caller: { userId, organizationId, email, role: 'owner' } });

afterEach(() => {
  process.env.STRIPE_SECRET_KEY = billing.fake.secretKey;
  delete process.env.OPERATOR_EMAILS;
  resetEnv();
  vi.restoreAllMocks();
});

describe('what Stripe refuses', () => {
  it.each([
    [400, 'Look at the account'],
    [401, 'STRIPE_SECRET_KEY'],
    [403, 'lacks a permission'],
    [404, 'Look at the account'],
  ])('with %i is no 500: payments are unavailable, and the operator reads why', async (kind, advice) => {
    const account = await seedOrganization(database());
    const logged = vi.spyOn(logger(), 'error');
    billing.fake.failNext({ method: 'POST', path: '/v1/customers', kind });
    const failed = api(account).billing.startTopup({ packageId: 'starter' });
    await expect(failed).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('The operator of this instance'),
      cause: { code: 'payments_unavailable', details: { reason: 'refused_by_stripe' } },
    });
    await expect(failed).rejects.not.toThrow(/nothing was changed|A fault that the test/i);
    const lines = logged.mock.calls.filter(([, message]) => message === 'Stripe refused a request');
    expect(lines.map(([fields]) => fields)).toEqual([
      expect.objectContaining({ reason: `${kind}: A fault that the test asked for.` }),
    ]);
    expect(await lastRefusal()).toMatchObject({
      reason: expect.stringContaining(`${kind}`),
      advice: expect.stringContaining(advice),
    });
  });

  it('because the key is wrong stands on the operator’s page for a week, and the key does not', async () => {
    const account = await seedOrganization(database());
    process.env.STRIPE_SECRET_KEY = 'sk_test_somethingElseAltogether';
    process.env.OPERATOR_EMAILS = 'op@example.test';
    resetEnv();
    await expect(api(account).billing.startTopup({ packageId: 'starter' })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    const shown = await api(account, 'op@example.test').operator.paymentRefusal();
    expect(shown?.reason).toMatch(/^401 api_key_invalid: Invalid API Key/);
    expect(JSON.stringify(shown)).not.toContain('somethingElse');
    await expect(api(account).operator.paymentRefusal()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    setClockOffset(8 * DAY);
    expect(await lastRefusal()).toBeNull();
  });

  it('of what does not exist any more is expected, and no operator is told', async () => {
    await db().instanceSetting.deleteMany();
    const account = await subscribe(billing, 'pro');
    await billing.client.customers.del(account.customer);
    expect(await api(account).billing.invoices()).toEqual([]);
    expect(await lastRefusal()).toBeNull();
  });
});

describe('a change of plan that could not be read back', () => {
  it('says that it was made', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const subscriptions = '/v1/subscriptions';
    const update = `${subscriptions}/${account.subscriptionId}`;
    // Stripe makes the change, then answers no question about it.
    const after = { method: 'POST', path: update } as const;
    billing.fake.failNext({ method: 'GET', path: subscriptions, kind: 403, after });
    await expect(api(account).billing.changePlan({ planId: 'team' })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('The plan was changed at the payment service'),
    });
    const { items } = await billing.client.subscriptions.retrieve(account.subscriptionId);
    expect(items.data[0]?.price.lookup_key).toContain('_team_');
  });
});
