import 'server-only';
import { z } from 'zod';
import { getBalance } from '@/server/credits/balance';
import { memberBudget } from '@/server/credits/check-credit-balance';
import { listEntries } from '@/server/credits/list-entries';
import { withBudget } from '@/server/credits/member-balance';
import { readReceipt } from '@/server/credits/read-receipt';
import { historyInputSchema, reportInputSchema } from '@/server/credits/schema';
import { usageReport } from '@/server/credits/usage-report';
import { db } from '@/server/platform/db';
import { memberProcedure, router } from '../trpc';

export const creditsRouter = router({
  balance: memberProcedure.query(async ({ ctx }) => {
    const { organizationId, userId } = ctx.caller;
    const balance = await getBalance(db(), organizationId);
    const own = await memberBudget(db(), { organizationId, userId });
    return withBudget(balance, own);
  }),
  history: memberProcedure
    .input(historyInputSchema)
    .query(({ ctx, input }) => listEntries(ctx.caller.organizationId, input)),
  report: memberProcedure
    .input(reportInputSchema)
    .query(({ ctx, input }) => usageReport(db(), { organizationId: ctx.caller.organizationId, ...input })),
  receipt: memberProcedure
    .input(z.object({ entryId: z.string().max(64) }))
    .query(({ ctx, input }) => readReceipt({ organizationId: ctx.caller.organizationId, ...input })),
});
