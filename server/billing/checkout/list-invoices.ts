import 'server-only';
import type Stripe from 'stripe';
import { askIfThere } from '@/server/billing/stripe-client';
import { formatCredits } from '@/server/credits/schema';
import { db } from '@/server/platform/db';
import { mockPayments } from '@/server/platform/env';

/** Invoices shown; older ones are on Stripe's page. */
const SHOWN = 24;

export interface InvoiceView {
  id: string;
  number: string | null;
  createdAt: Date;
  description: string;
  /** US cents. */
  amountCents: number;
  /** Stripe's word: draft, open, paid, uncollectible, void. */
  status: string;
  /** Where it is seen and paid; null too for what is not to be paid any more. */
  url: string | null;
  pdfUrl: string | null;
}

/** The organization's newest invoices: Stripe's, or in mock mode its paid purchases. @throws AppError `payments_unavailable` */
export async function listInvoices(organizationId: string): Promise<InvoiceView[]> {
  if (mockPayments()) return paidPurchases(organizationId);
  const row = await db().organizationPlan.findUnique({ where: { organizationId } });
  const customer = row?.stripeCustomerId;
  if (customer == null) return [];
  const invoices = await askIfThere((stripe) => stripe.invoices.list({ customer, limit: SHOWN }));
  const shown = (invoices?.data ?? []).filter(({ status }) => status !== 'draft');
  return shown.map((invoice) => toView(invoice, isOver(invoice, row?.stripeSubscriptionId ?? null)));
}

/** Whether it is unpaid and for a plan that is over: paying it would bring nothing. */
function isOver({ status, parent }: Stripe.Invoice, runningId: string | null): boolean {
  const of = parent?.subscription_details;
  if (status === 'paid' || of?.metadata?.organizationId === undefined) return false;
  return (typeof of.subscription === 'string' ? of.subscription : of.subscription.id) !== runningId;
}

function toView(invoice: Stripe.Invoice, over: boolean): InvoiceView {
  return {
    id: invoice.id,
    number: invoice.number,
    createdAt: new Date(invoice.created * 1000),
    description: invoice.description ?? invoice.lines.data[0]?.description ?? 'Invoice',
    amountCents: invoice.total,
    status: invoice.status ?? 'draft',
    url: over ? null : (invoice.hosted_invoice_url ?? null),
    pdfUrl: invoice.invoice_pdf ?? null,
  };
}

async function paidPurchases(organizationId: string): Promise<InvoiceView[]> {
  const rows = await db().purchase.findMany({
    where: { organizationId, paidAt: { not: null } },
    orderBy: { id: 'desc' },
    take: SHOWN,
  });
  return rows.map((row) => ({
    id: row.id,
    number: null,
    createdAt: row.paidAt ?? row.createdAt,
    description: `${formatCredits(row.creditsMicro)} credits (local test payment)`,
    amountCents: row.priceUsdCents,
    status: 'paid',
    url: null,
    pdfUrl: null,
  }));
}
