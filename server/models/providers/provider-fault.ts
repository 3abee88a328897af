import 'server-only';
import { APICallError } from '@ai-sdk/provider';
import { z } from 'zod';

/** What a provider's refusal means for the caller. Each has its own way out. */
export type ProviderFault =
  /** The provider does not accept the key. */
  | 'key-refused'
  /** What was paid for is used up: waiting does not help. */
  | 'quota-used-up'
  /** The prompt is longer than the model reads. */
  | 'context-too-long'
  /** The provider does not know the model, or not any more. */
  | 'model-unknown'
  /** The provider's own filter refused the request. */
  | 'request-refused'
  /** Too many requests: waiting helps. */
  | 'rate-limit'
  /** Overload or an outage. */
  | 'down';

/** Why a provider takes no request on a key at all: it does not accept it, or what was paid for it is used up. */
export type KeyFault = 'refused' | 'unpaid';

/** For people; never the provider's own text, which may repeat a part of the key. */
export const KEY_FAULT_TEXT: Record<KeyFault, string> = {
  refused: 'The provider does not accept this key.',
  unpaid: 'The provider says that the credit of this key is used up.',
};

/** An error's body as OpenAI, Google, Anthropic, OpenRouter and compatible servers write it; Google wraps it in a list at times. */
const detail = z.object({ reason: z.string().optional(), retryDelay: z.string().optional() });
const errorSchema = z.object({
  error: z.object({
    code: z.union([z.string(), z.number()]).nullish(),
    type: z.string().nullish(),
    status: z.string().nullish(),
    message: z.string().nullish(),
    details: z.array(detail).nullish().catch(null),
    metadata: z
      .object({ reasons: z.array(z.string()).optional() })
      .nullish()
      .catch(null),
  }),
});
const bodySchema = z.union([errorSchema, z.tuple([errorSchema]).transform(([first]) => first)]);

interface Said {
  codes: string[];
  message: string;
  details: z.infer<typeof detail>[];
  flagged: boolean;
}

function saidIn(error: APICallError): Said {
  let body: unknown = null;
  try {
    body = JSON.parse(error.responseBody ?? '');
  } catch {
    // A proxy's page: the status alone speaks.
  }
  const { error: said } = bodySchema.safeParse(body).data ?? { error: {} };
  return {
    codes: [said.code, said.type, said.status].flatMap((code) => (typeof code === 'string' ? [code] : [])),
    message: said.message ?? '',
    details: said.details ?? [],
    flagged: (said.metadata?.reasons?.length ?? 0) > 0,
  };
}

const QUOTA_CODES = ['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'];
const QUOTA_WORDS = /exceeded your current quota|credit balance is too low|insufficient (credits|balance|funds)/i;
const CONTEXT_WORDS =
  /context[ _](length|window)|maximum context|prompt is too long|too many (input )?tokens|exceeds the maximum number of tokens|input token count/i;

/** Null: it says nothing that another request would not find as well. */
export function providerFault(error: unknown): ProviderFault | null {
  if (!APICallError.isInstance(error)) return isNetworkFault(error) ? 'down' : null;
  const status = error.statusCode ?? 0;
  const { codes, message, details, flagged } = saidIn(error);
  if (isUsedUp(status, codes, message, error)) return 'quota-used-up';
  if (status === 429) return 'rate-limit';
  if (status === 403 && flagged) return 'request-refused';
  if (status === 401 || status === 403) return 'key-refused';
  // Google answers an unknown key with 400, as it does a wrong request, and tells the two apart by a code in the details.
  if (status === 400 && details.some(({ reason }) => reason === 'API_KEY_INVALID')) return 'key-refused';
  if ([400, 413, 422].includes(status) && (codes.includes('context_length_exceeded') || CONTEXT_WORDS.test(message)))
    return 'context-too-long';
  if (
    codes.includes('model_not_found') ||
    (status === 404 && /\bmodels?\b/i.test(message) && !/support/i.test(message))
  )
    return 'model-unknown';
  return error.isRetryable || status >= 500 || status === 0 ? 'down' : null;
}

function isUsedUp(status: number, codes: readonly string[], message: string, error: APICallError): boolean {
  if (status === 402 || codes.some((code) => QUOTA_CODES.includes(code))) return true;
  // Anthropic says it by words alone. Google says the same words for a minute's limit, and then says how long to wait.
  return QUOTA_WORDS.test(message) && (status === 400 || (status === 429 && askedWait(error) === null));
}

/** Null: the failure says nothing about the key. */
export function keyFault(error: unknown): KeyFault | null {
  const fault = providerFault(error);
  return fault === 'key-refused' ? 'refused' : fault === 'quota-used-up' ? 'unpaid' : null;
}

/**
 * Milliseconds that a provider asks to wait, wherever it says so: `retry-after-ms` (Azure, OpenAI), `retry-after` (RFC 9110,
 * 10.2.3), the body's `retryDelay` (Google's RetryInfo), or OpenAI's words "try again in 1m2.5s". Null when it does not say.
 */
export function askedWait(error: unknown): number | null {
  if (!APICallError.isInstance(error)) return null;
  const { 'retry-after-ms': milliseconds, 'retry-after': after } = error.responseHeaders ?? {};
  if (milliseconds !== undefined && /^\d+(\.\d+)?$/.test(milliseconds.trim())) return Number(milliseconds);
  const asked = after === undefined ? null : parseRetryAfter(after);
  if (asked !== null) return asked;
  const { details, message } = saidIn(error);
  const delay = details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay;
  return parseDuration(delay ?? /try again in ((?:\d+(?:\.\d+)?(?:ms|[hms]))+)/i.exec(message)?.[1] ?? '');
}

/** Retry-After: seconds or an HTTP date; milliseconds, null when it is neither. */
export function parseRetryAfter(value: string): number | null {
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

const UNIT_MS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `8s`, `1m2.5s`, `820ms` in milliseconds; null when it is no such text. */
function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}

function isNetworkFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code =
    'code' in error
      ? String(error.code)
      : error.cause instanceof Error && 'code' in error.cause
        ? String(error.cause.code)
        : '';
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR)/.test(code) || /fetch failed|terminated|socket/i.test(error.message)
  );
}
