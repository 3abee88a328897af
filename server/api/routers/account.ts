import 'server-only';
import { z } from 'zod';
import { renamePerson } from '@/server/auth/rename-person';
import { signOutEverywhere } from '@/server/auth/session';
import { searchInputSchema } from '@/server/code-search/schema';
import { searchCode } from '@/server/code-search/search-code';
import { refusalSentence } from '@/server/credits/access/refusal-sentences';
import { isDemoInstance, usableModels } from '@/server/models/catalogue/catalogue';
import { qualitySchema } from '@/server/models/schema';
import { planAccountDeletion } from '@/server/organizations/account-deletion';
import { deleteAccount, refuseBlocked } from '@/server/organizations/delete-account';
import { DELETE_PHRASE, deleteAccountSchema, organizationNameSchema } from '@/server/organizations/schema';
import { db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError, notFound } from '@/server/platform/errors';
import { embedderOf } from '@/server/runs/engine/embedder';
import { describeSandbox } from '@/server/workspace/sandbox/select-sandbox';
import { deleteWithPayments } from '../end-subscriptions';
import { isOperator, memberProcedure, router } from '../trpc';

export const accountRouter = router({
  me: memberProcedure.query(async ({ ctx }) => {
    const { userId, organizationId, email, role } = ctx.caller;
    const [user, memberships, execution] = await Promise.all([
      db().user.findUniqueOrThrow({
        where: { id: userId },
        select: { id: true, name: true, email: true, image: true },
      }),
      db().membership.findMany({ where: { userId }, include: { organization: true }, orderBy: { createdAt: 'asc' } }),
      describeSandbox(env().SANDBOX),
    ]);
    const organizations = memberships.map((row) => ({
      id: row.organization.id,
      name: row.organization.name,
      kind: row.organization.kind,
      role: row.role,
    }));
    const organization = organizations.find(({ id }) => id === organizationId) ?? {
      id: organizationId,
      name: 'Personal',
      kind: 'personal' as const,
      role,
    };
    return {
      user,
      organization,
      organizations,
      isOperator: isOperator(email),
      demo: isDemoInstance(),
      sandbox: {
        available: execution.sandbox !== null,
        description: execution.reason ?? `Commands run in ${execution.sandbox?.id}.`,
      },
      embedder: env().EMBEDDER === 'off' ? null : env().EMBEDDER,
    };
  }),
  signOutEverywhere: memberProcedure.mutation(({ ctx }) => signOutEverywhere(ctx.caller.userId)),
  rename: memberProcedure
    .input(organizationNameSchema)
    .mutation(({ ctx, input }) => renamePerson(ctx.caller.userId, input.name)),
  deletion: memberProcedure.query(({ ctx }) => planAccountDeletion(ctx.caller.userId)),
  delete: memberProcedure.input(deleteAccountSchema).mutation(async ({ ctx, input }) => {
    const { userId } = ctx.caller;
    if (input.confirm.trim().toLowerCase() !== DELETE_PHRASE) {
      throw new AppError('invalid_input', 'the phrase was not typed', { userMessage: `Type “${DELETE_PHRASE}”.` });
    }
    const plan = await planAccountDeletion(userId);
    refuseBlocked(plan);
    await deleteWithPayments(
      plan.closed.map(({ id }) => id),
      async () => (await deleteAccount(userId)).closed.map(({ id }) => id),
    );
  }),
});

export const modelsRouter = router({
  catalog: memberProcedure
    .input(z.object({ quality: qualitySchema.default('fast') }).optional())
    .query(async ({ ctx, input }) => {
      const quality = input?.quality ?? 'fast';
      const plan = await db().organizationPlan.findUnique({
        where: { organizationId: ctx.caller.organizationId },
        include: { plan: { include: { qualities: { where: { capabilityId: 'implement' } } } } },
      });
      const levels = await db().qualityLevel.findMany({ orderBy: { position: 'asc' } });
      const allowed = new Set(plan?.plan.qualities.map(({ qualityId }) => qualityId));
      return {
        models: (
          await usableModels({ organizationId: ctx.caller.organizationId, quality, capability: 'implement' })
        ).map((model) => ({ ...model, usable: true })),
        qualities: levels.map(({ id, name }) => ({
          id: qualitySchema.parse(id),
          name,
          allowed: allowed.has(id),
          reason: allowed.has(id) ? null : refusalSentence.capability(plan?.plan.name ?? ''),
        })),
      };
    }),
});

export const searchRouter = router({
  code: memberProcedure.input(searchInputSchema).query(async ({ ctx, input }) => {
    const { organizationId } = ctx.caller;
    if ((await db().project.count({ where: { id: input.projectId, organizationId } })) === 0) throw notFound('Project');
    return searchCode({
      organizationId,
      projectId: input.projectId,
      query: input.query,
      limit: input.limit,
      embedCallFor: embedderOf({ organizationId, projectId: input.projectId }, ctx.caller.userId),
    });
  }),
});
