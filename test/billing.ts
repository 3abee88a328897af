import 'server-only';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { setClockOffset } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { type Billing, startBilling } from './billing-harness';
import { closeTestDb, testDb } from './test-db';

// Billing against the fake Stripe. Importing this sets a test file up: a database, the server, and the ledger audited at the end.

export let billing: Billing;

beforeAll(async () => {
  await testDb();
  billing = await startBilling();
});
afterEach(() => setClockOffset(0));
afterAll(async () => {
  expect(await auditLedger(db())).toEqual([]);
  await billing.stop();
  await closeTestDb();
});
