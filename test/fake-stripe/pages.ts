/** The pages people see: checkout, customer portal, invoice, receipt. */
import type Stripe from 'stripe';
import { actOnCheckout, type CheckoutAction } from './checkout-outcome';
import { expireIfDue } from './checkout-sessions';
import { day, escapeHtml, htmlDocument, money, type PageAnswer } from './html';
import { portalPage } from './portal';
import { idOf, type Store } from './store';

/** Buttons of the checkout page, by the value they send. */
const BUTTONS = {
  pay: 'Pay',
  pay_later_succeeds: 'Pay later succeeds (async)',
  pay_later_fails: 'Pay later fails (async)',
  decline: 'Decline',
  cancel: 'Cancel',
} as const;
type Button = keyof typeof BUTTONS;

/** `settle` is told how a payment that was put off is to end. */
export function servePage(
  store: Store,
  method: string,
  path: string,
  form: URLSearchParams,
  settle: (sessionId: string, outcome: 'succeeds' | 'fails') => void,
): PageAnswer | null {
  if (path === '/' && method === 'GET') return home(store);
  const [, area = '', id = '', last = ''] =
    /^\/(c\/pay|p\/session|invoices|receipts)\/([^/]+)(\/pdf)?$/.exec(path) ?? [];
  if (area === 'c/pay' && last === '') return checkout(store, method, id, form, settle);
  if (area === 'p/session' && last === '') return portalPage(store, method, id, form);
  if (method !== 'GET') return null;
  if (area === 'invoices') return invoicePage(store, id);
  if (area === 'receipts') return receipt(store, id);
  return null;
}

/** Also what Playwright asks to learn that the server is up. */
function home(store: Store): PageAnswer {
  const open = [...store.sessions.values()].filter((session) => session.status === 'open').toReversed();
  const links = open.map(
    (session) => `<li><a href="/c/pay/${escapeHtml(session.id)}">${escapeHtml(session.id)}</a></li>`,
  );
  const events = [...store.events.values()].slice(-20).toReversed();
  const log = events.map((event) => `<li>${escapeHtml(event.type)} <code>${escapeHtml(event.id)}</code></li>`);
  const list = (items: string[]) => (items.length === 0 ? '<p>None yet.</p>' : `<ul>${items.join('')}</ul>`);
  return {
    status: 200,
    html: htmlDocument('Account', `<h2>Open checkouts</h2>${list(links)}<h2>Last events</h2>${list(log)}`),
  };
}

function checkout(
  store: Store,
  method: string,
  id: string,
  form: URLSearchParams,
  settle: (sessionId: string, outcome: 'succeeds' | 'fails') => void,
): PageAnswer | null {
  const session = store.sessions.get(id);
  if (session === undefined) return null;
  expireIfDue(store, session);
  const button = form.get('action');
  if (method !== 'POST' || session.status !== 'open') return { status: 200, html: checkoutPage(store, session) };
  if (!isButton(button) || !offered(session).includes(button))
    return { status: 400, html: checkoutPage(store, session) };
  const { redirectTo } = actOnCheckout(store, id, actionOf(button), form.get('email') ?? undefined);
  if (button === 'pay_later_succeeds') settle(id, 'succeeds');
  if (button === 'pay_later_fails') settle(id, 'fails');
  if (redirectTo !== null) return { status: 303, html: '', location: redirectTo };
  return { status: 200, html: checkoutPage(store, session) };
}

function isButton(value: string | null): value is Button {
  return value !== null && Object.hasOwn(BUTTONS, value);
}

function actionOf(button: Button): CheckoutAction {
  return button === 'pay_later_succeeds' || button === 'pay_later_fails' ? 'pay_later' : button;
}

function offered(session: Stripe.Checkout.Session): Button[] {
  const later: Button[] = session.mode === 'payment' ? ['pay_later_succeeds', 'pay_later_fails'] : [];
  const cancel: Button[] = session.cancel_url === null ? [] : ['cancel'];
  return ['pay', ...later, 'decline', ...cancel];
}

function checkoutPage(store: Store, session: Stripe.Checkout.Session): string {
  if (session.status === 'complete') return htmlDocument('You are all done here', '<p>This payment was made.</p>');
  if (session.status === 'expired')
    return htmlDocument('This page has expired', '<p>Go back to the shop and start again.</p>');
  const secrets = store.checkoutSecrets.get(session.id);
  const rows = (secrets?.lineItems ?? []).map(
    (item) =>
      `<tr><td>${escapeHtml(item.description ?? '')} × ${item.quantity ?? 1}</td><td class="amount">${money(item.amount_total, item.currency)}</td></tr>`,
  );
  const email = store.customers.get(idOf(session.customer) ?? '')?.email ?? session.customer_email;
  const who =
    email === null
      ? '<label for="email">Email</label><input id="email" name="email" type="email" required value="buyer@example.com">'
      : `<p>For ${escapeHtml(email)}</p>`;
  const buttons = offered(session).map(
    (name) =>
      `<button name="action" value="${name}"${name === 'cancel' ? ' formnovalidate' : ''}>${BUTTONS[name]}</button>`,
  );
  const total = money(session.amount_total ?? 0, session.currency ?? 'usd');
  return htmlDocument(
    session.mode === 'subscription' ? 'Subscribe' : 'Pay',
    `${secrets?.notice == null ? '' : `<p role="alert">${escapeHtml(secrets.notice)}</p>`}
<table><thead><tr><th scope="col">What</th><th scope="col" class="amount">Amount</th></tr></thead><tbody>
${rows.join('\n')}
<tr><th scope="row">Total</th><td class="amount">${total}</td></tr></tbody></table>
<form method="post">${who}
${buttons.join('\n')}
</form>`,
  );
}

function invoicePage(store: Store, id: string): PageAnswer | null {
  const invoice = store.invoices.get(id);
  if (invoice === undefined) return null;
  const rows = invoice.lines.data.map(
    (line) =>
      `<tr><td>${escapeHtml(line.description ?? '')}</td><td class="amount">${money(line.amount, line.currency)}</td></tr>`,
  );
  const body = `<p>${day(invoice.created)}, ${escapeHtml(String(invoice.status))}</p>
<table><thead><tr><th scope="col">What</th><th scope="col" class="amount">Amount</th></tr></thead><tbody>
${rows.join('\n')}
<tr><th scope="row">Paid</th><td class="amount">${money(invoice.amount_paid, invoice.currency)}</td></tr></tbody></table>`;
  return { status: 200, html: htmlDocument(`Invoice ${invoice.number ?? ''}`, body) };
}

function receipt(store: Store, id: string): PageAnswer | null {
  const charge = store.charges.get(id);
  if (charge === undefined) return null;
  const refunded = charge.amount_refunded === 0 ? '' : `, refunded ${money(charge.amount_refunded, charge.currency)}`;
  const body = `<p>${day(charge.created)}: paid ${money(charge.amount, charge.currency)}${refunded}</p>`;
  return { status: 200, html: htmlDocument('Receipt', body) };
}
