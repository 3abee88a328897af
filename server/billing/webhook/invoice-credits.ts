/** An entry that gave or took a plan's monthly credits, or gave those to welcome. */
export interface PlanEntry {
  kind: string;
  idempotencyKey: string;
  monthlyDelta: bigint;
  bonusDelta: bigint;
}

export interface InvoiceCredits {
  /** Micro-credits that the invoice brought. */
  granted: bigint;
  /** Part of them that is gone without having been used: expired, or taken when the plan ended. */
  lapsed: bigint;
  /** Their period goes on: what is left of them is in the balance. */
  current: boolean;
}

/**
 * What an invoice brought, found in the organization's plan entries (oldest first) by the keys of its effects. Within a period
 * credits cannot be told apart, so what lapsed counts for each grant in proportion.
 */
export function creditsOfInvoice(
  entries: readonly PlanEntry[],
  keys: { allocation: string | null; upgrade: string },
): InvoiceCredits {
  const allocated = entries.findIndex(({ idempotencyKey }) => idempotencyKey === keys.allocation);
  const upgraded = entries.findIndex(({ idempotencyKey }) => idempotencyKey.startsWith(keys.upgrade));
  const index = allocated >= 0 ? allocated : upgraded;
  // The first invoice opens a period with the former plan's credits and adds what these are short of the new plan's.
  const also = upgraded > index ? entries[upgraded] : undefined;
  const granted = (entries[index]?.monthlyDelta ?? 0n) + (also?.monthlyDelta ?? 0n);
  if (granted <= 0n) return { granted: 0n, lapsed: 0n, current: false };
  const start = entries.findLastIndex((entry, at) => at <= index && entry.kind === 'plan_allocation');
  const end = entries.findIndex(
    (entry, at) => at > index && (entry.kind === 'expiry' || entry.kind === 'plan_allocation'),
  );
  const period = entries.slice(Math.max(0, start), end < 0 ? undefined : end);
  const expired = entries[end]?.kind === 'expiry' ? -(entries[end]?.monthlyDelta ?? 0n) : 0n;
  const given = period.reduce((sum, { monthlyDelta }) => (monthlyDelta > 0n ? sum + monthlyDelta : sum), 0n);
  const taken = period.reduce((sum, { monthlyDelta }) => (monthlyDelta < 0n ? sum - monthlyDelta : sum), 0n);
  return { granted, lapsed: ((taken + expired) * granted) / given, current: end < 0 };
}

/** Micro-credits to welcome that an invoice brought: they are written right after the upgrade to a plan that was new. */
export function welcomeOfInvoice(entries: readonly PlanEntry[], upgrade: string): bigint {
  const welcome = entries.find(
    ({ kind }, at) => kind === 'welcome_bonus' && entries[at - 1]?.idempotencyKey.startsWith(upgrade) === true,
  );
  return welcome?.bonusDelta ?? 0n;
}

/** Micro-credits that go back with so much of an invoice's money: in proportion, rounded up, at most all. */
export function shareOfInvoice(granted: bigint, returnedCents: number, totalCents: number): bigint {
  if (returnedCents <= 0) return 0n;
  if (returnedCents >= totalCents) return granted;
  const total = BigInt(totalCents);
  return (granted * BigInt(returnedCents) + total - 1n) / total;
}
