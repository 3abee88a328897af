import 'server-only';
import type { Client } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { TYPICAL_TOKENS } from './limits';
import { activePrice } from './price-row';
import { costOf, creditsFor } from './pricing';
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
 * What one call of a role will cost: percentiles of this instance's settled calls for (capability, quality, size, model),
 * and until 20 exist the role's typical tokens at the model's price, the upper bound being twice that.
 */
export async function quoteCall(
  client: Client,
  input: { role: Role; quality: Quality; modelRef: string; size?: 'S' | 'M' | 'L' },
): Promise<Quote> {
  const size = input.size ?? 'M';
  const [history] = await client.$queryRaw<{ n: bigint; p50: number | null; p90: number | null }[]>`
    SELECT count(*) AS n, percentile_disc(0.5) WITHIN GROUP (ORDER BY "chargedMicro")::float8 AS p50,
      percentile_disc(0.9) WITHIN GROUP (ORDER BY "chargedMicro")::float8 AS p90
    FROM (SELECT "chargedMicro" FROM "ModelCall"
      WHERE "role" = ${input.role} AND "capability" = ${capabilityOf(input.role)} AND "quality" = ${input.quality} AND coalesce("size", 'M') = ${size}
        AND "modelRowId" = ${input.modelRef} AND "status" = 'succeeded'
      ORDER BY "createdAt" DESC LIMIT 500) recent`;
  if (history !== undefined && history.n >= BigInt(ENOUGH_HISTORY) && history.p50 !== null && history.p90 !== null) {
    return { p50: BigInt(history.p50), p90: BigInt(history.p90) };
  }
  const price = await activePrice(client, input.modelRef);
  const micro = creditsFor(costOf({ ...TYPICAL_TOKENS[input.role], cached: 0 }, price), tariff());
  const p50 = (micro * SIZE_PERCENT[size] + 99n) / 100n;
  return { p50, p90: p50 * 2n };
}

export function tariff() {
  return { creditValueUsd: env().CREDIT_VALUE_USD, markup: env().MARKUP_FACTOR };
}
