import 'server-only';
import { AppError } from '@/server/platform/errors';

/** Without a price nothing is called: fails closed. */
export function priceMissing(modelRowId: string): AppError {
  return new AppError('model_not_priced', `no price row for ${modelRowId}`, {
    userMessage:
      'This model has no price, so it cannot be used. Choose another model, or ask the operator to add a price.',
  });
}
