import { describe, expect, it } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { DELETE_PHRASE } from '@/server/organizations/schema';
import { database, db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { billing } from '@/test/billing';
import { buy, rowOf } from '@/test/billing-accounts';
import { seedOrganization } from '@/test/test-db';
import { appRouter } from './root';
import { createCaller } from './trpc';

type Account = { userId: string; organizationId: string };

const api = ({ userId, organizationId }: Account) =>
  createCaller(appRouter)({
    requestId: 'test',
    caller: { userId, organizationId, email: 'x@example.test', role: 'owner' },
  });

describe('who gets the receipts', () => {
  const customerOf = async (account: Account) => {
    const customer = await billing.client.customers.retrieve((await rowOf(account)).customer);
    return customer.deleted ? null : { name: customer.name, email: customer.email };
  };
  const addressOf = async (userId: string) => (await db().user.findUniqueOrThrow({ where: { id: userId } })).email;

  /** A team that has bought something, and a member who is to own it. */
  async function team() {
    const owner = await seedOrganization(database());
    const next = await seedOrganization(database());
    const { organizationId } = await createTeam({ userId: owner.userId, name: 'Plumbers' });
    await db().membership.create({ data: { id: newId(), organizationId, userId: next.userId, role: 'member' } });
    const topup = await buy(billing, 'starter', { ...owner, organizationId });
    expect(await customerOf(topup)).toEqual({ name: 'Plumbers', email: await addressOf(owner.userId) });
    return { owner, next, topup, transfer: () => api(topup).organizations.transfer({ userId: next.userId }) };
  }

  it('is the new owner of a team that was passed on', async () => {
    const { next, topup, transfer } = await team();
    await transfer();
    expect(await customerOf(topup)).toEqual({ name: 'Plumbers', email: await addressOf(next.userId) });
  });

  it('is the last buyer; a team is passed on although Stripe does not answer', async () => {
    const { owner, next, topup, transfer } = await team();
    const { customer } = await rowOf(topup);
    billing.fake.failNext({ method: 'POST', path: `/v1/customers/${customer}`, kind: 403 });
    await transfer();
    expect(await customerOf(topup)).toMatchObject({ email: await addressOf(owner.userId) });
    await buy(billing, 'starter', { ...next, organizationId: topup.organizationId });
    expect(await customerOf(topup)).toMatchObject({ email: await addressOf(next.userId) });
  });

  it('is nobody after the organization was deleted', async () => {
    const topup = await buy(billing, 'starter');
    expect(await customerOf(topup)).toEqual({ name: 'Test', email: await addressOf(topup.userId) });
    await api(topup).account.delete({ confirm: DELETE_PHRASE });
    expect(await customerOf(topup)).toEqual({ name: null, email: null });
  });
});
