import 'server-only';
import type { CapabilityAccess } from '@/server/credits/access/plan-access';
import { type CatalogModel, chooseModel, usableModels } from '@/server/models/catalogue/catalogue';
import type { Capability, Quality } from '@/server/models/schema';
import { db } from '@/server/platform/db';

export interface LevelModels {
  /** Whether the organization's own plan includes the level. */
  inPlan: boolean;
  models: CatalogModel[];
  /** The one that would be called; null when none can be. */
  chosen: CatalogModel | null;
}

/** The models of a level and the one that would be called; of a locked level those of the smallest plan that includes it. */
export async function modelsAt(
  question: { organizationId: string; capability: Capability; modelRef?: string | null },
  quality: Quality,
  access: CapabilityAccess,
): Promise<LevelModels> {
  const { organizationId, capability, modelRef } = question;
  const inPlan = access.enabled && access.qualities.includes(quality);
  const planId = inPlan ? access.plan.id : await planWith(capability, quality);
  const scope = { organizationId, capability, quality, planId };
  const models = await usableModels(scope);
  const ref = models.length === 0 ? null : (await chooseModel(scope, modelRef ?? null)).ref;
  return { inPlan, models, chosen: models.find((model) => model.ref === ref) ?? null };
}

/** The smallest plan that includes a level; empty when none does. */
async function planWith(capabilityId: string, qualityId: string): Promise<string> {
  const plan = await db().plan.findFirst({
    where: {
      qualities: { some: { capabilityId, qualityId } },
      capabilities: { some: { capabilityId, enabled: true } },
    },
    orderBy: { position: 'asc' },
    select: { id: true },
  });
  return plan?.id ?? '';
}
