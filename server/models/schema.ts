/** Shared vocabulary of model calls; safe for the browser. */
import { z } from 'zod';

/** Provider keys as stored in `LlmModel.provider`. */
export const PROVIDERS = ['openai', 'google', 'anthropic', 'openrouter', 'compatible', 'demo'] as const;
export const providerSchema = z.enum(PROVIDERS);
export type Provider = z.infer<typeof providerSchema>;

/** What a call is for. `capability` rows in the database carry the same ids; `capabilityOf` says which pays for the others. */
export const ROLES = [
  'clarify',
  'spec',
  'plan',
  'implement',
  'review',
  'document',
  'ask',
  'embed',
  'key-test',
] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.infer<typeof roleSchema>;

export const CAPABILITIES = ['clarify', 'plan', 'implement', 'review', 'document', 'ask'] as const;
export const capabilitySchema = z.enum(CAPABILITIES);
export type Capability = z.infer<typeof capabilitySchema>;

export const QUALITIES = ['fast', 'enhanced', 'premium'] as const;
export const qualitySchema = z.enum(QUALITIES);
export type Quality = z.infer<typeof qualitySchema>;

/** Which capability pays for which role. */
export function capabilityOf(role: Role): Capability {
  if (role === 'spec') return 'plan';
  if (role === 'embed') return 'implement';
  if (role === 'key-test') return 'ask';
  return role;
}

/** Metadata the gateway hands every model in `providerOptions.plumbline`; real providers ignore it, the demo reads it. */
export const callHintSchema = z.object({
  role: roleSchema,
  /** Stable plan id of the task (`T3`), for implement and review. */
  taskId: z.string().optional(),
  taskTitle: z.string().optional(),
  /** 1-based attempt of the task. */
  attempt: z.number().int().min(1).optional(),
  /** The project's description as the user wrote it. */
  description: z.string().optional(),
});
export type CallHint = z.infer<typeof callHintSchema>;

/** `provider:model`, split at the first colon because model ids may hold colons. */
export const modelRefSchema = z
  .string()
  .regex(/^(openai|google|anthropic|openrouter|compatible|demo):.+$/, 'expected provider:model');

/** Providers an organization may bring its own key for. */
export const ownKeyProviderSchema = z.enum(['openai', 'google', 'anthropic', 'openrouter']);

export const storeKeySchema = z.object({
  provider: ownKeyProviderSchema,
  key: z
    .string()
    .trim()
    .min(16, 'a provider key has at least 16 characters')
    .max(400)
    .regex(/^[\x21-\x7e]+$/, 'a key holds no spaces or special characters'),
});
