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
  for (const model of MODELS) await seedModel(prisma, model);
  await seedChoices(prisma);
}

async function seedModel(prisma: PrismaClient, model: SeedModel): Promise<void> {
  const id = `${model.provider}:${model.modelId}`;
  const { input, output, cached, ...row } = model;
  await prisma.llmModel.upsert({ where: { id }, create: { id, ...row }, update: {} });
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
}

/** Which models a plan may use at which quality for which capability; only where an operator has not chosen yet. */
async function seedChoices(prisma: PrismaClient): Promise<void> {
  const chosen = new Set(
    (await prisma.planQualityModel.groupBy({ by: ['planId', 'qualityId', 'capabilityId'] })).map(
      (row) => `${row.planId}/${row.qualityId}/${row.capabilityId}`,
    ),
  );
  const rows = PLANS.flatMap(({ id: planId }) =>
    (PLAN_QUALITIES[planId] ?? []).flatMap((qualityId) =>
      CAPABILITIES.flatMap(({ id: capabilityId }) =>
        modelsOf(qualityId).map((model, priority) => ({
          planId,
          qualityId,
          capabilityId,
          modelRowId: `${model.provider}:${model.modelId}`,
          isDefault: priority === 0,
          priority,
        })),
      ),
    ),
  ).filter((row) => !chosen.has(`${row.planId}/${row.qualityId}/${row.capabilityId}`));
  if (rows.length > 0) await prisma.planQualityModel.createMany({ data: rows, skipDuplicates: true });
}

/** A real model serves its own tier; the demo serves every level, last. */
function modelsOf(quality: string): SeedModel[] {
  return MODELS.filter(
    ({ kind, tier, provider }) => kind !== 'embedding' && (provider === 'demo' || tier === quality),
  ).sort((a, b) => PREFERENCE.indexOf(a.provider) - PREFERENCE.indexOf(b.provider));
}
