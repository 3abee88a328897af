import 'server-only';
import type { Balance } from '@/server/credits/ledger/balance';
import { MICRO } from '@/server/credits/schema';

/** A balance as one member sees it. Micro-credits. */
interface MemberBalance extends Balance {
  /** What is settled: what running work holds is still in it. No more than the member's budget leaves. */
  settled: bigint;
  /** What the organization can spend; never below nothing. */
  shared: bigint;
  /** What the member can spend: no more than their budget leaves. */
  spendable: bigint;
  /** The member's own limit this period and what it leaves; null: they have none. */
  budget: { limit: bigint; left: bigint } | null;
}

/** @param own the member's monthly budget as the reserve counts it; null: none. */
export function withBudget(balance: Balance, own: { budget: bigint; left: bigint } | null): MemberBalance {
  const shared = atLeastNothing(balance.available);
  const settled = atLeastNothing(balance.monthly + balance.bonus);
  if (own === null) return { ...balance, settled, shared, spendable: shared, budget: null };
  const { budget: limit, left } = own;
  const within = (micro: bigint) => (micro > left ? left : micro);
  return {
    ...balance,
    low: balance.low || left <= MICRO || left * 5n <= limit,
    settled: within(settled),
    shared,
    spendable: within(shared),
    budget: { limit, left },
  };
}

function atLeastNothing(micro: bigint): bigint {
  return micro > 0n ? micro : 0n;
}
