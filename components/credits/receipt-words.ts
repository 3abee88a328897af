/** How a receipt says where its amount comes from. Pure. */
import type { Outputs } from '@/components/trpc/types';

type Receipt = Outputs['credits']['receipt'];

/** Nano-dollars as dollars, every digit that counts and at least two: `0.000123 USD`. */
export function formatNanoUsd(nano: bigint): string {
  const abs = nano < 0n ? -nano : nano;
  const decimals = (abs % 1_000_000_000n)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `${nano < 0n ? '-' : ''}${abs / 1_000_000_000n}.${decimals} USD`;
}

/** Digits in groups of three: `1,234`. */
function grouped(whole: number | bigint): string {
  return whole.toString().replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Credits with all six decimals, as the ledger keeps them: `1,204.345678`. */
export function sixDecimals(micro: bigint): string {
  const abs = micro < 0n ? -micro : micro;
  return `${micro < 0n ? '-' : ''}${grouped(abs / 1_000_000n)}.${(abs % 1_000_000n).toString().padStart(6, '0')}`;
}

/** `1,234 tokens read, 200 of them from the cache, 56 written (12 of them reasoning, at low effort)`. */
export function tokensInWords(call: NonNullable<Receipt['call']>): string {
  const cached = call.cachedTokens > 0 ? `, ${grouped(call.cachedTokens)} of them from the cache` : '';
  const reasoning =
    call.reasoningTokens > 0
      ? ` (${grouped(call.reasoningTokens)} of them reasoning${call.effort === null ? '' : `, at ${call.effort} effort`})`
      : '';
  const estimated = call.usageEstimated ? ', estimated' : '';
  return `${grouped(call.inputTokens)} tokens read${cached}, ${grouped(call.outputTokens)} written${reasoning}${estimated}`;
}

/** The formula in words, with the tariff of its day where it was recorded. */
export function formulaInWords({ call, tariff }: Pick<Receipt, 'call' | 'tariff'>): string {
  if (call === null) return '';
  const cost = formatNanoUsd(call.costNano);
  if (call.ownKey)
    return `The call cost ${cost} on your own key, which you pay your provider. Here it costs only the platform's fee, if there is one.`;
  if (tariff === null)
    return `The call cost ${cost}. Divided by what one credit sells at, times the markup, rounded up to a millionth of a credit.`;
  return `The call cost ${cost}. Divided by ${tariff.creditValueUsd} USD, which one credit sells at, times ${tariff.markup}, the markup, rounded up to a millionth of a credit.`;
}

/** The amounts of the formula: `0.000123 USD ÷ 0.10 USD × 1.5 = 0.001845`; null when the tariff was not recorded. */
export function formula({ call, tariff, entry }: Pick<Receipt, 'call' | 'tariff' | 'entry'>): string | null {
  if (call === null || tariff === null || call.ownKey || entry.actual === null) return null;
  return `${formatNanoUsd(call.costNano)} ÷ ${tariff.creditValueUsd} USD × ${tariff.markup} = ${sixDecimals(entry.actual)} credits`;
}

const HOLD_WORDS: Record<string, string> = {
  pending: 'and are held until the call is done',
  settled: 'and settled at the true cost',
  released: 'and given back',
  expired: 'and given back, since the call never ended',
};

/** What became of a hold. */
export function holdInWords(status: string): string {
  return HOLD_WORDS[status] ?? status;
}

const ROLE_WORDS: Record<string, string> = {
  clarify: 'asked clarifying questions',
  spec: 'wrote the spec',
  plan: 'wrote the plan',
  implement: 'wrote the code',
  review: 'reviewed the work',
  document: 'wrote the README',
  ask: 'answered a question',
  embed: 'indexed the code for search',
  'key-test': 'tried your provider key',
};

export function roleInWords(role: string): string {
  return ROLE_WORDS[role] ?? role;
}
