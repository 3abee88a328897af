import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resetEnv } from '@/server/platform/env';
import { type HttpServer, serveHandler } from '@/test/http-server';
import { closeTestDb, testDb } from '@/test/test-db';
import { handleStripeWebhook } from './stripe-webhook-handler';

const SECRET = 'whsec_q8Kq2LmZp0Rt5Vw9';

describe('the webhook over HTTP', () => {
  let server: HttpServer;
  beforeAll(async () => {
    Object.assign(process.env, { STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_WEBHOOK_SECRET: SECRET, LOG_LEVEL: 'silent' });
    resetEnv();
    await testDb();
    server = await serveHandler(handleStripeWebhook);
  });
  afterAll(async () => {
    await server.close();
    for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'LOG_LEVEL']) delete process.env[name];
    resetEnv();
    await closeTestDb();
  });
  const sign = (payload: string) => Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET });
  const send = async (body: string, signature: string | null) =>
    (
      await fetch(server.url, {
        method: 'POST',
        body,
        headers: signature === null ? {} : { 'stripe-signature': signature },
      })
    ).status;

  it.each(['', ' ', 't=', 't=1,v1=', 'v1=abc', ',', 't=x,v1=x', 'nonsense'])(
    'with the signature %j is a 400',
    async (signature) => {
      expect(await send('{"id":"evt_1"}', signature)).toBe(400);
    },
  );

  it('without a signature is a 400', async () => {
    expect(await send('{"id":"evt_1"}', null)).toBe(400);
  });

  it.each(['', 'no json', '{', '<xml/>', '\u0000', 'null', '[]', '12', '"text"', '{}'])(
    'with the signed body %j, which is no event, is a 400',
    async (body) => {
      expect(await send(body, sign(body))).toBe(400);
    },
  );

  it('of more than a megabyte is a 413, signed or not', async () => {
    const body = JSON.stringify({ id: 'evt_1', filler: 'x'.repeat(1_000_000) });
    expect(await send(body, sign(body))).toBe(413);
  });
});
