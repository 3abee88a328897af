import 'server-only';
import { lockAccount } from '@/server/billing/lock-account';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { applySubscription } from './apply-subscription';
import { type CustomerState, readSubscription } from './subscription-state';

/** How often a state is read again because another change came between reading and applying it. */
const ATTEMPTS = 20;

class StaleState extends Error {}

interface Account {
  organizationId: string;
  /** Changes with every writing of the organization's plan row. */
  version: string;
}

/**
 * Reads the customer's subscription from Stripe, then runs `work` in a transaction that holds the organization's lock and
 * has seen no writing of the plan since before the reading. States are therefore applied in the order in which Stripe had
 * them, whatever the order of the events that caused the reading.
 * `work` gets null when the customer belongs to no organization here.
 */
export async function withSubscription<T>(
  customerId: string,
  work: (tx: Tx, found: { organizationId: string; subscription: CustomerState } | null) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const account = await accountOf(db(), customerId);
    if (account === null) return inTx((tx) => work(tx, null));
    const subscription = await readSubscription(customerId);
    try {
      return await inTx(async (tx) => {
        await lockAccount(tx, account.organizationId);
        if ((await accountOf(tx, customerId))?.version !== account.version) throw new StaleState();
        return work(tx, { organizationId: account.organizationId, subscription });
      });
    } catch (error) {
      if (!(error instanceof StaleState)) throw error;
    }
  }
  throw new AppError('conflict', `the plan of customer ${customerId} changed ${ATTEMPTS} times while it was read`);
}

async function accountOf(client: Pick<Tx, '$queryRaw'>, customerId: string): Promise<Account | null> {
  // xmin is Postgres' own version of a row: the transaction that wrote it.
  const [row] = await client.$queryRaw<Account[]>`
    SELECT "organizationId", xmin::text AS version FROM "OrganizationPlan" WHERE "stripeCustomerId" = ${customerId}`;
  return row ?? null;
}

/** Brings an organization's plan to what Stripe says now. @returns the subscription that was applied. */
export function syncSubscription(customerId: string): Promise<CustomerState> {
  return withSubscription(customerId, async (tx, found) => {
    if (found === null) return null;
    await applySubscription(tx, found.organizationId, found.subscription, null);
    return found.subscription;
  });
}
