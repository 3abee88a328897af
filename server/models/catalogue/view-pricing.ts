import 'server-only';
import { creditsFor, parseDecimal, type Tariff } from '@/server/models/pricing';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { env } from '@/server/platform/env';

/** One dollar of true cost, in nano-dollars. */
const DOLLAR = 1_000_000_000n;

/** What plans hold and what a credit buys: what anyone may know before they sign in. Credits are micro-credits. */
export async function viewPricing() {
  const { CREDIT_VALUE_USD: creditValueUsd, MARKUP_FACTOR: markup, REWORK_POLICY, OWN_KEY_FEE_PERCENT } = env();
  const tariff = { creditValueUsd, markup };
  const [plans, qualities, models] = await Promise.all([plansOnOffer(), qualityLevels(), modelsPriced(tariff)]);
  return {
    plans,
    qualities,
    models,
    tariff: {
      ...tariff,
      /** What one dollar of true cost is charged as. */
      dollarMicro: creditsFor(DOLLAR, tariff),
      rejectedAttemptsFree: REWORK_POLICY === 'absorb',
      ownKeyFeePercent: OWN_KEY_FEE_PERCENT,
    },
  };
}

function qualityLevels() {
  return db().qualityLevel.findMany({
    orderBy: { position: 'asc' },
    select: { id: true, name: true, multiplierPercent: true },
  });
}

/** Plans with their qualities; a limit is the tightest of any kind of work, null where all are unlimited. */
async function plansOnOffer() {
  const rows = await db().plan.findMany({
    orderBy: { position: 'asc' },
    include: { capabilities: { where: { enabled: true } }, qualities: { where: { capabilityId: 'implement' } } },
  });
  return rows.map(({ id, name, monthlyMicro, welcomeMicro, priceUsdCents, capabilities, qualities }) => ({
    id,
    name,
    monthlyMicro,
    welcomeMicro,
    priceUsdCents,
    qualityIds: qualities.map(({ qualityId }) => qualityId),
    requestsPerMinute: tightest(capabilities.map(({ requestsPerMinute }) => requestsPerMinute)),
    requestsPerDay: tightest(capabilities.map(({ requestsPerDay }) => requestsPerDay)),
  }));
}

function tightest(limits: (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}

/** Text models at their present price and how far a credit goes with each; the offline demo and what is free are left out. */
async function modelsPriced(tariff: Tariff) {
  const at = now();
  const rows = await db().llmModel.findMany({
    where: {
      active: true,
      kind: 'text',
      provider: { notIn: ['demo', 'compatible'] },
      OR: [{ deprecatedAt: null }, { deprecatedAt: { gt: at } }],
    },
    include: { prices: { where: { effectiveFrom: { lte: at } }, orderBy: { effectiveFrom: 'desc' }, take: 1 } },
    orderBy: { label: 'asc' },
  });
  return rows.flatMap(({ id, label, tier, prices: [price] }) =>
    price === undefined
      ? []
      : [
          {
            ref: id,
            label,
            quality: tier,
            inputTokensPerCredit: tokensForACredit(price.inputPerMillion, tariff),
            outputTokensPerCredit: tokensForACredit(price.outputPerMillion, tariff),
          },
        ],
  );
}

/** Whole tokens one credit pays for at a price in nano-dollars a million; null where they are free. */
export function tokensForACredit(perMillion: bigint, { creditValueUsd, markup }: Tariff): number | null {
  if (perMillion === 0n) return null;
  const value = parseDecimal(creditValueUsd);
  const factor = parseDecimal(markup);
  const tokens =
    (value.numerator * factor.denominator * DOLLAR * 1_000_000n) / (value.denominator * factor.numerator * perMillion);
  return Number(tokens);
}
