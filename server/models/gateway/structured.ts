import 'server-only';
import type { JSONSchema7 } from '@ai-sdk/provider';
import { APICallError } from '@ai-sdk/provider';
import { z } from 'zod';
import { providerFault } from '@/server/models/providers/provider-fault';
import { db, type Tx } from '@/server/platform/db';
import { AppError, isAppError } from '@/server/platform/errors';
import { type CallContext, callModel, type TextRequest, type TextResult } from './call-model';

export interface StructuredRequest<T> extends Omit<TextRequest, 'jsonSchema' | 'onSettled'> {
  schema: z.ZodType<T>;
  /** Runs in the transaction that settles the call whose answer is used. */
  onSettled?: ((tx: Tx, value: T, result: TextResult) => Promise<void>) | undefined;
  /** Runs in the settling transaction of an answer that could not be used. */
  onUnusable?: ((tx: Tx, result: TextResult) => Promise<void>) | undefined;
}

/**
 * An answer of a zod schema. Providers without structured output get the schema in the prompt; an answer that does not
 * parse is asked for once more with the errors.
 * @throws AppError `structured_output_invalid`, and whatever `callModel` throws
 */
export async function callStructured<T>(
  ctx: CallContext,
  request: StructuredRequest<T>,
): Promise<{ value: T; result: TextResult }> {
  const row = await db().llmModel.findUnique({ where: { id: request.model }, select: { structured: true } });
  const jsonSchema = z.toJSONSchema(request.schema, { io: 'input', target: 'draft-7' }) as JSONSchema7;
  const inText = `${request.prompt}\n\nAnswer with one JSON object only, no prose, of this JSON schema:\n${JSON.stringify(jsonSchema)}`;
  let native = row?.structured !== 'none';
  let problem = '';
  for (let round = 0; round < 2; round++) {
    const repair =
      problem === ''
        ? ''
        : `\n\nYour last answer could not be used: ${problem}\nAnswer again, with the whole corrected JSON object only.`;
    const ask = (useNative: boolean, suffix: string) =>
      one(
        { ...ctx, idempotencyKey: `${ctx.idempotencyKey}${suffix}` },
        request,
        useNative ? { ...request, prompt: request.prompt + repair } : { ...request, prompt: inText + repair },
        useNative ? jsonSchema : null,
      );
    let outcome: Outcome<T>;
    try {
      outcome = await ask(native, round === 0 ? '' : ':repair');
    } catch (error) {
      if (!native || !isUnsupported(error)) throw error;
      native = false;
      outcome = await ask(false, round === 0 ? ':text' : ':text-repair');
    }
    if (outcome.ok) return outcome;
    problem = outcome.problem;
  }
  throw new AppError('structured_output_invalid', `the ${ctx.role} answer is not usable: ${problem.slice(0, 300)}`, {
    userMessage:
      'The model gave an answer that could not be read, twice. Nothing of it was used. Try again, or choose another model.',
  });
}

type Outcome<T> = { ok: true; value: T; result: TextResult } | { ok: false; problem: string };

async function one<T>(
  ctx: CallContext,
  request: StructuredRequest<T>,
  ask: { prompt: string },
  jsonSchema: JSONSchema7 | null,
): Promise<Outcome<T>> {
  const { schema, onSettled, onUnusable, ...rest } = request;
  let parsed: { ok: true; value: T } | { ok: false; problem: string } = { ok: false, problem: 'no answer' };
  const result = await callModel(ctx, {
    ...rest,
    prompt: ask.prompt,
    ...(jsonSchema === null ? {} : { jsonSchema }),
    onSettled: async (tx, settled) => {
      parsed = parseAnswer(settled.text, schema);
      if (parsed.ok) await onSettled?.(tx, parsed.value, settled);
      else await onUnusable?.(tx, settled);
    },
  });
  return settledOutcome(parsed, result);
}

function settledOutcome<T>(
  parsed: { ok: true; value: T } | { ok: false; problem: string },
  result: TextResult,
): Outcome<T> {
  return parsed.ok ? { ok: true, value: parsed.value, result } : parsed;
}

/** Reads the first JSON value of a text that is what the schema says; an array around it alone is taken off. */
export function parseAnswer<T>(
  text: string,
  schema: z.ZodType<T>,
): { ok: true; value: T } | { ok: false; problem: string } {
  let problem = 'it holds no JSON object';
  for (const raw of jsonValues(text)) {
    const only: unknown = Array.isArray(raw) && raw.length === 1 ? raw[0] : raw;
    const result = schema.safeParse(withoutNulls(only));
    if (result.success) return { ok: true, value: result.data };
    problem = result.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
  }
  return { ok: false, problem };
}

/** Places where a value may begin that are looked at: a text of braces alone costs no more. */
const MOST_STARTS = 200;

/** The JSON values that stand in a text, wherever prose or fences leave them: found by parsing, first the whole. */
function* jsonValues(text: string): Generator<unknown> {
  const whole = parsed(text);
  if (whole !== undefined) yield whole;
  const starts = /[{[]/g;
  for (let i = 0; i < MOST_STARTS; i++) {
    const from = starts.exec(text)?.index;
    if (from === undefined) return;
    const to = endOfValue(text, from);
    const value = to < 0 ? undefined : parsed(text.slice(from, to));
    if (value === undefined) continue;
    yield value;
    starts.lastIndex = to;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The index behind the bracket that closes the one at `from`, -1 when none does. Brackets in strings do not count. */
function endOfValue(text: string, from: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  tokens.lastIndex = from;
  let depth = 0;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    if (token[0] === '{' || token[0] === '[') depth++;
    else if (token[0] === '}' || token[0] === ']') depth--;
    if (depth === 0) return tokens.lastIndex;
  }
  return -1;
}

/** Strict-schema providers send null for what is absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (part === null ? [] : [[key, withoutNulls(part)]])),
  );
}

/** A 400, 404 or 422 answer to a structured request that no other fault explains: the provider does not know the format. */
function isUnsupported(error: unknown): boolean {
  const cause = isAppError(error) ? error.cause : error;
  return (
    APICallError.isInstance(cause) && [400, 404, 422].includes(cause.statusCode ?? 0) && providerFault(cause) === null
  );
}
