import { formatCredits } from '@/server/credits/schema';

/** What a plan gives each month, in words; the free plan gives a team nothing. */
export function monthlyCredits(plan: { monthlyMicro: bigint; priceUsdCents: number }, isTeam: boolean): string {
  if (isTeam && plan.priceUsdCents === 0) return 'No monthly credits for a team';
  return `${formatCredits(plan.monthlyMicro)} credits a month`;
}
