import 'server-only';
import type { LanguageModelV4FinishReason } from '@ai-sdk/provider';
import { askedWait, type ProviderFault, providerFault } from '@/server/models/providers/provider-fault';
import { AppError, type AppErrorCode } from '@/server/platform/errors';
import type { CallGrant } from './call-grant';

/** Faults that no other try mends: each has a code of its own, whose sentence says what to do. */
const CODES: Partial<Record<ProviderFault, AppErrorCode>> = {
  'key-refused': 'provider_key_refused',
  'quota-used-up': 'provider_quota_used_up',
  'context-too-long': 'context_too_long',
  'model-unknown': 'model_unknown',
  'request-refused': 'answer_refused',
};

/** The error of a call that its provider did not answer. A provider over its limit for longer than a call may wait says when to come back. */
export function callFailure(cause: unknown, { provider, access }: Pick<CallGrant, 'provider' | 'access'>): AppError {
  const message = cause instanceof Error ? cause.message.slice(0, 500) : 'unknown failure';
  const fault = providerFault(cause);
  const code = fault === null ? undefined : CODES[fault];
  if (code !== undefined) return new AppError(code, message, { cause });
  // A person who pays the provider directly has to know whom to ask.
  const [model, its] = access.own
    ? [`The model behind your own ${provider} key`, `The provider of your own ${provider} key`]
    : ['The model', 'The model’s provider'];
  const wait = fault === 'rate-limit' ? askedWait(cause) : null;
  if (wait !== null) {
    return new AppError('rate_limited', message, {
      cause,
      details: { retryAfterSeconds: Math.ceil(wait / 1000), by: 'provider' },
      userMessage: `${its} takes no more requests for a while. Nothing was charged for it. Try again later.`,
    });
  }
  return new AppError('model_call_failed', message, {
    cause,
    userMessage: `${model} did not answer properly. Nothing was charged for it. Try again, or choose another model.`,
  });
}

interface Ended {
  reason: LanguageModelV4FinishReason;
  text: string;
  /** Whether the model thought, and whether it called tools that it was offered. */
  thought: boolean;
  calledTools: boolean;
}

/**
 * An answer is complete when it ended by `stop` or by calls of tools it was offered, and says something. Nothing of any other
 * is used or charged.
 * @throws AppError `answer_cut_off`, `answer_refused`, `model_call_failed`
 */
export function requireComplete({ reason: { unified, raw }, text, thought, calledTools }: Ended): void {
  if (unified === 'length') {
    throw new AppError('answer_cut_off', `the answer ended at its limit after ${text.length} characters`, {
      ...(text === '' && thought ? { userMessage: THOUGHT_ALL } : {}),
    });
  }
  if (unified === 'content-filter') throw new AppError('answer_refused', `the provider refused: ${raw ?? unified}`);
  if (unified !== 'stop' && unified !== 'tool-calls') {
    throw new AppError('model_call_failed', `the answer broke off: ${raw ?? unified}`, {
      details: { reason: 'cut' },
      userMessage: 'The model’s answer broke off. Nothing was charged for it. Try again, or choose another model.',
    });
  }
  if (calledTools || (unified === 'stop' && text.trim() !== '')) return;
  throw new AppError(
    'model_call_failed',
    unified === 'stop' ? 'the answer is empty' : 'tools were called that are not there',
    {
      details: { reason: 'empty' },
      userMessage: 'The model gave no answer. Nothing was charged for it. Try again, or choose another model.',
    },
  );
}

const THOUGHT_ALL =
  'The model used its whole answer for thinking and wrote nothing. Nothing was charged for it. Choose another model, or split the task.';
