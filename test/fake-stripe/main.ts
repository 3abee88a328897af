/**
 * Starts the fake by hand or for Playwright:
 * `node --import ./scripts/register.mjs test/fake-stripe/main.ts --port 12111 --webhook http://localhost:3000/api/stripe/webhook`
 */
import { parseArgs } from 'node:util';
import { startFakeStripe } from './server';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    webhook: { type: 'string' },
    'secret-key': { type: 'string' },
    'webhook-secret': { type: 'string' },
    'async-delay-ms': { type: 'string' },
  },
});

const fake = await startFakeStripe({
  port: Number(values.port),
  webhookUrl: values.webhook ?? null,
  ...(values['secret-key'] === undefined ? {} : { secretKey: values['secret-key'] }),
  ...(values['webhook-secret'] === undefined ? {} : { webhookSecret: values['webhook-secret'] }),
  ...(values['async-delay-ms'] === undefined ? {} : { asyncDelayMs: Number(values['async-delay-ms']) }),
});

process.stdout.write(
  `${JSON.stringify({ url: fake.url, secretKey: fake.secretKey, webhookSecret: fake.webhookSecret, webhook: values.webhook ?? null })}\n`,
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void fake.close().then(() => process.exit(0));
  });
}
