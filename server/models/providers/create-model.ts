import 'server-only';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { EmbeddingModelV4, LanguageModelV4 } from '@ai-sdk/provider';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { createDemoModel } from '@/server/models/demo/demo-model';
import { PROVIDERS, type Provider } from '@/server/models/schema';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';

/** Splits `provider:model`. @throws AppError `invalid_input` */
export function parseModelRef(ref: string): { provider: Provider; modelId: string } {
  const at = ref.indexOf(':');
  const provider = PROVIDERS.find((name) => name === ref.slice(0, at));
  if (provider === undefined || at === ref.length - 1)
    throw new AppError('invalid_input', `${JSON.stringify(ref)} is not provider:model`);
  return { provider, modelId: ref.slice(at + 1) };
}

/** The instance's key for a provider; null: not configured. The demo and local servers need none. */
export function providerKey(provider: Provider): string | null {
  const { OPENAI_API_KEY, GOOGLE_API_KEY, OPENROUTER_API_KEY, OPENAI_COMPATIBLE_BASE_URL, OPENAI_COMPATIBLE_API_KEY } =
    env();
  switch (provider) {
    case 'openai':
      return OPENAI_API_KEY ?? null;
    case 'google':
      return GOOGLE_API_KEY ?? null;
    case 'openrouter':
      return OPENROUTER_API_KEY ?? null;
    case 'compatible':
      return OPENAI_COMPATIBLE_BASE_URL === undefined ? null : (OPENAI_COMPATIBLE_API_KEY ?? NO_KEY);
    case 'demo':
      return 'demo';
  }
}

/** The key a call is made with. */
export interface ProviderAccess {
  apiKey: string;
  /** The organization's own: the provider bills it, not this instance. */
  own: boolean;
}

/** The instance's own key. @throws AppError `model_not_available` */
export function instanceAccess(provider: Provider): ProviderAccess {
  const apiKey = providerKey(provider);
  if (apiKey === null) throw new AppError('model_not_available', `no key is set for ${provider}`);
  return { apiKey, own: false };
}

/** Last four characters, for the usage log. */
export function keyIdentifier(provider: Provider, access: ProviderAccess): string | null {
  return provider === 'demo' || access.apiKey === NO_KEY ? null : access.apiKey.slice(-4);
}

/** What a local server without a key is called with. */
const NO_KEY = 'none';

const withBase = (baseURL: string | undefined) => (baseURL === undefined ? {} : { baseURL });

/** The AI SDK's model for a reference. @throws AppError `model_not_available` without a key. */
export function createLanguageModel(
  provider: Provider,
  modelId: string,
  { apiKey }: ProviderAccess = instanceAccess(provider),
): LanguageModelV4 {
  switch (provider) {
    case 'openai':
      return createOpenAI({ apiKey, ...withBase(env().OPENAI_BASE_URL) }).responses(modelId);
    case 'google':
      return createGoogleGenerativeAI({ apiKey, ...withBase(env().GOOGLE_BASE_URL) }).languageModel(modelId);
    case 'openrouter':
      return createOpenRouter({ apiKey, ...withBase(env().OPENROUTER_BASE_URL) }).chat(modelId);
    case 'compatible':
      return compatible(apiKey).chatModel(modelId);
    case 'demo':
      return createDemoModel({ delayMs: env().DEMO_DELAY_MS });
  }
}

export function createEmbeddingModel(
  provider: Provider,
  modelId: string,
  { apiKey }: ProviderAccess = instanceAccess(provider),
): EmbeddingModelV4 {
  switch (provider) {
    case 'openai':
      return createOpenAI({ apiKey, ...withBase(env().OPENAI_BASE_URL) }).embedding(modelId);
    case 'google':
      return createGoogleGenerativeAI({ apiKey, ...withBase(env().GOOGLE_BASE_URL) }).embeddingModel(modelId);
    case 'compatible':
      return compatible(apiKey).embeddingModel(modelId);
    default:
      throw new AppError('model_not_available', `${provider} has no embeddings here`);
  }
}

function compatible(apiKey: string) {
  return createOpenAICompatible({
    name: 'compatible',
    apiKey,
    baseURL: env().OPENAI_COMPATIBLE_BASE_URL ?? '',
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
}
