/** What an instance starts with. Seeding writes what is missing and never undoes an operator's edits. */
const CREDIT = 1_000_000n;
/** One US dollar a million tokens, in nano-dollars. */
const USD = 1_000_000_000n;

export const PLANS = [
  { id: 'free', name: 'Free', monthlyMicro: 10n * CREDIT, welcomeMicro: 10n * CREDIT, priceUsdCents: 0, position: 0 },
  { id: 'pro', name: 'Pro', monthlyMicro: 500n * CREDIT, welcomeMicro: 25n * CREDIT, priceUsdCents: 2900, position: 1 },
  {
    id: 'team',
    name: 'Team',
    monthlyMicro: 2000n * CREDIT,
    welcomeMicro: 50n * CREDIT,
    priceUsdCents: 9900,
    position: 2,
  },
];

export const CAPABILITIES = [
  { id: 'clarify', name: 'Clarifying questions', baseEstimateMicro: 20_000n },
  { id: 'plan', name: 'Specification and plan', baseEstimateMicro: 100_000n },
  { id: 'implement', name: 'Implementation', baseEstimateMicro: 200_000n },
  { id: 'review', name: 'Review', baseEstimateMicro: 60_000n },
  { id: 'document', name: 'Documentation', baseEstimateMicro: 60_000n },
  { id: 'ask', name: 'Questions about the code', baseEstimateMicro: 40_000n },
];

export const QUALITIES = [
  { id: 'fast', name: 'Fast', multiplierPercent: 100, position: 0 },
  { id: 'enhanced', name: 'Enhanced', multiplierPercent: 300, position: 1 },
  { id: 'premium', name: 'Premium', multiplierPercent: 800, position: 2 },
];

export const PLAN_QUALITIES: Record<string, string[]> = {
  free: ['fast'],
  pro: ['fast', 'enhanced'],
  team: ['fast', 'enhanced', 'premium'],
};

/** Requests per minute and day for each capability of a plan; null: unlimited. */
export const PLAN_LIMITS: Record<string, { requestsPerMinute: number | null; requestsPerDay: number | null }> = {
  free: { requestsPerMinute: 30, requestsPerDay: 500 },
  pro: { requestsPerMinute: 30, requestsPerDay: 500 },
  team: { requestsPerMinute: null, requestsPerDay: null },
};

export const PACKAGES = [
  { id: 'starter', name: 'Starter', creditsMicro: 100n * CREDIT, priceUsdCents: 999, popular: false, position: 0 },
  { id: 'popular', name: 'Popular', creditsMicro: 500n * CREDIT, priceUsdCents: 3999, popular: true, position: 1 },
  { id: 'power', name: 'Power', creditsMicro: 2000n * CREDIT, priceUsdCents: 12_999, popular: false, position: 2 },
];

export interface SeedModel {
  provider: string;
  modelId: string;
  label: string;
  tier: 'fast' | 'enhanced' | 'premium';
  kind?: 'text' | 'embedding';
  contextWindow: number;
  maxOutput: number;
  structured?: string;
  /** Thinks before it answers. */
  reasoning?: boolean;
  /** Nano-dollars per million tokens. */
  input: bigint;
  output: bigint;
  cached: bigint;
}

/** List prices as of the date below; an operator corrects them by a new price row. */
export const PRICES_FROM = new Date('2026-01-01T00:00:00Z');
export const MODELS: SeedModel[] = [
  {
    provider: 'demo',
    modelId: 'demo',
    label: 'Demo model (offline)',
    tier: 'fast',
    contextWindow: 200_000,
    maxOutput: 32_000,
    input: USD / 10n,
    output: (USD * 4n) / 10n,
    cached: USD / 40n,
  },
  {
    provider: 'openai',
    modelId: 'gpt-5-mini',
    label: 'GPT-5 mini',
    tier: 'fast',
    contextWindow: 400_000,
    maxOutput: 128_000,
    reasoning: true,
    input: USD / 4n,
    output: USD * 2n,
    cached: USD / 40n,
  },
  {
    provider: 'openai',
    modelId: 'gpt-5',
    label: 'GPT-5',
    tier: 'enhanced',
    contextWindow: 400_000,
    maxOutput: 128_000,
    reasoning: true,
    input: (USD * 5n) / 4n,
    output: USD * 10n,
    cached: USD / 8n,
  },
  {
    provider: 'google',
    modelId: 'gemini-2.5-flash',
    label: 'Gemini 2.5 Flash',
    tier: 'fast',
    contextWindow: 1_048_576,
    maxOutput: 65_536,
    reasoning: true,
    input: (USD * 3n) / 10n,
    output: (USD * 5n) / 2n,
    cached: (USD * 3n) / 100n,
  },
  {
    provider: 'google',
    modelId: 'gemini-2.5-pro',
    label: 'Gemini 2.5 Pro',
    tier: 'enhanced',
    contextWindow: 1_048_576,
    maxOutput: 65_536,
    reasoning: true,
    input: (USD * 5n) / 4n,
    output: USD * 10n,
    cached: USD / 8n,
  },
  {
    provider: 'anthropic',
    modelId: 'claude-haiku-4-5',
    label: 'Claude Haiku 4.5 (Anthropic)',
    tier: 'fast',
    contextWindow: 200_000,
    maxOutput: 64_000,
    structured: 'none',
    input: USD,
    output: USD * 5n,
    cached: USD / 10n,
  },
  {
    provider: 'anthropic',
    modelId: 'claude-sonnet-4-5',
    label: 'Claude Sonnet 4.5 (Anthropic)',
    tier: 'enhanced',
    contextWindow: 200_000,
    maxOutput: 64_000,
    structured: 'none',
    input: USD * 3n,
    output: USD * 15n,
    cached: (USD * 3n) / 10n,
  },
  {
    provider: 'anthropic',
    modelId: 'claude-opus-4-5',
    label: 'Claude Opus 4.5 (Anthropic)',
    tier: 'premium',
    contextWindow: 200_000,
    maxOutput: 64_000,
    structured: 'none',
    input: USD * 5n,
    output: USD * 25n,
    cached: USD / 2n,
  },
  {
    provider: 'openrouter',
    modelId: 'anthropic/claude-sonnet-4.5',
    label: 'Claude Sonnet 4.5',
    tier: 'enhanced',
    contextWindow: 200_000,
    maxOutput: 64_000,
    structured: 'none',
    input: USD * 3n,
    output: USD * 15n,
    cached: (USD * 3n) / 10n,
  },
  {
    provider: 'openrouter',
    modelId: 'anthropic/claude-haiku-4.5',
    label: 'Claude Haiku 4.5',
    tier: 'fast',
    contextWindow: 200_000,
    maxOutput: 64_000,
    structured: 'none',
    input: USD,
    output: USD * 5n,
    cached: USD / 10n,
  },
  {
    provider: 'openai',
    modelId: 'gpt-5-pro',
    label: 'GPT-5 pro',
    tier: 'premium',
    contextWindow: 400_000,
    maxOutput: 128_000,
    reasoning: true,
    input: USD * 15n,
    output: USD * 120n,
    cached: USD * 15n,
  },
  {
    provider: 'google',
    modelId: 'gemini-3-pro-preview',
    label: 'Gemini 3 Pro',
    tier: 'premium',
    contextWindow: 1_048_576,
    maxOutput: 65_536,
    reasoning: true,
    input: USD * 2n,
    output: USD * 12n,
    cached: USD / 5n,
  },
  {
    provider: 'openrouter',
    modelId: 'anthropic/claude-opus-4.5',
    label: 'Claude Opus 4.5',
    tier: 'premium',
    structured: 'none',
    contextWindow: 200_000,
    maxOutput: 64_000,
    input: USD * 5n,
    output: USD * 25n,
    cached: USD / 2n,
  },
  {
    provider: 'openai',
    modelId: 'text-embedding-3-small',
    label: 'OpenAI embedding small',
    tier: 'fast',
    kind: 'embedding',
    contextWindow: 8191,
    maxOutput: 1,
    input: USD / 50n,
    output: 0n,
    cached: USD / 50n,
  },
  {
    provider: 'google',
    modelId: 'gemini-embedding-001',
    label: 'Gemini embedding',
    tier: 'fast',
    kind: 'embedding',
    contextWindow: 2048,
    maxOutput: 1,
    input: (USD * 15n) / 100n,
    output: 0n,
    cached: (USD * 15n) / 100n,
  },
];

/** Order in which a quality level's models are tried when more than one provider has a key: the first is the default. */
export const PREFERENCE = ['openai', 'google', 'anthropic', 'openrouter', 'demo'];
