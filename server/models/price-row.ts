import 'server-only';
import type { ModelPrice } from '@/prisma/generated/client';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

/** The newest price in force. Fails closed. @throws AppError `model_not_priced` */
export async function activePrice(client: Client, modelRowId: string): Promise<ModelPrice> {
  const price = await client.modelPrice.findFirst({
    where: { modelRowId, effectiveFrom: { lte: now() } },
    orderBy: { effectiveFrom: 'desc' },
  });
  if (price === null) throw priceMissing(modelRowId);
  return price;
}

export function priceMissing(modelRowId: string): AppError {
  return new AppError('model_not_priced', `no price row for ${modelRowId}`, {
    userMessage: 'This model has no price, so it cannot be used. The operator has to add one.',
  });
}
