import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { deleteAccount } from '@/server/organizations/delete-account';
import { DELETE_PHRASE, LETTERS_PER_ADDRESS } from '@/server/organizations/schema';
import { db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { buy, subscribe } from '@/test/billing-accounts';
import { type Billing, holdAnswers, startBilling } from '@/test/billing-harness';
import { as, person, startApi, stopApi } from '@/test/people';
import { appRouter } from './root';
import { createCaller } from './trpc';

let billing: Billing;

beforeAll(async () => {
  await startApi();
  billing = await startBilling();
});
afterAll(async () => {
  await billing.stop();
  await stopApi();
});

const GONE = { code: 'NOT_FOUND' };
const SECRET_KEY = { provider: 'openai', key: 'sk-0123456789abcdef-zwiebel' } as const;
const openPages = async (customer: string) =>
  (await billing.client.checkout.sessions.list({ customer, status: 'open' })).data.length;

describe('a request that began before the account was deleted', () => {
  it('makes nothing afterwards: no project, key, purchase, team, and no name', async () => {
    const ada = await person('Ada');
    const tab = await as(ada);
    await deleteAccount(ada.userId);
    await expect(tab.projects.create({ description: 'a secret of Ada', title: 'Secret' })).rejects.toMatchObject(GONE);
    await expect(tab.keys.store(SECRET_KEY)).rejects.toMatchObject(GONE);
    await expect(tab.billing.startTopup({ packageId: 'starter' })).rejects.toMatchObject(GONE);
    await expect(tab.organizations.create({ name: 'Ada again' })).rejects.toMatchObject(GONE);
    await expect(tab.account.rename({ name: 'Ada again' })).rejects.toMatchObject(GONE);
    const own = { where: { organizationId: ada.organizationId } };
    expect([await db().project.count(own), await db().providerKey.count(own), await db().purchase.count(own)]).toEqual([
      0, 0, 0,
    ]);
    expect(await db().organization.count({ where: { name: 'Ada again' } })).toBe(0);
    expect(await db().user.findUniqueOrThrow({ where: { id: ada.userId } })).toMatchObject({ name: null });
  });

  it('leaves no payment page open that Stripe made during the deletion', async () => {
    const ada = await person('Ada');
    const { customer } = { customer: await customerOf(ada) };
    const before = await openPages(customer);
    const proxy = await holdAnswers(billing.fake.url, '/v1/checkout/sessions');
    const topup = (await as(ada)).billing.startTopup({ packageId: 'starter' });
    topup.catch(() => undefined);
    await expect.poll(() => proxy.waiting(), { timeout: 10_000 }).toBe(1);
    proxy.stopHolding();
    // As the deletion's own transaction: its search for open pages is over, or has missed this one.
    await deleteAccount(ada.userId);
    proxy.release();
    await expect(topup).rejects.toMatchObject(GONE);
    await proxy.close();
    expect([before, await openPages(customer)]).toEqual([1, 1]);
  });

  it('adds nobody to a team that was closed', async () => {
    const [ada, bob] = [await person('Ada'), await person('Bob')];
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const tab = await as(ada, organizationId);
    await tab.organizations.close({ confirm: 'Plumbers' });
    await expect(tab.keys.store(SECRET_KEY)).rejects.toMatchObject(GONE);
    await expect(tab.organizations.invite({ email: bob.email, role: 'member' })).rejects.toMatchObject(GONE);
  });
});

/** The person's customer at Stripe, with one page of a purchase open. */
async function customerOf(account: { userId: string; organizationId: string }): Promise<string> {
  await buy(billing, 'starter', account);
  const plan = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId: account.organizationId } });
  return plan.stripeCustomerId ?? '';
}

describe('closing', () => {
  it('of a personal workspace is refused before anything ends at Stripe', async () => {
    const account = await subscribe(billing, 'pro');
    await account.deliver();
    const { name } = await db().organization.findUniqueOrThrow({ where: { id: account.organizationId } });
    const caller = { ...account, email: 'x@example.test', role: 'owner' as const };
    const api = createCaller(appRouter)({ requestId: 'test', caller });
    await expect(api.organizations.close({ confirm: name })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await billing.client.subscriptions.retrieve(account.subscriptionId)).toMatchObject({
      cancel_at_period_end: false,
    });
  });
});

describe('accepting an invitation while the account is deleted', () => {
  it('ends in membership or a plain refusal, never in a deadlock', async () => {
    for (let round = 0; round < 6; round++) {
      const [ada, bob] = [await person('ada'), await person('Bob')];
      const { organizationId } = await createTeam({ userId: bob.userId, name: 'T' });
      const email = ada.email.toLowerCase();
      await db().user.update({ where: { id: ada.userId }, data: { email } });
      await (await as(bob, organizationId)).organizations.invite({ email, role: 'member' });
      const letter = await db().localMail.findFirstOrThrow({ where: { to: email } });
      const token = /invite\/([\w-]{43})/.exec(letter.text)?.[1] ?? '';
      const [one, two] = [await as(ada), await as(ada)];
      const [deleted, accepted] = await Promise.allSettled([
        one.account.delete({ confirm: DELETE_PHRASE }),
        two.organizations.accept({ token }),
      ]);
      expect(deleted.status).toBe('fulfilled');
      if (accepted.status === 'rejected') expect(accepted.reason).toMatchObject(GONE);
      expect(await db().membership.count({ where: { userId: ada.userId } })).toBe(0);
    }
  }, 60_000);
});

describe('invitation letters', () => {
  it('to one address are few a day, whatever becomes of invitation and team', async () => {
    const ada = await person('Ada');
    const send = async () => {
      const { organizationId } = await (await as(ada)).organizations.create({ name: 'Your account is blocked' });
      const api = await as(ada, organizationId);
      const { invitationId } = await api.organizations.invite({ email: 'victim@example.test', role: 'member' });
      await api.organizations.revoke({ invitationId });
      await api.organizations.close({ confirm: 'Your account is blocked' });
    };
    for (let letter = 0; letter < LETTERS_PER_ADDRESS; letter++) await send();
    await expect(send()).rejects.toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      cause: { details: { limit: LETTERS_PER_ADDRESS, retryAfterSeconds: expect.any(Number) } },
    });
    expect(await db().localMail.count({ where: { to: 'victim@example.test' } })).toBe(LETTERS_PER_ADDRESS);
    expect(JSON.stringify(await db().rateCounter.findMany())).not.toContain('victim');
  }, 60_000);
});

describe('a notice about a payment', () => {
  it('is seen and put away by owners only', async () => {
    const [ada, bob] = [await person('Ada'), await person('Bob')];
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    await db().membership.create({ data: { id: newId(), organizationId, userId: bob.userId, role: 'member' } });
    const id = newId();
    await db().notice.create({
      data: { id, organizationId, kind: 'payment_failed', day: '2026-11-21', body: 'failed' },
    });
    const [owner, member] = [await as(ada, organizationId), await as(bob, organizationId)];
    expect(await member.notices.open()).toEqual([]);
    await expect(member.notices.dismiss({ id })).rejects.toMatchObject(GONE);
    expect(await owner.notices.open()).toHaveLength(1);
    await owner.notices.dismiss({ id });
    expect(await owner.notices.open()).toEqual([]);
  });
});
