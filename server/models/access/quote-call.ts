import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import { TYPICAL_TOKENS } from '@/server/models/call-limits';
import { priceMissing } from '@/server/models/catalogue/price-row';
import { costOf, creditsFor, type Price } from '@/server/models/pricing';
import { capabilityOf, type Quality, type Role } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { holdAmount, outputTokensOf } from './hold-amount';

/** Micro-credits. */
export interface Quote {
  p50: bigint;
  p90: bigint;
}

/** History counts once this many calls have settled. */
const ENOUGH_HISTORY = 20;
const SIZE_PERCENT = { S: 60n, M: 100n, L: 180n } as const;
/** How far a call may go beyond its likely cost before there is history. */
const UPPER = 2;

/**
 * What one call of a role will cost: percentiles of what this instance's settled calls for (capability, quality, size, model)
 * would cost at the model's present price, and until 20 exist the role's typical tokens at that price, the upper bound being
 * twice that. Tokens are priced each time, so that a corrected price changes the next quote at once.
 */
export async function quoteCall(client: Client, call: QuotedCall): Promise<Quote> {
  const { p50, p90 } = await quoteHold(client, call);
  return { p50, p90 };
}

/**
 * The quote, and what the call will hold while it runs, micro-credits. Its prompt is not written yet: it is taken to be as much
 * longer than the typical one as the quote's upper bound is above its likely amount.
 */
export async function quoteHold(client: Client, call: QuotedCall): Promise<Quote & { hold: bigint }> {
  const [row] = await client.$queryRaw<(CallHistory & Price & { maxOutput: number })[]>`
    SELECT p."inputPerMillion", p."outputPerMillion", p."cachedPerMillion", p."imageInPerUnit", p."imageOutPerUnit", m."maxOutput", h.*
    FROM "LlmModel" m JOIN LATERAL (${priceInForce(Prisma.sql`m."id"`)}) p ON true CROSS JOIN LATERAL (${historyAtPrice(call)}) h
    WHERE m."id" = ${call.modelRef}`;
  if (row === undefined) throw priceMissing(call.modelRef);
  const quote = quoteFrom(row, call, row);
  const input = Math.ceil((TYPICAL_TOKENS[call.role].input * UPPER * Number(SIZE_PERCENT[call.size ?? 'M'])) / 100);
  const output = outputTokensOf(call.role, row.maxOutput);
  return { ...quote, hold: holdAmount(quote.p90, { input, output }, { price: row, tariff: tariff() }) };
}

/** The row of `ModelPrice` that holds now for a model, for a statement that reads more. */
export function priceInForce(modelRef: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT x.* FROM "ModelPrice" x WHERE x."modelRowId" = ${modelRef} AND x."effectiveFrom" <= ${now()}::timestamptz
    ORDER BY x."effectiveFrom" DESC LIMIT 1`;
}

/** What is quoted. */
export interface QuotedCall {
  role: Role;
  quality: Quality;
  modelRef: string;
  size?: 'S' | 'M' | 'L';
}

/** What the last such calls would cost at a price, nano-dollars; null without any. */
export interface CallHistory {
  calls: bigint | null;
  nano50: string | null;
  nano90: string | null;
}

/** Columns of `CallHistory`, for a statement that has the price's columns as `p`: the index gives the last 500 in order. */
export function historyAtPrice({ role, quality, modelRef, size = 'M' }: QuotedCall): Prisma.Sql {
  return Prisma.sql`
    SELECT count(*) AS calls, percentile_disc(0.5) WITHIN GROUP (ORDER BY nano)::text AS nano50,
      percentile_disc(0.9) WITHIN GROUP (ORDER BY nano)::text AS nano90
    FROM (SELECT ceil((greatest(c."inputTokens" - c."cachedTokens", 0)::numeric * p."inputPerMillion"
        + c."cachedTokens"::numeric * p."cachedPerMillion" + c."outputTokens"::numeric * p."outputPerMillion") / 1000000) AS nano
      FROM "ModelCall" c
      WHERE c."modelRowId" = ${modelRef} AND c."role" = ${role} AND c."quality" = ${quality}::"Quality" AND c."status" = 'succeeded'
        AND c."capability" = ${capabilityOf(role)} AND coalesce(c."size", 'M') = ${size}::"TaskSize"
      ORDER BY c."createdAt" DESC LIMIT 500) recent`;
}

export function quoteFrom(history: CallHistory | undefined, { role, size = 'M' }: QuotedCall, price: Price): Quote {
  if (history?.nano50 != null && history.nano90 !== null && (history.calls ?? 0n) >= BigInt(ENOUGH_HISTORY)) {
    return { p50: creditsFor(BigInt(history.nano50), tariff()), p90: creditsFor(BigInt(history.nano90), tariff()) };
  }
  const micro = creditsFor(costOf({ ...TYPICAL_TOKENS[role], cached: 0 }, price), tariff());
  const p50 = (micro * SIZE_PERCENT[size] + 99n) / 100n;
  return { p50, p90: p50 * BigInt(UPPER) };
}

/** What an organization pays of a price in micro-credits: all of it, or the platform fee when the call runs on its own key. */
export function chargedShare(micro: bigint, ownKey: boolean): bigint {
  return ownKey ? (micro * BigInt(env().OWN_KEY_FEE_PERCENT) + 99n) / 100n : micro;
}

export function tariff() {
  return { creditValueUsd: env().CREDIT_VALUE_USD, markup: env().MARKUP_FACTOR };
}
