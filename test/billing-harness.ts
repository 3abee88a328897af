/** The billing code against the fake Stripe over HTTP, for database tests. */
import { createServer } from 'node:http';
import Stripe from 'stripe';
import { handleStripeWebhook } from '@/server/api/http/stripe-webhook-handler';
import { resetEnv } from '@/server/platform/env';
import { startFakeStripe } from './fake-stripe/server';
import type { SignOptions } from './fake-stripe/webhooks';

export type Billing = Awaited<ReturnType<typeof startBilling>>;

const VARIABLES = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_BASE', 'MOCK_STRIPE_PAYMENTS'] as const;

/** Starts a fake Stripe and makes it the configured one. */
export async function startBilling() {
  const fake = await startFakeStripe();
  process.env.STRIPE_SECRET_KEY = fake.secretKey;
  process.env.STRIPE_WEBHOOK_SECRET = fake.webhookSecret;
  process.env.STRIPE_API_BASE = fake.url;
  process.env.MOCK_STRIPE_PAYMENTS = 'false';
  resetEnv();
  const client = new Stripe(fake.secretKey, fake.clientConfig);

  /** Sends an event as Stripe would; what the endpoint answers. */
  const deliver = async (event: object | string, options: SignOptions = {}) => {
    const { body, headers } = fake.signedRequest(event, options);
    const response = await handleStripeWebhook(
      new Request('http://localhost/api/stripe/webhook', { method: 'POST', body, headers }),
    );
    return { status: response.status, body: (await response.json()) as { outcome?: string; error?: string } };
  };

  /** Delivers in this order with so many on their way at once; the statuses. */
  const deliverAll = async (events: (Stripe.Event | string)[], inParallel: number): Promise<number[]> => {
    const waiting = [...events];
    const statuses: number[] = [];
    const courier = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        statuses.push((await deliver(next)).status);
    };
    await Promise.all(Array.from({ length: inParallel }, courier));
    return statuses;
  };

  return {
    fake,
    client,
    deliver,
    deliverAll,
    stop: async () => {
      for (const name of VARIABLES) delete process.env[name];
      resetEnv();
      await fake.close();
    },
  };
}

/** An answer of the fake on its way: what the application gets of it, and when. */
type OnTheWay = (path: string, body: string) => string | Promise<string>;

/** Between the application and the fake. Becomes the configured address until it is closed. */
async function startProxy(fakeUrl: string, onTheWay: OnTheWay) {
  const proxy = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
      const answer = await fetch(`${fakeUrl}${request.url ?? ''}`, {
        method: request.method ?? 'GET',
        headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]),
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const body = await onTheWay(request.url ?? '', await answer.text());
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
    })();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.env.STRIPE_API_BASE = `http://127.0.0.1:${address.port}`;
  resetEnv();
  return {
    close: async () => {
      process.env.STRIPE_API_BASE = fakeUrl;
      resetEnv();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

/** Answers to calls of `path` wait, after Stripe has made them, until they are released. */
export async function holdAnswers(fakeUrl: string, path: string) {
  const held: (() => void)[] = [];
  let holding = true;
  const { close } = await startProxy(fakeUrl, async (called, body) => {
    if (holding && called.startsWith(path)) await new Promise<void>((resolve) => held.push(resolve));
    return body;
  });
  return {
    /** How many answers wait. */
    waiting: () => held.length,
    /** Later calls are answered at once; those that wait go on waiting. */
    stopHolding: () => {
      holding = false;
    },
    release: () => {
      for (const go of held.splice(0)) go();
    },
    close,
  };
}

/** Answers to calls of `path` are changed on their way. */
export function changeAnswers(fakeUrl: string, path: string, change: (body: string) => string) {
  return startProxy(fakeUrl, (called, body) => (called.startsWith(path) ? change(body) : body));
}

/** Every order of a list. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

/** `count` of a list, evenly over all of it: of the orders of five events they begin with each event and end with each. */
export function everyNth<T>(items: readonly T[], count: number): T[] {
  const step = items.length / count;
  return Array.from({ length: count }, (_, index) => items[Math.floor(index * step)]).filter(
    (item) => item !== undefined,
  );
}
