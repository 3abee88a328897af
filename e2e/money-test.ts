import { test as base, expect } from '@playwright/test';
import type { MoneyFacts } from './database';
import { type OwnServer, ownServer } from './own-server';
import { OPERATORS } from './support';

type Use = (server: OwnServer) => Promise<void>;

// biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern which fixtures are wanted
const serverForTests = async ({}: object, use: Use) => {
  const server = await ownServer({ OPERATOR_EMAILS: OPERATORS.join(',') });
  await use(server);
  await server.dispose();
};

/**
 * A test about money: one server with local test payments for all such tests, on a data folder of its own, started for each.
 * After each it is stopped, and its ledger must add up with nothing left open.
 */
export const test = base.extend<object, { server: OwnServer }>({
  server: [serverForTests, { scope: 'worker' }],
  baseURL: async ({ server }, use) => {
    await server.start();
    await use(server.url);
    await server.stop();
    expect(await server.database<MoneyFacts>('audit')).toEqual({
      ledgerDifferences: [],
      openHolds: 0,
      runningCalls: 0,
    });
  },
});

/** The same on a server that no other file shares: for what leaves traces, as a moved clock does. */
export const separateTest = test.extend<object, { server: OwnServer }>({
  server: [serverForTests, { scope: 'worker' }],
});
