/** Checkout sessions: their making, reading and expiry. What happens on the page is in checkout-outcome.ts. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { blankSession } from './blank-payments';
import { checkSellable, createPrice, type priceData } from './catalogue';
import { type CheckoutCreate, checkoutCreate, checkoutList } from './checkout-params';
import { badRequest } from './errors';
import { productName } from './invoice-lines';
import { mergeMetadata, paging } from './params';
import { page, type Route, route } from './router';
import { get, type Store } from './store';

const DAY = 86_400;

export function checkoutRoutes(store: Store): Route[] {
  const find = (id: string): Stripe.Checkout.Session => {
    const session = get(store.sessions, 'checkout.session', id, 'session');
    expireIfDue(store, session);
    return session;
  };
  return [
    route('POST', 'checkout/sessions', checkoutCreate, (params) => createSession(store, params)),
    route('GET', 'checkout/sessions/:id', z.strictObject({}), (_, id = '') => find(id)),
    route('GET', 'checkout/sessions/:id/line_items', z.strictObject(paging), (params, id = '') =>
      page(`/v1/checkout/sessions/${id}/line_items`, lineItemsOf(store, find(id).id).toReversed(), params),
    ),
    route('POST', 'checkout/sessions/:id/expire', z.strictObject({}), (_, id = '') => {
      const session = find(id);
      if (session.status !== 'open') {
        throw badRequest(
          `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
        );
      }
      expire(store, session);
      return session;
    }),
    route('GET', 'checkout/sessions', checkoutList, (params) => {
      if (params.customer !== undefined) get(store.customers, 'customer', params.customer, 'customer');
      const found = [...store.sessions.values()].filter(
        (session) =>
          (params.customer === undefined || session.customer === params.customer) &&
          (params.payment_intent === undefined || session.payment_intent === params.payment_intent) &&
          (params.subscription === undefined || session.subscription === params.subscription) &&
          (params.status === undefined || session.status === params.status),
      );
      return page('/v1/checkout/sessions', found, params);
    }),
  ];
}

export function lineItemsOf(store: Store, sessionId: string): Stripe.LineItem[] {
  return get(store.checkoutSecrets, 'checkout.session', sessionId).lineItems;
}

/** A session nobody paid in time is expired the next time anyone looks at it. */
export function expireIfDue(store: Store, session: Stripe.Checkout.Session): void {
  if (session.status === 'open' && store.now() >= session.expires_at) expire(store, session);
}

function expire(store: Store, session: Stripe.Checkout.Session): void {
  session.status = 'expired';
  session.url = null;
  store.emit('checkout.session.expired', session);
}

function createSession(store: Store, params: CheckoutCreate): Stripe.Checkout.Session {
  check(store, params);
  const id = store.id('cs_test');
  const lineItems = params.line_items.map((_, index) => createLineItem(store, params, index));
  const total = lineItems.reduce((sum, item) => sum + item.amount_total, 0);
  if (params.mode === 'payment' && total < 50) {
    throw badRequest("The Checkout Session's total amount due must add up to at least $0.50 usd", {
      code: 'amount_too_small',
    });
  }
  const session: Stripe.Checkout.Session = {
    ...blankSession(),
    id,
    amount_subtotal: total,
    amount_total: total,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    created: store.now(),
    currency: lineItems[0]?.currency ?? null,
    customer: params.customer ?? null,
    customer_creation: params.mode === 'payment' ? (params.customer_creation ?? 'if_required') : null,
    customer_email: params.customer_email ?? null,
    expires_at: params.expires_at ?? store.now() + DAY,
    invoice_creation: params.mode === 'payment' ? invoiceCreation(params) : null,
    metadata: mergeMetadata({}, params.metadata),
    mode: params.mode,
    payment_method_collection: params.mode === 'subscription' ? 'always' : 'if_required',
    success_url: params.success_url,
    url: `${store.baseUrl}/c/pay/${id}`,
  };
  store.sessions.set(id, session);
  store.checkoutSecrets.set(id, {
    lineItems,
    paymentIntentMetadata: mergeMetadata({}, params.payment_intent_data?.metadata),
    paymentIntentDescription: params.payment_intent_data?.description ?? null,
    subscriptionMetadata: mergeMetadata({}, params.subscription_data?.metadata),
    subscriptionDescription: params.subscription_data?.description ?? null,
    invoiceMetadata: mergeMetadata({}, params.invoice_creation?.invoice_data?.metadata),
    notice: null,
  });
  return session;
}

function check(store: Store, params: CheckoutCreate): void {
  if (params.customer !== undefined) get(store.customers, 'customer', params.customer, 'customer');
  if (params.customer !== undefined && params.customer_email !== undefined) {
    throw badRequest('You may only specify one of these parameters: customer, customer_email.', { param: 'customer' });
  }
  for (const param of ['success_url', 'cancel_url'] as const) {
    const url = params[param];
    if (url !== undefined && !URL.canParse(url)) throw badRequest('Not a valid URL', { code: 'url_invalid', param });
  }
  if (params.mode === 'subscription' && params.payment_intent_data !== undefined) {
    throw badRequest('You can not pass `payment_intent_data` in `subscription` mode.', {
      param: 'payment_intent_data',
    });
  }
  if (params.mode === 'subscription' && params.invoice_creation !== undefined) {
    throw badRequest('You can only enable invoice creation when `mode` is set to `payment`.', {
      param: 'invoice_creation',
    });
  }
  if (params.mode === 'payment' && params.subscription_data !== undefined) {
    throw badRequest('You can not pass `subscription_data` in `payment` mode.', { param: 'subscription_data' });
  }
  if (params.expires_at === undefined) return;
  const ahead = params.expires_at - store.now();
  // A minute of grace at either end, for the clocks of the two sides.
  if (ahead < 30 * 60 - 60 || ahead > DAY + 60) {
    throw badRequest(
      'The `expires_at` timestamp must be less than 24 hours and at least 30 minutes from Checkout Session creation.',
      { param: 'expires_at' },
    );
  }
}

function createLineItem(store: Store, params: CheckoutCreate, index: number): Stripe.LineItem {
  const given = params.line_items[index];
  const param = `line_items[${index}]`;
  const price = priceOf(store, given, param);
  checkSellable(store, price, `${param}[price]`);
  if (params.mode === 'payment' && price.recurring !== null) {
    throw badRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
    );
  }
  if (params.mode === 'subscription' && price.recurring === null) {
    throw badRequest('You must provide at least one recurring price in `subscription` mode when using prices.');
  }
  const quantity = given?.quantity ?? 1;
  const amount = (price.unit_amount ?? 0) * quantity;
  return {
    id: store.id('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: productName(store, price),
    metadata: {},
    price,
    quantity,
  };
}

function priceOf(
  store: Store,
  given: { price?: string | undefined; price_data?: z.output<typeof priceData> | undefined } | undefined,
  param: string,
): Stripe.Price {
  if (given?.price !== undefined) return get(store.prices, 'price', given.price, `${param}[price]`);
  if (given?.price_data !== undefined) {
    const price = createPrice(store, given.price_data);
    // A price given in place can be used once, here.
    price.active = false;
    return { ...price, active: true };
  }
  throw badRequest(`Missing required param: ${param}[price].`, { code: 'parameter_missing', param: `${param}[price]` });
}

function invoiceCreation(params: CheckoutCreate): Stripe.Checkout.Session.InvoiceCreation {
  return {
    enabled: params.invoice_creation?.enabled ?? false,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: null,
      description: params.invoice_creation?.invoice_data?.description ?? null,
      footer: null,
      issuer: null,
      metadata: mergeMetadata({}, params.invoice_creation?.invoice_data?.metadata),
      rendering_options: null,
    },
  };
}
