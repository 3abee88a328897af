/** What the tests of the fake share: a fake, Stripe's client on it, and an application that takes its webhooks. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import Stripe from 'stripe';
import { afterEach, beforeEach } from 'vitest';
import { type FakeStripe, startFakeStripe } from './server';

/** The application's side: what was posted, and what it answers (200 unless told otherwise). */
export interface Endpoint {
  url: string;
  received: { body: string; headers: IncomingHttpHeaders }[];
  answers: number[];
  close(): Promise<void>;
}

export interface Bench {
  fake: FakeStripe;
  stripe: Stripe;
  endpoint: Endpoint;
}

/** Starts all three before each test and closes them after it. */
export function useFakeStripe(): () => Bench {
  let bench: Bench | undefined;
  const current = (): Bench => {
    if (bench === undefined) throw new Error('no test is running');
    return bench;
  };
  beforeEach(async () => {
    const endpoint = await startEndpoint();
    const fake = await startFakeStripe({ webhookUrl: endpoint.url, retryDelaysMs: [5, 10, 20], asyncDelayMs: 5 });
    bench = { fake, endpoint, stripe: new Stripe(fake.secretKey, { ...fake.clientConfig, maxNetworkRetries: 0 }) };
  });
  afterEach(async () => {
    await current().fake.close();
    await current().endpoint.close();
  });
  return current;
}

async function startEndpoint(): Promise<Endpoint> {
  const received: Endpoint['received'] = [];
  const answers: number[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
      response.writeHead(answers.shift() ?? 200).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/webhook`,
    received,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A top-up of 39.99 USD. */
export const topup = (
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Stripe.Checkout.SessionCreateParams => ({
  mode: 'payment',
  line_items: [
    { price_data: { currency: 'usd', unit_amount: 3999, product_data: { name: '500 credits' } }, quantity: 1 },
  ],
  client_reference_id: 'org_1',
  metadata: { purchaseId: 'pur_1' },
  payment_intent_data: { metadata: { purchaseId: 'pur_1' } },
  success_url: 'http://shop.test/done?session={CHECKOUT_SESSION_ID}',
  cancel_url: 'http://shop.test/back',
  ...more,
});

/** A monthly price, of a product named like its lookup key. */
export async function monthly(stripe: Stripe, cents: number, lookupKey: string): Promise<Stripe.Price> {
  return stripe.prices.create({
    currency: 'usd',
    unit_amount: cents,
    lookup_key: lookupKey,
    recurring: { interval: 'month' },
    product_data: { name: lookupKey },
  });
}

/** A paid subscription on a customer of its own. */
export async function subscribe(
  { stripe, fake }: Bench,
  price: Stripe.Price,
): Promise<{ customer: string; id: string }> {
  const customer = await stripe.customers.create({ email: 'ada@example.com' });
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 1 }],
    subscription_data: { metadata: { organizationId: 'org_1' } },
    success_url: 'http://shop.test/done',
  });
  const done = fake.completeCheckout(session.id);
  return { customer: customer.id, id: String(done.session.subscription) };
}

/** The types of all events so far. */
export const types = (fake: FakeStripe): string[] => fake.events().map((event) => event.type);

/** The error a call fails with; a call that does not fail is one. */
export async function failure(attempt: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('the call went through');
}

/** Presses a button of the checkout page. */
export function press(url: string | null, action: string): Promise<Response> {
  return fetch(url ?? '', { method: 'POST', body: new URLSearchParams({ action }), redirect: 'manual' });
}
