/** The customer portal: its sessions, and the page with invoices, the card, and the way back. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { day, escapeHtml, htmlDocument, money, type PageAnswer } from './html';
import { payInvoice } from './invoices';
import { ignored, text } from './params';
import { type Route, route } from './router';
import { get, idOf, type Store } from './store';
import { currentPeriod, updateSubscription } from './subscriptions';

export function portalRoutes(store: Store): Route[] {
  const create = z.strictObject({
    customer: text,
    return_url: text.optional(),
    configuration: text.optional(),
    locale: ignored.optional(),
    flow_data: ignored.optional(),
  });
  return [
    route('POST', 'billing_portal/sessions', create, (params) => {
      get(store.customers, 'customer', params.customer, 'customer');
      const id = store.id('bps');
      const session: Stripe.BillingPortal.Session = {
        id,
        object: 'billing_portal.session',
        configuration: params.configuration ?? 'bpc_fake',
        created: store.now(params.customer),
        customer: params.customer,
        customer_account: null,
        flow: null,
        livemode: false,
        locale: null,
        on_behalf_of: null,
        return_url: params.return_url ?? null,
        url: `${store.baseUrl}/p/session/${id}`,
      };
      store.portals.set(id, session);
      return session;
    }),
  ];
}

/** Buttons of the portal page, by the value they send. */
const ACTIONS = {
  card_works: 'Use a card that works',
  card_declines: 'Use a card that declines',
  pay_open: 'Pay open invoices',
  cancel: 'Cancel at the end of the period',
} as const;

export function portalPage(store: Store, method: string, id: string, form: URLSearchParams): PageAnswer | null {
  const session = store.portals.get(id);
  if (session === undefined) return null;
  const invoices = [...store.invoices.values()].filter((invoice) => idOf(invoice.customer) === session.customer);
  if (method === 'POST') act(store, session.customer, invoices, form.get('action'));
  const back =
    session.return_url === null ? '' : `<p><a href="${escapeHtml(session.return_url)}">Return to the shop</a></p>`;
  const card = store.decliningCustomers.has(session.customer) ? 'declines' : 'works';
  const buttons = Object.entries(ACTIONS).map(
    ([name, label]) => `<button name="action" value="${name}">${label}</button>`,
  );
  const body = `${back}<h2>Invoices</h2>${invoiceTable(invoices.toReversed())}
<h2>Card</h2><p>The stored card ${card}.</p>
<form method="post">${buttons.join('\n')}</form>`;
  return { status: 200, html: htmlDocument('Billing', body) };
}

function act(store: Store, customer: string, invoices: Stripe.Invoice[], action: string | null): void {
  if (action === 'card_works') store.decliningCustomers.delete(customer);
  if (action === 'card_declines') store.decliningCustomers.add(customer);
  if (action === 'cancel') cancelAll(store, customer);
  if (action !== 'pay_open') return;
  const works = !store.decliningCustomers.has(customer);
  for (const invoice of invoices.filter(({ status }) => status === 'open')) payInvoice(store, invoice, works);
}

/** As the portal does it with flexible billing: a date, not the flag. */
function cancelAll(store: Store, customer: string): void {
  for (const subscription of store.subscriptions.values()) {
    if (idOf(subscription.customer) !== customer || subscription.status === 'canceled') continue;
    updateSubscription(store, subscription, { cancel_at: currentPeriod(subscription).end, ...UNCHANGED });
  }
}

/** What the portal leaves as it is. */
const UNCHANGED = { proration_behavior: 'none', payment_behavior: 'allow_incomplete' } as const;

function invoiceTable(invoices: Stripe.Invoice[]): string {
  if (invoices.length === 0) return '<p>No invoices yet.</p>';
  const rows = invoices.map((invoice) => {
    const name = escapeHtml(invoice.number ?? invoice.id);
    return `<tr><td><a href="/invoices/${escapeHtml(invoice.id)}">${name}</a></td><td>${day(invoice.created)}</td>
<td>${escapeHtml(String(invoice.status))}</td><td class="amount">${money(invoice.total, invoice.currency)}</td></tr>`;
  });
  return `<table><thead><tr><th scope="col">Invoice</th><th scope="col">Date</th><th scope="col">Status</th>
<th scope="col" class="amount">Amount</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}
