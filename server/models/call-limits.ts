/** Every time-out and bound of a model call, one sentence each. */
export const MODEL_LIMITS = {
  /** A hold lives this long without being renewed, milliseconds. */
  holdTtlMs: 120_000,
  /** The hold is renewed this often while the call runs, milliseconds. */
  holdRenewMs: 30_000,
  /** First back-off; doubles each retry, with up to 25 % jitter, milliseconds. */
  backoffMs: 500,
  /** Longest back-off, and longest Retry-After that is waited for, milliseconds. */
  maxBackoffMs: 60_000,
  /** Failures in a row after which a pooled key rests, and for how long, milliseconds: Envoy's outlier detection (`consecutive_5xx`, `base_ejection_time`). */
  keyFaults: 5,
  keyRestMs: 30_000,
  /** A pooled key rests this long after a 429 that names no wait, and after it was refused or its credit was used up, milliseconds. */
  keyCoolMs: 5000,
  keyRefusedMs: 3_600_000,
  /** Characters of an answer kept at most: beyond it the call is ended as oversize. */
  maxAnswerChars: 2_000_000,
  /** Longest wait of the button that tests an own key, milliseconds. */
  keyTestMs: 20_000,
  /** Tests of own keys an organization may ask for in a minute, and in a day: each is a call that somebody pays for. */
  keyTestsPerMinute: 5,
  keyTestsPerDay: 50,
  /** Embedding calls of an organization in a minute, and in a day: a search is one, indexing is one a batch of chunks; only a runaway loop comes here. */
  embedsPerMinute: 1200,
  embedsPerDay: 100_000,
  /** A provider may count this many times the input that we estimate (4 characters a token), and this much more for what it adds itself. */
  usageInputFactor: 8,
  usageInputExtra: 20_000,
  /** An answer, its reasoning included, may be this many times the output asked for, and this much more, in tokens. */
  usageOutputFactor: 2,
  usageOutputExtra: 1000,
} as const;

/** Output tokens a role may need: what a hold covers at least. */
export const ROLE_OUTPUT_TOKENS = {
  clarify: 2000,
  spec: 6000,
  plan: 8000,
  implement: 16_000,
  review: 6000,
  document: 6000,
  ask: 4000,
  embed: 0,
  'key-test': 16,
} as const;

/** Typical input and output tokens of one call, for quotes before this instance has history. From runs of the example projects. */
export const TYPICAL_TOKENS = {
  clarify: { input: 700, output: 250 },
  spec: { input: 900, output: 900 },
  plan: { input: 1800, output: 1600 },
  implement: { input: 4000, output: 2500 },
  review: { input: 5000, output: 700 },
  document: { input: 4500, output: 900 },
  ask: { input: 4000, output: 600 },
  embed: { input: 1000, output: 0 },
  'key-test': { input: 10, output: 16 },
} as const;
