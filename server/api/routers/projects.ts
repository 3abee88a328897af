import 'server-only';
import { z } from 'zod';
import { demoProjects } from '@/server/models/demo/catalogue';
import { modelRefSchema, qualitySchema } from '@/server/models/schema';
import { db } from '@/server/platform/db';
import { createProject } from '@/server/projects/create-project';
import { costsOf } from '@/server/projects/project-costs';
import { archiveProject, renameProject, setBudget, setModel } from '@/server/projects/project-settings';
import { projectTitleSchema } from '@/server/projects/schema';
import { viewProject } from '@/server/projects/view-project';
import { projectsWaitingForBudget } from '@/server/runs/engine/waiting-for-budget';
import { quotesOf } from '@/server/runs/plan/quote-project';
import { memberProcedure, router } from '../trpc';
import { actorOf, budgetSchema, projectInput } from './shared';

export const projectsRouter = router({
  list: memberProcedure
    .input(
      z.object({
        cursor: z.string().max(64).nullish(),
        search: z.string().max(200).optional(),
        archived: z.boolean().optional(),
      }),
    )
    .query(async ({ ctx, input }) => {
      const take = 30;
      const rows = await db().project.findMany({
        where: {
          organizationId: ctx.caller.organizationId,
          status: input.archived ? 'archived' : { not: 'archived' },
          ...(input.search
            ? {
                OR: [
                  { title: { contains: input.search, mode: 'insensitive' } },
                  { description: { contains: input.search, mode: 'insensitive' } },
                ],
              }
            : {}),
        },
        orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
        take: take + 1,
        ...(input.cursor ? { cursor: { id: input.cursor }, skip: 1 } : {}),
        include: { tasks: { select: { status: true } } },
      });
      const page = rows.slice(0, take);
      const own = { organizationId: ctx.caller.organizationId, projectIds: page.map(({ id }) => id) };
      const [costs, quotes] = await Promise.all([costsOf(db(), own), quotesOf(db(), own)]);
      const budgets = await projectsWaitingForBudget(ctx.caller.organizationId, page);
      const waitsFor = ({ id, status }: { id: string; status: string }) =>
        status !== 'awaiting_credits' ? null : budgets.has(id) ? ('budget' as const) : ('credits' as const);
      return {
        projects: page.map((row) => ({
          id: row.id,
          title: row.title || row.description.slice(0, 60),
          description: row.description,
          status: row.status,
          waitsFor: waitsFor(row),
          updatedAt: row.updatedAt,
          createdAt: row.createdAt,
          tasksDone: row.tasks.filter(({ status }) => status === 'approved' || status === 'accepted').length,
          tasksTotal: row.tasks.length,
          tasksSkipped: row.tasks.filter(({ status }) => status === 'skipped').length,
          // The same figures as on the project's own page.
          quoteP50Micro: quotes.get(row.id)?.p50 ?? 0n,
          quoteP90Micro: quotes.get(row.id)?.p90 ?? 0n,
          chargedMicro: costs.get(row.id)?.charged ?? 0n,
          absorbedMicro: costs.get(row.id)?.absorbed ?? 0n,
        })),
        nextCursor: rows.length > take ? (page.at(-1)?.id ?? null) : null,
      };
    }),
  examples: memberProcedure.query(() => demoProjects()),
  create: memberProcedure
    .input(
      z.object({
        title: z.string().trim().max(120).optional(),
        description: z.string().trim().min(3).max(20_000).optional(),
        example: z.string().max(60).optional(),
        quality: qualitySchema.optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => ({
      projectId: await createProject({
        organizationId: ctx.caller.organizationId,
        userId: ctx.caller.userId,
        ...input,
      }),
    })),
  get: memberProcedure.input(projectInput).query(({ ctx, input }) => viewProject(actorOf(ctx.caller, input))),
  archive: memberProcedure.input(projectInput).mutation(({ ctx, input }) => archiveProject(actorOf(ctx.caller, input))),
  rename: memberProcedure
    .input(projectInput.extend(projectTitleSchema.shape))
    .mutation(({ ctx, input }) => renameProject(actorOf(ctx.caller, input), input.title)),
  setBudget: memberProcedure
    .input(projectInput.extend({ budgetMicro: budgetSchema }))
    .mutation(({ ctx, input }) => setBudget(actorOf(ctx.caller, input), input.budgetMicro)),
  setModel: memberProcedure
    .input(projectInput.extend({ modelRef: modelRefSchema.nullable(), quality: qualitySchema }))
    .mutation(({ ctx, input }) => setModel(actorOf(ctx.caller, input), input.modelRef, input.quality)),
});
