import 'server-only';
import { askIfThere } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';

export interface Payer {
  organizationId: string;
  /** Whose address receipts go to. */
  userId: string;
}

/**
 * Gives a customer at Stripe, if it is there, the organization's name and the payer's address; not once the organization was
 * deleted. @throws AppError `payments_unavailable`
 */
export async function namePayer(customer: string, { organizationId, userId }: Payer): Promise<void> {
  const [organization, user] = await Promise.all([
    db().organization.findFirst({ where: { id: organizationId, deletedAt: null }, select: { name: true } }),
    db().user.findUnique({ where: { id: userId }, select: { email: true } }),
  ]);
  if (organization === null || user === null) return;
  await askIfThere((stripe) => stripe.customers.update(customer, { name: organization.name, email: user.email }));
}

/** Makes a person the one whom the organization's customer names, if there is one. A failure is logged and nothing else. */
export async function setPayer(payer: Payer): Promise<void> {
  await ofCustomer(payer.organizationId, (customer) => namePayer(customer, payer));
}

/** Takes name and address from the customer of an organization that is gone. A failure is logged and nothing else. */
export async function forgetPayer(organizationId: string): Promise<void> {
  await ofCustomer(organizationId, async (customer) => {
    await askIfThere((stripe) => stripe.customers.update(customer, { name: '', email: '' }));
  });
}

async function ofCustomer(organizationId: string, work: (customer: string) => Promise<void>): Promise<void> {
  if (mockPayments()) return;
  try {
    const plan = await db().organizationPlan.findUnique({ where: { organizationId } });
    if (plan?.stripeCustomerId != null) await work(plan.stripeCustomerId);
  } catch (error) {
    logger().error({ err: error, organizationId }, 'the customer at Stripe may name somebody else than the payer');
  }
}
