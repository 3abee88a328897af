import { test as base, expect } from '@playwright/test';
import type { MoneyFacts } from './database';
import { type OwnServer, ownServer } from './own-server';
import { OPERATORS } from './support';

type Use = (server: OwnServer) => Promise<void>;

/** Starts a server and lends it; then it is stopped, and its ledger must add up with nothing left open. */
export async function lend(server: OwnServer, use: Use): Promise<void> {
  try {
    await server.database('larger-demo-models');
    await server.start();
    await use(server);
    await server.stop();
    expect(await server.database<MoneyFacts>('audit')).toEqual({
      ledgerDifferences: [],
      openHolds: 0,
      runningCalls: 0,
    });
  } finally {
    await server.dispose();
  }
}

// biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are wanted
const serverForTests = async ({}: object, use: Use) =>
  lend(await ownServer({ OPERATOR_EMAILS: OPERATORS.join(',') }), use);

/** A test about money: a server with local test payments that a worker's such tests share, on a data folder of its own. */
export const test = base.extend<object, { server: OwnServer }>({
  server: [serverForTests, { scope: 'worker' }],
  baseURL: ({ server }, use) => use(server.url),
});

/** The same on a server that no other file shares: for what leaves traces, as a moved clock does. */
export const separateTest = test.extend<object, { server: OwnServer }>({
  server: [serverForTests, { scope: 'worker' }],
});
