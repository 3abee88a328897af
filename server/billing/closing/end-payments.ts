import 'server-only';
import type Stripe from 'stripe';
import { closePage } from '@/server/billing/checkout/close-page';
import { syncSubscription } from '@/server/billing/plans/sync-subscription';
import { voidOpenInvoices } from '@/server/billing/plans/void-invoices';
import { askStripe, isMissing } from '@/server/billing/stripe-client';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import type { PaymentStep } from './payment-steps';

/** Told of each change at Stripe once it is made. */
type OnStep = (step: PaymentStep) => void;

/**
 * Sees to it that nothing is charged to an organization any more: its open payment pages are closed, its subscriptions end,
 * and no invoice can be paid. What is paid for runs to the end of its period; what is not (a failed or first payment) ends at
 * once, so that Stripe does not go on trying the card. Asks Stripe, not the database, because an event may still be under
 * way, and by the customer: run again after a failure it finds what is left, also of a subscription that has ended.
 * @throws AppError `payments_unavailable`
 */
export async function endPayments(organizationId: string, onStep: OnStep = () => undefined): Promise<void> {
  if (mockPayments()) return;
  const plan = await db().organizationPlan.findUnique({ where: { organizationId } });
  const customer = plan?.stripeCustomerId;
  if (customer == null) return;
  try {
    // Pages first: one that is paid at this moment makes a subscription that is then found.
    await closePages(customer, onStep);
    await stopDrafts(customer, onStep);
    await endSubscriptions(customer, onStep);
    if (!(await voidOpenInvoices({ customer, onVoided: () => onStep('invoice_voided') }))) throw invoicesLeft();
    await syncSubscription(customer);
  } catch (error) {
    // A customer that was deleted at Stripe has neither.
    if (!isMissing(error)) throw error;
  }
}

async function closePages(customer: string, onStep: OnStep): Promise<void> {
  const open = await askStripe((stripe) =>
    stripe.checkout.sessions.list({ customer, status: 'open', limit: 100 }).autoPagingToArray({ limit: 1000 }),
  );
  for (const { id } of open) {
    if (await closePage(id)) onStep('page_closed');
  }
}

/**
 * Before the subscriptions: cancelling stops the collection of finished invoices only, a draft would be finished and charged
 * all the same. One that cannot be stopped leaves everything as it is.
 */
async function stopDrafts(customer: string, onStep: OnStep): Promise<void> {
  const drafts = await askStripe((stripe) =>
    stripe.invoices.list({ customer, status: 'draft', limit: 100 }).autoPagingToArray({ limit: 1000 }),
  );
  for (const { id, parent, auto_advance } of drafts) {
    // What the operator wrote by hand is not about a plan.
    if (parent?.subscription_details == null || auto_advance === false) continue;
    await askStripe((stripe) => stripe.invoices.update(id, { auto_advance: false }));
    onStep('draft_stopped');
  }
}

function invoicesLeft(): AppError {
  return new AppError('payments_unavailable', 'an open invoice could not be voided', {
    userMessage: 'An open invoice could not be taken back.',
  });
}

async function endSubscriptions(customer: string, onStep: OnStep): Promise<void> {
  const running = await askStripe((stripe) =>
    stripe.subscriptions
      .list({ customer, limit: 100, expand: ['data.latest_invoice'] })
      .autoPagingToArray({ limit: 1000 }),
  );
  for (const subscription of running) await endOne(subscription, onStep);
}

async function endOne(subscription: Stripe.Subscription, onStep: OnStep): Promise<void> {
  const { id, status, cancel_at_period_end } = subscription;
  if ((status !== 'active' && status !== 'trialing') || isUnpaid(subscription)) {
    await askStripe((stripe) => stripe.subscriptions.cancel(id));
    onStep('subscription_ended');
  } else if (!cancel_at_period_end) {
    await askStripe((stripe) => stripe.subscriptions.update(id, { cancel_at_period_end: true }));
    onStep('subscription_ends');
  }
}

/** A subscription is active while its renewal is a draft, for about an hour, and while an invoice waits for the payment. */
function isUnpaid({ latest_invoice }: Stripe.Subscription): boolean {
  const status = typeof latest_invoice === 'object' ? latest_invoice?.status : null;
  return status === 'draft' || status === 'open';
}
