import 'server-only';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { askStripe } from './stripe-client';

/** The organization's customer at Stripe, made on first use: one, however often and however concurrently it is asked for. */
export async function ensureCustomer(organizationId: string, userId: string): Promise<string> {
  const plan = await db().organizationPlan.findUnique({
    where: { organizationId },
    include: { organization: { select: { name: true } } },
  });
  if (plan === null) throw notFound('Plan');
  if (plan.stripeCustomerId !== null) return plan.stripeCustomerId;
  // Only what never changes goes with the key: Stripe refuses a key that comes again with other parameters.
  const customer = await askStripe((stripe) =>
    stripe.customers.create({ metadata: { organizationId } }, { idempotencyKey: `customer:${organizationId}` }),
  );
  const user = await db().user.findUnique({ where: { id: userId }, select: { email: true } });
  await askStripe((stripe) =>
    stripe.customers.update(customer.id, { name: plan.organization.name, ...(user ? { email: user.email } : {}) }),
  );
  await db().organizationPlan.updateMany({
    where: { organizationId, stripeCustomerId: null },
    data: { stripeCustomerId: customer.id },
  });
  // Stripe forgets keys after a day: another customer may have been stored meanwhile, and that one counts.
  const stored = await db().organizationPlan.findUniqueOrThrow({ where: { organizationId } });
  return stored.stripeCustomerId ?? customer.id;
}
