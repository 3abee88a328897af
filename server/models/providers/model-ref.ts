import 'server-only';
import { AppError } from '@/server/platform/errors';
import { PROVIDERS, type Provider } from '../schema';

/** Splits `provider:model`. @throws AppError `invalid_input` */
export function parseModelRef(ref: string): { provider: Provider; modelId: string } {
  const at = ref.indexOf(':');
  const provider = PROVIDERS.find((name) => name === ref.slice(0, at));
  if (provider === undefined || at === ref.length - 1)
    throw new AppError('invalid_input', `${JSON.stringify(ref)} is not provider:model`);
  return { provider, modelId: ref.slice(at + 1) };
}
