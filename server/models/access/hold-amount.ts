import 'server-only';
import { ROLE_OUTPUT_TOKENS } from '@/server/models/call-limits';
import { costOf, creditsFor, type Price, type Tariff } from '@/server/models/pricing';
import type { Role } from '@/server/models/schema';

/** Output tokens that a call of a role asks for. */
export function outputTokensOf(role: Role, maxOutput: number): number {
  return Math.min(maxOutput, ROLE_OUTPUT_TOKENS[role]);
}

/**
 * What one call holds, micro-credits: the P90 of such calls, and at least what its largest useful answer would cost, so that no
 * answer is cut off by its own hold. The access check and the gateway both ask here: what the one allows the other can hold.
 */
export function holdAmount(
  p90: bigint,
  tokens: { input: number; output: number },
  { price, tariff }: { price: Price; tariff: Tariff },
): bigint {
  const needed = creditsFor(costOf({ ...tokens, cached: 0 }, price), tariff);
  return p90 > needed ? p90 : needed;
}
