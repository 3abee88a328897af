import 'server-only';
import { AsyncLocalStorage } from 'node:async_hooks';

/** What model calls within one request have cost. Micro-credits. */
export interface UsageMeter {
  used: bigint;
  /** What the payer has left after the last call (monthly + bonus, no more than their budget); null when none was settled. */
  balanceLeft: bigint | null;
}

const meters = new AsyncLocalStorage<UsageMeter>();

/** Runs work and adds up what its model calls are charged, for the response's headers. */
export function meterUsage<T>(meter: UsageMeter, work: () => Promise<T>): Promise<T> {
  return meters.run(meter, work);
}

export function recordUsage(charged: bigint, balanceLeft: bigint): void {
  const meter = meters.getStore();
  if (meter === undefined) return;
  meter.used += charged;
  meter.balanceLeft = balanceLeft;
}
