import 'server-only';
import { z } from 'zod';
import { memberBudget } from '@/server/credits/access/check-credit-balance';
import { withBudget } from '@/server/credits/access/member-balance';
import { getBalance } from '@/server/credits/ledger/balance';
import { listEntries } from '@/server/credits/reports/list-entries';
import { readReceipt } from '@/server/credits/reports/read-receipt';
import { usageReport } from '@/server/credits/reports/usage-report';
import { historyInputSchema, reportInputSchema } from '@/server/credits/schema';
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
