import 'server-only';
import { askStripe, isMissing } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { namePayer, type Payer, setPayer } from './name-payer';

/**
 * Does something for the organization's customer at Stripe, which is made on first use: one, however often and however
 * concurrently it is asked for. Where it was deleted at Stripe, `work` is done again for a new one that takes its place.
 */
export async function withCustomer<T>(payer: Payer, work: (customer: string) => Promise<T>): Promise<T> {
  const customer = await ensureCustomer(payer);
  try {
    return await work(customer);
  } catch (error) {
    if (!isMissing(error, 'customer')) throw error;
    return work(await replaceCustomer(payer, customer));
  }
}

async function ensureCustomer(payer: Payer): Promise<string> {
  const stored = await storedCustomer(payer);
  if (stored === null) return replaceCustomer(payer, null);
  await setPayer(payer);
  return stored;
}

async function storedCustomer({ organizationId }: Payer): Promise<string | null> {
  const plan = await db().organizationPlan.findUnique({ where: { organizationId } });
  if (plan === null) throw notFound('Plan');
  return plan.stripeCustomerId;
}

/** Stores a new customer in the place of `former`, unless another one is stored there already. */
async function replaceCustomer(payer: Payer, former: string | null): Promise<string> {
  const { organizationId } = payer;
  const created = await createCustomer(payer, former);
  await db().organizationPlan.updateMany({
    where: { organizationId, stripeCustomerId: former },
    data: { stripeCustomerId: created },
  });
  // Stripe forgets keys after a day: another customer may have been stored in between, and that one counts.
  return (await storedCustomer(payer)) ?? created;
}

async function createCustomer(payer: Payer, former: string | null): Promise<string> {
  const { organizationId } = payer;
  const idempotencyKey = former === null ? `customer:${organizationId}` : `customer:${organizationId}:${former}`;
  // Only what never changes goes with the key: Stripe refuses a key that comes again with other parameters.
  const { id } = await askStripe((stripe) =>
    stripe.customers.create({ metadata: { organizationId } }, { idempotencyKey }),
  );
  await namePayer(id, payer);
  return id;
}
