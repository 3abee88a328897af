import 'server-only';
import { listPackages } from '@/server/billing/plans/list-offers';
import { viewPricing } from '@/server/models/catalogue/view-pricing';

/** Milliseconds that what is sold is kept: anyone may ask for it, and it is the same for all. */
const KEPT_MS = 10_000;

async function readPricing() {
  const [pricing, packages] = await Promise.all([viewPricing(), listPackages()]);
  return { ...pricing, packages };
}

/** One answer a process, also across Next's bundles, which each have their own copy of this module. */
const holder = globalThis as typeof globalThis & {
  plumblinePricing?: { readAt: number; pricing: ReturnType<typeof readPricing> };
};

/** What the instance sells, read from the database at most once in `KEPT_MS`, however many ask at once. */
export function cachedPricing(): ReturnType<typeof readPricing> {
  const kept = holder.plumblinePricing;
  if (kept !== undefined && performance.now() - kept.readAt < KEPT_MS) return kept.pricing;
  const pricing = readPricing();
  holder.plumblinePricing = { readAt: performance.now(), pricing };
  pricing.catch(forgetPricing);
  return pricing;
}

/** After an operator's change: this process shows it at once, others within `KEPT_MS`. */
export function forgetPricing(): void {
  delete holder.plumblinePricing;
}
