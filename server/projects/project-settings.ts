import 'server-only';
import { checkCapabilityAccess, qualityNotAllowed } from '@/server/credits/access/plan-access';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import type { QUALITIES } from '@/server/models/schema';
import { db, inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { type Actor, ownProject, scopeOf } from '@/server/runs/engine/actor';
import { moveProject } from '@/server/runs/engine/transitions';
import { quoteOpenTasks } from '@/server/runs/plan/set-task-quality';

export async function setBudget(actor: Actor, budgetMicro: bigint | null): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: actor.projectId }, data: { budgetMicro } });
  });
}

export async function setModel(
  actor: Actor,
  modelRef: string | null,
  quality: (typeof QUALITIES)[number],
): Promise<void> {
  const { organizationId, projectId } = actor;
  const access = await checkCapabilityAccess(db(), { organizationId, capability: 'implement' });
  if (!access.qualities.includes(quality)) throw qualityNotAllowed(quality, access.plan, access.qualities);
  const model = await resolveModel({ organizationId, quality, capability: 'implement' }, modelRef);
  if (modelRef !== null && model !== modelRef)
    throw new AppError('model_not_available', `${modelRef} cannot be used here`);
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: projectId }, data: { modelRef, quality } });
    await quoteOpenTasks(tx, { organizationId, projectId });
  });
}

export async function renameProject(actor: Actor, title: string): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await tx.project.update({ where: { id: actor.projectId }, data: { title } });
  });
}

export async function archiveProject(actor: Actor): Promise<void> {
  await inTx(async (tx) => {
    await ownProject(tx, actor);
    await moveProject(tx, { ...scopeOf(actor), to: 'archived' });
  });
}
