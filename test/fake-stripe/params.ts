/**
 * What a call takes, as zod schemas over the form's strings. Every schema is strict: a parameter that this server does
 * not act on is refused rather than silently ignored, unless it is listed as one that changes nothing here.
 */
import { z } from 'zod';
import { badRequest, type StripeFault } from './errors';
import type { Form } from './form';

export const text = z.string().max(5000);
/** An empty string unsets the field, as at Stripe. */
export const emptyable = text.transform((value) => (value === '' ? null : value));
export const integer = z
  .string()
  .regex(/^-?\d+$/, 'Invalid integer')
  .transform(Number);
export const bool = z.enum(['true', 'false']).transform((value) => value === 'true');
/** Accepted, without effect here. */
export const ignored = z.unknown();

const entries = z.record(z.string().max(40), z.string().max(500));

/** `''` removes all keys; an empty value removes one. A list is what numbers as keys look like after parsing. */
export const metadata = z.union([
  z.literal(''),
  entries,
  z
    .array(z.string().max(500))
    .transform((list) => Object.fromEntries(list.map((value, index) => [String(index), value]))),
]);
export type MetadataInput = z.output<typeof metadata>;

export const paging = {
  limit: integer.pipe(z.number().min(1).max(100)).default(10),
  starting_after: text.optional(),
  ending_before: text.optional(),
};

const range = z.strictObject({
  gt: integer.optional(),
  gte: integer.optional(),
  lt: integer.optional(),
  lte: integer.optional(),
});
export const createdRange = z.union([integer.transform((at) => ({ gte: at, lte: at })), range]);

export function mergeMetadata(
  current: Readonly<Record<string, string>>,
  change: MetadataInput | undefined,
): Record<string, string> {
  if (change === undefined) return { ...current };
  if (change === '') return {};
  const merged = { ...current, ...change };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/** Parses a call's parameters; throws what Stripe answers to a missing, unknown or malformed one. */
export function parseParams<S extends z.ZodType>(schema: S, form: Form): z.output<S> {
  const result = schema.safeParse(form);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw issue === undefined ? badRequest('Invalid parameters.') : toFault(issue);
}

function toFault(issue: z.core.$ZodIssue): StripeFault {
  const param = nameOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const name = nameOf([...issue.path, issue.keys[0] ?? '']);
    return badRequest(`Received unknown parameter: ${name} (unknown to this fake, at least)`, {
      code: 'parameter_unknown',
      param: name,
    });
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return badRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  return badRequest(`Invalid ${param}: ${issue.message}`, { param });
}

function nameOf(path: PropertyKey[]): string {
  return path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join('');
}
