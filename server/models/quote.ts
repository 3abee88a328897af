import 'server-only';
import type { Client } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { TYPICAL_TOKENS } from './limits';
import { activePrice } from './price-row';
import { costOf, creditsFor, type Price } from './pricing';
import { capabilityOf, type Quality, type Role } from './schema';

/** Micro-credits. */
export interface Quote {
  p50: bigint;
  p90: bigint;
}

/** History counts once this many calls have settled. */
const ENOUGH_HISTORY = 20;
const SIZE_PERCENT = { S: 60n, M: 100n, L: 180n } as const;

/**
 * What one call of a role will cost: percentiles of what this instance's settled calls for (capability, quality, size, model)
 * would cost at the model's present price, and until 20 exist the role's typical tokens at that price, the upper bound being
 * twice that. Tokens are priced anew so that a corrected price changes the next quote at once.
 * @param price the present price row, when the caller has read it already
 */
export async function quoteCall(
  client: Client,
  input: { role: Role; quality: Quality; modelRef: string; size?: 'S' | 'M' | 'L' },
  price?: Price,
): Promise<Quote> {
  const size = input.size ?? 'M';
  const rate = price ?? (await activePrice(client, input.modelRef));
  const [history] = await client.$queryRaw<{ n: bigint; p50: string | null; p90: string | null }[]>`
    SELECT count(*) AS n, percentile_disc(0.5) WITHIN GROUP (ORDER BY cost)::text AS p50, percentile_disc(0.9) WITHIN GROUP (ORDER BY cost)::text AS p90
    FROM (SELECT ceil((greatest("inputTokens" - "cachedTokens", 0)::numeric * ${rate.inputPerMillion}::bigint
        + "cachedTokens"::numeric * ${rate.cachedPerMillion}::bigint + "outputTokens"::numeric * ${rate.outputPerMillion}::bigint) / 1000000) AS cost
      FROM "ModelCall"
      WHERE "role" = ${input.role} AND "capability" = ${capabilityOf(input.role)} AND "quality" = ${input.quality} AND coalesce("size", 'M') = ${size}
        AND "modelRowId" = ${input.modelRef} AND "status" = 'succeeded'
      ORDER BY "createdAt" DESC LIMIT 500) recent`;
  if (history?.p50 != null && history.p90 !== null && history.n >= BigInt(ENOUGH_HISTORY)) {
    return { p50: creditsFor(BigInt(history.p50), tariff()), p90: creditsFor(BigInt(history.p90), tariff()) };
  }
  const micro = creditsFor(costOf({ ...TYPICAL_TOKENS[input.role], cached: 0 }, rate), tariff());
  const p50 = (micro * SIZE_PERCENT[size] + 99n) / 100n;
  return { p50, p90: p50 * 2n };
}

export function tariff() {
  return { creditValueUsd: env().CREDIT_VALUE_USD, markup: env().MARKUP_FACTOR };
}
