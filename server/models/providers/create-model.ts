import 'server-only';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { EmbeddingModelV4, LanguageModelV4 } from '@ai-sdk/provider';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { createDemoModel } from '@/server/models/demo/demo-model';
import type { Provider } from '@/server/models/schema';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import type { ProviderAccess } from './instance-keys';

/** What a model is called with. */
export interface Connection extends Pick<ProviderAccess, 'apiKey'> {
  /** How its requests are sent; default: as the runtime sends them. */
  fetch?: typeof fetch;
}

const settings = (baseURL: string | undefined, { apiKey, fetch }: Connection) => ({
  apiKey,
  ...(baseURL === undefined ? {} : { baseURL }),
  ...(fetch === undefined ? {} : { fetch }),
});

/** The AI SDK's model for a reference. Only the gateway may ask for it: the boundary check says so. */
export function createLanguageModel(provider: Provider, modelId: string, connection: Connection): LanguageModelV4 {
  switch (provider) {
    case 'openai':
      return createOpenAI(settings(env().OPENAI_BASE_URL, connection)).responses(modelId);
    case 'google':
      return createGoogleGenerativeAI(settings(env().GOOGLE_BASE_URL, connection)).languageModel(modelId);
    case 'anthropic':
      return createAnthropic(settings(env().ANTHROPIC_BASE_URL, connection)).languageModel(modelId);
    case 'openrouter':
      return createOpenRouter(settings(env().OPENROUTER_BASE_URL, connection)).chat(modelId);
    case 'compatible':
      return compatible(connection).chatModel(modelId);
    case 'demo':
      return createDemoModel({ delayMs: env().DEMO_DELAY_MS });
  }
}

/** @throws AppError `model_not_available` for a provider without embeddings */
export function createEmbeddingModel(provider: Provider, modelId: string, connection: Connection): EmbeddingModelV4 {
  switch (provider) {
    case 'openai':
      return createOpenAI(settings(env().OPENAI_BASE_URL, connection)).embedding(modelId);
    case 'google':
      return createGoogleGenerativeAI(settings(env().GOOGLE_BASE_URL, connection)).embeddingModel(modelId);
    case 'compatible':
      return compatible(connection).embeddingModel(modelId);
    default:
      throw new AppError('model_not_available', `${provider} has no embeddings here`);
  }
}

function compatible(connection: Connection) {
  return createOpenAICompatible({
    ...settings(undefined, connection),
    name: 'compatible',
    baseURL: env().OPENAI_COMPATIBLE_BASE_URL ?? '',
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
}
