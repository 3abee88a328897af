import 'server-only';
import type { LanguageModelV4Usage } from '@ai-sdk/provider';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { type TokenUsage, tokenQuarters } from '@/server/models/pricing';
import type { CallGrant, OpenCall } from './call-grant';

/** What a call has used, and why the provider's own figures were not taken; null where they were, or where it gave none. */
interface UsageReading {
  usage: TokenUsage;
  refused: string | null;
}

/** The most output tokens that are believed of an answer for which `asked` were asked. */
export function mostOutputTokens(asked: number): number {
  return asked * MODEL_LIMITS.usageOutputFactor + MODEL_LIMITS.usageOutputExtra;
}

/** What the provider says was used; null: nothing, or zeros, which some servers send in its place. */
export function usageIn({
  usage: { inputTokens, outputTokens, raw },
}: {
  usage: LanguageModelV4Usage;
}): CallGrant['progress']['usage'] {
  const input = inputTokens.total;
  const output = outputTokens.total;
  if (input === undefined || output === undefined || input + output === 0) return null;
  const reasoning = outputTokens.reasoning ?? 0;
  return {
    input,
    // DeepSeek's own name for it.
    cached: inputTokens.cacheRead || countIn(raw?.prompt_cache_hit_tokens),
    // xAI counts reasoning beside the completion: the total says so.
    output: output + (countIn(raw?.total_tokens) === input + output + reasoning ? reasoning : 0),
    reasoning,
  };
}

function countIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/**
 * The provider's figures decide what is charged, so only what this call can have used is believed; otherwise it is our own
 * estimate of what went in and came out. Never throws.
 */
export function readUsage({ grant, inputTokens }: Pick<OpenCall, 'grant' | 'inputTokens'>): UsageReading {
  const { usage, text, thoughtQuarters } = grant.progress;
  const estimate = {
    input: inputTokens,
    cached: 0,
    output: Math.ceil((tokenQuarters(text) + thoughtQuarters) / 4),
    reasoning: Math.ceil(thoughtQuarters / 4),
    estimated: true,
  };
  if (usage === null) return { usage: estimate, refused: null };
  const refused = doubtOf(usage, { input: inputTokens, output: grant.maxOutputTokens });
  if (refused !== null) return { usage: estimate, refused };
  // Only shown, never priced: it is part of the output.
  const reasoning = isCount(usage.reasoning) ? Math.min(usage.reasoning, usage.output) : 0;
  return { usage: { ...usage, reasoning, estimated: false }, refused: null };
}

function doubtOf(
  { input, cached, output }: Pick<TokenUsage, 'input' | 'cached' | 'output'>,
  expected: { input: number; output: number },
): string | null {
  if (!isCount(input) || !isCount(cached) || !isCount(output)) return 'not whole numbers of tokens';
  if (cached > input) return 'more cached than input tokens';
  if (input > expected.input * MODEL_LIMITS.usageInputFactor + MODEL_LIMITS.usageInputExtra)
    return 'more input than was sent';
  if (output > mostOutputTokens(expected.output)) return 'more output than was asked for';
  return null;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
