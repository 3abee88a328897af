import 'server-only';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import type { Provider } from '../schema';

/** The instance's key for a provider; null: not configured. The demo and local servers need none. */
export function providerKey(provider: Provider): string | null {
  const keys = env();
  switch (provider) {
    case 'openai':
      return keys.OPENAI_API_KEY ?? null;
    case 'google':
      return keys.GOOGLE_API_KEY ?? null;
    case 'anthropic':
      return keys.ANTHROPIC_API_KEY ?? null;
    case 'openrouter':
      return keys.OPENROUTER_API_KEY ?? null;
    case 'compatible':
      return keys.OPENAI_COMPATIBLE_BASE_URL === undefined ? null : (keys.OPENAI_COMPATIBLE_API_KEY ?? NO_KEY);
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
