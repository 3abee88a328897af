import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { resetEnv } from '@/server/platform/env';
import { billing } from '@/test/billing';
import { nextPeriod, periodOf, rowOf, subscribe } from '@/test/billing-accounts';
import { endPayments } from './end-payments';

/** Invoices, or subscriptions with their latest one, as drafts. */
function asDrafts(list: unknown, stopped: boolean): unknown {
  const draft = z.looseObject({}).transform((row) => ({ ...row, status: 'draft', auto_advance: !stopped }));
  return z.looseObject({ data: z.array(z.looseObject({ latest_invoice: draft }).or(draft)) }).parse(list);
}

/**
 * The fake Stripe in the hour in which the latest invoice is a draft. `refused`: its key may not write invoices.
 * @returns what is asked of invoices, and the end of the hour
 */
async function draftHour({ refused = false } = {}): Promise<{ asked: string[]; over: () => Promise<void> }> {
  const asked: string[] = [];
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const sent = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'POST' && path.startsWith('/v1/invoices/')) {
      asked.push(sent);
      const message = 'The provided key does not have the required permissions';
      if (refused) answer(403, { error: { type: 'invalid_request_error', message } });
      else answer(200, { object: 'invoice' });
      return;
    }
    // The fake knows no drafts: its paid invoices stand for them.
    const { status, body } = await askFake(path.replace('status=draft', 'status=paid'), request, sent);
    const drafts = path.includes('latest_invoice') || path.includes('status=draft');
    answer(status, drafts ? asDrafts(body, asked.length > 0 && !refused) : body);
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

async function askFake(path: string, { method = 'GET', headers }: IncomingMessage, sent: string) {
  const answer = await fetch(`${billing.fake.url}${path}`, {
    method,
    headers: {
      authorization: headers.authorization ?? '',
      'content-type': headers['content-type'] ?? 'application/x-www-form-urlencoded',
    },
    ...(sent === '' ? {} : { body: sent }),
  });
  const body: unknown = await answer.json();
  return { status: answer.status, body };
}

async function subscriber() {
  const account = await subscribe(billing, 'pro');
  await account.deliver();
  const statusAtStripe = async () => (await billing.client.subscriptions.retrieve(account.subscriptionId)).status;
  return { ...account, statusAtStripe };
}

async function expectEndedInDraftHour(account: Awaited<ReturnType<typeof subscriber>>): Promise<void> {
  const hour = await draftHour();
  await endPayments(account.organizationId);
  await hour.over();
  expect(await account.statusAtStripe()).toBe('canceled');
  expect(hour.asked).toEqual(['auto_advance=false']);
}

it('charges nothing more where the renewal is a draft: the subscription ends at once and the draft stays one', async () => {
  const account = await subscriber();
  await expectEndedInDraftHour(account);
}, 30_000);

it('ends nothing where the draft cannot be stopped: the next try finds both', async () => {
  const account = await subscriber();
  const refused = await draftHour({ refused: true });
  await expect(endPayments(account.organizationId)).rejects.toThrow('permissions');
  await refused.over();
  expect(await account.statusAtStripe()).toBe('active');
  await expectEndedInDraftHour(account);
}, 30_000);

it('stops the draft of a subscription that has ended already', async () => {
  const account = await subscriber();
  await billing.client.subscriptions.cancel(account.subscriptionId);
  const hour = await draftHour();
  await endPayments(account.organizationId);
  await hour.over();
  expect(hour.asked).toEqual(['auto_advance=false']);
}, 30_000);

it('leaves no invoice that could still be paid', async () => {
  const account = await subscriber();
  const { periodEnd } = await periodOf(billing, account.subscriptionId);
  nextPeriod(billing, account.subscriptionId, periodEnd, { paymentFails: true });
  await account.deliver();
  expect(await rowOf(account)).toMatchObject({ status: 'past_due' });
  await endPayments(account.organizationId);
  expect(await account.statusAtStripe()).toBe('canceled');
  const { data } = await billing.client.invoices.list({ customer: account.customer });
  expect(data.map(({ status }) => status)).toEqual(['void', 'paid']);
}, 30_000);

it('lets a period that is paid for run to its end', async () => {
  const account = await subscriber();
  await endPayments(account.organizationId);
  expect(await billing.client.subscriptions.retrieve(account.subscriptionId)).toMatchObject({
    status: 'active',
    cancel_at_period_end: true,
  });
});
