import 'server-only';
import { z } from 'zod';
import { checkAIAccess } from '@/server/models/access/check-ai-access';
import { checkOwnKey } from '@/server/models/gateway/check-own-key';
import { listOwnKeys, removeOwnKey, storeOwnKey } from '@/server/models/keys/own-keys';
import { capabilitySchema, ownKeyProviderSchema, qualitySchema, storeKeySchema } from '@/server/models/schema';
import { db } from '@/server/platform/db';
import { checkProjectAccess } from '@/server/projects/check-project-access';
import { quoteDesign } from '@/server/runs/plan/quote-project';
import { setTaskQuality } from '@/server/runs/plan/set-task-quality';
import { memberProcedure, ownerProcedure, router } from '../trpc';
import { actorOf, projectInput } from './shared';

export const accessRouter = router({
  /** May it run, at what cost, and how to unlock the rest. */
  check: memberProcedure
    .input(z.object({ capability: capabilitySchema, quality: qualitySchema.default('fast') }))
    .query(({ ctx, input }) =>
      checkAIAccess({ organizationId: ctx.caller.organizationId, userId: ctx.caller.userId, ...input }),
    ),
  /** What it may cost to come to a plan. */
  design: memberProcedure
    .input(z.object({ quality: qualitySchema.default('fast') }))
    .query(({ ctx, input }) => quoteDesign(db(), ctx.caller.organizationId, input.quality)),
  project: memberProcedure
    .input(projectInput.extend({ taskId: z.string().max(64).nullish() }))
    .query(({ ctx, input }) =>
      checkProjectAccess({ ...actorOf(ctx.caller, input), userId: ctx.caller.userId }, input.taskId ?? null),
    ),
  setTaskQuality: memberProcedure
    .input(projectInput.extend({ taskId: z.string().max(64), quality: qualitySchema.nullable() }))
    .mutation(({ ctx, input }) =>
      setTaskQuality(actorOf(ctx.caller, input), { taskId: input.taskId, quality: input.quality }),
    ),
});

/** The organization's own provider keys: only owners, because a key can spend the organization's money elsewhere. */
export const keysRouter = router({
  list: memberProcedure.query(({ ctx }) => listOwnKeys(ctx.caller.organizationId)),
  store: ownerProcedure
    .input(storeKeySchema)
    .mutation(({ ctx, input }) =>
      storeOwnKey({ organizationId: ctx.caller.organizationId, userId: ctx.caller.userId, ...input }),
    ),
  test: ownerProcedure
    .input(z.object({ provider: ownKeyProviderSchema }))
    .mutation(({ ctx, input }) =>
      checkOwnKey({ organizationId: ctx.caller.organizationId, userId: ctx.caller.userId, ...input }),
    ),
  remove: ownerProcedure
    .input(z.object({ provider: ownKeyProviderSchema }))
    .mutation(({ ctx, input }) => removeOwnKey(ctx.caller.organizationId, input.provider)),
});
