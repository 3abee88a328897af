import {
  CAPABILITIES,
  MODELS,
  PACKAGES,
  PLAN_LIMITS,
  PLAN_QUALITIES,
  PLANS,
  PREFERENCE,
  PRICES_FROM,
  QUALITIES,
  type SeedModel,
} from './catalogue';
import type { PrismaClient } from './generated/client';

/** Writes the catalogue; re-runnable without harm: an operator's later prices and edits stay. */
export async function seedCatalogue(prisma: PrismaClient): Promise<void> {
  for (const plan of PLANS) await prisma.plan.upsert({ where: { id: plan.id }, create: plan, update: {} });
  for (const row of CAPABILITIES) await prisma.capability.upsert({ where: { id: row.id }, create: row, update: {} });
  for (const row of QUALITIES) await prisma.qualityLevel.upsert({ where: { id: row.id }, create: row, update: {} });
  for (const row of PACKAGES) await prisma.topupPackage.upsert({ where: { id: row.id }, create: row, update: {} });
  for (const { id: planId } of PLANS) {
    await prisma.planCapability.createMany({
      data: CAPABILITIES.map(({ id }) => ({
        planId,
        capabilityId: id,
        requestsPerMinute: PLAN_LIMITS[planId]?.requestsPerMinute ?? null,
        requestsPerDay: PLAN_LIMITS[planId]?.requestsPerDay ?? null,
      })),
      skipDuplicates: true,
    });
    await prisma.planCapabilityQuality.createMany({
      data: CAPABILITIES.flatMap(({ id }) =>
        (PLAN_QUALITIES[planId] ?? []).map((qualityId) => ({ planId, capabilityId: id, qualityId })),
      ),
      skipDuplicates: true,
    });
  }
  const added: SeedModel[] = [];
  for (const model of MODELS) if (await seedModel(prisma, model)) added.push(model);
  await seedChoices(prisma, added);
}

/** @returns whether this instance did not know the model */
async function seedModel(prisma: PrismaClient, model: SeedModel): Promise<boolean> {
  const id = `${model.provider}:${model.modelId}`;
  const { input, output, cached, ...row } = model;
  const { count } = await prisma.llmModel.createMany({ data: [{ id, ...row }], skipDuplicates: true });
  await prisma.modelPrice.createMany({
    data: [
      {
        id: `${id}@${PRICES_FROM.toISOString().slice(0, 10)}`,
        modelRowId: id,
        inputPerMillion: input,
        outputPerMillion: output,
        cachedPerMillion: cached,
        effectiveFrom: PRICES_FROM,
      },
    ],
    skipDuplicates: true,
  });
  return count > 0;
}

/** Where a model that came with a release stands in a list that was there before: behind the others. */
const ADDED_PRIORITY = 40;

/**
 * Which models a plan may use at which quality for which capability; only where an operator has not chosen yet. A model that came
 * with a release is added behind what was chosen: a key for its provider would otherwise bring nothing.
 */
async function seedChoices(prisma: PrismaClient, added: readonly SeedModel[]): Promise<void> {
  const chosen = new Set(
    (await prisma.planQualityModel.groupBy({ by: ['planId', 'qualityId', 'capabilityId'] })).map(
      (row) => `${row.planId}/${row.qualityId}/${row.capabilityId}`,
    ),
  );
  const rows = PLANS.flatMap(({ id: planId }) =>
    (PLAN_QUALITIES[planId] ?? []).flatMap((qualityId) =>
      CAPABILITIES.flatMap(({ id: capabilityId }) =>
        modelsOf(qualityId, chosen.has(`${planId}/${qualityId}/${capabilityId}`) ? added : MODELS).map(
          (model, place) => ({
            planId,
            qualityId,
            capabilityId,
            modelRowId: `${model.provider}:${model.modelId}`,
            ...(chosen.has(`${planId}/${qualityId}/${capabilityId}`)
              ? { isDefault: false, priority: ADDED_PRIORITY + place }
              : { isDefault: place === 0, priority: place }),
          }),
        ),
      ),
    ),
  );
  if (rows.length > 0) await prisma.planQualityModel.createMany({ data: rows, skipDuplicates: true });
}

/** A real model serves its own tier; the demo serves every level, last. */
function modelsOf(quality: string, of: readonly SeedModel[]): SeedModel[] {
  return of
    .filter(({ kind, tier, provider }) => kind !== 'embedding' && (provider === 'demo' || tier === quality))
    .sort((a, b) => PREFERENCE.indexOf(a.provider) - PREFERENCE.indexOf(b.provider));
}
