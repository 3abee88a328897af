import 'server-only';
import { z } from 'zod';
import { newPlanSchema } from '@/server/agents/schema';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { listPlanVersions } from '@/server/runs/plan/list-plan-versions';
import { replan } from '@/server/runs/plan/replan';
import { savePlan } from '@/server/runs/plan/save-plan';
import { memberProcedure, router } from '../trpc';
import { actorOf, budgetSchema, projectInput } from './shared';

export const planRouter = router({
  save: memberProcedure
    .input(projectInput.extend({ baseVersion: z.number().int().min(0), plan: newPlanSchema }))
    .mutation(async ({ ctx, input }) => ({
      version: await savePlan(actorOf(ctx.caller, input), input.baseVersion, input.plan),
    })),
  approve: memberProcedure
    .input(
      projectInput.extend({
        version: z.number().int().min(1),
        budgetMicro: budgetSchema.optional(),
        /** The upper quote that the approver saw. */
        atMostMicro: z.bigint().min(0n).optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => ({
      runId: await approvePlan(actorOf(ctx.caller, input), input.version, input.budgetMicro, input.atMostMicro),
    })),
  versions: memberProcedure.input(projectInput).query(({ ctx, input }) => listPlanVersions(actorOf(ctx.caller, input))),
  replan: memberProcedure
    .input(projectInput.extend({ note: z.string().trim().min(3).max(8000) }))
    .mutation(({ ctx, input }) => replan(actorOf(ctx.caller, input), input.note)),
});
