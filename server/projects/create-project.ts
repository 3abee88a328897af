import 'server-only';
import { checkCapabilityAccess, qualityNotAllowed } from '@/server/credits/access/plan-access';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import { demoProjects } from '@/server/models/demo/catalogue';
import type { Quality } from '@/server/models/schema';
import { db, inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { beginDesign } from '@/server/runs/chat/describe-project';
import { type Actor, say } from '@/server/runs/engine/actor';
import { limitNewProjects } from './limit-new-projects';

export interface CreateProject {
  organizationId: string;
  userId: string | null;
  title?: string | undefined;
  description?: string | undefined;
  /** Slug of an example, instead of a description. */
  example?: string | undefined;
  quality?: Quality | undefined;
  modelRef?: string | null | undefined;
  budgetMicro?: bigint | null | undefined;
}

/** A new project; its design starts at once. @throws AppError `invalid_input` without a description, `quality_not_allowed`, `rate_limited`. */
export async function createProject(input: CreateProject): Promise<string> {
  const example = input.example === undefined ? null : demoProjects().find(({ slug }) => slug === input.example);
  if (example === undefined)
    throw new AppError('invalid_input', `there is no example ${JSON.stringify(input.example)}`, {
      userMessage: 'There is no such example. Choose one of the list, or describe your project.',
    });
  const description = (input.description ?? example?.prompt ?? '').trim();
  if (description.length < 3)
    throw new AppError('invalid_input', 'a project needs a description', {
      userMessage: 'A project needs a description. Write what you want in a few words.',
    });
  const quality = input.quality ?? 'fast';
  const access = await checkCapabilityAccess(db(), { organizationId: input.organizationId, capability: 'implement' });
  if (!access.qualities.includes(quality)) throw qualityNotAllowed(quality, access.plan, access.qualities);
  const model = await resolveModel(
    { organizationId: input.organizationId, quality, capability: 'clarify' },
    input.modelRef ?? null,
  );
  if (input.modelRef != null && model !== input.modelRef)
    throw new AppError('model_not_available', `${input.modelRef} cannot be used at ${quality} quality here`);
  const id = newId();
  const actor: Actor = { organizationId: input.organizationId, userId: input.userId, projectId: id };
  await inTx(async (tx) => {
    if (input.userId !== null) await limitNewProjects(tx, input.userId);
    await tx.project.create({
      data: {
        id,
        organizationId: input.organizationId,
        createdById: input.userId,
        title: input.title?.trim() || example?.title || '',
        description,
        quality,
        modelRef: input.modelRef ?? null,
        budgetMicro: input.budgetMicro ?? null,
        example: example?.slug ?? null,
      },
    });
    await say(tx, actor, { text: description, purpose: 'description' });
    await beginDesign(tx, actor, model, description);
  });
  return id;
}
