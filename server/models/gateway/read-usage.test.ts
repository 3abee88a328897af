import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { costOf } from '@/server/models/pricing';
import type { Progress } from './call-grant';
import { mostOutputTokens, readUsage } from './read-usage';

const SENT = 1000;
const ASKED = 500;
const MOST_INPUT = SENT * MODEL_LIMITS.usageInputFactor + MODEL_LIMITS.usageInputExtra;
/** Ten tokens by our own count. */
const TEXT = 'x'.repeat(40);
const ESTIMATE = { input: SENT, cached: 0, output: 10, reasoning: 0, estimated: true };

function read(usage: Progress['usage'], text = TEXT) {
  const progress: Progress = { text, usage, thoughtQuarters: 0, firstTokenMs: null, finishReason: null, retries: 0 };
  return readUsage({
    inputTokens: SENT,
    grant: {
      provider: 'openai',
      modelId: 'm',
      effort: null,
      access: { apiKey: 'k', own: false },
      maxOutputTokens: ASKED,
      started: 0,
      signal: AbortSignal.any([]),
      progress,
    },
  });
}

describe('a provider’s usage', () => {
  it.each([
    { input: 0, cached: 0, output: 0, reasoning: 0 },
    { input: 1200, cached: 1200, output: 480, reasoning: 400 },
    { input: MOST_INPUT, cached: 0, output: mostOutputTokens(ASKED), reasoning: 0 },
  ])('is taken when the call can have used it: %o', (usage) => {
    expect(read(usage)).toEqual({ usage: { ...usage, estimated: false }, refused: null });
  });

  it.each([
    ['a part of a token', { input: 1.5, cached: 0, output: 2, reasoning: 0 }],
    ['no number', { input: Number.NaN, cached: 0, output: 2, reasoning: 0 }],
    ['without end', { input: Number.POSITIVE_INFINITY, cached: 0, output: 2, reasoning: 0 }],
    ['input below zero', { input: -1, cached: 0, output: 2, reasoning: 0 }],
    ['output below zero', { input: 1, cached: 0, output: -2, reasoning: 0 }],
    ['cached below zero', { input: 10, cached: -5_000_000, output: 20, reasoning: 0 }],
    ['more cached than there was', { input: 10, cached: 11, output: 20, reasoning: 0 }],
    ['more input than was sent', { input: MOST_INPUT + 1, cached: 0, output: 1, reasoning: 0 }],
    ['more output than was asked for', { input: 1, cached: 0, output: mostOutputTokens(ASKED) + 1, reasoning: 0 }],
    ['beyond what a double counts exactly', { input: 10, cached: 0, output: 9e15, reasoning: 0 }],
  ])('is replaced by our own estimate when it is %s', (_, usage) => {
    const { usage: taken, refused } = read(usage);
    expect(taken).toEqual(ESTIMATE);
    expect(refused).not.toBeNull();
  });

  it('that is not given is our own estimate, and nothing to wonder about', () => {
    expect(read(null)).toEqual({ usage: ESTIMATE, refused: null });
  });

  it.each([
    [-1, 0],
    [0.5, 0],
    [900, 20],
  ])('is not refused for its reasoning of %d, which costs nothing by itself', (reasoning, shown) => {
    expect(read({ input: 10, cached: 0, output: 20, reasoning }).usage).toEqual({
      input: 10,
      cached: 0,
      output: 20,
      reasoning: shown,
      estimated: false,
    });
  });

  it('never makes a price that cannot be computed or that the call cannot have cost', () => {
    const price = {
      inputPerMillion: 3_000_000_000n,
      outputPerMillion: 15_000_000_000n,
      cachedPerMillion: 300_000_000n,
    };
    const most = costOf({ input: MOST_INPUT, cached: 0, output: mostOutputTokens(ASKED) }, price);
    const any = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger());
    fc.assert(
      fc.property(any, any, any, any, (input, cached, output, reasoning) => {
        const cost = costOf(read({ input, cached, output, reasoning }).usage, price);
        expect(cost >= 0n && cost <= most).toBe(true);
      }),
    );
  });
});
