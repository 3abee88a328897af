import 'server-only';

/** Tokens as counted by the provider. `input` includes `cached`. */
export interface TokenUsage {
  input: number;
  cached: number;
  output: number;
  reasoning: number;
  /** True when the provider gave no usage and a tokenizer estimated it. */
  estimated: boolean;
}

/** Nano-dollars per million tokens, and per image for models that take or make them. */
export interface Price {
  inputPerMillion: bigint;
  outputPerMillion: bigint;
  cachedPerMillion: bigint;
  imageInPerUnit?: bigint;
  imageOutPerUnit?: bigint;
}

/** What is billed: tokens, and images that go in and come out. */
export type Billed = Pick<TokenUsage, 'input' | 'cached' | 'output'> & { imagesIn?: number; imagesOut?: number };

const MILLION = 1_000_000n;

/** True cost in nano-dollars, rounded up. Reasoning tokens are part of `output`. */
export function costOf(usage: Billed, price: Price): bigint {
  const cached = Math.min(usage.cached, usage.input);
  const total =
    BigInt(usage.input - cached) * price.inputPerMillion +
    BigInt(cached) * price.cachedPerMillion +
    BigInt(usage.output) * price.outputPerMillion;
  const images =
    BigInt(usage.imagesIn ?? 0) * (price.imageInPerUnit ?? 0n) +
    BigInt(usage.imagesOut ?? 0) * (price.imageOutPerUnit ?? 0n);
  return (total + MILLION - 1n) / MILLION + images;
}

/** An exact decimal such as `0.10` as a fraction. */
export function parseDecimal(text: string): { numerator: bigint; denominator: bigint } {
  const [whole = '0', fraction = ''] = text.split('.');
  return { numerator: BigInt(whole + fraction), denominator: 10n ** BigInt(fraction.length) };
}

export interface Tariff {
  /** Dollars one credit sells at, decimal text. */
  creditValueUsd: string;
  /** Factor on the true cost, decimal text. */
  markup: string;
}

/** `ceil(cost / CREDIT_VALUE_USD x MARKUP_FACTOR)` in micro-credits; at least 1, so that no call is free. */
export function creditsFor(costNano: bigint, { creditValueUsd, markup }: Tariff): bigint {
  const value = parseDecimal(creditValueUsd);
  const factor = parseDecimal(markup);
  if (value.numerator <= 0n) throw new RangeError('CREDIT_VALUE_USD must be above zero');
  // cost/1e9 dollars / value x factor x 1e6 micro-credits.
  const numerator = costNano * value.denominator * factor.numerator;
  const denominator = 1000n * value.numerator * factor.denominator;
  const micro = (numerator + denominator - 1n) / denominator;
  return micro < 1n ? 1n : micro;
}

/** Output tokens that `hold` micro-credits still cover after `inputTokens`, 0 when none. */
export function outputTokensCovered(
  hold: bigint,
  inputTokens: number,
  price: Price,
  tariff: Tariff,
  atMost: number,
): number {
  let low = 0;
  let high = atMost;
  if (creditsFor(costOf({ input: inputTokens, cached: 0, output: high }, price), tariff) <= hold) return high;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (creditsFor(costOf({ input: inputTokens, cached: 0, output: middle }, price), tariff) <= hold) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Tokens of a text without a provider's tokenizer: 4 characters a token for ASCII (OpenAI's rule of thumb), one a
 * character for others, so that it errs upward.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(tokenQuarters(text) / 4);
}

/** The same in quarters of a token, which add up over the pieces of a text. */
export function tokenQuarters(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i++) quarters += text.charCodeAt(i) < 128 ? 1 : 4;
  return quarters;
}
