import type { Page } from '@playwright/test';
import type { OwnServer } from './own-server';
import { approve, query, signIn, startExample, waitForStatus } from './support';

/** Enough for the first task of the example (a step holds up to 0.1 credits) and not for all four. */
export const LEFT_MICRO = 112_000n;

/** What a person on the free plan begins with: the month's credits and the welcome ones. */
const BEGIN_MICRO = 20_000_000n;

/**
 * Builds an example as a new person until their credits run out in mid-run.
 * @returns the project's id, and the micro-credits that its design cost
 */
export async function buildUntilOutOfCredits(
  page: Page,
  server: OwnServer,
  email: string,
): Promise<{ projectId: string; designMicro: bigint }> {
  await signIn(page, email);
  const projectId = await startExample(page, 'Expense report');
  await waitForStatus(page, projectId, 'awaiting_approval');
  const { spendable } = await query<{ spendable: string }>(page, 'credits.balance', {});
  await server.stop();
  await server.database('adjust', email, (LEFT_MICRO - BigInt(spendable)).toString());
  await server.start();
  await approve(page, projectId);
  await waitForStatus(page, projectId, 'awaiting_credits');
  return { projectId, designMicro: BEGIN_MICRO - BigInt(spendable) };
}
