import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { type AddPrice, nanoDollars, type UpdateModel } from './schema-operator';

/** Every model with its price now, the price to come, and where it is used. */
export async function listModels() {
  const rows = await db().llmModel.findMany({
    include: { prices: { orderBy: { effectiveFrom: 'desc' } }, plans: { select: { planId: true, qualityId: true } } },
    orderBy: [{ provider: 'asc' }, { modelId: 'asc' }],
  });
  const at = now();
  return rows.map(({ prices, plans, ...row }) => ({
    ref: row.id,
    label: row.label,
    provider: row.provider,
    tier: row.tier,
    kind: row.kind,
    active: row.active,
    deprecatedAt: row.deprecatedAt,
    replacedBy: row.replacedById,
    price: prices.find(({ effectiveFrom }) => effectiveFrom <= at) ?? null,
    prices,
    uses: [...new Set(plans.map(({ planId, qualityId }) => `${planId} / ${qualityId}`))].sort(),
  }));
}

/** What a new price row does. */
export interface AddedPrice {
  effectiveFrom: Date;
  /** No moment was named: quotes and calls go by it from now on, and it cannot be taken back, only followed by another one. */
  atOnce: boolean;
  /** When the next row, which was there already, takes over; null: none does. */
  until: Date | null;
}

/**
 * A new price from a moment on, at once when none is named. Rows are never edited, so receipts keep the price they were made by;
 * what is not named (images) stays as it is at that moment.
 * @throws AppError `not_found`, `invalid_input` for the past, `conflict` when a row of that very moment exists
 */
export async function addPrice(input: AddPrice, userId: string): Promise<AddedPrice> {
  const at = now();
  const effectiveFrom = input.effectiveFrom === undefined ? at : new Date(input.effectiveFrom);
  if (effectiveFrom < at) {
    throw new AppError('invalid_input', 'a price from the past would change what receipts were made by', {
      userMessage: 'A price can begin now or later, not in the past.',
    });
  }
  return inTx(async (tx) => {
    const model = await tx.llmModel.findUnique({ where: { id: input.modelRef } });
    if (model === null) throw notFound('Model');
    const [before, after] = await neighbours(tx, model.id, effectiveFrom);
    const image = (named: string | undefined, kept: bigint | undefined) =>
      named === undefined ? (kept ?? 0n) : nanoDollars(named);
    const { count } = await tx.modelPrice.createMany({
      data: [
        {
          id: newId(),
          modelRowId: model.id,
          inputPerMillion: nanoDollars(input.input),
          outputPerMillion: nanoDollars(input.output),
          cachedPerMillion: nanoDollars(input.cached),
          imageInPerUnit: image(input.imageIn, before?.imageInPerUnit),
          imageOutPerUnit: image(input.imageOut, before?.imageOutPerUnit),
          ...(before === null ? {} : { currency: before.currency }),
          effectiveFrom,
        },
      ],
      skipDuplicates: true,
    });
    if (count === 0)
      throw new AppError('conflict', 'this model has a price from that very moment already', {
        userMessage: 'This model has a price from that moment already. Choose another moment.',
      });
    await tx.auditEvent.create({
      data: { id: newId(), userId, action: 'price.added', subject: model.id, details: { ...input } },
    });
    return { effectiveFrom, atOnce: input.effectiveFrom === undefined, until: after?.effectiveFrom ?? null };
  });
}

/** A model's price rows that begin before (or at) a moment and after it, the nearest of each. */
async function neighbours(tx: Tx, modelRowId: string, at: Date) {
  const before = await tx.modelPrice.findFirst({
    where: { modelRowId, effectiveFrom: { lte: at } },
    orderBy: { effectiveFrom: 'desc' },
  });
  const after = await tx.modelPrice.findFirst({
    where: { modelRowId, effectiveFrom: { gt: at } },
    orderBy: { effectiveFrom: 'asc' },
  });
  return [before, after] as const;
}

/** @throws AppError `not_found`, `invalid_input` when a model would replace itself */
export async function updateModel(input: UpdateModel, userId: string): Promise<void> {
  const { modelRef, active, label, deprecatedAt, replacedBy } = input;
  if (replacedBy === modelRef)
    throw new AppError('invalid_input', 'a model cannot replace itself', {
      userMessage: 'A model cannot replace itself. Choose another one.',
    });
  await inTx(async (tx) => {
    if ((await tx.llmModel.count({ where: { id: modelRef } })) === 0) throw notFound('Model');
    if (replacedBy != null && (await tx.llmModel.count({ where: { id: replacedBy } })) === 0) throw notFound('Model');
    await tx.llmModel.update({
      where: { id: modelRef },
      data: {
        ...(active === undefined ? {} : { active }),
        ...(label === undefined ? {} : { label }),
        ...(deprecatedAt === undefined ? {} : { deprecatedAt: deprecatedAt === null ? null : new Date(deprecatedAt) }),
        ...(replacedBy === undefined ? {} : { replacedById: replacedBy }),
      },
    });
    await tx.auditEvent.create({
      data: { id: newId(), userId, action: 'model.updated', subject: modelRef, details: { ...input } },
    });
  });
}
