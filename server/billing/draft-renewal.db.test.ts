import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { subscribe } from '@/e2e/billing-accounts';
import { type Billing, startBilling } from '@/e2e/billing-harness';
import { resetEnv } from '@/server/platform/env';
import { closeTestDb, testDb } from '@/server/platform/test-db';
import { endPayments } from './end-payments';

let billing: Billing;
beforeAll(async () => {
  await testDb();
  billing = await startBilling();
});
afterAll(async () => {
  await billing.stop();
  await closeTestDb();
});

const subscriptions = z.looseObject({
  data: z.array(z.looseObject({ latest_invoice: z.looseObject({ status: z.string() }) })),
});

/** The fake Stripe in the hour in which the latest invoice is a draft. @returns what is asked of invoices, and the end of the hour */
async function draftHour(): Promise<{ asked: string[]; over: () => Promise<void> }> {
  const asked: string[] = [];
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const sent = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    if (request.method === 'POST' && path.startsWith('/v1/invoices/')) {
      asked.push(sent);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"invoice"}');
      return;
    }
    const answer = await fetch(`${billing.fake.url}${path}`, {
      method: request.method ?? 'GET',
      headers: {
        authorization: request.headers.authorization ?? '',
        'content-type': request.headers['content-type'] ?? 'application/x-www-form-urlencoded',
      },
      ...(sent === '' ? {} : { body: sent }),
    });
    let body: unknown = await answer.json();
    if (path.includes('latest_invoice')) {
      const list = subscriptions.parse(body);
      for (const { latest_invoice } of list.data) latest_invoice.status = 'draft';
      body = list;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  process.env.STRIPE_API_BASE = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  resetEnv();
  const over = async () => {
    process.env.STRIPE_API_BASE = billing.fake.url;
    resetEnv();
    proxy.closeAllConnections();
    await new Promise<void>((done) => proxy.close(() => done()));
  };
  return { asked, over };
}

it('charges nothing more where the renewal is a draft: the subscription ends at once and the draft stays one', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const hour = await draftHour();
  await endPayments(account.organizationId);
  await hour.over();
  expect((await billing.client.subscriptions.retrieve(account.subscriptionId)).status).toBe('canceled');
  expect(hour.asked).toEqual(['auto_advance=false']);
}, 30_000);

it('lets a period that is paid for run to its end', async () => {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  await endPayments(account.organizationId);
  expect(await billing.client.subscriptions.retrieve(account.subscriptionId)).toMatchObject({
    status: 'active',
    cancel_at_period_end: true,
  });
});
