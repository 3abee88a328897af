import 'server-only';
import type { JSONSchema7 } from '@ai-sdk/provider';
import { APICallError } from '@ai-sdk/provider';
import { z } from 'zod';
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

/** Reads JSON out of a text: whole, fenced, or from the first brace to its match. */
export function parseAnswer<T>(
  text: string,
  schema: z.ZodType<T>,
): { ok: true; value: T } | { ok: false; problem: string } {
  const candidates = [text.trim(), /```(?:json)?\s*\n([\s\S]*?)\n```/.exec(text)?.[1] ?? '', outerObject(text)];
  let problem = 'it holds no JSON object';
  for (const candidate of candidates) {
    if (candidate === '') continue;
    let raw: unknown;
    try {
      raw = JSON.parse(candidate);
    } catch {
      continue;
    }
    const result = schema.safeParse(withoutNulls(raw));
    if (result.success) return { ok: true, value: result.data };
    problem = result.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
  }
  return { ok: false, problem };
}

/** Strict-schema providers send null for what is absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (part === null ? [] : [[key, withoutNulls(part)]])),
  );
}

function outerObject(text: string): string {
  const from = text.indexOf('{');
  const to = text.lastIndexOf('}');
  return from >= 0 && to > from ? text.slice(from, to + 1) : '';
}

/** A 400 or 422 answer to a structured request: the provider does not know the response format. */
function isUnsupported(error: unknown): boolean {
  const cause = isAppError(error) ? error.cause : error;
  return (
    APICallError.isInstance(cause) && (cause.statusCode === 400 || cause.statusCode === 422 || cause.statusCode === 404)
  );
}
