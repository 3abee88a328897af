import 'server-only';
import { TRPCError } from '@trpc/server';
import { z } from 'zod';

/** Levels of lists and objects in one another that input may have; the deepest real one, an edited plan, has six. */
const MAX_DEPTH = 64;

/**
 * What superjson may say of a value: inputs hold nothing else that JSON lacks. Its other marks turn a few bytes into a list of
 * any length, or into objects that hold themselves.
 */
const mark = z.tuple([z.enum(['undefined', 'bigint'])]);
const sentSchema = z.object({
  json: z.unknown().optional(),
  meta: z.object({ values: z.union([mark, z.record(z.string(), mark)]).optional() }).optional(),
});
const digits = z.string().regex(/^-?\d{1,30}$/);

/** What a client sent, after JSON. @throws TRPCError `BAD_REQUEST` */
export function readInput(sent: unknown): unknown {
  refuseDepth(sent);
  const parsed = sentSchema.safeParse(sent);
  if (!parsed.success) throw refusal('The input is not what superjson writes.');
  const values = parsed.data.meta?.values ?? {};
  const whole: Record<string, unknown> = { input: parsed.data.json };
  if (Array.isArray(values)) apply(whole, ['input'], values[0]);
  else {
    for (const [path, [type]] of Object.entries(values)) apply(whole, ['input', ...keysOf(path)], type);
  }
  return whole.input;
}

/** Reading goes down level by level, which a million levels would end by a full stack. */
function refuseDepth(sent: unknown): void {
  let level: unknown[] = [sent];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw refusal('The input is nested too deeply.');
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

/** superjson joins keys by dots; a backslash stands before a dot or a backslash of a key's own. */
function keysOf(path: string): string[] {
  return (path.match(/(?:\\.|[^\\.])+/gs) ?? []).map((key) => key.replaceAll(/\\(.)/gs, '$1'));
}

/** Changes one value that is there. A mark on one that is not would make a list as long as its index says. */
function apply(whole: Record<string, unknown>, keys: readonly string[], type: 'undefined' | 'bigint'): void {
  let holder: unknown = whole;
  for (const [at, key] of keys.entries()) {
    if (!isHolder(holder) || !Object.prototype.propertyIsEnumerable.call(holder, key))
      throw refusal('The input marks a value that it does not hold.');
    if (at === keys.length - 1) holder[key] = type === 'undefined' ? undefined : wholeNumber(holder[key]);
    else holder = holder[key];
  }
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wholeNumber(value: unknown): bigint {
  const parsed = digits.safeParse(value);
  if (!parsed.success) throw refusal('The input holds a whole number that is none.');
  return BigInt(parsed.data);
}

const refusal = (message: string) => new TRPCError({ code: 'BAD_REQUEST', message });
