/** One call of the API: key, version, idempotency, handler, expansion, answer. */
import { setTimeout as delay } from 'node:timers/promises';
import Stripe from 'stripe';
import { balanceRoutes } from './balance-transactions';
import { catalogRoutes } from './catalogue';
import { checkoutRoutes, lineItemsOf } from './checkout-sessions';
import { customerRoutes } from './customers';
import { disputeRoutes } from './disputes';
import { StripeFault } from './errors';
import { eventRoutes } from './event-routes';
import { parseForm } from './form';
import type { Answer, IdempotencyKeys } from './idempotency';
import { invoiceRoutes, paymentsOf } from './invoice-routes';
import { paymentRoutes } from './payments';
import { portalRoutes } from './portal';
import { refundRoutes } from './refunds';
import { expanded, type Includable, match, type Route } from './router';
import type { Store } from './store';
import { subscriptionRoutes } from './subscription-routes';

export interface ApiCall {
  method: string;
  /** Without the query. */
  path: string;
  query: string;
  body: string;
  authorization: string | undefined;
  version: string | undefined;
  idempotencyKey: string | undefined;
}

export interface ApiAnswer extends Answer {
  replayed: boolean;
}

export interface ApiContext {
  store: Store;
  routes: Route[];
  keys: IdempotencyKeys;
  secretKey: string;
  /** Milliseconds a call takes before it does anything. */
  latencyMs: () => number;
}

export function allRoutes(store: Store): Route[] {
  return [
    ...customerRoutes(store),
    ...catalogRoutes(store),
    ...checkoutRoutes(store),
    ...paymentRoutes(store),
    ...refundRoutes(store),
    ...disputeRoutes(store),
    ...balanceRoutes(store),
    ...subscriptionRoutes(store),
    ...invoiceRoutes(store),
    ...portalRoutes(store),
    ...eventRoutes(store),
  ];
}

export async function serveApi(context: ApiContext, call: ApiCall): Promise<ApiAnswer> {
  const requestId = context.store.id('req');
  const key = call.method === 'POST' ? call.idempotencyKey : undefined;
  let begun = false;
  try {
    checkAccess(context, call);
    if (key !== undefined) {
      const before = context.keys.begin(key, call.path, call.body);
      if (before !== null) return { ...before, replayed: true };
      begun = true;
    }
    await delay(context.latencyMs());
    const answer = { status: 200, body: execute(context, call, requestId), requestId };
    if (key !== undefined) context.keys.finish(key, answer);
    return { ...answer, replayed: false };
  } catch (error) {
    const answer = { ...failure(error), requestId };
    if (key !== undefined && begun) {
      // A declined card is a result; parameters that were refused are none.
      if (answer.status === 402) context.keys.finish(key, answer);
      else context.keys.forget(key);
    }
    return { ...answer, replayed: false };
  }
}

function checkAccess(context: ApiContext, call: ApiCall): void {
  const key = /^Bearer (\S+)$/.exec(call.authorization ?? '')?.[1];
  if (key === undefined) {
    throw new StripeFault(
      401,
      'invalid_request_error',
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.',
    );
  }
  if (key !== context.secretKey) {
    throw new StripeFault(
      401,
      'invalid_request_error',
      `Invalid API Key provided: ${key.slice(0, 8)}***${key.slice(-4)}`,
      {
        code: 'api_key_invalid',
      },
    );
  }
  if (call.version !== undefined && call.version !== Stripe.API_VERSION) {
    throw new StripeFault(
      400,
      'invalid_request_error',
      `Invalid Stripe API version: ${call.version}. This fake speaks ${Stripe.API_VERSION} only.`,
    );
  }
}

function execute(context: ApiContext, call: ApiCall, requestId: string): string {
  const { store } = context;
  const found = match(context.routes, call.method, call.path);
  if (found === undefined) {
    throw new StripeFault(
      404,
      'invalid_request_error',
      `Unrecognized request URL (${call.method}: ${call.path}). This fake knows the calls that Plumbline makes, and no others.`,
    );
  }
  const { expand, ...form } = parseForm([call.query, call.body].filter((part) => part !== '').join('&'));
  const paths = Array.isArray(expand) ? expand.map(String) : [];
  store.request = { id: requestId, idempotencyKey: call.idempotencyKey ?? null };
  try {
    const result = found.route.handle(form, found.ids);
    return JSON.stringify(expanded(store, result, paths, include), null, 2);
  } finally {
    store.request = null;
  }
}

function failure(error: unknown): { status: number; body: string } {
  const fault =
    error instanceof StripeFault ? error : new StripeFault(500, 'api_error', `The fake failed: ${String(error)}`);
  return { status: fault.status, body: JSON.stringify(fault.body(), null, 2) };
}

const include: Includable = (store, object, field) => {
  const id = String(object.id);
  if (object.object === 'checkout.session' && field === 'line_items') {
    const data = lineItemsOf(store, id);
    return { object: 'list', data, has_more: false, url: `/v1/checkout/sessions/${id}/line_items` };
  }
  if (object.object === 'invoice' && field === 'payments') return paymentsOf(store, id);
  if (object.object === 'charge' && field === 'refunds') {
    const data = [...store.refunds.values()].filter((refund) => refund.charge === id).toReversed();
    return { object: 'list', data, has_more: false, url: `/v1/charges/${id}/refunds` };
  }
  if (object.object === 'customer' && field === 'subscriptions') {
    const data = [...store.subscriptions.values()].filter(
      (subscription) => subscription.customer === id && subscription.status !== 'canceled',
    );
    return { object: 'list', data, has_more: false, url: `/v1/customers/${id}/subscriptions` };
  }
  return undefined;
};
