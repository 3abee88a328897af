import { formatCredits } from '@/server/credits/schema';

/** What a buyer reads of a package, on Stripe's page and in the history: `Popular, 500 credits`. */
export function describePackage(name: string, creditsMicro: bigint): string {
  return `${name}, ${formatCredits(creditsMicro).replace(/\.00$/, '')} credits`;
}
